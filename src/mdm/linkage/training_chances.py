"""How often two unrelated people agree on a value, from counts of values."""

import duckdb

from mdm.duck import count, first_row

FEWEST_RECORDS = 1000
# Numbers with check digits meet by chance or mistake about once in a hundred million pairs.
LEAST_CHANCE = 1e-8
LISTS = frozenset({"cns", "phones"})


def chance_of_equal(con: duckdb.DuckDBPyConnection, column: str, matches: float) -> float | None:
    """Chance that two unrelated holders of a column have the same value, from value counts.

    The pairs that agree because they are one person are taken off; it is never less than
    `LEAST_CHANCE`, also where all values differ.
    """
    equal, holders = first_row(
        con,
        f"""
        SELECT sum(n * (n - 1))::DOUBLE, sum(n)::DOUBLE FROM
          (SELECT count(*) AS n FROM link_record WHERE {column} IS NOT NULL GROUP BY {column})
        """,
    )
    if holders is None or holders < FEWEST_RECORDS:
        return None
    chance = equal / (holders * (holders - 1))
    return float(max(chance - matches / holders, chance / 10, LEAST_CHANCE))


def chance_unrelated(con: duckdb.DuckDBPyConnection, column: str, least: float) -> float:
    """Chance that unrelated people share a value that is meant to be one person's or family's.

    Counted over the pairs that share it and conflict in first name, last name, birth date and
    mother at once: nearly all others are the person or the family.
    """
    holders = count(con, f"SELECT count(*) FROM link_record WHERE {column} IS NOT NULL")
    value = f"unnest({column})" if column in LISTS else column
    shared = count(
        con,
        f"""
        WITH held AS (SELECT unique_id, given1_key, surname_last_key, birth, mother_given1_key,
                             {value} AS value FROM link_record WHERE {column} IS NOT NULL)
        SELECT count(*) FROM held l JOIN held r ON l.value = r.value AND l.unique_id < r.unique_id
        WHERE l.given1_key <> r.given1_key AND l.surname_last_key <> r.surname_last_key
          AND l.birth <> r.birth AND l.mother_given1_key <> r.mother_given1_key
        """,
    )
    return max(2 * shared / (max(holders, 2) * (max(holders, 2) - 1)), least)
