"""A staged delivery against the registry, set-wise: outcomes, record numbers, rows to write.

Reads the staging tables of `mdm.ingest` (`stage_record`, `stage_issue`, `stage_quarantine`) and
makes `known_record` (the source's records as the registry has them), `merge_mark` (see
`mdm.volume.source_merges`), `delivery` (every delivered record with its outcome) and
`delivery_gone` (records that are missing, could not be read, or were replaced by one delivered).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa

from mdm.domain.delivery import Comparison, ScopeLoss
from mdm.domain.erasure import CONCEALED
from mdm.volume.source_merges import weigh_marks

BATCH_ROWS = 16_384
PART_ROWS = 1_500_000
"""Rows sorted at a time: what DuckDB pins while it gives out what it sorted grows with the rows."""
SCRATCH = (
    "known_record",
    "merge_mark",
    "delivery",
    "delivery_gone",
    "delivery_answer",
    "delivery_erased",
)

# Erased records as delivered and as the registry keeps their local ID: where that is a person's
# number, it keeps `mdm.domain.erasure.concealed_local_id` of it, and is known by that alone.
_ERASED = f"""
CREATE OR REPLACE TABLE delivery_erased AS
WITH named AS (SELECT local_id FROM stage_record UNION SELECT local_id FROM stage_quarantine),
gone AS (SELECT local_id AS kept FROM known_record WHERE state = 'erased'),
hidden AS (SELECT kept FROM gone WHERE starts_with(kept, '{CONCEALED}'))
SELECT n.local_id, g.kept FROM named n JOIN gone g ON g.kept = n.local_id
UNION ALL
SELECT n.local_id, h.kept FROM named n JOIN hidden h
  ON h.kept = '{CONCEALED}' || sha256($key || '|' || $source || '|' || n.local_id)
"""

# A record that its source has merged into another one is superseded where the mark counts.
_DELIVERY = """
CREATE OR REPLACE TABLE delivery AS
WITH held AS (
  SELECT s.local_id, s.scope, s.content_hash, coalesce(s.restricted, false) AS restricted,
         k.record_id, k.version,
         k.state AS known_state, k.scope AS known_scope, k.restricted AS known_restricted,
         k.stale, k.content_hash IS DISTINCT FROM s.content_hash
                  AND k.state IS DISTINCT FROM 'erased' AS fresh,
         g.former IS DISTINCT FROM g.into_id AS other_mark,
         CASE WHEN k.state = 'erased' THEN 'erased'
              WHEN g.into_id IS NOT NULL THEN 'superseded'
              WHEN k.state IN ('pending', 'present') THEN k.state
              WHEN k.placed THEN 'present'
              ELSE 'pending' END AS state
  FROM stage_record s LEFT JOIN known_record k USING (local_id)
  LEFT JOIN merge_mark g ON g.local_id = s.local_id AND g.problem IS NULL)
SELECT *, CASE
    WHEN record_id IS NULL THEN 'new'
    WHEN known_state = 'erased' THEN 'unchanged'
    WHEN known_state = 'withdrawn' OR stale
      OR (known_state = 'superseded' AND state <> 'superseded') THEN 'reinstated'
    WHEN fresh THEN 'changed'
    ELSE 'unchanged' END AS outcome
FROM held
"""

# What cannot be read this time is still there: its last good version stays in force. What is left
# out may have named a replacement that is here only now, or be replaced by one that leads back.
_GONE = """
CREATE OR REPLACE TABLE delivery_gone AS
WITH absent AS (
  SELECT k.*, q.local_id IS NOT NULL AS unreadable, g.into_id IS NOT NULL AS marked, g.problem,
         q.local_id IS NULL AND $snapshot AND list_contains($scopes, k.scope) AS withdrawn
  FROM known_record k ANTI JOIN stage_record s USING (local_id)
  LEFT JOIN (SELECT DISTINCT local_id FROM stage_quarantine) q USING (local_id)
  LEFT JOIN merge_mark g USING (local_id)
  WHERE k.state <> 'erased'),
