"""Intervals from stratified samples hold the truth as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.domain.stratified import (
    Stratum,
    best_shown,
    estimated_precision,
    estimated_recall,
    estimated_total,
    judgements_needed,
    share_limits,
)

RUNS = 1500
STATED = 0.95
# Three standard errors of a share of 0.95 in so many runs.
SLACK = 3 * (STATED * (1 - STATED) / RUNS) ** 0.5

# Pairs of each stratum, the share that is one person, pairs judged.
CITY = ([600_000, 200_000, 50_000, 10_000, 3_000], [0.9999, 0.999, 0.99, 0.95, 0.8], [60] * 5)
GOOD = ([600_000, 200_000, 50_000, 3_000], [0.99995, 0.9995, 0.997, 0.9], [300, 150, 80, 40])
POOR = ([1_000, 1_000], [0.9, 0.7], [50, 50])
EVEN = ([1_000_000] * 8, [0.995] * 8, [40] * 8)
LEFT = ([20_000, 50_000, 5_000_000], [0.4, 0.02, 0.0001], [150, 100, 100])


def strata(
    design: tuple[list[int], list[float], list[int]], rng: np.random.Generator
) -> list[Stratum]:
    found = rng.binomial(design[2], design[1])
    return [
        Stratum(population=population, judged=judged, same=int(same))
        for population, judged, same in zip(design[0], design[2], found, strict=True)
    ]


def true_total(design: tuple[list[int], list[float], list[int]]) -> float:
    return sum(n * share for n, share in zip(design[0], design[1], strict=True))


@pytest.mark.parametrize("design", [CITY, GOOD, POOR, EVEN], ids=["city", "good", "poor", "even"])
def test_the_interval_of_precision_holds_the_truth_at_the_stated_rate(
    design: tuple[list[int], list[float], list[int]],
) -> None:
    rng = np.random.default_rng(7)
    truth = true_total(design) / sum(design[0])

    found = [estimated_precision(strata(design, rng)) for _ in range(RUNS)]

    held = sum(f is not None and f.low <= truth <= f.high for f in found) / RUNS
    middle = sum(f.estimate for f in found if f is not None) / RUNS
    assert held >= STATED - SLACK
    assert middle == pytest.approx(truth, abs=0.002)


@pytest.mark.parametrize("design", [CITY, GOOD], ids=["city", "good"])
def test_the_interval_of_recall_holds_the_truth_at_the_stated_rate(
    design: tuple[list[int], list[float], list[int]],
) -> None:
    rng = np.random.default_rng(11)
    right, lost = true_total(design), true_total(LEFT)
    truth = right / (right + lost)

    found = [estimated_recall(strata(design, rng), strata(LEFT, rng)) for _ in range(RUNS)]

    held = sum(f is not None and f.low <= truth <= f.high for f in found) / RUNS
    assert held >= STATED - SLACK


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 200), st.floats(0, 1)),
        min_size=1,
        max_size=6,
    )
)
def test_limits_lie_around_the_estimate_and_within_what_there_is(
    drawn: list[tuple[int, int, float]],
) -> None:
    ours = [
        Stratum(population=max(n, judged), judged=judged, same=int(share * judged))
        for n, judged, share in drawn
    ]
    most = sum(one.population for one in ours)
    total = estimated_total(ours)
    precision = estimated_precision(ours)

    assert -1e-6 <= total.low <= total.estimate + 1e-6
    assert total.estimate <= total.high + 1e-6
    assert total.high <= most * (1 + 1e-9)
    if precision is not None:
        assert 0 <= precision.low <= precision.estimate + 1e-9
        assert precision.estimate <= precision.high + 1e-9


def test_what_was_judged_to_the_last_pair_is_known() -> None:
    total = estimated_total([Stratum(population=40, judged=40, same=13)])

    assert (total.low, total.estimate, total.high) == (13, 13, 13)


def test_a_stratum_nobody_looked_at_may_be_all_or_nothing() -> None:
    found = estimated_precision(
        [Stratum(population=900, judged=900, same=900), Stratum(population=100, judged=0, same=0)]
    )

    assert found is not None
    assert found.low == pytest.approx(0.9)
    assert found.high == 1.0


def test_nothing_judged_tells_nothing() -> None:
    blank = [Stratum(population=10, judged=0, same=0)]

    assert estimated_precision(blank) is None
    assert estimated_recall(blank, blank) is None
    assert share_limits(0, 0) == (0.0, 1.0)


def test_what_so_many_judgements_can_show() -> None:
    assert judgements_needed(0.999) == 3838
    assert best_shown(3838) >= 0.999 > best_shown(3837)


def test_a_stratum_cannot_hold_more_same_than_judged() -> None:
    with pytest.raises(ValueError):
        Stratum(population=10, judged=2, same=3)
