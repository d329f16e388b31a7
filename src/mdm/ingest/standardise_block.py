"""Standardise a block of rows, column by column: what a worker process does.

What is written plainly is read set-wise (`plain_values`). Of the rest each distinct value is
standardised once a block; values that repeat from block to block (dates, streets, units) are
remembered. The definition is `mdm.standardise.columns`; this module only spreads its results over
rows, so it gives what `standardise_record` gives.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.domain.standard_record import STANDARD_COLUMNS, StandardRecord, ValueIssue
from mdm.ingest.plain_values import PLAIN
from mdm.standardise.columns import (
    COMBINERS,
    READERS,
    ColumnStandardiser,
    Standardised,
    given,
    missing,
)

_ARROW: Mapping[type, pa.DataType] = {
    str: pa.string(),
    bool: pa.bool_(),
    int: pa.int16(),
    date: pa.date32(),
    datetime: pa.timestamp("us"),
}
_REMEMBERED = 50_000
_TRIED = 40_000
_REPEATS = 0.3
"""After `_TRIED` look-ups a column is remembered on while at least this share was found."""


def _arrow_type(hint: Any) -> pa.DataType:
    if get_origin(hint) is tuple:
        return pa.list_(pa.string())
    plain = [part for part in get_args(hint) if part is not NoneType] or [hint]
    return _ARROW[plain[0]]


ARROW_TYPES: Mapping[str, pa.DataType] = {
    name: _arrow_type(hint) for name, hint in get_type_hints(StandardRecord).items()
}
"""The Arrow type of every standard column."""


@dataclass(frozen=True, slots=True)
class StandardBlock:
    """Standard columns of a block, and its issues: row (from 0), field, value_class, reason."""

    columns: pa.Table
    issues: pa.Table


@dataclass(slots=True)
class _Memory:
    """Results of one reader, kept from block to block while that saves work."""

    known: dict[Any, Standardised] = field(default_factory=dict)
    worthwhile: bool = True
    tried: int = 0
    found: int = 0

    def count(self, tried: int, found: int) -> None:
        self.tried += tried
        self.found += found
        if self.tried > _TRIED and self.found < _REPEATS * self.tried:
            self.worthwhile = False
            self.known.clear()


@dataclass(slots=True)
class BlockStandardiser:
    """Standardises blocks one after the other.

    Attributes:
        today: What "in the future" is measured against.
    """

    today: date
    _memory: dict[int, _Memory] = field(default_factory=dict)

    def standardise(self, received: Mapping[str, pa.Array], rows: int) -> StandardBlock:
        """The standard columns of a block.

        Args:
            received: Canonical columns that have a value somewhere, all of `rows` rows.
            rows: Number of rows.
        """
        standard: dict[str, pa.Array] = {}
        found: list[tuple[int, ValueIssue]] = []
        for number, reader in enumerate(READERS):
            made, issues = self._read(number, reader, received, rows)
            standard.update(zip(reader.outputs, made, strict=True))
            found.extend(issues)
        for combiner in COMBINERS:
            self._combine(combiner, standard, found)
        table = pa.table({name: standard[name] for name in STANDARD_COLUMNS})
        return StandardBlock(table, _issue_table(found))

    def _read(
        self, number: int, reader: ColumnStandardiser, received: Mapping[str, pa.Array], rows: int
    ) -> tuple[list[pa.Array], list[tuple[int, ValueIssue]]]:
        inputs = [received[name] for name in reader.inputs if name in received]
        if not inputs:
            return [_constant(name, rows) for name in reader.outputs], []
        present = [name in received for name in reader.inputs]
        plain = PLAIN.get(reader.inputs[0])
        if plain is None or len(inputs) > 1 or not present[0]:
            return self._read_each(number, reader, inputs, present)
        found = plain(inputs[0], self.today)
        left = np.ones(rows, bool)
        left[found.rows] = False
        rest = np.flatnonzero(left)
        if len(rest) == 0:
            return list(found.outputs), []
        chosen = [inputs[0].take(pa.array(rest))]
        made, issues = self._read_each(number, reader, chosen, present)
        places = np.empty(rows, np.int64)
        places[found.rows] = np.arange(len(found.rows))
        places[rest] = np.arange(len(found.rows), rows)
        order = pa.array(places)
        outputs = [
            pa.concat_arrays([good.cast(other.type), other]).take(order)
            for good, other in zip(found.outputs, made, strict=True)
        ]
        return outputs, [(int(rest[row]), issue) for row, issue in issues]

    def _read_each(
        self,
        number: int,
        reader: ColumnStandardiser,
        inputs: Sequence[pa.Array],
        present: Sequence[bool],
    ) -> tuple[list[pa.Array], list[tuple[int, ValueIssue]]]:
        """Read each distinct value by the definition."""
        keys, places = _distinct(inputs, present)
        results = self._results(number, reader, keys)
        results.append((tuple(missing(name) for name in reader.outputs), ()))
        by_column = zip(*(outputs for outputs, _ in results), strict=True)
        made = [
            pa.array(values, _type_of(name)).take(places)
            for name, values in zip(reader.outputs, by_column, strict=True)
        ]
        return made, _spread_issues(results, places)

    def _results(
        self, number: int, reader: ColumnStandardiser, keys: Sequence[Any]
    ) -> list[Standardised]:
        apply = _applier(reader, self.today)
        memory = self._memory.setdefault(number, _Memory())
        if not memory.worthwhile:
            return [apply(key) for key in keys]
        known = memory.known
        results = []
        found = 0
        for key in keys:
            result = known.get(key)
            if result is None:
                result = apply(key)
                if len(known) < _REMEMBERED:
                    known[key] = result
            else:
                found += 1
            results.append(result)
        memory.count(len(keys), found)
        return results

    def _combine(
        self,
        combiner: ColumnStandardiser,
        standard: dict[str, pa.Array],
        found: list[tuple[int, ValueIssue]],
    ) -> None:
        first = standard[combiner.inputs[0]]
        if first.null_count == len(first):
            return
        mask = pc.is_valid(first)
        rows = pc.indices_nonzero(mask).to_pylist()
        inputs = [standard[name].filter(mask).to_pylist() for name in combiner.inputs]
        outputs: list[tuple[Any, ...]] = []
        for row, *values in zip(rows, *inputs, strict=True):
            made, issues = combiner.function(*values, today=self.today)
            outputs.append(made)
            found.extend((row, issue) for issue in issues)
        for place, name in enumerate(combiner.outputs):
            values = pa.array([made[place] for made in outputs], _type_of(name))
            standard[name] = pc.replace_with_mask(standard[name], mask, values)


def _issue_table(found: list[tuple[int, ValueIssue]]) -> pa.Table:
    found.sort(key=lambda one: one[0])
    return pa.table(
        {
            "row": pa.array([row for row, _ in found], pa.int64()),
            "field": pa.array([issue.field for _, issue in found], pa.string()),
            "value_class": pa.array([issue.value_class for _, issue in found], pa.string()),
            "reason": pa.array([issue.reason for _, issue in found], pa.string()),
        }
    )


def _type_of(name: str) -> pa.DataType:
    return ARROW_TYPES.get(name, pa.string())


def _constant(name: str, rows: int) -> pa.Array:
    return pa.array([missing(name)], _type_of(name)).take(pa.array([0] * rows, pa.int32()))


def _distinct(inputs: Sequence[pa.Array], present: Sequence[bool]) -> tuple[list[Any], pa.Array]:
    """Distinct keys (a text, or a tuple as long as `present`), and the place of each row's key.

    A row without any value has the place one after the last.
    """
    if len(inputs) == 1:
        encoded = inputs[0].dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        places = pc.fill_null(encoded.indices, len(texts))
        if len(present) == 1:
            return texts, places
        return [tuple(text if here else None for here in present) for text in texts], places
    seen: dict[tuple[str | None, ...], int] = {}
    columns = iter([array.to_pylist() for array in inputs])
    aligned: list[Iterable[str | None]] = [
        next(columns) if here else [None] * len(inputs[0]) for here in present
    ]
    places_of = [seen.setdefault(key, len(seen)) for key in zip(*aligned, strict=True)]
    return list(seen), pa.array(places_of, pa.int32())


def _applier(reader: ColumnStandardiser, today: date) -> Callable[[Any], Standardised]:
    """The function of a reader over a key of `_distinct`; blank texts count as missing."""
    nothing: Standardised = (tuple(missing(name) for name in reader.outputs), ())
    function = reader.function

    def one(text: str) -> Standardised:
        return function(text, today=today) if given(text) else nothing

    def several(key: tuple[str | None, ...]) -> Standardised:
        values = [value if given(value) else None for value in key]
        if values.count(None) == len(values):
            return nothing
        return function(*values, today=today)

    return one if len(reader.inputs) == 1 else several


def _spread_issues(
    results: Sequence[Standardised], places: pa.Array
) -> list[tuple[int, ValueIssue]]:
    troubled = [place for place, (_, issues) in enumerate(results) if issues]
    if not troubled:
        return []
    mask = pc.is_in(places, value_set=pa.array(troubled, places.type))
    rows = pc.indices_nonzero(mask).to_pylist()
    found = zip(rows, places.filter(mask).to_pylist(), strict=True)
    return [(row, issue) for row, place in found for issue in results[place][1]]