moved AS (
  SELECT *, state AS known_state, CASE
      WHEN marked AND problem IS NULL THEN 'superseded'
      WHEN state = 'superseded' AND problem IS DISTINCT FROM 'merged_in_a_circle' THEN 'superseded'
      WHEN state = 'withdrawn' OR withdrawn THEN 'withdrawn'
      WHEN state <> 'superseded' THEN state
      WHEN placed THEN 'present'
      ELSE 'pending' END AS new_state
  FROM absent)
SELECT record_id, scope, version, content_hash, restricted, known_state, new_state AS state,
       unreadable AND new_state IN ('pending', 'present') AS stale
FROM moved
WHERE new_state <> known_state
   OR (unreadable AND NOT stale AND new_state IN ('pending', 'present'))
"""

_TOUCHED = """
SELECT record_id, scope, state, version + CASE WHEN fresh THEN 1 ELSE 0 END AS version,
       content_hash, {load} AS last_load_id, false AS stale, restricted
FROM delivery WHERE outcome <> 'new' AND known_state <> 'erased'
  AND (outcome <> 'unchanged' OR scope IS DISTINCT FROM known_scope OR state <> known_state
       OR restricted <> known_restricted)
UNION ALL
SELECT record_id, scope, state, version, content_hash, {load}, stale, restricted
FROM delivery_gone ORDER BY record_id
"""

# Replaced by another record than before: said again, so that the former merge is taken back.
_EVENTS = """
SELECT 'record_state' AS kind, record_id, state AS detail FROM (
  SELECT record_id, state FROM delivery WHERE state <> coalesce(known_state, 'pending')
     OR (state = 'superseded' AND known_state = 'superseded' AND other_mark)
  UNION ALL SELECT record_id, state FROM delivery_gone WHERE state <> known_state)
ORDER BY record_id
"""

# A row that waits is answered when its person, or the very same bad row, is delivered again.
_ANSWERED = """
SELECT quarantine_id FROM delivery_answer a
WHERE a.local_id IN (SELECT local_id FROM stage_record)
   OR a.local_id IN (SELECT local_id FROM stage_quarantine WHERE local_id IS NOT NULL)
   OR EXISTS (SELECT 1 FROM stage_quarantine q
              WHERE q.reason = a.reason AND q.content IS NOT DISTINCT FROM a.content)
ORDER BY quarantine_id
"""


def compare_delivery(
    con: duckdb.DuckDBPyConnection,
    known: Iterable[pa.RecordBatch],
    *,
    marks: Mapping[str, str],
    scopes: Sequence[str],
    snapshot: bool,
    erased_as: tuple[str, str] = ("", ""),
) -> Comparison:
    """Make `known_record`, `merge_mark`, `delivery` and `delivery_gone`, and count them.

    Args:
        con: Holds the staging tables.
        known: The source's records in the registry; see `mdm.ports.Intake.compare`.
        marks: Merges that its known records state; see `mdm.ports.Intake.compare`.
        scopes: Scopes that the delivery covers.
        snapshot: Whether what is left out was withdrawn.
        erased_as: The registry's secret and the source, by which erased records are known whose
            local ID is a person's number.
    """
    con.execute(
        "CREATE OR REPLACE TABLE known_record (record_id BIGINT, local_id VARCHAR, scope VARCHAR,"
        " state VARCHAR, version BIGINT, content_hash VARCHAR, stale BOOLEAN, restricted BOOLEAN,"
        " placed BOOLEAN)"
    )
    fill(con, "known_record", known)
    con.execute(_ERASED, dict(zip(("key", "source"), erased_as, strict=True)))
    con.execute(
        "UPDATE known_record SET local_id = e.local_id FROM delivery_erased e"
        " WHERE known_record.local_id = e.kept AND e.local_id <> e.kept"
    )
    weigh_marks(con, marks)
    con.execute(_DELIVERY)
    con.execute(_GONE, {"snapshot": snapshot, "scopes": list(scopes)})
    return _counted(con, scopes)


def named_local_ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Local IDs that the staging tables name in any way."""
    found = con.execute(
        "SELECT local_id FROM stage_record UNION SELECT local_id FROM stage_quarantine"
        " UNION SELECT merged_into FROM stage_record"
    ).fetchall()
    return [str(local_id) for (local_id,) in found if local_id is not None]


