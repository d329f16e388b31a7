import pytest

from mdm.domain.delivery import HoldRule, ScopeLoss


@pytest.mark.parametrize(
    ("before", "withdrawn", "held"),
    [(100, 1, False), (100, 2, True), (99, 1, True), (1, 1, True), (700, 7, False), (0, 0, False)],
)
def test_more_than_one_in_a_hundred_of_a_scope_is_held(
    before: int, withdrawn: int, *, held: bool
) -> None:
    losses = [ScopeLoss("source", before, withdrawn)] if withdrawn else []

    assert HoldRule().holds(before, losses) is held


@pytest.mark.parametrize(("withdrawn", "held"), [(5, False), (6, True)])
def test_one_school_of_many_may_lose_a_handful(withdrawn: int, *, held: bool) -> None:
    losses = [ScopeLoss("school", 30, withdrawn)]

    assert HoldRule().holds(10_000, losses) is held


def test_many_handfuls_together_are_too_much() -> None:
    losses = [ScopeLoss(str(school), 30, 3) for school in range(50)]

    assert HoldRule().holds(10_000, losses)
