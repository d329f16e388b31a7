"""`mdm verify`: is the registry what its ledger says, to the last cell?

Every state row carries a check over its cells, so one changed cell is named with table, key and
column; every transaction states rows and checksums of the tables it touched, chained over all
transactions, so that rows cannot come or go unseen; the state is rebuilt in an empty in-memory
database from ledger and record versions alone and compared; and the invariants are asked as
questions in SQL. All of it reads one snapshot, in one pass over each table.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import duckdb
import pyarrow as pa

from mdm.domain.check import Check
from mdm.storage.fold import FOLDS, first_difference, first_row, fold
from mdm.storage.read_session import ReadSession
from mdm.storage.store import Store
from mdm.storage.tables import declared_tables
from mdm.storage.verify_cells import checked_batches, unreadable_cell
from mdm.storage.verify_ledger import ledger_checks
from mdm.storage.verify_rules import KEPT, RULES, rule_check

Golden = Callable[[ReadSession], Iterable[pa.RecordBatch]]
"""Gives the golden records anew, at least municipal_id, content_digest and lineage."""


class Progress(Protocol):
    """Told what is being checked and which part of the whole is done (0 to 1)."""

    def __call__(self, what: str, done: float) -> None:
        """Told each time a part begins."""


GOLDEN_INPUTS = ("source", "record", "record_version", "membership", "municipal_id")
"""Tables that golden records follow from: one with a changed cell gives none to compare with."""


def _silent(what: str, done: float) -> None:
    """Nobody listens."""


def verify(
    store: Store, *, golden: Golden | None = None, progress: Progress = _silent
) -> list[Check]:
    """Check the whole registry.

    Args:
        store: The registry.
        golden: Computes the golden records again; None leaves that comparison out.
        progress: Told how far it is.

    Returns:
        One check per rule; `first` names the first thing that is wrong.
    """
    with (
        store.reading() as session,
        duckdb.connect(":memory:") as con,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        pages = beside.submit(_database, store)
        checks = list(_tables(session, con, progress))
        checks += pages.result()
        if all(check.ok or "cannot be read" not in str(check.first) for check in checks):
            progress("ledger", 0.8)
            checks += ledger_checks(session, con)
            checks += _folds(con)
            progress("rules", 0.9)
            checks += [rule_check(con, rule) for rule in RULES]
            if golden is not None and _sound(checks, GOLDEN_INPUTS):
                checks.append(_golden(con, golden(session)))
        progress("done", 1.0)
    return checks


def _sound(checks: Iterable[Check], tables: Iterable[str]) -> bool:
    names = {f"cells {table}" for table in tables}
    return all(check.ok for check in checks if check.name in names)


def _database(store: Store) -> list[Check]:
    """SQLite's own look at its pages; PostgreSQL checks each page that it reads."""
    if store.dialect != "sqlite":
        return []
    with store.reading() as session:
        answers = [str(row["quick_check"]) for row in session.rows("PRAGMA quick_check(1)")]
    sound = answers == ["ok"]
    return [Check("quick_check", sound, 1, None if sound else "the database file is damaged")]


def _tables(
    session: ReadSession, con: duckdb.DuckDBPyConnection, progress: Progress
) -> Iterator[Check]:
    tables = [table.name for table in declared_tables()]
    for number, table in enumerate(tables):
        progress(table, 0.8 * number / len(tables))
        yield _table(session, con, table)
        if table == "plan":
            yield _plan_items(session)


def _table(session: ReadSession, con: duckdb.DuckDBPyConnection, table: str) -> Check:
    """Every cell of a table against its row's check; what the rules need goes into `con`."""
    kept = KEPT.get(table, "row_check")
    rows, first, made = 0, None, False
    try:
        for batch, finding in checked_batches(session, con, table):
            rows += batch.num_rows
            first = first if first is not None else finding
            con.register("batch", pa.Table.from_batches([batch]))
            into = f'INSERT INTO "{table}"' if made else f'CREATE TABLE "{table}" AS'
            con.execute(f"{into} SELECT {kept} FROM batch")
            made = True
    except (pa.ArrowInvalid, UnicodeDecodeError, *session.driver_errors):
        cell = unreadable_cell(session, table)
        if cell is None:
            raise
        return Check(f"cells {table}", ok=False, rows=rows, first=f"{cell} cannot be read")
    if not made:
        _make_empty(session, con, table, kept)
    return Check(f"cells {table}", ok=first is None, rows=rows, first=first)


def _make_empty(
    session: ReadSession, con: duckdb.DuckDBPyConnection, table: str, kept: str
) -> None:
    con.register("batch", session.empty_table(table))
    con.execute(f'CREATE TABLE "{table}" AS SELECT {kept} FROM batch')


def _plan_items(session: ReadSession) -> Check:
    rows, first = 0, None
    schema = pa.schema(
        [("plan_id", pa.int64()), ("items", pa.binary()), ("items_digest", pa.string())]
    )
    query = "SELECT plan_id, items, items_digest FROM plan ORDER BY plan_id"
    for batch in session.read_arrow(query, schema=schema, batch_rows=1):
        rows += 1
        plan_id, items, stated = (column[0].as_py() for column in batch.columns)
        if first is None and hashlib.sha256(items).hexdigest() != stated:
            first = f"plan plan_id={plan_id}: items or items_digest"
    return Check("plan items digest", ok=first is None, rows=rows, first=first)


def _folds(con: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    for folded in FOLDS:
        fold(con, folded)
        rows, first = first_difference(con, folded)
        yield Check(f"I10 fold {folded.table}", ok=first is None, rows=rows, first=first)


def _golden(con: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch]) -> Check:
    columns = "municipal_id, content_digest, md5(lineage) AS lineage"
    con.execute(
        "CREATE TABLE golden_again (municipal_id VARCHAR, content_digest VARCHAR, lineage VARCHAR)"
    )
    for batch in batches:
        con.register("batch", pa.Table.from_batches([batch]))
        con.execute(f"INSERT INTO golden_again SELECT {columns} FROM batch")
    rows = first_row(con, "SELECT count(*) FROM golden_record")
    found = first_row(
        con,
        "SELECT coalesce(t.municipal_id, f.municipal_id) AS k, CASE "
        "WHEN t.municipal_id IS NULL THEN 'row is missing' "
        "WHEN f.municipal_id IS NULL THEN 'row has no citizen' "
        "WHEN t.content_digest <> f.content_digest THEN 'content_digest' ELSE 'lineage' END "
        "FROM golden_record AS t FULL JOIN golden_again AS f ON t.municipal_id = f.municipal_id "
        "WHERE (t.content_digest, t.lineage) IS DISTINCT FROM (f.content_digest, f.lineage) "
        "ORDER BY k LIMIT 1",
    )
    first = None if found is None else f"golden_record municipal_id={found[0]}: {found[1]}"
    return Check("I16 golden", first is None, 0 if rows is None else int(rows[0]), first)
