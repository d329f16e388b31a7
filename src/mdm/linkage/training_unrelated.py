"""u: how often unrelated people agree, from random pairs and from counts of values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from mdm.linkage.expectation import Array, level_shares
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.training_chances import LEAST_CHANCE, chance_of_equal, chance_unrelated
from mdm.linkage.training_pairs import patterns

RANDOM_PAIRS = 3_000_000
# Where matches are told from strangers pair by pair, no level is thought rarer than half a pair.
_UNSEEN = 0.5


@dataclass(frozen=True, slots=True)
class RandomPairs:
    """Level patterns of random pairs, (patterns, comparisons), and how many pairs have each."""

    gammas: NDArray[np.int64]
    counts: Array


Unmatched = Callable[[NDArray[np.int64]], Array]
"""Level patterns to the chance of each that its pair is neither a match nor of relatives."""


def random_pairs(con: duckdb.DuckDBPyConnection, most: int = RANDOM_PAIRS) -> RandomPairs:
    """All pairs of some records of `link_record`, taken by the digest of their numbers."""
    sample = int((2 * most) ** 0.5)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE random_record AS
        SELECT unique_id FROM link_record ORDER BY md5(unique_id::VARCHAR), unique_id LIMIT {sample}
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE training_pair AS
        SELECT l.unique_id AS join_key_l, r.unique_id AS join_key_r, '0' AS match_key
        FROM random_record l JOIN random_record r ON l.unique_id < r.unique_id
        """
    )
    return RandomPairs(*patterns(con, "training_pair"))


def u_probabilities(
    con: duckdb.DuckDBPyConnection,
    pairs: RandomPairs,
    matches: float,
    unmatched: Unmatched | None = None,
) -> list[Array]:
    """Levels among unrelated pairs; levels of a single value exactly from value counts.

    Args:
        con: Holds `link_record`.
        pairs: Random pairs.
        matches: Other records of the same person, for an average record.
        unmatched: Takes the matches off the random pairs: of a small register they are many, and
            next to all that agree on what is rare. Without it all pairs count.

    Returns:
        One array a comparison, strongest level first.
    """
    counts = pairs.counts
    if unmatched is not None:
        counts = counts * unmatched(pairs.gammas)
    result = []
    for k, comparison in enumerate(COMPARISONS):
        least = 1.0 if unmatched is None else _UNSEEN * len(comparison.levels)
        shares = level_shares(pairs.gammas[:, k], counts, len(comparison.levels), prior=least)
        for place, level in enumerate(comparison.levels):
            known = level.u
            if level.exact is not None:
                known = chance_of_equal(con, level.exact, matches)
            elif level.held is not None:
                known = chance_unrelated(con, comparison, place, level.u or LEAST_CHANCE)
            if known is not None:
                set_shares(shares, {place: known})
        result.append(shares)
    return result


def set_shares(shares: Array, known: Mapping[int, float]) -> None:
    """Give some levels (by place) a share, in place; scale the others so that all add up to one."""
    others = np.delete(np.arange(len(shares)), list(known))
    shares[others] *= (1 - sum(known.values())) / shares[others].sum()
    for place, share in known.items():
        shares[place] = share
