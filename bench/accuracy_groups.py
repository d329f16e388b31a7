"""Accuracy by subgroup, and the traps: borrowed CPF, twins, newborns.

A pair belongs to a subgroup when one of its records does. Recall is of the pairs of one person,
false links are the share of linked pairs that are two people's.
"""

from collections.abc import Mapping

import duckdb

from mdm.duck import count, first_row
from mdm.ports import ReadSession
from mdm.services.find_citizens import Kind, citizens_by_number

GROUPS: Mapping[str, str] = {
    "no CPF": "no_cpf",
    "no mother": "no_mother",
    "under 6": "age < 6",
    "women 20-60": "true_sex = 'F' AND age BETWEEN 20 AND 60",
    "RN record": "newborn",
    "foreign": "abroad",
    "one token": "one_token",
    "rare surname": "rare_surname",
    "common surname": "common_surname",
    "race 01": "race = '01'",
    "race 02": "race = '02'",
    "race 03": "race = '03'",
    "race 04": "race = '04'",
    "race 05": "race = '05'",
    "race not stated": "race = 'none'",
}

_PAIRS = """
CREATE OR REPLACE TEMP TABLE judged_pair AS
SELECT l.record_id AS l, r.record_id AS r, x.person = y.person AS same, true AS linked
FROM {groups} l JOIN {groups} r ON l.cluster = r.cluster AND l.record_id < r.record_id
JOIN bench_record x ON x.record_id = l.record_id JOIN bench_record y ON y.record_id = r.record_id
UNION ALL
SELECT x.record_id, y.record_id, true, false
FROM bench_record x JOIN bench_record y ON x.person = y.person AND x.record_id < y.record_id
JOIN {groups} l ON l.record_id = x.record_id JOIN {groups} r ON r.record_id = y.record_id
WHERE l.cluster <> r.cluster
"""


def by_group(con: duckdb.DuckDBPyConnection, groups: str) -> dict[str, dict[str, float]]:
    """Recall, false links and the number of true and linked pairs of each subgroup.

    Args:
        con: Holds `bench_record`.
        groups: Relation with record_id, cluster.
    """
    con.execute(_PAIRS.format(groups=groups))
    result = {}
    for name, condition in GROUPS.items():
        true, right, linked = first_row(
            con,
            f"""
            WITH member AS (SELECT record_id FROM bench_record WHERE {condition})
            SELECT count(*) FILTER (same), count(*) FILTER (same AND linked),
                   count(*) FILTER (linked)
            FROM judged_pair WHERE l IN (FROM member) OR r IN (FROM member)
            """,
        )
        result[name] = {
            "true": true,
            "linked": linked,
            "wrong": linked - right,
            "recall": right / true if true else 1.0,
            "false_links": (linked - right) / linked if linked else 0.0,
        }
    con.execute("DROP TABLE judged_pair")
    return result


_BORROWED = """
WITH child AS (SELECT record_id, person FROM bench_record WHERE borrowed),
     other AS (SELECT c.record_id, a.cluster = b.cluster AS together
               FROM child c JOIN bench_record o
                 ON o.person = c.person AND o.record_id <> c.record_id
               JOIN {groups} a ON a.record_id = c.record_id
               JOIN {groups} b ON b.record_id = o.record_id),
     reached AS (SELECT record_id, bool_or(together) AS any_one, bool_and(together) AS all_of_them
                 FROM other GROUP BY record_id)
SELECT (SELECT count(*) FROM child), count(*), count(*) FILTER (any_one),
       count(*) FILTER (all_of_them) FROM reached
"""
_MIXED = """
WITH c AS (SELECT g.cluster, min(age) AS youngest, max(age) AS oldest,
                  count(DISTINCT person) AS people
           FROM {groups} g JOIN bench_record USING (record_id) GROUP BY g.cluster)
SELECT count(*) FROM c WHERE people > 1 AND youngest < 18 AND oldest >= 18
"""
_LENT = """
SELECT DISTINCT s.cpf, c.cluster FROM bench_record b JOIN standard s USING (record_id)
JOIN {groups} c USING (record_id) WHERE b.borrowed AND s.cpf IS NOT NULL
"""
_TWINS = """
SELECT count(*), count(*) FILTER (l.cluster = r.cluster) FROM bench_record x JOIN bench_record y
  ON x.twin_group = y.twin_group AND x.person < y.person {condition}
JOIN {groups} l ON l.record_id = x.record_id JOIN {groups} r ON r.record_id = y.record_id
"""


def traps(con: duckdb.DuckDBPyConnection, session: ReadSession, groups: str) -> dict[str, int]:
    """Counts for borrowed CPFs, clusters of a child and an adult, and twins.

    Args:
        con: Holds `bench_record` and `standard`.
        session: The registry, asked by number as a caseworker asks it.
        groups: The applied state: record_id, cluster (municipal ID).
    """
    borrowed, with_others, any_one, all_of_them = first_row(con, _BORROWED.format(groups=groups))
    lent = con.execute(_LENT.format(groups=groups)).fetchall()
    own = _owners(con, groups, sorted({cpf for cpf, _ in lent}))
    answered: dict[str, list[str]] = {
        cpf: citizens_by_number(session, Kind.CPF, cpf) for cpf in {cpf for cpf, _ in lent}
    }
    twins, twins_joined = first_row(con, _TWINS.format(groups=groups, condition=""))
    numbered = "AND x.twin_order > 0 AND y.twin_order > 0"
    gemelar, gemelar_joined = first_row(con, _TWINS.format(groups=groups, condition=numbered))
    return {
        "borrowed": borrowed,
        "borrowed_with_own_records": with_others,
        "borrowed_reach_own_citizen": any_one,
        "borrowed_reach_all_own_records": all_of_them,
        "adult_and_child": count(con, _MIXED.format(groups=groups)),
        "lent_cpfs": len(answered),
        # Whoever is found by a lent number and is not a citizen of its owner.
        "lent_answer_others": sum(
            1 for cpf, found in answered.items() if not set(found) <= own.get(cpf, set())
        ),
        "lent_answer_owner": sum(
            1 for cpf, found in answered.items() if set(found) & own.get(cpf, set())
        ),
        "lent_owner_known": sum(1 for cpf in answered if own.get(cpf)),
        "twin_pairs": twins,
        "twin_pairs_joined": twins_joined,
        "gemelar_pairs": gemelar,
        "gemelar_pairs_joined": gemelar_joined,
    }


def _owners(con: duckdb.DuckDBPyConnection, groups: str, cpfs: list[str]) -> dict[str, set[str]]:
    """The citizens that hold a record of the true owner who states this CPF."""
    rows = con.execute(
        f"""
        SELECT b.true_cpf, c.cluster FROM bench_record b JOIN standard s USING (record_id)
        JOIN {groups} c USING (record_id)
        WHERE b.true_cpf IN (SELECT unnest(?)) AND s.cpf = b.true_cpf
        """,
        [cpfs],
    ).fetchall()
    found: dict[str, set[str]] = {}
    for cpf, cluster in rows:
        found.setdefault(cpf, set()).add(cluster)
    return found
