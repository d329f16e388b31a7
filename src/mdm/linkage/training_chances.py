"""How often two unrelated people agree on a value, from counts of values; and what is least."""

import duckdb
import numpy as np

from mdm.duck import count, first_row
from mdm.linkage.expectation import Array
from mdm.linkage.person_model import Comparison

FEWEST_RECORDS = 1000
# Names and their frequencies are told only where so many records hold them.
HELD_BY_AT_LEAST = 10
# Numbers with check digits meet by chance or mistake about once in a hundred million pairs.
LEAST_CHANCE = 1e-8
LISTS = frozenset({"cns", "phones"})
# No level is rarer than this among matches, or among twins of those that are learned of them: data
# are never as clean as they look, and numbers typed by hand less so than names, which are read
# over; but two check digits let one slip in 100 pass. A given name has so many levels that the
# rarest are a few in 10,000 of the pairs of one CPF, and those are what parts twins from a match:
# of them the floor must not tell more than was seen. Twins are too few for the lower one.
LEAST_M, LEAST_M_OF_NUMBERS, LEAST_M_OF_GIVEN_NAMES = 3e-4, 1e-3, 1e-4
_UNCHECKED = frozenset({"cns", "nis", "dnv", "inep_id", "rg"})


def at_least(values: Array, comparison: str, *, among_twins: bool = False) -> Array:
    """The probabilities with none under the least of this comparison.

    Args:
        values: Level probabilities, strongest first.
        comparison: What is compared.
        among_twins: They are those of twins, not of matches.
    """
    least = LEAST_M_OF_NUMBERS if comparison in _UNCHECKED else LEAST_M
    if comparison == "given" and not among_twins:
        least = LEAST_M_OF_GIVEN_NAMES
    raised = np.maximum(values, least)
    return np.asarray(raised / raised.sum())


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


def chance_unrelated(
    con: duckdb.DuckDBPyConnection, comparison: Comparison, place: int, least: float
) -> float:
    """Chance that unrelated people are at a level that one person's or one family's value gives.

    Counted over the pairs at that level that conflict in first name, last name, birth date and
    mother at once: nearly all others are the person or the family. Of these four a register may
    lack some: then those that it has must conflict, and what such pairs are by chance is more.

    Args:
        con: Holds `link_record`.
        comparison: What is compared.
        place: Place of the level, counted from the strongest; it names the value's column.
        least: No chance is thought smaller.
    """
    level = comparison.levels[place]
    column = level.held
    assert column is not None
    assert level.condition is not None
    holders = count(con, f"SELECT count(*) FROM link_record WHERE {column} IS NOT NULL")
    known = first_row(
        con, f"SELECT {', '.join(f'count({one})' for one in _TOLD_APART_BY)} FROM link_record"
    )
    apart = [one for one, filled in zip(_TOLD_APART_BY, known, strict=True) if filled > 0]
    stronger = [one.condition.sql() for one in comparison.levels[:place] if one.condition]
    tests = [
        *(f"{one}_l <> {one}_r" for one in apart),
        f"({level.condition.sql()})",
        *(f"({one}) IS NOT TRUE" for one in stronger),
    ]
    value = f"unnest({column})" if column in LISTS else column
    shared = count(
        con,
        f"""
        WITH held AS (SELECT *, {value} AS value FROM link_record WHERE {column} IS NOT NULL),
             l AS (SELECT COLUMNS(*) AS "\\0_l" FROM held),
             r AS (SELECT COLUMNS(*) AS "\\0_r" FROM held)
        SELECT count(*) FROM l JOIN r ON value_l = value_r AND unique_id_l < unique_id_r
        WHERE {" AND ".join(tests)}
        """,
    )
    return max(2 * shared / (max(holders, 2) * (max(holders, 2) - 1)), least)


_TOLD_APART_BY = ("given1_key", "surname_last_key", "birth", "mother_given1_key")
