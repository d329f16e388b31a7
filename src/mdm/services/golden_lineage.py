"""The lineage of golden values as it leaves: sources in the place of record numbers.

A number of a record tells how many were loaded before it, restricted ones among them.
"""

import json
from collections.abc import Mapping

import pyarrow as pa

from mdm.ports import ReadSession
from mdm.services.lists import as_int, rows_of_numbers

_SOURCES = "SELECT record_id, source FROM record WHERE record_id IN ({keys})"


def with_sources(session: ReadSession, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of golden records whose `lineage` gives, for each attribute, source and rule."""
    place = batch.schema.get_field_index("lineage")
    lineages = [json.loads(text) for text in batch.column(place).to_pylist()]
    numbers = {n for lineage in lineages for origin in lineage.values() for n in _records(origin)}
    sources = {
        as_int(row["record_id"]): str(row["source"])
        for row in rows_of_numbers(session, _SOURCES, numbers)
    }
    told = [
        json.dumps({name: _named(origin, sources) for name, origin in lineage.items()})
        for lineage in lineages
    ]
    return batch.set_column(place, batch.schema.field(place), pa.array(told, pa.string()))


def _records(origin: list[object]) -> list[int]:
    first = origin[0]
    return [as_int(n) for n in first] if isinstance(first, list) else [as_int(first)]


def _named(origin: list[object], sources: Mapping[int, str]) -> list[object]:
    names = [sources[n] for n in _records(origin)]
    return [names if isinstance(origin[0], list) else names[0], origin[1]]
