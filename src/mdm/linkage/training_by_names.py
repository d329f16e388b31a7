"""Training where no number tells who is who: names and birth dates take turns to find pairs.

Each session looks at pairs that agree on two attributes and learns m of all others by EM; every
attribute is learned in the sessions that do not block on it. How many matches there are is what EM
says of the candidate pairs (all other pairs count as unrelated).
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from mdm.duck import count_rows
from mdm.linkage.blocking import block
from mdm.linkage.expectation import Array, learn_m
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.training_pairs import patterns

SESSION_PAIRS = 1_500_000
FEWEST_PAIRS = 50
STEPS = 200


@dataclass(frozen=True, slots=True)
class _Session:
    """Attributes that pairs agree on, and the comparisons that this decides."""

    equal: tuple[str, ...]
    decides: frozenset[str]


_SESSIONS = (
    _Session(("birth", "given_key"), frozenset({"birth_date", "given"})),
    _Session(("birth", "surname_key"), frozenset({"birth_date", "surname"})),
    _Session(("given_key", "surname_key"), frozenset({"given", "surname"})),
)


def learn_by_names(
    con: duckdb.DuckDBPyConnection, u: list[Array], start: list[Array]
) -> list[Array | None]:
    """Learn m by comparison, strongest level first; None where no session could learn it.

    Args:
        con: Holds `link_record`.
        u: Level probabilities among unrelated pairs.
        start: Where to start among matches.
    """
    learned: list[list[Array]] = [[] for _ in COMPARISONS]
    for session in _SESSIONS:
        equal = " AND ".join(f"l.{column} = r.{column}" for column in session.equal)
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE training_pair AS
            SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r, '0' AS match_key
            FROM link_record l JOIN link_record r ON {equal} AND l.unique_id < r.unique_id
            ORDER BY md5(l.unique_id::VARCHAR || ':' || r.unique_id::VARCHAR) LIMIT {SESSION_PAIRS}
            """
        )
        if count_rows(con, "training_pair") < FEWEST_PAIRS:
            continue
        gammas, counts = patterns(con, "training_pair")
        active = [k for k, c in enumerate(COMPARISONS) if c.name not in session.decides]
        chosen = [u[k] for k in active]
        found = learn_m(gammas[:, active], counts, chosen, chosen, [start[k] for k in active])
        for k, values in zip(active, found.m, strict=True):
            if values is not None:
                learned[k].append(values)
    return [np.asarray(np.mean(found, axis=0)) if found else None for found in learned]


def matches_among_candidates(
    con: duckdb.DuckDBPyConnection, m: list[Array], u: list[Array]
) -> float:
    """Expected other records of the same person for an average record.

    Args:
        con: Holds `link_record`.
        m: Level probabilities among matches.
        u: The same among unrelated pairs.
    """
    block(con)
    gammas, counts = patterns(con, "candidate")
    con.execute("DROP TABLE candidate")
    odds = np.zeros(len(gammas))
    for k in range(gammas.shape[1]):
        odds += np.append(np.log(m[k] / u[k]), 0.0)[gammas[:, k]]
    ratio = np.exp(np.minimum(odds, 700))
    records = count_rows(con, "link_record")
    pairs = records * (records - 1) / 2
    prior = 1 / records
    for _ in range(STEPS):
        weighed = prior * ratio
        prior = float((counts * weighed / (weighed + 1 - prior)).sum()) / pairs
    return max(prior * (records - 1), 0.01)
