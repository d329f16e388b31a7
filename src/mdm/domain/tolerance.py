"""Tolerated error in place of bits: what share of wrong links an operator accepts.

A match weight of w bits states odds of 2^w that two records are one person's, so the model itself
says how many of its links would be wrong at each threshold. Of pairs sorted by weight the wrong
share only falls with the threshold: the lowest one that keeps the tolerated share is chosen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

STEP = 0.1
"""Bits between two thresholds that are tried."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What was tolerated, and what came of it.

    Attributes:
        share: Wrong links among all, above 0.
        link: The link threshold chosen for it, in bits; None: to be chosen.
        model_version: The model that it was chosen for: with another it is chosen anew.
    """

    share: float
    link: float | None = None
    model_version: str | None = None


@dataclass(frozen=True, slots=True)
class WeighedPairs:
    """Pairs within one `STEP` of weight.

    Attributes:
        low: Their smallest weight or less, in bits.
        pairs: How many.
        wrong: How many of them are two people's by the model's own probabilities.
    """

    low: float
    pairs: int
    wrong: float


def tolerated(counts: Mapping[str, object], model_version: str | None) -> Tolerance | None:
    """What a plan's counts say was tolerated; None where the model's own threshold held."""
    share, link = counts.get("tolerate"), counts.get("link_threshold")
    if not isinstance(share, int | float) or share <= 0:
        return None
    return Tolerance(
        float(share), float(link) if isinstance(link, int | float) else None, model_version
    )


def link_threshold(weighed: Iterable[WeighedPairs], share: float, lowest: float) -> float | None:
    """The lowest threshold at which no more than a share of the links is expected to be wrong.

    Args:
        weighed: Every pair once.
        share: The tolerated share.
        lowest: No threshold below this one, in bits.

    Returns:
        Bits; None where no threshold has a link and keeps the share.
    """
    pairs, wrong, found = 0, 0.0, None
    for low, group in groupby(sorted(weighed, key=_strongest_first), key=lambda one: one.low):
        for one in group:
            pairs, wrong = pairs + one.pairs, wrong + one.wrong
        if low < lowest or wrong > share * pairs:
            break
        found = low
    return found


def _strongest_first(weighed: WeighedPairs) -> float:
    return -weighed.low


@dataclass(frozen=True, slots=True)
class Expected:
    """What the model expects of a link threshold.

    Attributes:
        link: The threshold, bits.
        links: Pairs at or above it.
        wrong: Of these, two people's.
        recall: Share of the pairs of one person that are at or above it, of all that are scored.
    """

    link: float
    links: int
    wrong: float
    recall: float

    @property
    def precision(self) -> float:
        """Share of links that are right; 1 where there is none."""
        return 1 - self.wrong / self.links if self.links > 0 else 1.0


def expected(weighed: Sequence[WeighedPairs], link: float, apart: float = 0.0) -> Expected:
    """What is expected of one link threshold.

    Args:
        weighed: The pairs that a weight may link.
        link: The threshold, bits.
        apart: Expected pairs of one person that nothing links but a steward.
    """
    above = [one for one in weighed if one.low >= link - STEP / 2]
    links, wrong = sum(one.pairs for one in above), sum(one.wrong for one in above)
    same = sum(one.pairs - one.wrong for one in weighed) + apart
    return Expected(link, links, wrong, (links - wrong) / same if same > 0 else 1.0)
