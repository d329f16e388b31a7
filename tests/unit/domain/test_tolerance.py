"""A tolerated share of wrong links becomes a threshold in bits, by what the model itself says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.domain.tolerance import (
    Tolerance,
    WeighedPairs,
    expected,
    link_threshold,
    tolerated,
)

PAIRS = (
    WeighedPairs(20.0, 900, 0.001),
    WeighedPairs(8.0, 90, 0.3),
    WeighedPairs(4.0, 10, 0.6),
    WeighedPairs(0.0, 10, 5.0),
)


@pytest.mark.parametrize(
    ("share", "bits"), [(0.5, 0.0), (0.002, 4.0), (0.0005, 8.0), (1e-5, 20.0), (1e-9, None)]
)
def test_the_lowest_threshold_that_keeps_the_share_is_chosen(
    share: float, bits: float | None
) -> None:
    assert link_threshold(PAIRS, share, 0.0) == bits
    assert link_threshold(reversed(PAIRS), share, 0.0) == bits


def test_pairs_of_one_weight_are_linked_together_or_not_at_all() -> None:
    twice = (WeighedPairs(8.0, 10, 0.0), WeighedPairs(8.0, 10, 4.0), WeighedPairs(20.0, 10, 0.0))

    assert link_threshold(twice, 0.1, 0.0) == 20.0
    assert link_threshold(twice, 0.2, 0.0) == 8.0


def test_no_threshold_is_under_the_lowest_allowed() -> None:
    assert link_threshold(PAIRS, 0.5, 5.0) == 8.0
    assert link_threshold((), 0.5, 0.0) is None


def test_what_is_expected_counts_what_nothing_but_a_steward_links() -> None:
    found = expected(PAIRS, 8.0, apart=10.0)

    assert found.links == 990
    assert found.precision == pytest.approx(1 - 0.301 / 990)
    assert found.recall == pytest.approx(989.699 / (1010 - 5.901 + 10))
    assert (expected((), 8.0).precision, expected((), 8.0).recall) == (1.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(-30, 300), st.integers(1, 50)), min_size=1, max_size=20),
    st.floats(1e-6, 0.5),
)
def test_what_was_tolerated_is_what_is_expected(steps: list[tuple[int, int]], share: float) -> None:
    pairs = [WeighedPairs(n / 10, size, size / (1 + 2.0 ** (n / 10))) for n, size in steps]
    found = link_threshold(pairs, share, 0.0)

    if found is not None:
        assert 1 - expected(pairs, found).precision <= share * (1 + 1e-9) + 1e-12


def test_a_plan_tells_what_it_tolerates() -> None:
    counts: dict[str, object] = {"tolerate": 1e-4, "link_threshold": 4.1}

    assert tolerated(counts, "v") == Tolerance(1e-4, 4.1, "v")
    assert tolerated({"tolerate": None, "link_threshold": 6.0}, "v") is None
    assert tolerated({}, "v") is None
