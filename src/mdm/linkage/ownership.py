"""Ownership of identifiers over the whole city: few values are contested, those go one by one.

Whose a number is hangs on nothing but the records that carry it or name it as their guardian's,
and on what stewards say of it: after a delta only the numbers that it touches are decided. What
hangs on a child's other records (`_of_twice_numbered_children`) is found anew each time.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import duckdb
import pyarrow as pa

from mdm.domain.identifier_judgement import IdentifierJudgement, JudgedNumber, judged_numbers
from mdm.domain.minority import CHILD_YEARS
from mdm.domain.ownership import (
    IDENTIFIERS,
    YEARS_OF_A_GENERATION,
    Holder,
    Ownership,
    Ward,
    are_of_two_people,
    decide_owner,
)
from mdm.duck import count, count_rows

# Beyond this a value is a filler that no blocklist knew: it is nobody's.
MOST_HOLDERS = 40
_OF_RECORDS = """
SELECT record_id, cpf, cns, nis FROM standard WHERE record_id IN (SELECT unnest($records))
"""
# More than one person may have the number.
_DISPUTED = f"""
GROUP BY value
HAVING (min(first) <> max(first) OR count(first) < count(*))
       AND (min(birth_date) <> max(birth_date) OR count(birth_date) < count(*))
    OR max(year(birth_date)) - min(year(birth_date)) >= {YEARS_OF_A_GENERATION}
    OR count(*) > {MOST_HOLDERS}
"""
_LENT = "SELECT record_id FROM number_ownership WHERE identifier = 'cpf'"
# One child, as far as anybody knows: all records of the birth bear one full name. Each was written
# while the person was a child. Few births have two CPFs: those are looked for by hashes first.
_OF_A_CHILD = f"""
year(coalesce(updated_at::DATE, last_contact_on)) - year(birth_date) < {CHILD_YEARS}
AND NOT birth_date_default AND mother LIKE '% %' AND NOT coalesce(restricted, false)
"""
_ONE_CHILD = f"""
WITH birth AS (SELECT birth_date AS day, hash(mother) AS key FROM standard
               WHERE cpf IS NOT NULL AND {_OF_A_CHILD}
               GROUP BY ALL HAVING min(hash(cpf)) <> max(hash(cpf))),
child AS (SELECT name, mother, birth_date, cpf
          FROM standard SEMI JOIN birth ON birth_date = day AND hash(mother) = key
          WHERE {_OF_A_CHILD}
            AND (cpf IS NULL OR record_id NOT IN ({_LENT})))
SELECT list_sort(list(DISTINCT cpf)) FROM child GROUP BY birth_date, mother
HAVING min(cpf) <> max(cpf)
   AND min(name) = max(name) AND count(name) = count(*) AND min(name) LIKE '% % %'
ORDER BY 1
"""
_STANDING = "UNION ALL FROM number_ownership ANTI JOIN open_number USING (identifier, value)"
_Said = dict[str, dict[int, JudgedNumber]]
"""Number -> record -> what stewards say of it."""


class _Among(NamedTuple):
    """Which numbers are decided: the table of their records, and SQL that leaves out others."""

    records: str
    only: str = "{value} IS NOT NULL"


_EVERY = _Among("standard")
_OPEN = _Among(
    "number_holder",
    "{value} IN (SELECT value FROM open_number WHERE identifier = '{identifier}')",
)


def decide_ownership(
    con: duckdb.DuckDBPyConnection,
    judgements: Sequence[IdentifierJudgement] = (),
    *,
    touched: str | None = None,
) -> int:
    """Write `ownership(record_id, identifier, value, state)` and `not_own(record_id, cpf, ...)`.

    Only values that are not plainly own stand there; `number_ownership` is the part of it that each
    number decides for itself. `own_cpf_by(record_id, stewards)` tells of
    the records whose own CPF stewards judged to be its people's own.

    Args:
        con: Holds `standard`.
        judgements: What stewards say of identifiers, all that stands.
        touched: Name of a table `(identifier, value)` of the numbers that are carried or named
            otherwise than when `ownership` was written last and `keep_ownership` called; None:
            all are decided.

    Returns:
        How many rows `ownership` has.
    """
    rows: list[tuple[int, str, str, str]] = []
    own: dict[int, list[str]] = {}
    found = _said(con, judgements)
    standing, among = "", _EVERY
    if touched is not None:
        _open_numbers(con, touched, found)
        standing, among = _STANDING, _OPEN
    for column, said in found.items():
        for record_id, number, state in _decided(con, column, said, among):
            if state is not Ownership.OWN:
                rows.append((record_id, column, number, state))
            elif column == "cpf" and (stewards := _who_say_own(said.get(number, {}))):
                own[record_id] = stewards
    _write(con, "number_ownership", _columns(rows), standing)
    twice = _of_twice_numbered_children(con, found["cpf"])
    _write(con, "ownership", _columns(twice), "UNION ALL FROM number_ownership")
    _write(
        con,
        "own_cpf_by",
        {
            "record_id": pa.array(list(own), pa.int64()),
            "stewards": pa.array(list(own.values()), pa.list_(pa.string())),
        },
    )
    flags = ", ".join(f"bool_or(identifier = '{column}') AS {column}" for column in IDENTIFIERS)
    con.execute(
        f"CREATE OR REPLACE TABLE not_own AS SELECT record_id, {flags} FROM ownership GROUP BY 1"
    )
    for table in ("judged_number", "open_number", "number_holder"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return count_rows(con, "ownership")


def _columns(rows: Sequence[tuple[int, str, str, str]]) -> dict[str, pa.Array]:
    return {
        "record_id": pa.array([row[0] for row in rows], pa.int64()),
        "identifier": pa.array([row[1] for row in rows], pa.string()),
        "value": pa.array([row[2] for row in rows], pa.string()),
        "state": pa.array([row[3] for row in rows], pa.string()),
    }


def keep_ownership(
    con: duckdb.DuckDBPyConnection, judgements: Sequence[IdentifierJudgement]
) -> None:
    """Say that `ownership` is level with the last scoring: a later one may decide from it.

    Args:
        con: The volume database.
        judgements: What `decide_ownership` was told.
    """
    numbers = [(column, n) for column, said in _said(con, judgements).items() for n in said]
    _write(con, "judged_number", _number_columns(numbers))


def is_ownership_kept(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether nothing but a scoring has decided of numbers since `keep_ownership`."""
    tables = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'judged_number'"
    return count(con, tables) > 0


