"""The feed tells when golden values changed: a subscriber ends with our digests."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.stewarding import decision_rules
from mdm.domain.judgement import Verdict
from mdm.services.changes import Scope
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    built,
    deliver,
    homes,
    link,
    revert,
    templates,
    who,
)
from support.stewards import judge_keeping_anchors
from support.subscriber import agree_with_a_subscriber, whole_feed

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow


def golden_told(application: Application, known: str = "true") -> list[tuple[str, str | None]]:
    feed = whole_feed(application.store, limit=3, scope=Scope(known, {}))
    return [
        (str(one.municipal_id), one.golden_digest)
        for one in feed
        if one.change.value == "golden_changed"
    ]


def rows(application: Application) -> int:
    with application.store.reading() as session:
        return session.number("SELECT COUNT(*) FROM golden_change")


def test_the_first_build_writes_nothing_and_tells_all(built: Application) -> None:
    assert rows(built) == 0
    assert {name for name, _ in golden_told(built)} == set(homes(built).values())
    agree_with_a_subscriber(built.store, seed=2)


def test_a_correction_is_told_of_its_citizen_alone(built: Application, tmp_path: Path) -> None:
    ana = homes(built)[CLINIC, "1"]
    before = golden_told(built)
    phone = {"phone": "51981112233"}
    deliver(built, tmp_path, [who("1", ANA, **phone), who("2", CARLOS)], CLINIC)
    plan = link(built)

    told = golden_told(built)
    assert [name for name, _ in told[len(before) :]] == [ana]
    assert told[: len(before)] == before
    assert rows(built) == 1
    agree_with_a_subscriber(built.store, seed=3)

    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS, phone="51987776655")], SCHOOL)
    later = link(built)
    agree_with_a_subscriber(built.store, seed=4)
    revert(built, later["plan_id"])
    agree_with_a_subscriber(built.store, seed=5)
    assert plan["plan_id"] != later["plan_id"]


def test_golden_values_are_told_to_who_has_a_record_of_the_citizen(built: Application) -> None:
    school = golden_told(built, "r.source = 'school'")

    assert [name for name, _ in school] == [homes(built)[SCHOOL, "7"]]
    told = {digest for _, digest in golden_told(built)}
    with built.store.reading() as session:
        stored = session.rows("SELECT content_digest FROM golden_record")
    assert told.isdisjoint(str(row["content_digest"]) for row in stored)


def test_a_correction_is_told_to_nobody_who_has_no_record_of_the_citizen(
    built: Application, tmp_path: Path
) -> None:
    """The school knows of Ana: that Carlos has another phone is none of its business."""
    ana, carlos = homes(built)[CLINIC, "1"], homes(built)[CLINIC, "2"]
    school, clinic = "r.source = 'school'", "r.source = 'clinic'"
    before = golden_told(built, school)
    clinic_before = golden_told(built, clinic)
    phone = {"phone": "51981112233"}
    deliver(built, tmp_path, [who("1", ANA), who("2", CARLOS, **phone)], CLINIC)
    link(built)

    assert golden_told(built, school) == before
    told = golden_told(built, clinic)[len(clinic_before) :]
    assert [name for name, _ in told] == [carlos]

    deliver(built, tmp_path, [who("1", ANA, **phone), who("2", CARLOS, **phone)], CLINIC)
    link(built)
    assert [name for name, _ in golden_told(built, school)[len(before) :]] == [ana]

    # Its record is of somebody else: what becomes of Ana is none of its business any more.
    header, keys = built.header("judge"), ((CLINIC, "1"), (SCHOOL, "7"))
    said = Verdict.DIFFERENT, "documents compared"
    judge_keeping_anchors(built.store, decision_rules(built), header, keys, said)
    assert homes(built)[CLINIC, "1"] == ana
    assert homes(built)[SCHOOL, "7"] != ana
    before = golden_told(built, school)
    deliver(
        built, tmp_path, [who("1", ANA, phone="51987776655"), who("2", CARLOS, **phone)], CLINIC
    )
    link(built)
    assert golden_told(built, school) == before
