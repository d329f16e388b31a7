"""Ownership of identifiers over the whole city: few values are contested, those go one by one."""

from collections.abc import Iterator
from itertools import groupby

import duckdb
import pyarrow as pa

from mdm.domain.ownership import (
    YEARS_OF_A_GENERATION,
    Holder,
    Ownership,
    decide_owner,
)

IDENTIFIERS = ("cpf", "cns", "nis")
# Beyond this a value is a filler that no blocklist knew: it is nobody's.
MOST_HOLDERS = 40


def decide_ownership(con: duckdb.DuckDBPyConnection) -> int:
    """Write `ownership(record_id, identifier, value, state)` and `not_own(record_id, cpf, ...)`.

    Only values that are not plainly own stand there. Returns the number of such rows.
    """
    rows: list[tuple[int, str, str, str]] = []
    for column in IDENTIFIERS:
        rows.extend(_not_plainly_own(con, column))
    con.register(
        "ownership_rows",
        pa.table(
            {
                "record_id": pa.array([row[0] for row in rows], pa.int64()),
                "identifier": pa.array([row[1] for row in rows], pa.string()),
                "value": pa.array([row[2] for row in rows], pa.string()),
                "state": pa.array([row[3] for row in rows], pa.string()),
            }
        ),
    )
    con.execute("CREATE OR REPLACE TABLE ownership AS SELECT * FROM ownership_rows")
    con.unregister("ownership_rows")
    flags = ", ".join(f"bool_or(identifier = '{column}') AS {column}" for column in IDENTIFIERS)
    con.execute(
        f"CREATE OR REPLACE TABLE not_own AS SELECT record_id, {flags} FROM ownership GROUP BY 1"
    )
    return len(rows)


def _not_plainly_own(
    con: duckdb.DuckDBPyConnection, column: str
) -> Iterator[tuple[int, str, str, str]]:
    if column == "cpf":
        rows = con.execute(
            "SELECT record_id, cpf FROM standard WHERE cpf = guardian_cpf ORDER BY 1"
        ).fetchall()
        yield from ((record_id, "cpf", value, Ownership.NOT_THEIRS) for record_id, value in rows)
    value = "unnest(cns)" if column == "cns" else column
    present = "len(cns) > 0" if column == "cns" else f"{column} IS NOT NULL"
    if column == "cpf":
        present += " AND cpf IS DISTINCT FROM guardian_cpf"
    cursor = con.execute(
        f"""
        WITH held AS (SELECT record_id, source, name, mother, guardian, birth_date,
                             split_part(name, ' ', 1) AS first, {value} AS value
                      FROM standard WHERE {present}),
             disputed AS (SELECT value FROM held GROUP BY value
                          HAVING (count(DISTINCT first) > 1 OR count(first) < count(*))
                                 AND (count(DISTINCT birth_date) > 1
                                      OR count(birth_date) < count(*))
                             OR max(year(birth_date)) - min(year(birth_date))
                                >= {YEARS_OF_A_GENERATION}
                             OR count(*) > {MOST_HOLDERS})
        SELECT value, record_id, source, name, mother, guardian, birth_date
        FROM held SEMI JOIN disputed USING (value) ORDER BY value, record_id
        """
    )
    for number, group in groupby(cursor.fetchall(), key=lambda row: row[0]):
        holders = [Holder(*row[1:]) for row in group]
        if len(holders) > MOST_HOLDERS:
            yield from ((h.record_id, column, number, Ownership.CONTESTED) for h in holders)
            continue
        for record_id, state in decide_owner(holders).items():
            if state is not Ownership.OWN:
                yield record_id, column, number, state
