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
import pyarrow.compute as pc

from mdm.domain.canonical import SEVERAL
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
    """Of a column whose cells may hold several values, those that hold good ones alone."""

    def read(texts: pa.StringArray, today: date) -> PlainValues:
        del today
        single = good(texts)
        several, lists = _several(texts, good)
        if len(several) == 0:
            return PlainValues(single, (_lists_of(texts.take(pa.array(single))),))
        rows = np.concatenate([single, several])
        order = np.argsort(rows)
        made = pa.concat_arrays([_lists_of(texts.take(pa.array(single))), lists])
        return PlainValues(rows[order], (made.take(pa.array(order)),))

    return read


def _lists_of(values: pa.StringArray) -> pa.ListArray:
    """A list of one for each value."""
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1, dtype=np.int32)), values)


def _several(
    texts: pa.StringArray, good: Callable[[pa.StringArray], Rows]
) -> tuple[Rows, pa.ListArray]:
    """The rows whose cells hold several good values, and these: in order, each once."""
    marked = pc.match_substring(texts, SEVERAL).fill_null(False)  # noqa: FBT003 - what Arrow takes
    rows = np.flatnonzero(marked.to_numpy(zero_copy_only=False))
    split = pc.split_pattern(texts.take(pa.array(rows)), SEVERAL)
    values, cells = split.flatten(), pc.list_parent_indices(split).to_numpy()
    counts = np.diff(split.offsets.to_numpy())
    kept = np.bincount(cells[good(values)], minlength=len(rows)) == counts
    inside = pa.array(kept[cells])
    found = pa.table({"cell": cells, "value": values}).filter(inside)
    found = found.group_by(["cell", "value"]).aggregate([])
    found = found.sort_by([("cell", "ascending"), ("value", "ascending")]).combine_chunks()
    sizes = np.bincount(found.column("cell").to_numpy(), minlength=len(rows))[kept]
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    column = found.column("value")
    flat = column.chunk(0) if column.num_chunks else pa.array([], pa.string())
    return rows[kept], pa.ListArray.from_arrays(offsets, flat)


def _births(texts: pa.StringArray, today: date) -> PlainValues:
    rows, days = plain_times.read_plain_births(texts, today)
    first = pc.and_(pc.equal(pc.month(days), 1), pc.equal(pc.day(days), 1))
    return PlainValues(rows, (days, first, pa.nulls(len(rows), pa.string())))


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
    "birth_date": _births,
    "cpf": _number(plain_digits.good_cpf),
    "guardian_cpf": _number(plain_digits.good_cpf),
    "nis": _number(plain_digits.good_nis),
    "inep_id": _number(plain_digits.good_inep_id),
    "voter_id": _number(plain_digits.good_voter_id),
    "rg": _number(plain_digits.good_rg),
    "dnv": _number(plain_digits.good_dnv),
    "postal_code": _number(plain_digits.good_postal_code),
    "street_number": _number(plain_digits.good_street_number),
    "birth_certificate": _number(plain_digits.good_birth_certificate),
    "cns": _numbers(plain_digits.good_cns),
    "phone": _numbers(plain_digits.good_phone),
    "updated_at": _moments,
}
"""By the first input of the reader; used where its other inputs are not received."""
