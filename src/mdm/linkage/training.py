"""Training without labels: u from random pairs, r from families, m by EM, t from twins.

Records are numbered by (source, local ID) first, so the model does not depend on load order,
threads or chunks; all counts are integers and every estimate is made of counts in a fixed order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from mdm.duck import count, count_rows, first_row
from mdm.errors import TrainingError
from mdm.linkage.expectation import Array, learn_m, level_shares
from mdm.linkage.fingerprint import fingerprint
from mdm.linkage.model import LevelParameters, PersonModel, Thresholds
from mdm.linkage.person_model import COMPARISONS, TF_COLUMNS, TWIN_MARK
from mdm.linkage.prepare import BY_CONTENT, ORDINARY, find_shared, prepare_records
from mdm.linkage.training_bearers import given_by_surname
from mdm.linkage.training_by_names import ByNames, learn_by_names, learnt_candidates
from mdm.linkage.training_chances import (
    FEWEST_RECORDS,
    HELD_BY_AT_LEAST,
    at_least,
    chance_of_equal,
)
from mdm.linkage.training_pairs import patterns
from mdm.linkage.training_twins import learn_twins, mark_probabilities
from mdm.linkage.training_unrelated import (
    RANDOM_PAIRS,
    RandomPairs,
    random_pairs,
    set_shares,
    u_probabilities,
)

SESSION_PAIRS = 1_500_000
ROUNDS_WITHOUT_NUMBERS = 2

DEFAULT_THRESHOLDS = Thresholds(link=7.0, review=0.0, fracture=2.0, margin=3.0)


@dataclass(frozen=True, slots=True)
class _Session:
    """Pairs that agree on `block` are mostly matches; what is blocked on is not learned there."""

    name: str
    block: str
    learns: frozenset[str]


_ALL = frozenset(c.name for c in COMPARISONS)
_SESSIONS = (
    _Session("cpf", "l.cpf = r.cpf", _ALL - {"cpf"}),
    _Session(
        "name_birth",
        "l.birth = r.birth AND l.given = r.given AND l.surname = r.surname",
        frozenset({"cpf"}),
    ),
)


def train_model(con: duckdb.DuckDBPyConnection) -> PersonModel:
    """Train on `standard` and `not_own`; leaves `link_record` numbered by content.

    Restricted records teach nothing.

    Raises:
        TrainingError: Too few records, or no pairs to learn from.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE model_given_token AS " + _GIVEN_TOKENS)
    write_term_frequencies(con, {})
    find_shared(con)
    records = prepare_records(con, unique_id=BY_CONTENT, records=ORDINARY)
    if records < FEWEST_RECORDS:
        raise TrainingError(f"{records} records are too few to train on; {FEWEST_RECORDS} needed")
    tf = _term_frequencies(con)
    tf |= given_by_surname(con, tf)
    matches = _matches_per_record(con)
    pairs = random_pairs(con, RANDOM_PAIRS)
    u = u_probabilities(con, pairs, matches)
    if _are_numbers_shared(con):
        r, relatives = _relatives(con, u, matches)
        m = _m_probabilities(con, u, r)
    else:
        m, u, learned = _without_numbers(con, pairs, u)
        r, matches, relatives = learned.r, learned.matches, learned.relatives
    twins = learn_twins(con, m, u)
    t = twins.t
    mark = next(k for k, c in enumerate(COMPARISONS) if c.name == TWIN_MARK)
    t[mark], plain = mark_probabilities(con, twins.per_record, matches)
    m[mark] = u[mark] = r[mark] = plain
    _weigh_as_declared(con, m, u, (r, t), matches)
    levels = {
        c.name: tuple(
            LevelParameters(float(m[k][i]), float(u[k][i]), float(r[k][i]), float(t[k][i]))
            for i in range(len(c.levels))
        )
        for k, c in enumerate(COMPARISONS)
    }
    tokens = [row[0] for row in con.execute("SELECT token FROM model_given_token").fetchall()]
    return PersonModel(
        levels=levels,
        matches_per_record=matches,
        relatives_per_record=relatives,
        term_frequencies=tf,
        given_tokens=tuple(sorted(tokens)),
        fingerprint=fingerprint(con),
        thresholds=DEFAULT_THRESHOLDS,
        digest="",
        twins_per_record=twins.per_record,
    )


