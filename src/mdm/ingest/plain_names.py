"""Names of plain words, read many at once by their distinct words; see `mdm.standardise.names`.

A city's names are made of few words. Each is folded, keyed and looked up once; a name is then a
choice among its words: particles and the suffix go, the rest is joined again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mdm.standardise.names import PARTICLES, SUFFIXES, NameKind, marked_words
from mdm.standardise.phonetic import token_key
from mdm.standardise.text import fold

Rows = npt.NDArray[np.int64]

KIND = NameKind.CIVIL.value
# Letters that neither cleaning nor normalising changes, and that no damage is made of.
_LETTER = "[A-Za-zÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑáàâãäéèêëíìîïóòôõöúùûüçñ]"
_PLAIN = f"^{_LETTER}+( {_LETTER}+)+$"
_MOST_WORDS = 400_000
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class PlainNames:
    """Names of plain words: the rows, and what the definition reads in each."""

    rows: Rows
    tokens: pa.StringArray
    phonetic: pa.StringArray
    suffix: pa.StringArray
    shown: pa.StringArray


@dataclass(frozen=True, slots=True)
class _Table:
    """What is known of words, by their number."""

    folded: pa.StringArray
    phonetic: pa.StringArray
    suffix: pa.StringArray
    is_suffix: npt.NDArray[np.bool_]
    particle: npt.NDArray[np.bool_]
    marked: npt.NDArray[np.bool_]
    single: npt.NDArray[np.bool_]


def _table(words: Sequence[str]) -> _Table:
    folded = [fold(word) for word in words]
    suffix = [SUFFIXES.get(word) for word in folded]
    marks = marked_words()
    return _Table(
        folded=pa.array(folded, pa.string()),
        phonetic=pa.array([token_key(word) for word in folded], pa.string()),
        suffix=pa.array(suffix, pa.string()),
        is_suffix=np.array([one is not None for one in suffix], bool),
        particle=np.array([word in PARTICLES for word in folded], bool),
        marked=np.array([word in marks for word in folded], bool),
        single=np.array([len(set(word)) == 1 for word in folded], bool),
    )


def _joined_tables(first: _Table, second: _Table) -> _Table:
    return _Table(
        folded=pa.concat_arrays([first.folded, second.folded]),
        phonetic=pa.concat_arrays([first.phonetic, second.phonetic]),
        suffix=pa.concat_arrays([first.suffix, second.suffix]),
        is_suffix=np.concatenate([first.is_suffix, second.is_suffix]),
        particle=np.concatenate([first.particle, second.particle]),
        marked=np.concatenate([first.marked, second.marked]),
        single=np.concatenate([first.single, second.single]),
    )


@dataclass(slots=True)
class _Words:
    """The words seen so far, numbered, and what is known of each."""

    number: dict[str, int] = field(default_factory=dict)
    table: _Table = field(default_factory=lambda: _table(()))

    def numbers(self, words: Sequence[str]) -> npt.NDArray[np.int64]:
        """The number of each of some distinct words; new ones are learnt."""
        known = self.number
        new = [word for word in words if word not in known]
        if new:
            known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
            self.table = _joined_tables(self.table, _table(new))
        return np.fromiter(map(known.__getitem__, words), np.int64, len(words))


_seen = _Words()


def read_plain_names(texts: pa.StringArray) -> PlainNames:
    """Read the names that consist of two or more words of letters and hold no mark."""
    shaped = np.flatnonzero(_filled(pc.match_substring_regex(texts, _PLAIN)))
    chosen = texts.take(pa.array(shaped))
    split = pc.split_pattern(chosen, " ")
    starts = split.offsets.to_numpy().astype(np.int64)
    words, table = _numbered(split.flatten())
    last = starts[1:] - 1
    has_suffix = table.is_suffix[words[last]]
    is_end = np.zeros(len(words), bool)
    is_end[last[has_suffix]] = True
    kept = ~table.particle[words] & ~is_end
    before = _running(kept)
    count = before[starts[1:]] - before[starts[:-1]]
    marks = _running(table.marked[words] & ~is_end)
    good = (count >= _FEWEST) & (marks[starts[1:]] == marks[starts[:-1]])
    places = np.flatnonzero(kept)
    first = np.minimum(before[starts[:-1]], len(places) - 1)
    good &= ~table.single[words[places[first]]] if len(places) else good
    inside = kept & np.repeat(good, np.diff(starts))
    offsets = pa.array(np.concatenate([[0], np.cumsum(count[good])]).astype(np.int32))
    chosen_words = pa.array(words[inside])
    suffixes = np.where(has_suffix, words[last], -1)[good]
    return PlainNames(
        rows=shaped[good],
        tokens=_joined(offsets, table.folded.take(chosen_words)),
        phonetic=_joined(offsets, table.phonetic.take(chosen_words)),
        suffix=table.suffix.take(pa.array(suffixes, mask=suffixes < 0)),
        shown=chosen.filter(pa.array(good)),
    )


def _numbered(words: pa.StringArray) -> tuple[npt.NDArray[np.int64], _Table]:
    """The number of every word, and the table that the numbers point into."""
    global _seen  # noqa: PLW0603 - what a process knows of words, begun anew when it grows too large
    if len(_seen.number) > _MOST_WORDS:
        _seen = _Words()
    encoded = words.dictionary_encode()
    numbers = _seen.numbers(encoded.dictionary.to_pylist())
    return numbers[encoded.indices.to_numpy()], _seen.table


def _filled(found: pa.BooleanArray) -> Any:
    return found.fill_null(False).to_numpy(zero_copy_only=False)  # noqa: FBT003 - what Arrow takes


def _running(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """How many are set before each place, and at the end."""
    return np.concatenate([[0], np.cumsum(flags)])


def _joined(offsets: pa.Int32Array, words: pa.StringArray) -> pa.StringArray:
    return pc.binary_join(pa.ListArray.from_arrays(offsets, words), " ")
