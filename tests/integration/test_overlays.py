"""Updates that turn a record into somebody else: asked about, and held until answered."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.maintenance import verify_registry
from mdm.errors import LoadHeldError
from mdm.services.exports import ExportRequest, export_crosswalk
from mdm.services.review_queue import list_questions
from support.intake import declare, load, person, silent, write_people
from support.link_runs import (
    ANA,
    SCHOOL,
    assert_sound,
    built,
    changes,
    deliver,
    homes,
    link,
    templates,
    who,
)
from support.small_registry import SmallRegistry
from support.stewards import homes as homes_of
from support.stewards import judge, undo

__all__ = ["built", "templates"]
OTHER = person("2", "Beatriz Moreira Alves", birth_date="2001-10-10", mother_name="Lia Moreira")
THREE = [who(str(number), ANA) for number in (1, 2, 3)]


@pytest.fixture
def made(application: Application, tmp_path: Path) -> SmallRegistry:
    """Three records of one citizen, whose second its source then turns into somebody else."""
    declare(application, "a")
    load(application, write_people(tmp_path / "a.csv", THREE), source="a")
    small = SmallRegistry(application.store)
    small.citizens((1, 2, 3))
    small.pairs((1, 2, 20.0), (1, 3, 12.0), (2, 3, 20.0))
    deliver(application, tmp_path, [THREE[0], OTHER, THREE[2]], "a")
    return small


def open_kinds(made: SmallRegistry) -> list[tuple[object, object, object]]:
    with made.store.reading() as session:
        return [(q["kind"], q["local_id_l"], q["local_id_r"]) for q in list_questions(session)]


def assert_holds(application: Application) -> None:
    assert [check for check in verify_registry(application, silent) if not check.ok] == []


def test_an_overlay_is_asked_about_and_changes_nothing_by_itself(
    made: SmallRegistry, application: Application, tmp_path: Path
) -> None:
    path = tmp_path / "crosswalk.csv"
    export_crosswalk(
        ExportRequest(store=made.store, header=application.header("export"), path=path)
    )

    assert open_kinds(made) == [("overlay", "1", "2")]
    assert len(set(homes_of(made, (1, 2, 3)))) == 1
    reviewed = [line.split(",")[5] for line in path.read_text("utf-8").splitlines()[1:]]
    assert reviewed == ["true", "true", "false"]
    assert_holds(application)


def test_different_takes_the_record_out_though_its_old_weights_bind_it_and_undo_asks_again(
    made: SmallRegistry, application: Application
) -> None:
    before = homes_of(made, (1, 2, 3))
    said = judge(made, "different", "1", "2")

    first, second, third = homes_of(made, (1, 2, 3))
    assert first == third == before[0]
    assert second != first
    assert open_kinds(made) == []
    assert_holds(application)

    undo(made, said["judgement_id"])
    assert homes_of(made, (1, 2, 3)) == before
    assert open_kinds(made) == [("overlay", "1", "2")]
    assert_holds(application)


def test_same_keeps_the_record_and_asks_no_more(
    made: SmallRegistry, application: Application
) -> None:
    before = homes_of(made, (1, 2, 3))
    judge(made, "same", "1", "2")

    assert homes_of(made, (1, 2, 3)) == before
    assert open_kinds(made) == []
    assert_holds(application)


def test_to_part_it_from_another_record_of_the_citizen_settles_it_too(made: SmallRegistry) -> None:
    judge(made, "different", "2", "3")

    first, second, third = homes_of(made, (1, 2, 3))
    assert second not in {first, third}
    assert first == third
    assert open_kinds(made) == []


def test_a_source_that_puts_the_person_back_is_not_asked_about(
    made: SmallRegistry, application: Application, tmp_path: Path
) -> None:
    deliver(application, tmp_path, THREE, "a")

    assert open_kinds(made) == []


def test_a_held_load_asks_when_it_is_accepted_and_without_a_cache(
    application: Application, tmp_path: Path
) -> None:
    declare(application, "a")
    load(application, write_people(tmp_path / "a.csv", THREE), source="a")
    small = SmallRegistry(application.store)
    small.citizens((1, 2, 3))
    (application.home.work / "volume.duckdb").unlink()
    with pytest.raises(LoadHeldError) as held:
        load(application, write_people(tmp_path / "a.csv", [THREE[0], OTHER]), source="a")
    assert open_kinds(small) == []

    load(application, accept=int(str(held.value.where)))
    assert open_kinds(small) == [("overlay", "1", "2")]


def test_an_overlay_of_a_restricted_record_is_not_among_the_questions_of_all(
    application: Application, tmp_path: Path
) -> None:
    declare(application, "a")
    hidden = [{**one, "restricted": "1" if one["local_id"] == "2" else ""} for one in THREE]
    load(application, write_people(tmp_path / "a.csv", hidden), source="a")
    small = SmallRegistry(application.store)
    small.citizens((1, 2, 3))
    deliver(application, tmp_path, [hidden[0], {**OTHER, "restricted": "1"}, hidden[2]], "a")

    assert open_kinds(small) == []
    with small.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM review_item WHERE kind = 'overlay'") == 1


@pytest.mark.slow
def test_link_runs_leave_an_overlaid_record_until_it_is_answered(
    built: Application, tmp_path: Path
) -> None:
    before = homes(built)
    deliver(built, tmp_path, [{**OTHER, "local_id": "7"}], SCHOOL)

    assert changes(link(built)) == {}
    assert homes(built) == before
    with built.store.reading() as session:
        assert [q["kind"] for q in list_questions(session)] == ["overlay"]
        statuses = session.rows("SELECT DISTINCT link_status FROM membership ORDER BY 1")
    assert [row["link_status"] for row in statuses] == ["alone", "automatic"]
    assert_sound(built)
