"""Training where no number tells who is who: one EM over all candidate pairs.

Blocking finds candidates by many rules, so no one attribute decides what is seen, and every
comparison is learned from the same pairs. What keeps EM from taking misspelt strangers for matches
is how rare matches are: the pairs that are no candidates count as unrelated, so the share of
matches is one of all pairs of records, and u is known.

Relatives are a class of the same mixture: they share a family's values and differ in what is a
person's own (given name, birth date, sex, numbers) as strangers do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
from numpy.typing import NDArray

from mdm.duck import count_rows
from mdm.linkage.blocking import NARROW, RULES, block
from mdm.linkage.expectation import Array, level_shares
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.training_pairs import patterns

FEWEST_MATCHES = 25
STEPS = 400
TOLERANCE = 1e-7
MOST_ODDS = 700.0
OF_A_FAMILY = frozenset({"surname", "mother", "father", "phone", "address"})
# Of the wide rules those by which families meet. What agrees on another attribute alone is
# strangers nearly always, and so many that EM would take the most alike for a kind of match.
_FAMILIES_MEET_BY = frozenset({"dwelling", "phone", "mother"})


@dataclass(frozen=True, slots=True)
class Candidates:
    """Level patterns of candidate pairs, how many have each, and the records they are of."""

    gammas: NDArray[np.int64]
    counts: Array
    records: int


@dataclass(frozen=True, slots=True)
class ByNames:
    """What was learned.

    Attributes:
        m: By comparison, strongest level first; None where never observed, or where so few pairs
            look like matches that nothing can be learned of them.
        r: The same among relatives.
        matches: Expected other records of the same person for an average record.
        relatives: Expected records of relatives.
        unmatched: Chance that a pair is of two people who are no relatives, by its levels.
    """

    m: list[Array | None]
    r: list[Array]
    matches: float
    relatives: float
    unmatched: Callable[[NDArray[np.int64]], Array]


def learnt_candidates(con: duckdb.DuckDBPyConnection) -> Candidates:
    """The pairs of `link_record` that m and r are learned from."""
    families = tuple(rule for rule in RULES if rule.name in _FAMILIES_MEET_BY)
    block(con, rules=NARROW + families)
    gammas, counts = patterns(con, "candidate")
    con.execute("DROP TABLE candidate")
    return Candidates(gammas, counts, count_rows(con, "link_record"))


def learn_by_names(candidates: Candidates, u: list[Array], start: list[Array]) -> ByNames:
    """Learn m, r, and how many matches and relatives there are.

    Args:
        candidates: The pairs to learn from; all others count as unrelated.
        u: Level probabilities among unrelated pairs, by comparison, strongest level first.
        start: Where to start among matches, and among relatives where families agree.
    """
    gammas, counts, records = candidates.gammas, candidates.counts, candidates.records
    pairs = records * (records - 1) / 2
    shared = [c.name in OF_A_FAMILY for c in COMPARISONS]
    m = [values.copy() for values in start]
    r = [(start if family else u)[k].copy() for k, family in enumerate(shared)]
    shares = np.array([1.0, 1.0]) / records
    for _ in range(STEPS):
        weighed = _posterior([m, r], u, shares, gammas) * counts
        before = m + r
        m = [level_shares(gammas[:, k], weighed[0], len(v), prior=1.0) for k, v in enumerate(m)]
        r = [
            level_shares(gammas[:, k], weighed[1], len(v), prior=1.0) if shared[k] else v
            for k, v in enumerate(r)
        ]
        shares = np.maximum(weighed.sum(axis=1) / pairs, 0.01 / records)
        if max(float(np.abs(a - b).max()) for a, b in zip(m + r, before, strict=True)) < TOLERANCE:
            break
    enough = shares[0] * pairs >= FEWEST_MATCHES
    learned = [v if enough and bool((gammas[:, k] >= 0).any()) else None for k, v in enumerate(m)]
    per_record = np.maximum(shares * (records - 1), 0.01)
    return ByNames(
        learned, r, float(per_record[0]), float(per_record[1]), partial(_unmatched, m, r, u, shares)
    )


def _posterior(
    classes: list[list[Array]], u: list[Array], shares: Array, gammas: NDArray[np.int64]
) -> Array:
    """Chance of each class for each pattern, (classes, patterns); the rest is unrelated."""
    odds = np.stack([np.full(len(gammas), np.log(one / (1 - shares.sum()))) for one in shares])
    for number, levels in enumerate(classes):
        for k, values in enumerate(levels):
            odds[number] += np.append(np.log(values / u[k]), 0.0)[gammas[:, k]]
    odds = np.exp(np.clip(odds, -MOST_ODDS, MOST_ODDS))
    return np.asarray(odds / (1 + odds.sum(axis=0)))


def _unmatched(
    m: list[Array], r: list[Array], u: list[Array], shares: Array, gammas: NDArray[np.int64]
) -> Array:
    return np.asarray(1 - _posterior([m, r], u, shares, gammas).sum(axis=0))
