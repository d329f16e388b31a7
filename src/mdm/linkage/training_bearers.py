"""Surnames whose bearers share first names more often than chance, from counts of names.

Who came to town from elsewhere brought surnames and first names of their own: FATOU is one in 5,000
of all, and one in 100 of those called MBAYE. Two strangers of one full name are then far more
frequent than the product of both frequencies says.
"""

from collections.abc import Mapping

import duckdb

from mdm.linkage.person_model import GIVEN_BY_SURNAME
from mdm.linkage.training_chances import HELD_BY_AT_LEAST

# What is less is chance or two relatives called alike. One pair on either side stands for doubt.
LEAST_TIMES = 4.0

# People by surname, given name and birth: of two whose year and day both differ next to none are
# one person. In a group of one name those pairs are all but those of one year, or of one day.
_PAIRS = """
WITH bearer AS (
  SELECT surname, given, birth, any_value(birth_year) AS birth_year,
         any_value(birth_day_month) AS birth_day_month, count(*) AS records
  FROM link_record WHERE surname IS NOT NULL AND given IS NOT NULL AND birth IS NOT NULL
  GROUP BY surname, given, birth),
of_name AS (SELECT surname, given, count(*) AS n, sum(records) AS records FROM bearer
            GROUP BY surname, given),
of_year AS (SELECT surname, given, sum(n * (n - 1)) AS twice FROM
  (SELECT surname, given, count(*) AS n FROM bearer GROUP BY surname, given, birth_year)
  GROUP BY surname, given),
of_day AS (SELECT surname, given, sum(n * (n - 1)) AS twice FROM
  (SELECT surname, given, count(*) AS n FROM bearer GROUP BY surname, given, birth_day_month)
  GROUP BY surname, given)
SELECT surname, given, n, records, n * (n - 1) - y.twice - d.twice AS twice
FROM of_name JOIN of_year y USING (surname, given) JOIN of_day d USING (surname, given)
ORDER BY surname, given
"""


def given_by_surname(
    con: duckdb.DuckDBPyConnection, tf: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """How many times as often two bearers of a surname share the given name as chance says.

    Args:
        con: Holds `link_record`.
        tf: Term frequencies, those of `given` among them.

    Returns:
        (`GIVEN_BY_SURNAME`, surname) to the times, of surnames that enough records hold and where
        they are many; and under the surname "" the share of the most frequent given name.
    """
    shares = [share for (column, value), share in tf.items() if column == "given" and value]
    if len(shares) == 0:
        return {}
    bearers: dict[str, list[tuple[int, int, int, float]]] = {}
    for surname, given, n, records, twice in con.execute(_PAIRS).fetchall():
        share = tf.get(("given", given), tf["given", ""])
        bearers.setdefault(surname, []).append((n, records, twice, share))
    result = {(GIVEN_BY_SURNAME, ""): max(shares)}
    for surname, names in bearers.items():
        people = sum(n for n, _, _, _ in names)
        if sum(records for _, records, _, _ in names) >= HELD_BY_AT_LEAST:
            seen = sum(twice for _, _, twice, _ in names) / 2
            by_chance = (people - 1) * sum(n * share for n, _, _, share in names) / 2
            times = (seen + 1) / (by_chance + 1)
            if times >= LEAST_TIMES:
                result[GIVEN_BY_SURNAME, surname] = times
    return result
