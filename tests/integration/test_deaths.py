"""A death that one source reports, and activity after it elsewhere."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    assert_sound,
    built,
    deliver,
    homes,
    link,
    partition,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]

pytestmark = pytest.mark.slow

ANAS = ((CLINIC, "1"), (SCHOOL, "7"))


def death_of(application: Application, municipal_id: str) -> tuple[object, object]:
    with application.store.reading() as session:
        row = session.row(
            "SELECT deceased_status, deceased_on FROM golden_record WHERE municipal_id = :id",
            {"id": municipal_id},
        )
    assert row is not None
    return row["deceased_status"], row["deceased_on"]


def questions(application: Application) -> list[str]:
    with application.store.reading() as session:
        rows = session.rows("SELECT reason FROM review_item WHERE state = 'open'")
    return [str(row["reason"]) for row in rows]


def test_a_citizen_who_is_seen_after_a_reported_death_stays_one_and_alive(
    built: Application, tmp_path: Path
) -> None:
    """Whichever of the two came first, and no ID changes; until nobody contradicts it."""
    before = homes(built)
    deliver(built, tmp_path, [who("7", ANA, last_contact_on="2025-06-01")], SCHOOL)
    reported = [who("1", ANA, deceased_on="2025-03-01"), who("2", CARLOS)]
    deliver(built, tmp_path, reported, CLINIC)
    link(built)

    assert homes(built) == before
    assert death_of(built, before[ANAS[0]]) == ("contradicted", None)
    assert questions(built) == ["over_merge:activity_after_death"]
    assert_sound(built)

    deliver(built, tmp_path, [who("7", ANA, last_contact_on="2025-03-09")], SCHOOL)
    link(built)

    assert homes(built) == before
    assert death_of(built, before[ANAS[0]]) == ("reported", None)
    assert questions(built) == []
    assert_sound(built)


def test_nobody_is_joined_across_a_death_by_the_machine(app: Application, tmp_path: Path) -> None:
    deliver(app, tmp_path, [who("1", ANA, deceased_on="2025-03-01")], CLINIC)
    deliver(app, tmp_path, [who("7", ANA, last_contact_on="2025-06-01")], SCHOOL)
    link(app)

    assert len(partition(app)) == 2
    assert questions(app) == ["refused_by_guard:activity_after_death"]
    assert death_of(app, homes(app)[ANAS[1]]) == (None, None)
    assert_sound(app)
