"""Golden values against a known truth: right where a record has the true value, and over all.

A golden value can only be as good as the best of its records, so each measure has two shares:
`right`, among citizens of whom at least one record holds the true value (or the golden record
holds one at all), and `of_all`, among all citizens whose truth is known. `invented` counts golden
values that no member record has: there must be none.
"""

import duckdb

from mdm.duck import count, first_row

# Golden column, truth column, and the standard column that holds a record's value.
MEASURED = (
    ("birth_date", "birth_date", "birth_date"),
    ("cpf", "cpf", "cpf"),
    ("name_key", "name", "name"),
)
_NAMES = {"name_key": "name"}

_CITIZEN = """
CREATE OR REPLACE TEMP TABLE judged_citizen AS
WITH vote AS (SELECT g.cluster, t.person, count(*) AS n, min(t.record_id) AS first
              FROM {groups} g JOIN {truth} t USING (record_id) GROUP BY 1, 2)
SELECT cluster, arg_max(person, (n, -first)) AS person FROM vote GROUP BY 1
"""


def measure_golden(
    con: duckdb.DuckDBPyConnection, groups: str, truth: str, golden: str
) -> dict[str, dict[str, float] | int]:
    """Compare golden records with the truth.

    Args:
        con: Holds `standard` and the relations named.
        groups: record_id, cluster (municipal ID).
        truth: record_id, person, and per person true_name (standardised), true_birth_date
            (DATE), true_cpf.
        golden: municipal_id, name_key, birth_date (ISO text), cpf.

    Returns:
        Per value `right` and `of_all`, and `invented`.
    """
    con.execute(_CITIZEN.format(groups=groups, truth=truth))
    result: dict[str, dict[str, float] | int] = {}
    for column, true, member in MEASURED:
        right, possible, known = first_row(
            con,
            f"""
            WITH fact AS (
              SELECT j.cluster, any_value(t.true_{true})::VARCHAR AS value,
                     bool_or(s.{member}::VARCHAR = t.true_{true}::VARCHAR) AS held
              FROM judged_citizen j JOIN {groups} g USING (cluster)
              JOIN {truth} t ON t.record_id = g.record_id AND t.person = j.person
              JOIN standard s ON s.record_id = g.record_id GROUP BY 1)
            SELECT count(*) FILTER (g.{column} = f.value),
                   count(*) FILTER (f.held OR ('{column}' = 'cpf' AND g.{column} IS NOT NULL)),
                   count(*)
            FROM fact f JOIN {golden} g ON g.municipal_id = f.cluster WHERE f.value IS NOT NULL
            """,
        )
        result[_NAMES.get(column, column)] = {
            "right": round(right / possible, 6) if possible else 1.0,
            "of_all": round(right / known, 6) if known else 1.0,
            "compared": possible,
        }
    result["invented"] = _invented(con, groups, golden)
    return result


def _invented(con: duckdb.DuckDBPyConnection, groups: str, golden: str) -> int:
    parts = [
        f"""
        SELECT count(*) AS n FROM {golden} g WHERE g.{column} IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM {groups} m JOIN standard s ON s.record_id = m.record_id
          WHERE m.cluster = g.municipal_id AND s.{member}::VARCHAR = g.{column})
        """
        for column, _, member in MEASURED
    ]
    return count(con, f"SELECT sum(n) FROM ({' UNION ALL '.join(parts)})")
