"""What the registry machine found in the services, each in the few commands that show it.

The oracle beside the services says after every command what must have come out.
"""

from collections.abc import Iterator

import pytest

from mdm.domain.judgement import Verdict
from mdm.errors import LaterChangesError
from support.registry_under_test import Content, Weights
from support.services_machine import OnSqlite

PLAIN = Content()
TOGETHER, APART, HELD = 19.0, 3.0, 7.0


@pytest.fixture
def beside() -> Iterator[OnSqlite]:
    """Services and oracle, with four records."""
    machine = OnSqlite()
    try:
        machine.load(dict.fromkeys((1, 2, 3, 4), PLAIN))
        yield machine
    finally:
        machine.teardown()


def applied(beside: OnSqlite, weights: Weights) -> int:
    beside.plan(weights)
    plan = max(beside.waiting)
    beside.apply(plan)
    beside.agree()
    return plan


def reverted(beside: OnSqlite, plan: int) -> None:
    beside.registry.revert(plan)
    beside.oracle.revert(plan)
    beside.agree()
    beside.links_are_those_of_the_last_plan_that_stands()


def decided_anew(beside: OnSqlite, left: int, right: int) -> None:
    """An answer that joins nothing, upon which both citizens are decided by the stored pairs."""
    beside.judge(Verdict.UNSURE, (left, right))
    beside.agree()


def test_of_ids_minted_by_one_plan_that_of_the_first_record_is_the_oldest(
    beside: OnSqlite,
) -> None:
    beside.judge(Verdict.DIFFERENT, (1, 2))
    beside.load({6: PLAIN})
    applied(beside, {(1, 3): TOGETHER, (1, 6): TOGETHER})
    applied(beside, {(1, 3): TOGETHER, (1, 6): TOGETHER, (1, 4): TOGETHER})


def test_who_was_told_after_a_plan_was_made_counts_when_it_is_applied(beside: OnSqlite) -> None:
    all_four = {(1, 2): TOGETHER, (1, 3): TOGETHER, (1, 4): TOGETHER}
    applied(beside, all_four)
    beside.plan({(1, 2): TOGETHER, (1, 3): TOGETHER})
    beside.tell_several([(4, "clinic"), (4, "school"), (1, "clinic")])
    beside.apply(max(beside.waiting))
    beside.agree()
    beside.every_id_answers_in_one_hop()


def test_a_revert_brings_back_the_links_that_its_plan_replaced(beside: OnSqlite) -> None:
    applied(beside, {(1, 2): TOGETHER, (3, 4): TOGETHER})
    plan = applied(beside, {(1, 2): HELD, (2, 3): APART})
    reverted(beside, plan)
    decided_anew(beside, 1, 3)


def test_links_are_those_of_the_last_plan_that_stands(beside: OnSqlite) -> None:
    applied(beside, {(1, 2): TOGETHER})
    second = applied(beside, {(1, 2): HELD})
    third = applied(beside, {(1, 2): HELD, (3, 4): TOGETHER})
    reverted(beside, second)
    decided_anew(beside, 1, 3)
    with pytest.raises(LaterChangesError):
        beside.registry.revert(third)


def test_reverts_in_any_order_leave_the_links_of_before(beside: OnSqlite) -> None:
    applied(beside, {(1, 2): TOGETHER})
    second = applied(beside, {(1, 2): HELD})
    third = applied(beside, {(3, 4): TOGETHER, (1, 2): HELD, (1, 3): HELD})
    reverted(beside, second)
    reverted(beside, third)
    decided_anew(beside, 1, 3)
    decided_anew(beside, 2, 4)


def test_a_plan_is_reverted_without_the_volume_database_of_before(beside: OnSqlite) -> None:
    plan = applied(beside, {(1, 2): TOGETHER})
    beside.lose_the_volume()
    reverted(beside, plan)


def test_an_answer_about_the_records_of_a_plan_forbids_its_revert(beside: OnSqlite) -> None:
    applied(beside, {(1, 2): TOGETHER})
    plan = applied(beside, {})
    beside.judge(Verdict.DIFFERENT, (1, 2))
    with pytest.raises(LaterChangesError):
        beside.registry.revert(plan)
    beside.stewards_win()


@pytest.mark.parametrize("gone", ["erased", "sealed"])
def test_a_revert_brings_back_no_link_of_who_is_gone(beside: OnSqlite, gone: str) -> None:
    """With the seal off sealed ones are linked by the next run."""
    first = applied(beside, {(1, 2): TOGETHER, (1, 3): 5.0})
    second = applied(beside, {(1, 2): TOGETHER, (1, 3): HELD, (2, 4): HELD})
    beside.erase(1, whole=False) if gone == "erased" else beside.seal(1)
    reverted(beside, second)

    assert beside.registry.stored_weights() == {}
    assert beside.oracle.weights == {}
    assert first in beside.applied


def test_what_was_said_of_an_erased_record_holds_where_it_stays(beside: OnSqlite) -> None:
    """By a run and by an answer; `mdm verify` at the end tells the same."""
    applied(beside, {(2, 3): TOGETHER, (2, 4): TOGETHER})
    beside.judge(Verdict.DIFFERENT, (1, 4))
    beside.agree()
    beside.erase(4, whole=False)
    applied(beside, {(1, 2): TOGETHER, (2, 3): TOGETHER})
    beside.who_is_gone_is_unknown()
    assert beside.registry.home(4) != beside.registry.home(2) == beside.registry.home(1)

    beside.judge(Verdict.DIFFERENT, (1, 3))
    beside.agree()
    beside.who_is_gone_is_unknown()
