"""Member records as the relations that `mdm.volume.golden` reads."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple

import duckdb
import pyarrow as pa

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.survivorship.member import MemberRecord
from mdm.volume.golden_members import GoldenInputs
from support.members import AUTHORITATIVE, SOURCES, TRUST

INPUTS = GoldenInputs(
    standard="standard",
    membership="membership",
    sources="golden_source",
    not_theirs="not_theirs",
)
_TYPES = {
    "twin_order": "SMALLINT",
    "birth_date_default": "BOOLEAN",
    "restricted": "BOOLEAN",
    "updated_at": "TIMESTAMP",
} | dict.fromkeys(("birth_date", "service_since", "last_contact_on", "deceased_on"), "DATE")
_TYPES |= dict.fromkeys(("cns", "phones", "emails"), "VARCHAR[]")
_COLUMNS = ", ".join(f"{column} {_TYPES.get(column, 'VARCHAR')}" for column in STANDARD_COLUMNS)


def city_of(
    citizens: Mapping[str, Sequence[MemberRecord]],
) -> duckdb.DuckDBPyConnection:
    """A volume database in memory that holds the citizens' records."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE standard (record_id BIGINT, source VARCHAR, {_COLUMNS})")
    con.execute(
        "CREATE TABLE membership (municipal_id VARCHAR, record_id BIGINT, state VARCHAR,"
        " load_order BIGINT, restricted BOOLEAN)"
    )
    con.execute("CREATE TABLE not_theirs (record_id BIGINT, identifier VARCHAR, value VARCHAR)")
    con.execute("CREATE TABLE golden_source (name VARCHAR, trust INTEGER, authoritative VARCHAR[])")
    _insert(con, "golden_source", [(s, TRUST[s], sorted(AUTHORITATIVE[s])) for s in SOURCES])
    placed = [(citizen, m) for citizen, members in citizens.items() for m in members]
    _insert(con, "standard", [(m.record_id, m.source, *astuple(m.record)) for _, m in placed])
    _insert(
        con,
        "membership",
        [(c, m.record_id, m.state, m.load_order, m.restricted) for c, m in placed],
    )
    _insert(
        con,
        "not_theirs",
        [(m.record_id, *_judged(name)) for _, m in placed for name in sorted(m.not_theirs)],
    )
    return con


def _judged(name: str) -> tuple[str, str | None]:
    identifier, _, value = name.partition(":")
    return identifier, value or None


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    columns = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
    values = {c: [row[i] for row in rows] for i, c in enumerate(columns)}
    con.register("rows_to_insert", pa.table(values))
    con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert")
    con.unregister("rows_to_insert")