# A token that opens names at least twice as often as it ends them is a given name, but for one
# that stands a letter away from a far more frequent one: of so many MARIAs some are MRIA.
_MISSPELT_BELOW = 1 / 200
_GIVEN_TOKENS = f"""
WITH t AS (SELECT str_split(name, ' ') AS t FROM {ORDINARY} WHERE name IS NOT NULL),
     first AS (SELECT t[1] AS token, count(*) AS n FROM t GROUP BY 1
               HAVING count(*) >= {HELD_BY_AT_LEAST}),
     last AS (SELECT t[-1] AS token, count(*) AS n FROM t WHERE len(t) > 1 GROUP BY 1),
     misspelt AS (SELECT DISTINCT a.token FROM first a JOIN first b
                  ON a.n <= b.n * {_MISSPELT_BELOW}
                  AND abs(length(a.token) - length(b.token)) <= 1
                  AND damerau_levenshtein(a.token, b.token) = 1)
SELECT first.token FROM first LEFT JOIN last USING (token) ANTI JOIN misspelt USING (token)
WHERE first.n >= 2 * coalesce(last.n, 0) AND length(token) > 1
"""


def _term_frequencies(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], float]:
    result: dict[tuple[str, str], float] = {}
    for column in TF_COLUMNS:
        rows = con.execute(
            f"SELECT {column}, count(*) FROM link_record WHERE {column} IS NOT NULL GROUP BY 1"
        ).fetchall()
        total = sum(n for _, n in rows)
        if total == 0:
            continue
        result |= {(column, value): n / total for value, n in rows if n >= HELD_BY_AT_LEAST}
        rare = [n for _, n in rows if n < HELD_BY_AT_LEAST]
        # The floor: how often a holder of a rare value meets that value, counted over holders.
        mean = sum(n * n for n in rare) / sum(rare) if rare else HELD_BY_AT_LEAST / 2
        result[column, ""] = mean / total
    return result


def write_term_frequencies(
    con: duckdb.DuckDBPyConnection, tf: Mapping[tuple[str, str], float]
) -> None:
    """Write `model_tf(column_name, value, tf)` from a model."""
    table = pa.table(
        {
            "column_name": pa.array([column for column, _ in tf], pa.string()),
            "value": pa.array([value for _, value in tf], pa.string()),
            "tf": pa.array(list(tf.values()), pa.float64()),
        }
    )
    con.register("tf_rows", table)
    con.execute("CREATE OR REPLACE TEMP TABLE model_tf AS SELECT * FROM tf_rows")
    con.unregister("tf_rows")


def _weigh_as_declared(
    con: duckdb.DuckDBPyConnection,
    m: list[Array],
    u: list[Array],
    others: tuple[list[Array], list[Array]],
    matches: float,
) -> None:
    """Set right, in place, the levels that by declaration weigh otherwise than they were counted.

    A filler on both sides (1 January) is as a habit of clerks no evidence; what is left of it is
    that another column is equal. Relatives not of one birth share that no more than strangers.
    """
    r, t = others
    for k, comparison in enumerate(COMPARISONS):
        mute = {n: float(u[k][n]) for n, level in enumerate(comparison.levels) if level.mute}
        for shares in (m, r, t):
            set_shares(shares[k], mute)
        for place, level in enumerate(comparison.levels):
            if level.same_as is not None:
                for shares in (m, u, r, t):
                    set_shares(shares[k], {place: 0.0})
                    shares[k][place] = shares[k][comparison.place(level.same_as)]
            elif level.no_more_than is not None:
                chance = chance_of_equal(con, level.no_more_than, matches)
                if chance is not None:
                    for shares in (u, r):
                        set_shares(shares[k], {place: float(m[k][place]) * chance})


