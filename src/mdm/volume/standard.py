"""The cache of standard records beside the registry, which can be rebuilt from it at any time.

Tables: `standard` (record_id, source, local_id, version, content_hash and the standard columns; of
every record but the erased, withdrawn ones too: they are linkage evidence), `record_state`
(record_id, state, restricted) and the view `source_merge` (record_id, into_id: replaced by another
record of its source). A sealed record is to the volume plane as an erased one. `cache_marker` says
which state of the registry they show: the digests that the registry itself states of `record` with
`sealed_record`, and of `record_version`, and the version of the standardiser. A restored backup or
a crash between the registry's commit and the cache's is thus noticed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.duck import count, first_row
from mdm.ports import ReadSession
from mdm.standardise.version import STANDARDISER_VERSION
from mdm.volume.delivery import fill

Standardise = Callable[[duckdb.DuckDBPyConnection, str, str], object]
"""Standardise a table with `KEYS` and `payload` into another with `KEYS` and standard columns."""

KEYS = ("record_id", "source", "local_id", "version", "content_hash")
LISTS = ("cns", "phones", "emails")
CONTENT, STATES, SEALS = "record_version", "record", "sealed_record"
NOTHING = "0-0-0"
_ASKED_AT_ONCE = 500
_FEW = 5_000
_STATE = pa.schema(
    [
        ("record_id", pa.int64()),
        ("source", pa.string()),
        ("local_id", pa.string()),
        ("version", pa.int64()),
        ("content_hash", pa.string()),
        ("state", pa.string()),
        ("restricted", pa.bool_()),
    ]
)
_PAYLOAD = pa.schema([*(_STATE.field(name) for name in KEYS), ("payload", pa.string())])
_PAYLOAD_SQL = """
SELECT r.record_id, r.source, r.local_id, r.version, r.content_hash, v.payload
FROM record r JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
"""
_STATES_SQL = """
SELECT {columns}, CASE WHEN s.record_id IS NULL THEN r.state ELSE 'erased' END AS state,
       r.restricted
FROM record r LEFT JOIN sealed_record s ON s.record_id = r.record_id
"""
_SOURCE_MERGE = """
CREATE OR REPLACE VIEW source_merge AS
SELECT s.record_id, t.record_id AS into_id FROM standard s JOIN standard t
  ON t.source = s.source AND t.local_id = s.merged_into
JOIN record_state r ON r.record_id = s.record_id AND r.state = 'superseded'
WHERE s.merged_into IS NOT NULL
"""


def state_digests(session: ReadSession) -> dict[str, str]:
    """What the registry states of the content and of the states that the cache follows."""
    rows = session.rows("SELECT name, rows, sum_a, sum_b FROM state_digest")
    stated = {str(row["name"]): f"{row['rows']}-{row['sum_a']}-{row['sum_b']}" for row in rows}
    found = {name: stated.get(name, NOTHING) for name in (CONTENT, STATES)}
    if SEALS in stated:
        found[STATES] += f" {stated[SEALS]}"
    return found


def sync_standard(
    con: duckdb.DuckDBPyConnection, session: ReadSession, standardise: Standardise
) -> int:
    """Bring the cache level with the registry; does nothing when it is.

    Args:
        con: The volume database.
        session: The snapshot of the registry to be level with.
        standardise: Makes standard records from payloads.

    Returns:
        How many records were standardised anew.
    """
    wanted = state_digests(session)
    marked = _marker(con)
    if marked == wanted:
        return 0
    if marked.get(CONTENT) == wanted[CONTENT] and _refresh_states(con, session, wanted):
        return 0
    _read_states(con, session)
    if not _has_standard(con):
        con.execute("DROP TABLE IF EXISTS standard")
    rebuilt = _rebuild_missing(con, session, standardise)
    with _committed(con):
        con.execute("CREATE TABLE IF NOT EXISTS standard AS FROM rebuilt LIMIT 0")
        con.execute(
            "DELETE FROM standard s WHERE NOT EXISTS (SELECT 1 FROM registry_record r"
            " WHERE r.record_id = s.record_id AND r.version = s.version AND r.source = s.source"
            "   AND r.content_hash = s.content_hash AND r.state <> 'erased')"
        )
        con.execute("INSERT INTO standard BY NAME FROM rebuilt")
        _write_states(con)
        _mark(con, wanted)
    for table in ("rebuilt", "to_rebuild", "wanted_record", "registry_record"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return rebuilt


def begin_update(con: duckdb.DuckDBPyConnection, source: str, before: Mapping[str, str]) -> bool:
    """Take a delivery into the cache, without asking the registry, in a transaction left open.

    Args:
        con: A connection of its own to a database that holds `delivery`, `delivery_gone` and
            `stage_record` with its standard columns.
        source: The source delivered.
        before: State digests that the registry's transaction found.

    Returns:
        False, and nothing is begun, where the cache is not level with `before`: that is left to
        `sync_standard`.
    """
    level = _marker(con) == dict(before)
    if not level and any(digest != NOTHING for digest in before.values()):
        return False
    con.execute("BEGIN")
    if not level:
        con.execute("DROP TABLE IF EXISTS standard")
        con.execute("DROP TABLE IF EXISTS record_state")
    columns = ", ".join(f's."{name}"' for name in STANDARD_COLUMNS)
    rows = (
        f"SELECT d.record_id, '{source}' AS source, d.local_id,"
        " coalesce(d.version, 0) + 1 AS version, d.content_hash,"
        f" {columns} FROM delivery d JOIN stage_record s USING (local_id) WHERE d.fresh"
    )
    con.execute(f"CREATE TABLE IF NOT EXISTS standard AS {rows} LIMIT 0")
    con.execute(
        "DELETE FROM standard WHERE record_id IN"
        " (SELECT record_id FROM delivery WHERE fresh AND outcome <> 'new')"
    )
    con.execute(f"INSERT INTO standard BY NAME {rows}")
    _follow_states(con)
    return True


def finish_update(con: duckdb.DuckDBPyConnection, after: Mapping[str, str]) -> None:
    """Commit what `begin_update` began: the registry's transaction left these state digests."""
    _mark(con, after)
    con.execute("COMMIT")


