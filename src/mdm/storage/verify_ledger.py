"""The ledger itself: no gap, an unbroken chain, and digests that the tables still have."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import duckdb

from mdm.domain.check import Check
from mdm.storage.arrow import is_checked
from mdm.storage.digests import Digest, content_digest
from mdm.storage.fold import first_row
from mdm.storage.read_session import ReadSession
from mdm.storage.tables import declared_tables

_HEADER = "tx_id, at, kind, actor, purpose, request, cause, plan_id, model_version, content_digest"


def ledger_checks(session: ReadSession, con: duckdb.DuckDBPyConnection) -> Iterator[Check]:
    """Chain of transactions, numbering of events, digests of every state table."""
    chain, stated, touched = _chain(session)
    yield chain
    yield _kept_digests(session, stated, touched)
    yield _numbering(con, "ledger_event", "seq")
    yield _numbering(con, "ledger_tx", "tx_id")
    for declared in declared_tables():
        if is_checked(declared.name) and declared.name != "ledger_tx":
            yield _digest(con, declared.name, stated.get(declared.name, Digest()))


def _chain(session: ReadSession) -> tuple[Check, dict[str, Digest], dict[str, int]]:
    """Each transaction states its header and digests over the statement before it.

    Returns:
        The check, and for each table what was stated of it last, and by which transaction.
    """
    stated: dict[str, Digest] = {}
    touched: dict[str, int] = {}
    previous: str | None = None
    first: str | None = None
    rows = session.rows(f"SELECT {_HEADER} FROM ledger_tx ORDER BY tx_id")
    for row in rows:
        given = str(row.pop("content_digest"))
        try:
            tables = {name: Digest(*sums) for name, sums in json.loads(given)["tables"].items()}
            again = content_digest(previous, row, tables)
        except (ValueError, KeyError, TypeError):
            tables, again = {}, ""
        if first is None and again != given:
            first = f"ledger_tx tx_id={row['tx_id']}: this row or the one before was changed"
        stated |= tables
        touched |= dict.fromkeys(tables, int(str(row["tx_id"])))
        previous = given if again != "" else None
    return Check("ledger chain", first is None, len(rows), first), stated, touched


def _kept_digests(
    session: ReadSession, stated: dict[str, Digest], touched: dict[str, int]
) -> Check:
    """`state_digest` repeats what the ledger stated of each table last."""
    first = None
    kept = {str(row.pop("name")): row for row in session.rows("SELECT * FROM state_digest")}
    for name in (*sorted(kept.keys() - stated.keys()), *sorted(stated.keys() - kept.keys())):
        reason = "name" if name in kept else "row is missing"
        first = first or f"state_digest name={name}: {reason}"
    for name in sorted(kept.keys() & stated.keys()):
        digest = stated[name]
        wanted = {**asdict(digest), "tx_id": touched[name]}
        wrong = [column for column, value in wanted.items() if kept[name][column] != value]
        if wrong:
            first = first or f"state_digest name={name}: {wrong[0]}"
    return Check("digests kept", first is None, len(kept), first)


def _numbering(con: duckdb.DuckDBPyConnection, table: str, key: str) -> Check:
    found = first_row(con, f"SELECT count(*), coalesce(max({key}), 0) FROM {table}")
    rows, last = (0, 0) if found is None else (int(found[0]), int(found[1]))
    first = None
    if rows != last:
        gap = first_row(
            con,
            f"SELECT min({key}) + 1 FROM {table} AS t WHERE {key} < {last} "
            f"AND NOT EXISTS (SELECT 1 FROM {table} AS n WHERE n.{key} = t.{key} + 1)",
        )
        first = f"{table} {key}={1 if gap is None or gap[0] is None else gap[0]}: row is missing"
    return Check(f"numbering {table}", first is None, rows, first)


def _digest(con: duckdb.DuckDBPyConnection, table: str, stated: Digest) -> Check:
    """The rows of a table are those that the ledger stated last."""
    found = first_row(
        con,
        "SELECT count(*), coalesce(sum(row_check >> 31), 0), "
        f'coalesce(sum(row_check & 2147483647), 0) FROM "{table}"',
    )
    present = Digest() if found is None else Digest().plus(Digest(*(int(n) for n in found)))
    first = None
    if present.rows != stated.rows:
        first = f"{table}: {present.rows} rows, {stated.rows} stated"
    elif present != stated:
        first = f"{table}: its rows are not those that the ledger states"
    return Check(f"digest {table}", first is None, present.rows, first)