def _open_numbers(
    con: duckdb.DuckDBPyConnection, touched: str, said: Mapping[str, "_Said"]
) -> None:
    """Write `open_number(identifier, value)`, and `number_holder`: who carries or names them."""
    judged = [(column, number) for column, numbers in said.items() for number in numbers]
    _write(
        con,
        "open_number",
        _number_columns(judged),
        f"UNION FROM judged_number UNION FROM {touched}",
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE number_holder AS
        WITH number AS (
          SELECT record_id, 'cpf' AS identifier, cpf AS value FROM standard WHERE cpf IS NOT NULL
          UNION ALL SELECT record_id, 'cpf', guardian_cpf FROM standard
                    WHERE guardian_cpf IS NOT NULL
          UNION ALL SELECT record_id, 'nis', nis FROM standard WHERE nis IS NOT NULL
          UNION ALL SELECT record_id, 'cns', unnest(cns) FROM standard),
        holder AS (SELECT DISTINCT record_id FROM number SEMI JOIN open_number
                   USING (identifier, value))
        SELECT record_id, restricted, source, name, mother, guardian, birth_date, cpf,
               guardian_cpf, nis, cns FROM standard SEMI JOIN holder USING (record_id)
        """
    )


def _number_columns(numbers: Sequence[tuple[str, str]]) -> dict[str, pa.Array]:
    return {
        "identifier": pa.array([number[0] for number in numbers], pa.string()),
        "value": pa.array([number[1] for number in numbers], pa.string()),
    }


def _write(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, pa.Array], more: str = ""
) -> None:
    con.register("ownership_rows", pa.table(dict(columns)))
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM ownership_rows {more}")
    con.unregister("ownership_rows")


def _said(
    con: duckdb.DuckDBPyConnection, judgements: Sequence[IdentifierJudgement]
) -> dict[str, _Said]:
    """What stewards say of the numbers that records carry now, by identifier."""
    found: dict[str, _Said] = {column: {} for column in IDENTIFIERS}
    if not judgements:
        return found
    by_record: dict[int, list[IdentifierJudgement]] = {}
    for judgement in judgements:
        by_record.setdefault(judgement.record_id, []).append(judgement)
    for record_id, cpf, cns, nis in con.execute(
        _OF_RECORDS, {"records": list(by_record)}
    ).fetchall():
        carried = [("cpf", cpf), *(("cns", number) for number in cns or ()), ("nis", nis)]
        numbers = [(identifier, number) for identifier, number in carried if number is not None]
        judged = judged_numbers(by_record[record_id], numbers)
        for (identifier, number), one in judged.items():
            found[identifier].setdefault(number, {})[record_id] = one
    return found


def _who_say_own(said: Mapping[int, JudgedNumber]) -> list[str]:
    own = (one.stewards for one in said.values() if one.verdict is Ownership.OWN)
    return sorted(frozenset().union(*own))


def _decided(
    con: duckdb.DuckDBPyConnection, column: str, said: _Said, among: _Among
) -> Iterator[tuple[int, str, Ownership]]:
    """Whose the disputed and the judged numbers are: record, number, state."""
    judged = {
        number: {record_id: one.verdict for record_id, one in records.items()}
        for number, records in said.items()
    }
    # What a record itself calls its guardian's, unless a steward knows better.
    own = [r for records in judged.values() for r, v in records.items() if v is Ownership.OWN]
    value = "unnest(cns)" if column == "cns" else column
    present = "len(cns) > 0" if column == "cns" else f"{column} IS NOT NULL"
    if column == "cpf":
        borrowed = "cpf = guardian_cpf AND record_id NOT IN (SELECT unnest($own::BIGINT[]))"
        rows = con.execute(
            f"SELECT record_id, cpf FROM {among.records} WHERE {borrowed} AND "
            f"{among.only.format(value='cpf', identifier='cpf')} ORDER BY 1",
            {"own": own},
        ).fetchall()
        yield from ((record_id, number, Ownership.NOT_THEIRS) for record_id, number in rows)
        present += f" AND ({borrowed}) IS NOT TRUE"
    wards = _wards(con, among) if column == "cpf" else {}
    only = among.only.format(value="value", identifier=column)
    given: dict[str, object] = {"numbers": [*judged, *wards]}
    cursor = con.execute(
        f"""
        WITH carried AS (SELECT record_id, coalesce(restricted, false) AS restricted,
                                source, name, mother, guardian, birth_date,
                                split_part(name, ' ', 1) AS first, {value} AS value
                         FROM {among.records} WHERE {present}),
             held AS (FROM carried WHERE {only}),
             judged AS (SELECT unnest($numbers::VARCHAR[]) AS value),
             disputed AS (SELECT value FROM held {_DISPUTED} UNION FROM judged)
        SELECT value, restricted, record_id, source, name, mother, guardian, birth_date
        FROM held SEMI JOIN disputed USING (value)
        ORDER BY value, record_id
        """,
        given | {"own": own} if column == "cpf" else given,
    )
    for number, group in groupby(cursor.fetchall(), key=lambda row: row[0]):
        rows = list(group)
        verdicts = judged.get(number, {})
        # Restricted records decide nothing of the others.
        ordinary = [Holder(*row[2:]) for row in rows if not row[1]]
        decided = _owners(ordinary, verdicts, wards.get(number, ()))
        if len(ordinary) < len(rows):
            every = [Holder(*row[2:]) for row in rows]
            decided = _owners(every, verdicts, wards.get(number, ())) | decided
        for record_id, state in decided.items():
            yield record_id, number, state


def _of_twice_numbered_children(
    con: duckdb.DuckDBPyConnection, said: _Said
) -> list[tuple[int, str, str, str]]:
    """CPFs of children who go by two: one is lent by somebody whom no record tells, so nobody's.

    Two numbers that are one but for a slip are no such case, nor those that a steward judged.

    Args:
        con: Holds `standard`, and `number_ownership` with the CPFs known not to be their records'.
        said: What stewards say of CPFs.

    Returns:
        Rows of `ownership`: every other record that carries one of these numbers.
    """
    doubted = [
        number
        for (numbers,) in con.execute(_ONE_CHILD).fetchall()
        if are_of_two_people(numbers) and said.keys().isdisjoint(numbers)
        for number in numbers
    ]
    found = con.execute(
        "SELECT record_id, cpf FROM standard WHERE cpf IN (SELECT unnest($doubted::VARCHAR[])) "
        f"AND record_id NOT IN ({_LENT}) ORDER BY 1",
        {"doubted": doubted},
    ).fetchall()
    return [(record_id, "cpf", number, Ownership.CONTESTED) for record_id, number in found]


def _owners(
    holders: Sequence[Holder], verdicts: Mapping[int, Ownership], wards: Sequence[Ward]
) -> dict[int, Ownership]:
    """Whose a number is among some records that have it."""
    known = {holder.record_id for holder in holders}
    said = {record_id: one for record_id, one in verdicts.items() if record_id in known}
    if len(holders) <= MOST_HOLDERS:
        return decide_owner(holders, said, wards)
    return {r: said.get(r, Ownership.CONTESTED) for r in sorted(known)}


def _wards(con: duckdb.DuckDBPyConnection, among: _Among) -> dict[str, list[Ward]]:
    """CPFs that records state to be their guardian's, where a holder is no older than a ward.

    What restricted records state counts for nobody.
    """
    found: dict[str, list[Ward]] = {}
    rows = con.execute(
        f"""
        WITH ward AS (SELECT record_id, guardian_cpf, name, guardian, birth_date,
                             coalesce(cpf = guardian_cpf, false) AS bears_it
                      FROM {among.records}
                      WHERE {among.only.format(value="guardian_cpf", identifier="cpf")}
                        AND NOT coalesce(restricted, false)),
             doubted AS (SELECT DISTINCT w.guardian_cpf FROM ward w
                         JOIN {among.records} s ON s.cpf = w.guardian_cpf
                         WHERE s.guardian_cpf IS DISTINCT FROM s.cpf
                           AND NOT coalesce(s.restricted, false)
                           AND (year(w.birth_date) - year(s.birth_date)
                                >= {YEARS_OF_A_GENERATION}) IS NOT TRUE)
        SELECT guardian_cpf, name, guardian, birth_date, bears_it
        FROM ward SEMI JOIN doubted USING (guardian_cpf) ORDER BY record_id
        """
    ).fetchall()
    for number, *ward in rows:
        found.setdefault(number, []).append(Ward(*ward))
    return found
