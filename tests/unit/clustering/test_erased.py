"""Erased records stay with the largest part of their citizen, which ordinary records tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.clustering.erased import with_erased
from mdm.domain.judgement import Judgement, JudgementState, Verdict, close

ORDINARY = frozenset(range(1, 8))
"""Records 8 and 9 are restricted, and 0, which is older than all."""


@pytest.mark.parametrize(
    ("clusters", "homes", "wanted"),
    [
        ([(1, 2), (3,)], "AAAx", [(1, 2, 20), (3,)]),
        ([(1,), (2, 3)], "AAAx", [(1,), (2, 3, 20)]),
        ([(1,), (2,)], "AAx", [(1, 20), (2,)]),
        # Others in a cluster make it no larger a part of this citizen.
        ([(1,), (2, 3)], "ABBx", [(1, 20), (2, 3)]),
        # A restricted record counts for nothing where there are ordinary ones, ...
        ([(0, 8), (1,)], {0: "A", 8: "A", 1: "A"}, [(0, 8), (1, 20)]),
        ([(0, 2), (1,)], {0: "A", 2: "B", 1: "A"}, [(0, 2), (1, 20)]),
        # ... leads nobody into a cluster with ordinary ones of others, ...
        ([(0, 2)], {0: "A", 2: "B"}, [(0, 2), (20,)]),
        # ... and those that only have each other stay together.
        ([(0, 8)], {0: "A", 8: "B"}, [(0, 8, 20)]),
        ([], {}, [(20,)]),
    ],
)
def test_who_an_erased_record_stays_with(
    clusters: list[tuple[int, ...]], homes: str | dict[int, str], wanted: list[tuple[int, ...]]
) -> None:
    known = homes if isinstance(homes, dict) else dict(enumerate(homes[:-1], 1))

    found = with_erased(clusters, {**known, 20: "A"}, ORDINARY, [20])

    assert sorted(found) == sorted(wanted)


def said(number: int, verdict: Verdict, left: int, right: int) -> Judgement:
    return Judgement(number, verdict, left, right, JudgementState.ACTIVE)


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ([], [(1, 2, 20, 21), (3,), (4,)]),
        ([said(1, Verdict.SAME, 3, 20)], [(1, 2, 21), (3, 20), (4,)]),
        ([said(1, Verdict.SAME, 20, 21)], [(1, 2, 20, 21), (3,), (4,)]),
        ([said(1, Verdict.DIFFERENT, 2, 20)], [(1, 2, 21), (3, 20), (4,)]),
        # Through a third record, too.
        (
            [said(1, Verdict.SAME, 4, 20), said(2, Verdict.DIFFERENT, 2, 4)],
            [(1, 2, 21), (3,), (4, 20)],
        ),
        (
            [said(1, Verdict.DIFFERENT, 2, 20), said(2, Verdict.DIFFERENT, 3, 20)],
            [(1, 2, 21), (3,), (4,), (20,)],
        ),
    ],
)
def test_what_stewards_said_of_it_holds(
    answers: list[Judgement], wanted: list[tuple[int, ...]]
) -> None:
    homes = {1: "A", 2: "A", 3: "A", 4: "B", 20: "A", 21: "A"}

    found = with_erased([(1, 2), (3,), (4,)], homes, ORDINARY, [20, 21], close(answers))

    assert sorted(found) == sorted(wanted)


@given(
    cluster=st.lists(st.integers(0, 3), min_size=10, max_size=10),
    homes=st.lists(st.sampled_from("ABC"), min_size=14, max_size=14),
    order=st.permutations(range(10, 14)),
)
def test_nobody_is_lost_and_no_other_moves(
    cluster: list[int], homes: list[str], order: list[int]
) -> None:
    """Those of one citizen stay together, whatever the order they are looked at in."""
    groups = [tuple(r for r in range(10) if cluster[r] == n) for n in range(4)]
    clusters = [group for group in groups if group]
    known = dict(enumerate(homes))

    found = with_erased(clusters, known, ORDINARY, order)

    assert sorted(r for group in found for r in group) == list(range(14))
    assert {tuple(r for r in group if r < 10) for group in found} - {()} == set(clusters)
    assert sorted(found) == sorted(with_erased(clusters, known, ORDINARY, sorted(order)))
    place = {r: n for n, group in enumerate(found) for r in group}
    for left in range(10, 14):
        for right in range(10, 14):
            if known[left] == known[right]:
                assert place[left] == place[right]
