"""A control sample: drawn by weight, judged blind, and what follows from the answers."""

import csv
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.evaluating import _open_pairs
from mdm.bootstrap.quality import draw_sample, estimate_quality
from mdm.bootstrap.reads import Reads
from mdm.domain.access import Purpose, Reader, Role
from mdm.domain.audit import AuditEntry
from mdm.domain.judgement import Verdict
from mdm.errors import NothingToLinkError, SplitHeldError
from mdm.services import review_desk
from mdm.services.citizen_parts import doubts_of
from mdm.services.exports import ExportRequest, export_review
from mdm.services.miss_budget import MissBudget
from mdm.services.review_desk import ReviewItem
from mdm.services.review_queue import list_questions
from mdm.storage.service_store import ServiceStore
from support.intake import silent
from support.link_runs import (
    CLINIC,
    SCHOOL,
    app,
    assert_sound,
    built,
    homes,
    link,
    partition,
    templates,
)

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow

INES = Reader(
    actor="ines", role=Role.STEWARD, sector="health", purpose=Purpose.STEWARDSHIP, request_id="r"
)


def reads(application: Application) -> Reads:
    beside = ServiceStore(application.home.folder, application.database_url)
    return Reads(application, MissBudget(beside, application.clock))


def sampled(application: Application) -> tuple[ReviewItem, AuditEntry]:
    """The one linked pair, drawn and asked."""
    drawn = draw_sample(application, silent, size=20, seed=1)
    assert drawn["drawn"] == 1
    (item,), entry = reads(application).reviews(INES, limit=10)
    return item, entry


def decide(application: Application, item: ReviewItem, verdict: Verdict) -> dict[str, object]:
    said = verdict, "the papers say so"
    return reads(application).decide(INES, item.review_id, said, item.content_hash)[0]


def test_before_the_first_plan_there_is_nothing_to_draw_from(app: Application) -> None:
    with pytest.raises(NothingToLinkError):
        draw_sample(app, silent, size=20, seed=1)


def test_a_control_pair_shows_neither_that_it_is_one_nor_that_it_is_linked(
    built: Application, tmp_path: Path
) -> None:
    item, listed = sampled(built)
    found, read = reads(built).review(INES, item.review_id)
    home = homes(built)[CLINIC, "1"]

    assert item.kind == "between_thresholds"
    assert (item.match_weight, item.match_probability, item.guard) == (None, None, None)
    assert item.municipal_ids == (None, None)
    assert all(name is not None and name.startswith("Ana") for name in item.names)
    assert found.evidence is None
    assert [(side.municipal_id, side.companions) for side in found.sides] == [(None, ())] * 2
    # The trail knows whom the steward read of; no ID was told.
    assert all(entry.municipal_ids == (home,) and entry.told == () for entry in (listed, read))

    with built.store.reading() as session:
        (row,) = list_questions(session)
        keys: dict[int, dict[str, object]] = {number: {} for number in item.pair}
        assert doubts_of(session, keys, {"l": "true", "r": "true"}) == []
        assert _open_pairs(session) == []
    assert (row["kind"], row["reason"]) == ("between_thresholds", "between_thresholds")
    assert row["match_weight"] is None
    target = tmp_path / "q.csv"
    export_review(ExportRequest(store=built.store, header=built.header("export"), path=target))
    (line,) = csv.DictReader(target.read_text("utf-8").splitlines())
    assert (line["match_weight"], line["reason"]) == ("", "between_thresholds")
    assert_sound(built)


def test_same_confirms_and_counts(built: Application) -> None:
    item, _ = sampled(built)
    before = partition(built)

    decide(built, item, Verdict.SAME)
    found = estimate_quality(built, silent)

    assert partition(built) == before
    assert found["precision"] == {"estimate": 1.0, "low": 1.0, "high": 1.0}
    sample, shows = found["sample"], found["shows"]
    assert isinstance(sample, dict)
    assert isinstance(shows, dict)
    assert (sample["judged"], sample["waiting"]) == (1, 0)
    assert (shows["judged_links"], shows["needed"]) == (1, 3838)
    groups = found["groups"]
    assert isinstance(groups, list)
    assert {f"source:{CLINIC}", f"source:{SCHOOL}"} <= {row["group"] for row in groups}
    assert_sound(built)


def test_different_splits_as_any_answer_does_and_counts_as_a_wrong_link(
    built: Application,
) -> None:
    item, _ = sampled(built)

    outcome = decide(built, item, Verdict.DIFFERENT)

    assert outcome["split"] == 1
    assert frozenset({(CLINIC, "1")}) in partition(built)
    assert estimate_quality(built, silent)["precision"] == {
        "estimate": 0.0, "low": 0.0, "high": 0.0,
    }  # fmt: skip
    assert_sound(built)


def test_a_split_that_is_held_counts_as_well_and_goes_on_waiting(
    built: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, _ = sampled(built)

    def held(*_: object, **__: object) -> None:
        raise SplitHeldError("who keeps the ID?")

    monkeypatch.setattr(review_desk, "take_answers", held)
    with pytest.raises(SplitHeldError):
        decide(built, item, Verdict.DIFFERENT)

    found = estimate_quality(built, silent)
    assert found["precision"] == {"estimate": 0.0, "low": 0.0, "high": 0.0}
    assert reads(built).reviews(INES, limit=10)[0][0].state == "open"


def test_an_answer_taken_back_counts_not(built: Application) -> None:
    item, _ = sampled(built)
    decide(built, item, Verdict.SAME)

    reads(built).undo(INES, item.review_id)

    assert estimate_quality(built, silent)["precision"] is None
    assert reads(built).reviews(INES, limit=10)[0][0].review_id == item.review_id


def test_the_questions_outlive_a_plan_and_fall_away_with_the_next_sample(
    built: Application,
) -> None:
    first, _ = sampled(built)
    link(built)
    assert reads(built).reviews(INES, limit=10)[0] == [first]

    second, _ = sampled(built)

    assert second.review_id != first.review_id
    assert reads(built).question(INES, first.review_id).state == "stale"


def test_without_a_sample_only_decisions_are_told(built: Application) -> None:
    found = estimate_quality(built, silent)

    assert (found["sample"], found["precision"], found["strata"]) == (None, None, [])
