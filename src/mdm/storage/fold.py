"""The present state as the ledger tells it, set-wise, in DuckDB.

`mdm.domain.fold` is the definition, event by event; this is the same for a whole city. Reads the
tables `ledger_event`, `ledger_tx` and `record_version`; makes a table `folded_<name>` for each of
the state tables that the ledger determines.
"""

from dataclasses import dataclass
from typing import Any

import duckdb


@dataclass(frozen=True, slots=True)
class Folded:
    """A state table that is a fold of the ledger.

    Attributes:
        table: Its name.
        key: Its key column.
        columns: The columns that the ledger determines.
        sql: The fold.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    sql: str


_MEMBERSHIP = """
WITH last AS (
    SELECT record_id, max_by({'k': kind, 'm': municipal_id, 'd': detail, 'w': weight, 't': tx_id,
                              's': seq}, seq) AS e
    FROM ledger_event WHERE kind IN ('place', 'move', 'relink', 'unplace') GROUP BY record_id
)
SELECT record_id, e.m AS municipal_id, coalesce(e.d, 'alone') AS link_status, e.w AS weight,
    "at" AS linked_at, e.s AS seq
FROM last LEFT JOIN ledger_tx ON tx_id = e.t WHERE e.k <> 'unplace'
"""

_IDS = """
WITH state AS (
    SELECT municipal_id, max_by(kind, seq) AS kind FROM ledger_event
    WHERE kind IN ('mint', 'withdraw_id', 'reinstate_id', 'tombstone_id') GROUP BY municipal_id
), anchor AS (
    SELECT municipal_id, max_by(record_id, seq) AS record_id FROM ledger_event
    WHERE kind IN ('mint', 'anchor', 'reinstate_id') GROUP BY municipal_id
), doubt AS (
    SELECT municipal_id, max_by({'until': detail}, seq) AS e FROM ledger_event
    WHERE kind = 'ambiguous' GROUP BY municipal_id
)
SELECT mint.municipal_id, mint.record_id AS founder_record_id,
    anchor.record_id AS anchor_record_id, mint.seq AS minted_seq,
    CASE state.kind WHEN 'withdraw_id' THEN 'withdrawn' WHEN 'tombstone_id' THEN 'tombstone'
        ELSE 'active' END AS state,
    doubt.e.until AS ambiguous_until
FROM ledger_event AS mint JOIN state USING (municipal_id) JOIN anchor USING (municipal_id)
LEFT JOIN doubt USING (municipal_id) WHERE mint.kind = 'mint'
"""

# A record is pending until placed; a state that was set outright outlives placing and unplacing,
# unless it is `pending` or `present` itself.
_RECORDS = """
WITH content AS (
    SELECT record_id, max(version) AS version, max_by(content_hash, version) AS content_hash
    FROM record_version GROUP BY record_id
), last AS (
    SELECT record_id, max_by({'k': kind, 'd': detail}, seq) AS e FROM ledger_event
    WHERE kind IN ('place', 'unplace', 'record_state') GROUP BY record_id
), stated AS (
    SELECT record_id, max_by(detail, seq) AS state FROM ledger_event
    WHERE kind = 'record_state' GROUP BY record_id
)
SELECT record_id,
    CASE WHEN e.k = 'record_state' THEN e.d
        WHEN stated.state NOT IN ('pending', 'present') THEN stated.state
        WHEN e.k = 'place' THEN 'present' ELSE 'pending' END AS state,
    version, content_hash
FROM content LEFT JOIN last USING (record_id) LEFT JOIN stated USING (record_id)
"""

_JUDGEMENTS = """
SELECT CAST(detail AS BIGINT) AS judgement_id,
    CASE max_by(kind, seq) WHEN 'judge_undo' THEN 'undone' WHEN 'judge_suspend' THEN 'suspended'
        ELSE 'active' END AS state
