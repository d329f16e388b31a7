"""Restricted records attach to one citizen: they bridge no two and anchor no ID."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.linkage import engine
from mdm.linkage.delta import MOST_CHANGED
from support.intake import person
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    Key,
    app,
    assert_sound,
    built,
    changes,
    deliver,
    homes,
    ids,
    link,
    partition,
    record_ids,
    revert,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow
A1, A7 = (CLINIC, "1"), (SCHOOL, "7")
OTHER = person("7", "Beatriz Moreira Alves", birth_date="2001-10-10")


@pytest.fixture(autouse=True, params=[MOST_CHANGED, 1.0], ids=["whole", "delta"])
def most_changed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """In a town this small a single record is so many that all are scored and decided."""
    monkeypatch.setattr(engine, "MOST_CHANGED", request.param)


def test_a_restricted_record_bridges_no_two_citizens(app: Application, tmp_path: Path) -> None:
    """It looks like both; they do not look like each other."""
    one = person("1", "Ana Paula Ferreira Souza", birth_date="1987-03-21", cpf="529.982.247-25")
    two = person("2", "Ana Paula Moreira Lima", phone="51999998888", nis="12068910251",
                 mother_name="Rosa Ferreira Souza")  # fmt: skip
    bridge = person("7", "Ana Paula Ferreira Souza", birth_date="1987-03-21", cpf="529.982.247-25",
                    nis="12068910251", mother_name="Rosa Ferreira Souza",
                    phone="51999998888")  # fmt: skip
    deliver(app, tmp_path, [one, two], CLINIC)
    deliver(app, tmp_path, [bridge], SCHOOL)
    assert len(partition_of_plan(app)) == 1
    deliver(app, tmp_path, [{**bridge, "restricted": "1"}], SCHOOL)

    link(app)

    assert len(partition(app)) == 2
    assert homes(app)[CLINIC, "1"] != homes(app)[CLINIC, "2"]
    assert_sound(app)


def partition_of_plan(application: Application) -> set[frozenset[Key]]:
    """What a link would make: applied, looked at, reverted."""
    plan = link(application)
    found = partition(application)
    revert(application, plan["plan_id"])
    return found


def test_a_restricted_record_anchors_no_id_and_gives_one_up_when_it_becomes_restricted(
    built: Application, tmp_path: Path
) -> None:
    before = homes(built)
    known = record_ids(built)
    assert ids(built)[before[A1]][1] == known[A1]
    restricted = [who("1", ANA, restricted="1"), who("2", CARLOS)]
    deliver(built, tmp_path, restricted, CLINIC)

    assert changes(link(built)) == {}

    assert homes(built) == before
    assert ids(built)[before[A1]][1] == known[A7]
    assert_sound(built)
    deliver(built, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    assert changes(link(built)) == {}
    assert homes(built) == before
    assert_sound(built)


def test_an_older_id_counts_again_when_its_record_is_no_longer_restricted(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", ANA, restricted="1")], CLINIC)
    link(app)
    old = homes(app)[A1]
    deliver(app, tmp_path, [who("7", OTHER)], SCHOOL)
    link(app)
    deliver(app, tmp_path, [who("7", ANA)], SCHOOL)
    link(app)
    young = homes(app)[A7]
    assert homes(app) == {A1: young, A7: young}
    assert young != old
    assert_sound(app)

    deliver(app, tmp_path, [who("1", ANA)], CLINIC)
    link(app)

    assert homes(app) == {A1: old, A7: old}
    assert_sound(app)