def known_values(con: duckdb.DuckDBPyConnection, column: str, values: Sequence[str]) -> int:
    """How many of some distinct identifier values the cache knows.

    Args:
        con: The volume database, synced.
        column: A standard column of text or of a list of texts.
        values: What to look for.
    """
    held = f"unnest({column})" if column in LISTS else column
    con.register("asked_values", pa.table({"value": pa.array(list(values), pa.string())}))
    known = count(
        con,
        f"SELECT count(*) FROM asked_values SEMI JOIN (SELECT {held} AS value FROM standard)"
        " USING (value)",
    )
    con.unregister("asked_values")
    return known


def _follow_states(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE TABLE IF NOT EXISTS record_state"
        " (record_id BIGINT, state VARCHAR, restricted BOOLEAN)"
    )
    con.execute(
        "DELETE FROM record_state WHERE record_id IN (SELECT record_id FROM delivery"
        " WHERE state IS DISTINCT FROM known_state OR restricted IS DISTINCT FROM known_restricted"
        " UNION ALL SELECT record_id FROM delivery_gone)"
    )
    con.execute(
        "INSERT INTO record_state SELECT record_id, state, restricted FROM delivery"
        " WHERE state IS DISTINCT FROM known_state OR restricted IS DISTINCT FROM known_restricted"
        " UNION ALL SELECT record_id, state, restricted FROM delivery_gone"
    )


def _rebuild_missing(
    con: duckdb.DuckDBPyConnection, session: ReadSession, standardise: Standardise
) -> int:
    """Make `rebuilt` from the payloads of records that the cache does not have as they are."""
    present = (
        "ANTI JOIN standard USING (record_id, version, content_hash, source)"
        if _has_standard(con)
        else ""
    )
    con.execute(
        "CREATE OR REPLACE TABLE wanted_record AS SELECT record_id FROM registry_record"
        f" {present} WHERE state <> 'erased'"
    )
    con.execute(
        "CREATE OR REPLACE TABLE to_rebuild (record_id BIGINT, source VARCHAR, local_id VARCHAR,"
        " version BIGINT, content_hash VARCHAR, payload VARCHAR)"
    )
    ids = [int(key) for (key,) in con.execute("SELECT record_id FROM wanted_record").fetchall()]
    fill(con, "to_rebuild", _payloads(con, session, ids))
    con.execute("DROP TABLE IF EXISTS rebuilt")
    standardise(con, "to_rebuild", "rebuilt")
    return len(ids)


