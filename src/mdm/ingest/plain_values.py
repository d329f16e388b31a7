"""Values that are written as most are, read many at once: the set-wise twin of the readers.

A plain reader takes a whole column and answers for the rows whose text it knows to be good as it
stands; every other row is left to the one definition, `mdm.standardise.columns`. So it may leave
out whatever it likes, and what it answers is what the definition answers (a property test holds
the two together). A good value has no issue.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mdm.ingest import plain_digits, plain_names, plain_times

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlainValues:
    """What a plain reader answers.

    Attributes:
        rows: The rows that it answers for, rising.
        outputs: The reader's outputs for these rows alone, in its order.
    """

    rows: Rows
    outputs: tuple[pa.Array, ...]


PlainReader = Callable[[pa.StringArray, date], PlainValues]


def _names(outputs: tuple[str, ...]) -> PlainReader:
    def read(texts: pa.StringArray, today: date) -> PlainValues:
        del today
        found = plain_names.read_plain_names(texts)
        nothing = pa.nulls(len(found.rows), pa.string())
        columns = {
            "tokens": found.tokens,
            "phonetic": found.phonetic,
            "suffix": found.suffix,
            "shown": found.shown,
            "kind": pa.repeat(pa.scalar(plain_names.KIND), len(found.rows)),
            "order": pa.nulls(len(found.rows), pa.int16()),
            "none": nothing,
        }
        return PlainValues(found.rows, tuple(columns[name] for name in outputs))

    return read


def _number(good: Callable[[pa.StringArray], Rows]) -> PlainReader:
    def read(texts: pa.StringArray, today: date) -> PlainValues:
        del today
        rows = good(texts)
        return PlainValues(rows, (texts.take(pa.array(rows)),))

    return read


def _numbers(good: Callable[[pa.StringArray], Rows]) -> PlainReader:
    """Of a column whose cells may hold several values, those that hold one."""

    def read(texts: pa.StringArray, today: date) -> PlainValues:
        del today
        rows = good(texts)
        offsets = pa.array(np.arange(len(rows) + 1, dtype=np.int32))
        return PlainValues(rows, (pa.ListArray.from_arrays(offsets, texts.take(pa.array(rows))),))

    return read


def _moments(texts: pa.StringArray, today: date) -> PlainValues:
    rows, moments = plain_times.read_plain_moments(texts, today)
    return PlainValues(rows, (moments,))


PLAIN: Mapping[str, PlainReader] = {
    "full_name": _names(
        ("tokens", "phonetic", "kind", "suffix", "order", "shown", "none", "none", "none")
    ),
    "mother_name": _names(("tokens", "phonetic", "shown")),
    "father_name": _names(("tokens", "shown")),
    "guardian_name": _names(("tokens",)),
    "cpf": _number(plain_digits.good_cpf),
    "guardian_cpf": _number(plain_digits.good_cpf),
    "nis": _number(plain_digits.good_nis),
    "birth_certificate": _number(plain_digits.good_birth_certificate),
    "cns": _numbers(plain_digits.good_cns),
    "phone": _numbers(plain_digits.good_mobile),
    "updated_at": _moments,
}
"""By the first input of the reader; used where its other inputs are not received."""