FROM ledger_event WHERE kind IN ('judge', 'judge_undo', 'judge_suspend', 'judge_resume')
GROUP BY detail
"""

_IDENTIFIERS = """
SELECT CAST(detail AS BIGINT) AS judgement_id,
    CASE max_by(kind, seq) WHEN 'judge_identifier_undo' THEN 'undone'
        WHEN 'judge_identifier_suspend' THEN 'suspended' ELSE 'active' END AS state
FROM ledger_event
WHERE kind IN ('judge_identifier', 'judge_identifier_undo', 'judge_identifier_suspend')
GROUP BY detail
"""

_OVERRIDES = """
SELECT CAST(detail AS BIGINT) AS override_id,
    CASE max_by(kind, seq) WHEN 'override_undo' THEN 'undone' WHEN 'override_lapse' THEN 'lapsed'
        ELSE 'active' END AS state
FROM ledger_event WHERE kind IN ('override', 'override_undo', 'override_lapse')
GROUP BY detail
"""

_SEALS = """
SELECT CAST(detail AS BIGINT) AS seal_id, max_by(municipal_id, seq) AS municipal_id,
    CASE max_by(kind, seq) WHEN 'unseal' THEN 'undone' ELSE 'active' END AS state
FROM ledger_event WHERE kind IN ('seal', 'unseal') GROUP BY detail
"""

_SEALED = """
SELECT record_id, CAST(max_by(detail, seq) AS BIGINT) AS seal_id FROM ledger_event
WHERE kind IN ('seal', 'unseal') GROUP BY record_id HAVING max_by(kind, seq) = 'seal'
"""

FOLDS: tuple[Folded, ...] = (
    Folded(
        "membership",
        "record_id",
        ("municipal_id", "link_status", "weight", "linked_at", "seq"),
        _MEMBERSHIP,
    ),
    Folded(
        "municipal_id",
        "municipal_id",
        ("founder_record_id", "anchor_record_id", "minted_seq", "state", "ambiguous_until"),
        _IDS,
    ),
    Folded("record", "record_id", ("state", "version", "content_hash"), _RECORDS),
    Folded("judgement", "judgement_id", ("state",), _JUDGEMENTS),
    Folded("identifier_judgement", "judgement_id", ("state",), _IDENTIFIERS),
    Folded("golden_override", "override_id", ("state",), _OVERRIDES),
    Folded("seal", "seal_id", ("municipal_id", "state"), _SEALS),
    Folded("sealed_record", "record_id", ("seal_id",), _SEALED),
)


def fold(con: duckdb.DuckDBPyConnection, folded: Folded) -> None:
    """Make `folded_<table>` from the ledger."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE folded_{folded.table} AS {folded.sql}")


def first_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...] | None:
    """The first row of a short result; fetched whole, which ends the statement."""
    rows = con.execute(sql).fetchall()
    return rows[0] if rows else None


def first_difference(con: duckdb.DuckDBPyConnection, folded: Folded) -> tuple[int, str | None]:
    """How many rows the table has, and the first row and column in which it is not the fold."""
    key, table = folded.key, folded.table
    unequal = [f"t.{name} IS DISTINCT FROM f.{name}" for name in folded.columns]
    named = " ".join(
        f"WHEN {test} THEN '{name}'" for test, name in zip(unequal, folded.columns, strict=True)
    )
    counted = first_row(con, f"SELECT count(*) FROM {table}")
    found = first_row(
        con,
        f"SELECT coalesce(t.{key}, f.{key}) AS k, CASE WHEN t.{key} IS NULL THEN 'row is missing' "
        f"WHEN f.{key} IS NULL THEN 'row is not in the ledger' {named} END "
        f"FROM {table} AS t FULL JOIN folded_{table} AS f ON t.{key} = f.{key} "
        f"WHERE t.{key} IS NULL OR f.{key} IS NULL OR {' OR '.join(unequal)} ORDER BY k LIMIT 1",
    )
    rows = 0 if counted is None else int(counted[0])
    return rows, None if found is None else f"{table} {key}={found[0]}: {found[1]}"