def _payloads(
    con: duckdb.DuckDBPyConnection, session: ReadSession, ids: list[int]
) -> Iterator[pa.RecordBatch]:
    """A few are asked for by number; of many the whole table is read once."""
    if len(ids) > _FEW:
        for batch in session.read_arrow(_PAYLOAD_SQL, schema=_PAYLOAD):
            con.register("payload_batch", pa.Table.from_batches([batch]))
            kept = con.sql(
                "SELECT p.* FROM payload_batch p SEMI JOIN wanted_record USING (record_id)"
            ).to_arrow_table()
            con.unregister("payload_batch")
            yield from kept.to_batches()
        return
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        chosen = ", ".join(map(str, ids[start : start + _ASKED_AT_ONCE]))
        condition = f"{_PAYLOAD_SQL} WHERE r.record_id IN ({chosen})"
        yield from session.read_arrow(condition, schema=_PAYLOAD)


def _read_states(con: duckdb.DuckDBPyConnection, session: ReadSession) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE registry_record (record_id BIGINT, source VARCHAR,"
        " local_id VARCHAR, version BIGINT, content_hash VARCHAR, state VARCHAR,"
        " restricted BOOLEAN)"
    )
    sql = _STATES_SQL.format(columns="r.record_id, r.source, r.local_id, r.version, r.content_hash")
    fill(con, "registry_record", session.read_arrow(sql, schema=_STATE))


def _refresh_states(
    con: duckdb.DuckDBPyConnection, session: ReadSession, wanted: Mapping[str, str]
) -> bool:
    """Follow states alone; False, and nothing is done, where the cache lacks a record.

    That is one whose seal was taken off.
    """
    narrow = pa.schema([_STATE.field(name) for name in ("record_id", "state", "restricted")])
    con.execute(
        "CREATE OR REPLACE TABLE registry_record"
        " (record_id BIGINT, state VARCHAR, restricted BOOLEAN)"
    )
    found = session.read_arrow(_STATES_SQL.format(columns="r.record_id"), schema=narrow)
    fill(con, "registry_record", found)
    lacking = "FROM registry_record ANTI JOIN standard USING (record_id) WHERE state <> 'erased'"
    if count(con, f"SELECT count(*) {lacking}") > 0:
        # The same content as before, of more records: pairs with them are still to be found.
        con.execute("DROP TABLE IF EXISTS scored_marker")
        return False
    with _committed(con):
        _forget_erased(con)
        _write_states(con)
        _mark(con, wanted)
    con.execute("DROP TABLE registry_record")
    return True


def _forget_erased(con: duckdb.DuckDBPyConnection) -> None:
    """Let records go that were erased from elsewhere, or sealed; their pairs hold no longer.

    What is stated of the content does not tell: an emptied version keeps its hash.
    """
    gone = (
        "FROM standard WHERE record_id IN"
        " (SELECT record_id FROM registry_record WHERE state = 'erased')"
    )
    if count(con, f"SELECT count(*) {gone}") > 0:
        con.execute(f"DELETE {gone}")
        con.execute("DROP TABLE IF EXISTS scored_marker")


def _write_states(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TABLE record_state AS"
        " SELECT record_id, state, restricted FROM registry_record"
    )


def _has_standard(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `standard` is there and made by the present rules."""
    return _marker(con) != {}


def _marker(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The digests that the cache is level with; empty if it must be made from nothing."""
    tables = count(
        con,
        "SELECT count(*) FROM duckdb_tables() WHERE table_name IN"
        " ('cache_marker', 'standard', 'record_state')",
    )
    if tables < 3:  # noqa: PLR2004 - the three tables just named
        return {}
    row = first_row(con, "SELECT rules, content, states FROM cache_marker")
    if row == () or row[0] != STANDARDISER_VERSION:
        return {}
    return {CONTENT: str(row[1]), STATES: str(row[2])}


def _mark(con: duckdb.DuckDBPyConnection, digests: Mapping[str, str]) -> None:
    con.execute(_SOURCE_MERGE)
    con.execute(
        "CREATE OR REPLACE TABLE cache_marker AS"
        " SELECT $1::VARCHAR AS rules, $2::VARCHAR AS content, $3::VARCHAR AS states",
        [STANDARDISER_VERSION, digests[CONTENT], digests[STATES]],
    )


@contextmanager
def _committed(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One DuckDB transaction."""
    con.execute("BEGIN")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def follow_apply(
    con: duckdb.DuckDBPyConnection, *, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    """After a plan (`plan_event`) was applied: what it placed is present.

    A cache that is not level with the state before is left to `sync_standard`.
    """
    if _marker(con) != {name: before[name] for name in (CONTENT, STATES)}:
        return
    with _committed(con):
        con.execute(
            "UPDATE record_state SET state = 'present' WHERE state = 'pending'"
            " AND record_id IN (SELECT record_id FROM plan_event WHERE kind = 'place')"
        )
        _mark(con, after)
