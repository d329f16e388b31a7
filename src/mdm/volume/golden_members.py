"""The relations that golden records are made from, and a citizen's records out of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from mdm.domain.standard_record import STANDARD_COLUMNS, StandardRecord
from mdm.survivorship.member import MemberRecord

DEFAULT_TRUST = 50
_LISTS = ("cns", "phones", "emails")
_FLAGS = ("birth_date_default", "restricted")


@dataclass(frozen=True, slots=True)
class GoldenInputs:
    """Names of relations that the connection can read.

    Attributes:
        standard: `record_id`, `source` and the standard columns.
        membership: `record_id`, `municipal_id`; and where they exist `state` (else all are
            present), `load_order` (else 0), `restricted` (a steward's flag; else false).
        sources: `name`, `trust` (0 to 100), `authoritative` (VARCHAR[] of policy groups). A
            source that is missing here has trust 50 and authority over nothing.
        not_theirs: `record_id`, `identifier` (a column), `value`: numbers judged to be another
            person's; None where there are none.
    """

    standard: str = "standard"
    membership: str = "membership"
    sources: str = "golden_source"
    not_theirs: str | None = None


def member_select(con_columns: Sequence[str], inputs: GoldenInputs) -> str:
    """SQL of all members with `state`, `load_order`, `restricted` and `not_theirs` filled in."""

    def column(name: str, otherwise: str) -> str:
        return f"coalesce(b.{name}, {otherwise})" if name in con_columns else otherwise

    theirs = "NULL::VARCHAR[]"
    join = ""
    if inputs.not_theirs is not None:
        theirs = "t.not_theirs"
        join = f"""LEFT JOIN (
            SELECT record_id, list(CASE WHEN identifier = 'cns' AND value IS NOT NULL
                                        THEN 'cns:' || value ELSE identifier END) AS not_theirs
            FROM {inputs.not_theirs} GROUP BY record_id) t USING (record_id)"""
    return f"""SELECT b.municipal_id, b.record_id, {column("state", "'present'")} AS state,
               {column("load_order", "0")}::BIGINT AS load_order,
               {column("restricted", "false")} AS restricted, {theirs} AS not_theirs
        FROM {inputs.membership} b {join}"""


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, ...]:
    """Names of the columns of a relation."""
    return tuple(row[0] for row in con.execute(f"DESCRIBE {relation}").fetchall())


def read_members(
    con: duckdb.DuckDBPyConnection, inputs: GoldenInputs, municipal_ids: Sequence[str]
) -> dict[str, list[MemberRecord]]:
    """All records of a few citizens, restricted and withdrawn ones too, by municipal ID."""
    chosen = ", ".join(f"s.{column}" for column in STANDARD_COLUMNS)
    cursor = con.execute(
        f"""
        SELECT b.municipal_id, b.record_id, s.source, b.state, b.load_order, b.restricted,
               b.not_theirs, coalesce(o.trust, {DEFAULT_TRUST}), o.authoritative, {chosen}
        FROM ({member_select(columns_of(con, inputs.membership), inputs)}) b
        JOIN {inputs.standard} s USING (record_id)
        LEFT JOIN {inputs.sources} o ON o.name = s.source
        WHERE b.municipal_id IN (SELECT unnest(?)) ORDER BY b.municipal_id, b.record_id
        """,
        [list(municipal_ids)],
    )
    found: dict[str, list[MemberRecord]] = {}
    while (row := cursor.fetchone()) is not None:
        found.setdefault(row[0], []).append(_member(row[1:9], row[9:]))
    return found


def _member(facts: Sequence[object], values: Sequence[object]) -> MemberRecord:
    record_id, source, state, load_order, restricted, not_theirs, trust, authoritative = facts
    assert isinstance(record_id, int)
    assert isinstance(load_order, int)
    assert isinstance(trust, int)
    return MemberRecord(
        record_id=record_id,
        source=str(source),
        record=_record(values),
        state=str(state),
        load_order=load_order,
        trust=trust,
        authoritative=_texts(authoritative),
        not_theirs=_texts(not_theirs),
        restricted=bool(restricted),
    )


def _texts(values: object) -> frozenset[str]:
    return frozenset() if values is None else frozenset(values)  # type: ignore[call-overload]  # a VARCHAR[] of DuckDB


def _record(values: Sequence[object]) -> StandardRecord:
    row = dict(zip(STANDARD_COLUMNS, values, strict=True))
    for column in _LISTS:
        items = row[column]
        row[column] = () if items is None else tuple(items)  # type: ignore[arg-type]  # a VARCHAR[] of DuckDB
    for column in _FLAGS:
        row[column] = bool(row[column])
    return StandardRecord(**row)  # type: ignore[arg-type]  # the columns are those of the class
