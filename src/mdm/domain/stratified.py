"""Estimates from a stratified sample of judged pairs, with intervals.

The estimator of a total is Horvitz and Thompson's (1952): every judged pair counts for N/n pairs
of its stratum, the inverse of its probability of being drawn. What is counted is rare (a wrong
link, a missed one), so the interval of the weighted sum is Fay and Feuer's (Statistics in Medicine
16, 1997): a gamma distribution with the sum's mean and variance, that holds its rate also where
few or none were found. The limits of one stratum are Clopper and Pearson's (1934), those of a
ratio of two sums MOVER's (Donner and Zou, Statistical Methods in Medical Research 21, 2012).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import betaincinv, gammaincinv

CONFIDENCE = 0.95
Z = 1.959963984540054
"""Quantile of the normal distribution for `CONFIDENCE`, both sides."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its limits at `CONFIDENCE`."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """What is known of one stratum.

    Attributes:
        population: Pairs in it.
        judged: Pairs of it that were drawn at random and judged.
        same: Of these, those judged to be one person.
    """

    population: float
    judged: int
    same: int

    def __post_init__(self) -> None:
        if not 0 <= self.same <= self.judged or self.population < 0:
            raise ValueError("0 <= same <= judged and a population of 0 or more are needed")


def share_limits(hits: int, judged: int) -> tuple[float, float]:
    """Clopper and Pearson's limits of a share; (0, 1) where nothing was judged."""
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, judged - hits + 1, tail))
    high = 1.0 if hits == judged else float(betaincinv(hits + 1, judged - hits, 1 - tail))
    return low, high


def estimated_total(strata: Sequence[Stratum]) -> Interval:
    """How many pairs of all strata are one person.

    A stratum of which every pair was judged is known; one of which none was takes the share of
    the others, and may be all or nothing.
    """
    pooled = _pooled(strata)
    drawn = [one for one in strata if 0 < one.judged < one.population]
    known = sum(one.same for one in strata if one.judged >= one.population)
    blank = sum(one.population for one in strata if one.judged == 0)
    low, high = _sum_limits(drawn)
    estimate = known + sum(_factor(one) * one.same for one in drawn) + blank * pooled
    return Interval(estimate, known + low, known + high + blank)


def linked_right(strata: Sequence[Stratum]) -> Interval:
    """How many linked pairs are one person: all but the wrong ones, which are rare."""
    most = sum(one.population for one in strata)
    wrong = estimated_total([_turned(one) for one in strata])
    return Interval(most - wrong.estimate, most - wrong.high, most - wrong.low)


def estimated_precision(strata: Sequence[Stratum]) -> Interval | None:
    """The share of linked pairs that are one person; None where none was judged."""
    most = sum(one.population for one in strata)
    if most == 0 or not any(one.judged for one in strata):
        return None
    right = linked_right(strata)
    return Interval(right.estimate / most, max(0.0, right.low / most), right.high / most)


def estimated_recall(found: Sequence[Stratum], missed: Sequence[Stratum]) -> Interval | None:
    """The share of true pairs that are linked: true / (true + missed).

    Args:
        found: Strata of linked pairs.
        missed: Strata of pairs that are not linked.

    Returns:
        None where no linked or no other pair was judged.
    """
    judged = [any(one.judged for one in strata) for strata in (found, missed)]
    right, lost = linked_right(found), estimated_total(missed)
    if not all(judged) or right.estimate <= 0:
        return None
    least, most = _ratio_limits(lost, right)
    return Interval(
        right.estimate / (right.estimate + lost.estimate), 1 / (1 + most), 1 / (1 + least)
    )


def judgements_needed(share: float) -> int:
    """Judgements without an error, drawn at random from all, that show at least this share.

    Wilson's (1927) lower limit of n right among n is n / (n + z^2): 0.999 takes 3,838.
    """
    return math.ceil(Z * Z * share / (1 - share))


def best_shown(judged: int) -> float:
    """The largest share that so many judgements without an error show; see `judgements_needed`."""
    return judged / (judged + Z * Z)


def _factor(one: Stratum) -> float:
    """Pairs that a judged one stands for."""
    return one.population / one.judged


def _turned(one: Stratum) -> Stratum:
    return Stratum(population=one.population, judged=one.judged, same=one.judged - one.same)


def _sum_limits(strata: Sequence[Stratum]) -> tuple[float, float]:
    """Fay and Feuer's limits of the weighted sum of rare counts."""
    if len(strata) == 0:
        return 0.0, 0.0
    tail = (1 - CONFIDENCE) / 2
    mean = sum(_factor(one) * one.same for one in strata)
    spread = sum(_factor(one) ** 2 * one.same for one in strata)
    low = 0.0 if mean == 0 else _gamma(mean, spread, tail)
    largest = max(_factor(one) for one in strata)
    high = _gamma(mean + largest, spread + largest**2, 1 - tail)
    return low, min(high, sum(one.population for one in strata))


def _gamma(mean: float, variance: float, share: float) -> float:
    """Quantile of the gamma distribution of a mean and a variance."""
    return float(gammaincinv(mean**2 / variance, share)) * variance / mean


def _pooled(strata: Sequence[Stratum]) -> float:
    known = [one for one in strata if one.judged > 0]
    weight = sum(one.population for one in known)
    return sum(one.population * one.same / one.judged for one in known) / weight if weight else 0.5


def _ratio_limits(top: Interval, bottom: Interval) -> tuple[float, float]:
    """MOVER's limits of top / bottom; infinite where the bottom may be nothing."""
    product = top.estimate * bottom.estimate
    low_part = top.low * bottom.high * (2 * top.estimate - top.low) * (
        2 * bottom.estimate - bottom.high
    )  # fmt: skip
    high_part = top.high * bottom.low * (2 * top.estimate - top.high) * (
        2 * bottom.estimate - bottom.low
    )  # fmt: skip
    below = bottom.high * (2 * bottom.estimate - bottom.high)
    above = bottom.low * (2 * bottom.estimate - bottom.low)
    low = (product - math.sqrt(max(0.0, product**2 - low_part))) / below if below > 0 else 0.0
    high = math.inf
    if above > 0:
        high = (product + math.sqrt(max(0.0, product**2 - high_part))) / above
    return max(0.0, low), high