def _are_numbers_shared(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether enough pairs share a CPF to learn from."""
    shared = count(
        con,
        "SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (SELECT count(*) AS n FROM link_record "
        "WHERE cpf IS NOT NULL GROUP BY cpf)",
    )
    return shared >= FEWEST_RECORDS // 20


def _without_numbers(
    con: duckdb.DuckDBPyConnection, pairs: RandomPairs, u: list[Array]
) -> tuple[list[Array], list[Array], ByNames]:
    """What is learned where names, birth dates and addresses alone tell who is who: m, u, and more.

    Raises:
        TrainingError: No pairs to learn from.
    """
    start = [_start_m(len(c.levels)) for c in COMPARISONS]
    candidates = learnt_candidates(con)
    learned = learn_by_names(candidates, u, start)
    # The later rounds know which of the random pairs are matches.
    for _ in range(ROUNDS_WITHOUT_NUMBERS):
        u = u_probabilities(con, pairs, learned.matches, learned.unmatched)
        learned = learn_by_names(candidates, u, start)
    names = (
        values
        for c, values in zip(COMPARISONS, learned.m, strict=True)
        if c.name in {"given", "surname"}
    )
    if any(values is None for values in names):
        raise TrainingError(
            "no pairs to learn from: no shared CPF and no equal name and birth date"
        )
    m = [
        at_least(start[k] if values is None else values, COMPARISONS[k].name)
        for k, values in enumerate(learned.m)
    ]
    return m, u, learned


def _relatives(
    con: duckdb.DuckDBPyConnection, u: list[Array], matches: float
) -> tuple[list[Array], float]:
    """Levels among relatives: members of one declared family, one of them seen elsewhere.

    A record of another source that carries the own CPF of one member is paired with the other
    members. Nothing but declared families and CPF is read, no label.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE training_pair AS
        WITH member AS (SELECT unique_id, household, cpf, source, given_key, birth FROM link_record
                        WHERE household IS NOT NULL),
             other AS (SELECT a.unique_id AS near, b.unique_id AS relative, a.source, a.cpf
                       FROM member a JOIN member b
                         ON a.household = b.household AND a.unique_id <> b.unique_id
                       -- Of one birth date are twins, a class of their own.
                       WHERE a.cpf IS DISTINCT FROM b.cpf
                         AND a.birth IS DISTINCT FROM b.birth),
             pair AS (SELECT DISTINCT least(x.unique_id, o.relative) AS l,
                             greatest(x.unique_id, o.relative) AS r
                      FROM other o JOIN link_record x
                        ON x.cpf = o.cpf AND x.source <> o.source AND x.unique_id <> o.relative)
        SELECT l AS join_key_l, r AS join_key_r, '0' AS match_key FROM pair
        ORDER BY md5(l::VARCHAR || ':' || r::VARCHAR) LIMIT {SESSION_PAIRS}
        """
    )
    pairs = count_rows(con, "training_pair")
    (others,) = first_row(
        con,
        "SELECT avg(n - 1) FROM (SELECT count(*) AS n FROM link_record "
        "WHERE household IS NOT NULL GROUP BY household)",
    )
    members = float(others) if others is not None else 1.4
    relatives = (1 + matches) * max(members, 0.5) * RELATIVES_BEYOND_HOME
    if pairs < FEWEST_RECORDS // 10:
        return [values.copy() for values in u], relatives
    gammas, counts = patterns(con, "training_pair")
    result = []
    for k, comparison in enumerate(COMPARISONS):
        shares = level_shares(gammas[:, k], counts, len(comparison.levels), prior=2.0)
        result.append(shares if comparison.name not in _NEVER_SHARED else u[k].copy())
    return result, relatives


# Siblings and parents who live elsewhere are relatives too.
RELATIVES_BEYOND_HOME = 1.6
# Own numbers are a person's own: a relative agrees on them only by chance or by mistake.
_NEVER_SHARED = frozenset({"cpf", "cns", "nis", "dnv", "inep_id", "rg", "birth_certificate"})


def _m_probabilities(con: duckdb.DuckDBPyConnection, u: list[Array], r: list[Array]) -> list[Array]:
    learned: list[list[Array]] = [[] for _ in COMPARISONS]
    start = [_start_m(len(c.levels)) for c in COMPARISONS]
    for session in _SESSIONS:
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE training_pair AS
            SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r, '0' AS match_key
            FROM link_record l JOIN link_record r ON {session.block} AND l.unique_id < r.unique_id
            ORDER BY md5(l.unique_id::VARCHAR || ':' || r.unique_id::VARCHAR) LIMIT {SESSION_PAIRS}
            """
        )
        if count_rows(con, "training_pair") < FEWEST_RECORDS // 20:
            continue
        gammas, counts = patterns(con, "training_pair")
        used = [k for k, c in enumerate(COMPARISONS) if c.name in session.learns]
        active = (
            used
            if session.name == "cpf"
            else [
                k
                for k, c in enumerate(COMPARISONS)
                if c.name not in {"given", "surname", "birth_date"}
            ]
        )
        result = learn_m(
            gammas[:, active],
            counts,
            [u[k] for k in active],
            [r[k] for k in active],
            [start[k] for k in active],
        )
        for k, values in zip(active, result.m, strict=True):
            if values is not None and k in used:
                learned[k].append(values)
    if not any(learned):
        raise TrainingError(
            "no pairs to learn from: no shared CPF and no equal name and birth date"
        )
    return [
        at_least(np.mean(found, axis=0) if found else start[k], COMPARISONS[k].name)
        for k, found in enumerate(learned)
    ]


def _start_m(levels: int) -> Array:
    values = np.full(levels, 0.2 / max(levels - 1, 1))
    values[0] = 0.8
    return values


def _matches_per_record(con: duckdb.DuckDBPyConnection) -> float:
    """Other records of the same person, for an average record; counted where a CPF is known."""
    others, filled = first_row(
        con,
        """
        WITH held AS (SELECT count(*)::DOUBLE AS n FROM link_record
                      WHERE cpf IS NOT NULL GROUP BY cpf)
        SELECT sum(n * (n - 1)) / sum(n), (SELECT avg((cpf IS NOT NULL)::INT) FROM link_record)
        FROM held
        """,
    )
    return 0.5 if others is None or not filled else float(max(others / filled, 0.01))
