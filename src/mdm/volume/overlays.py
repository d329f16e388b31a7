"""Records of a delivery that an update turned into somebody else, found set-wise.

Few updates touch name, birth date and mother's name at once, so these are sought in what was
received; only what remains is standardised and compared.
"""

from collections.abc import Callable, Iterator

import duckdb
import pyarrow as pa

from mdm.domain.overlay import Content, is_overlay
from mdm.duck import count_rows, write_batches
from mdm.ports import ReadSession

Standardise = Callable[[duckdb.DuckDBPyConnection, str, str], object]
"""Standardise a table with `record_id` and `payload` into another with the standard columns."""

_FEW = 5_000
_AT_ONCE = 500
_KNOWN = pa.schema([("record_id", pa.int64()), ("payload", pa.string())])
_KNOWN_SQL = """
SELECT r.record_id, v.payload FROM record r
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE {which}
"""
_UPDATED = """
SELECT d.record_id FROM delivery d JOIN known_record k USING (record_id)
WHERE d.fresh AND d.outcome <> 'new' AND k.placed ORDER BY d.record_id
"""
_SUSPECT = """
CREATE OR REPLACE TABLE overlay_suspect AS
SELECT k.record_id, k.payload AS before, s.payload AS after
FROM overlay_known k JOIN delivery d USING (record_id) JOIN stage_record s USING (local_id)
WHERE d.fresh AND {name} AND {birth_date} AND {mother_name}
"""
_PAIRS = """
SELECT b.record_id, b.name, b.mother, b.birth_date, a.name, a.mother, a.birth_date
FROM standard_before b JOIN standard_after a USING (record_id) ORDER BY b.record_id
"""
_SCRATCH = (
    "overlay_known", "overlay_suspect", "overlay_before", "overlay_after", "standard_before",
    "standard_after",
)  # fmt: skip


def find_overlays(
    con: duckdb.DuckDBPyConnection, session: ReadSession, source: str, standardise: Standardise
) -> list[int]:
    """Placed records whose new content is another person than the one that the registry holds.

    Args:
        con: Holds `delivery`, `known_record` and `stage_record`.
        session: The registry before the delivery is written.
        source: The source delivered.
        standardise: Makes standard columns from payloads.
    """
    updated = [int(record_id) for (record_id,) in con.execute(_UPDATED).fetchall()]
    if not updated:
        return []
    write_batches(con, "overlay_known", _known(session, source, updated), _KNOWN)
    con.execute(
        _SUSPECT.format(
            name=_differs("full_name", "given_name", "family_name"),
            birth_date=_differs("birth_date"),
            mother_name=_differs("mother_name"),
        )
    )
    found: list[int] = []
    if count_rows(con, "overlay_suspect") > 0:
        for side in ("before", "after"):
            con.execute(
                f"CREATE OR REPLACE TABLE overlay_{side} AS"
                f" SELECT record_id, {side} AS payload FROM overlay_suspect"
            )
            standardise(con, f"overlay_{side}", f"standard_{side}")
        found = [
            int(row[0])
            for row in con.execute(_PAIRS).fetchall()
            if is_overlay(Content(*row[1:4]), Content(*row[4:]))
        ]
    for table in _SCRATCH:
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return found


def _known(session: ReadSession, source: str, records: list[int]) -> Iterator[pa.RecordBatch]:
    """Contents by number where they are few, else those of the whole source."""
    if len(records) > _FEW:
        sql = _KNOWN_SQL.format(which="r.source = :source")
        yield from session.read_arrow(sql, {"source": source}, schema=_KNOWN)
        return
    for start in range(0, len(records), _AT_ONCE):
        listed = ", ".join(map(str, records[start : start + _AT_ONCE]))
        sql = _KNOWN_SQL.format(which=f"r.record_id IN ({listed})")
        yield from session.read_arrow(sql, schema=_KNOWN)


def _differs(*columns: str) -> str:
    """SQL: what was received in some columns is another than before."""
    paths = ", ".join(f"'$.{column}'" for column in columns)
    values = "json_extract_string({}, [" + paths + "])"
    return f"{values.format('k.payload')} IS DISTINCT FROM {values.format('s.payload')}"
