"""What a citizen is marked as."""

from datetime import date

import pytest

from mdm.domain.golden_record import Attribute
from mdm.domain.visibility import Flag
from mdm.services.disclosure import flags_of
from mdm.survivorship.build import Override, build_golden, value_digest
from mdm.survivorship.policy import default_policy
from support.members import member

BORN, LATER = date(2008, 3, 1), date(2009, 3, 1)
TWO = (member(1, birth_date=BORN, trust=90), member(2, "cadunico", birth_date=LATER, trust=10))


@pytest.mark.parametrize(("today", "child"), [("2027-02-28", True), ("2027-03-01", False)])
def test_a_child_until_the_18th_birthday_by_the_latest_date(today: str, *, child: bool) -> None:
    golden = build_golden(TWO, default_policy())
    assert golden.shown(Attribute.BIRTH_DATE) == BORN

    assert (Flag.CHILD in flags_of(golden, today)) is child


def test_a_date_that_a_steward_set_counts_alone() -> None:
    judged = value_digest(TWO[0], Attribute.BIRTH_DATE)
    said = Override(Attribute.BIRTH_DATE, BORN, None, 1, judged)
    golden = build_golden(TWO, default_policy(), [said])

    assert flags_of(golden, "2026-11-26") == frozenset()


def test_a_date_after_the_first_service_is_an_error() -> None:
    pupil = member(3, "escola", birth_date=BORN, service_since=date(2008, 9, 1))

    assert flags_of(build_golden([*TWO, pupil], default_policy()), "2026-11-26") == frozenset()


def test_a_death_that_is_contradicted_marks_nobody() -> None:
    dead = member(1, deceased_on=date(2025, 1, 1), authoritative=frozenset({"deceased"}))
    seen = member(2, "cadunico", last_contact_on=date(2026, 1, 1))

    assert flags_of(build_golden([dead], default_policy()), "2026-11-26") == {Flag.DECEASED}
    assert flags_of(build_golden([dead, seen], default_policy()), "2026-11-26") == frozenset()