def fill(con: duckdb.DuckDBPyConnection, table: str, batches: Iterable[pa.RecordBatch]) -> None:
    """Append Arrow batches to a table with the same columns in the same order."""
    for batch in batches:
        con.register("filling", pa.Table.from_batches([batch]))
        con.execute(f"INSERT INTO {table} SELECT * FROM filling")
        con.unregister("filling")


def delivered_erased(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Of what is staged, local IDs of erased records, with what the registry keeps of them."""
    found = con.execute("SELECT local_id, kept FROM delivery_erased").fetchall()
    return {str(local_id): str(kept) for local_id, kept in found}


def _counted(con: duckdb.DuckDBPyConnection, scopes: Sequence[str]) -> Comparison:
    rows = con.execute("SELECT outcome, count(*) FROM delivery GROUP BY outcome").fetchall()
    outcomes = {str(outcome): int(count) for outcome, count in rows}
    losses = con.execute(
        "SELECT scope, count(*), (SELECT count(*) FROM known_record k WHERE k.scope = g.scope"
        "  AND k.state IN ('pending', 'present'))"
        " FROM delivery_gone g WHERE state = 'withdrawn' GROUP BY scope ORDER BY scope"
    ).fetchall()
    return Comparison(
        new=outcomes.get("new", 0),
        changed=outcomes.get("changed", 0),
        unchanged=outcomes.get("unchanged", 0),
        reinstated=outcomes.get("reinstated", 0),
        withdrawn=_count(con, "delivery_gone WHERE state = 'withdrawn'"),
        stale=_count(con, "delivery_gone WHERE stale"),
        fresh=_count(con, "delivery WHERE fresh"),
        before=_count(
            con,
            "known_record WHERE state IN ('pending', 'present') AND list_contains($1, scope)",
            list(scopes),
        ),
        losses=tuple(ScopeLoss(str(s), int(before), int(gone)) for s, gone, before in losses),
    )


def _count(con: duckdb.DuckDBPyConnection, rows: str, *params: object) -> int:
    ((found,),) = con.execute(f"SELECT count(*) FROM {rows}", list(params)).fetchall()
    return int(found)


def number_records(con: duckdb.DuckDBPyConnection, *, first_record: int) -> None:
    """Give new records consecutive numbers in the order of their local IDs."""
    # The rows are counted as they come out of the sort, which may go to disk; a window that orders
    # them, or an update of them all, would have to be in memory.
    con.execute(
        "CREATE OR REPLACE TABLE delivery_new AS"
        f" SELECT local_id, {first_record - 1} + row_number() OVER () AS record_id"
        " FROM (SELECT local_id FROM delivery WHERE outcome = 'new' ORDER BY local_id)"
    )
    con.execute(
        "CREATE OR REPLACE TABLE delivery AS"
        " SELECT d.* REPLACE (coalesce(d.record_id, n.record_id) AS record_id)"
        " FROM delivery d LEFT JOIN delivery_new n USING (local_id)"
    )
    con.execute("DROP TABLE delivery_new")


def stream(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[pa.RecordBatch]:
    """The rows of a query; no other statement may run on `con` meanwhile."""
    return iter(con.sql(sql).to_arrow_reader(BATCH_ROWS))


def _sorted_in_parts(
    con: duckdb.DuckDBPyConnection, sql: str, rows: str
) -> Iterator[pa.RecordBatch]:
    """The rows of a query in the order of `record_id`, some millions of them at a time.

    Args:
        con: No other statement may run on it meanwhile.
        sql: The query, with `{part}` in place of the rows of `delivery` to read.
        rows: The condition that all of these rows meet.
    """
    parts = con.execute(
        "SELECT min(record_id), max(record_id) FROM ("
        f"SELECT record_id, (row_number() OVER () - 1) // {PART_ROWS} AS part"
        f" FROM (SELECT record_id FROM delivery WHERE {rows} ORDER BY record_id))"
        " GROUP BY part ORDER BY part"
    ).fetchall()
    for first, last in parts:
        part = f"(FROM delivery WHERE {rows} AND record_id BETWEEN {first} AND {last})"
        yield from stream(con, f"{sql.format(part=part)} ORDER BY record_id")


def new_record_rows(
    con: duckdb.DuckDBPyConnection, *, source: str, load_id: int
) -> Iterator[pa.RecordBatch]:
    """Rows of `record` to insert."""
    sql = (
        f"SELECT record_id, '{source}' AS source, local_id, scope, state, 1 AS version,"
        f" content_hash, {load_id} AS last_load_id, false AS stale, restricted FROM {{part}}"
    )
    return _sorted_in_parts(con, sql, "outcome = 'new'")


def touched_record_rows(con: duckdb.DuckDBPyConnection, *, load_id: int) -> pa.Table:
    """Columns of `record` to update: whatever the delivery moves of known records."""
    return con.sql(_TOUCHED.format(load=load_id)).to_arrow_table()


def version_rows(con: duckdb.DuckDBPyConnection, *, load_id: int) -> Iterator[pa.RecordBatch]:
    """Rows of `record_version` to insert: content that the registry did not have."""
    sql = (
        f"SELECT d.record_id, coalesce(d.version, 0) + 1 AS version, {load_id} AS load_id,"
        " d.content_hash, s.payload FROM {part} d JOIN stage_record s USING (local_id)"
    )
    return _sorted_in_parts(con, sql, "fresh")


def state_event_rows(con: duckdb.DuckDBPyConnection) -> Iterator[pa.RecordBatch]:
    """Ledger events of records that were withdrawn, came back, or were replaced."""
    return stream(con, _EVENTS)


def issue_rows(
    con: duckdb.DuckDBPyConnection, *, load_id: int, first_issue: int
) -> Iterator[pa.RecordBatch]:
    """Rows of `issue` to insert: of content that is new; those of known content are there."""
    order = "ORDER BY d.record_id, i.field, i.reason, i.value_class"
    return stream(
        con,
        f"SELECT {first_issue - 1} + row_number() OVER ({order}) AS issue_id,"
        f" {load_id} AS load_id, d.record_id, i.field, i.value_class, i.reason"
        f" FROM stage_issue i JOIN delivery d USING (local_id) WHERE d.fresh {order}",
    )


def settled_issues(con: duckdb.DuckDBPyConnection, known: Iterable[pa.RecordBatch]) -> pa.Table:
    """Of (issue_id, record_id), the keys of those whose record has other content now."""
    con.execute("CREATE OR REPLACE TABLE delivery_answer (issue_id BIGINT, record_id BIGINT)")
    fill(con, "delivery_answer", known)
    return con.sql(
        "SELECT issue_id FROM delivery_answer SEMI JOIN"
        " (SELECT record_id FROM delivery WHERE fresh AND outcome <> 'new') USING (record_id)"
        " ORDER BY issue_id"
    ).to_arrow_table()


def quarantine_rows(
    con: duckdb.DuckDBPyConnection, *, source: str, load_id: int, first_quarantine: int
) -> Iterator[pa.RecordBatch]:
    """Rows of `quarantine` to insert, in the order of the files' lines."""
    # What is written of an erased person's row is that there was one.
    order = "ORDER BY file, line, local_id, content"
    kept = "CASE WHEN e.local_id IS NULL THEN q.content END AS content"
    return stream(
        con,
        f"SELECT {first_quarantine - 1} + row_number() OVER ({order}) AS quarantine_id,"
        f" {load_id} AS load_id, '{source}' AS source, file, line, local_id, reason, content"
        f" FROM (SELECT file, line, coalesce(e.kept, q.local_id) AS local_id, reason, {kept}"
        f" FROM stage_quarantine q LEFT JOIN delivery_erased e USING (local_id)) {order}",
    )


def settled_quarantine(
    con: duckdb.DuckDBPyConnection, waiting: Iterable[pa.RecordBatch]
) -> list[int]:
    """Of (quarantine_id, local_id, reason, content), the keys of rows that came again."""
    con.execute(
        "CREATE OR REPLACE TABLE delivery_answer"
        " (quarantine_id BIGINT, local_id VARCHAR, reason VARCHAR, content VARCHAR)"
    )
    fill(con, "delivery_answer", waiting)
    return [int(key) for (key,) in con.execute(_ANSWERED).fetchall()]


def drop_delivery(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the tables of this module."""
    for table in SCRATCH:
        con.execute(f"DROP TABLE IF EXISTS {table}")
