"""Training where no number tells who is who: one EM over all candidate pairs.

Blocking finds candidates by many rules, so no one attribute decides what is seen, and every
comparison is learned from the same pairs. What keeps EM from taking misspelt strangers for matches
is how rare matches are: the pairs that are no candidates count as unrelated, so the share of
matches is one of all pairs of records, and u is known.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from mdm.duck import count_rows
from mdm.linkage.blocking import NARROW, block
from mdm.linkage.expectation import Array, level_shares
from mdm.linkage.training_pairs import patterns

FEWEST_MATCHES = 25
STEPS = 400
TOLERANCE = 1e-7
MOST_ODDS = 700.0


@dataclass(frozen=True, slots=True)
class ByNames:
    """What was learned.

    Attributes:
        m: By comparison, strongest level first; None where never observed, or where so few pairs
            look like matches that nothing can be learned of them.
        matches: Expected other records of the same person for an average record.
    """

    m: list[Array | None]
    matches: float


def learn_by_names(con: duckdb.DuckDBPyConnection, u: list[Array], start: list[Array]) -> ByNames:
    """Learn m and how many matches there are.

    Args:
        con: Holds `link_record`.
        u: Level probabilities among unrelated pairs, by comparison, strongest level first.
        start: Where to start among matches.
    """
    # Not the wide rules: what agrees on one attribute alone is strangers nearly always, and so many
    # of them that EM would take the most alike for a kind of match.
    block(con, rules=NARROW)
    gammas, counts = patterns(con, "candidate")
    con.execute("DROP TABLE candidate")
    records = count_rows(con, "link_record")
    pairs = records * (records - 1) / 2
    m, share = [values.copy() for values in start], 1 / records
    for _ in range(STEPS):
        odds = np.full(len(gammas), np.log(share / (1 - share)))
        for k, values in enumerate(m):
            odds += np.append(np.log(values / u[k]), 0.0)[gammas[:, k]]
        weighed = counts / (1 + np.exp(-np.clip(odds, -MOST_ODDS, MOST_ODDS)))
        before, m = m, [
            level_shares(gammas[:, k], weighed, len(values), prior=1.0)
            for k, values in enumerate(m)
        ]  # fmt: skip
        share = max(float(weighed.sum()) / pairs, 0.01 / records)
        if max(float(np.abs(a - b).max()) for a, b in zip(m, before, strict=True)) < TOLERANCE:
            break
    enough = share * pairs >= FEWEST_MATCHES
    learned = [v if enough and bool((gammas[:, k] >= 0).any()) else None for k, v in enumerate(m)]
    return ByNames(learned, max(share * (records - 1), 0.01))
