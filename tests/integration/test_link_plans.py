"""Plan, apply, again: what a link run does to a small registry."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.linking import DuckLinking
from mdm.errors import (
    ModelMismatchError,
    NotFoundError,
    NothingToLinkError,
    PlanStaleError,
    PlanStateError,
    TooManyChangesError,
)
from mdm.services import apply_plan as module
from mdm.services.link_records import check_stored_plan
from mdm.services.plans import list_plans, show_plan
from mdm.storage.write_session import WriteSession
from support.intake import person
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    apply,
    assert_sound,
    built,
    changes,
    deliver,
    homes,
    ids,
    judged,
    link,
    partition,
    state_of,
    statuses,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]

pytestmark = pytest.mark.slow


def test_a_build_from_load_to_answers(app: Application, tmp_path: Path) -> None:
    with pytest.raises(NothingToLinkError):
        link(app)
    deliver(app, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    deliver(app, tmp_path, [who("7", ANA)], SCHOOL)
    assert_sound(app)
    loaded = state_of(app)
    plan = link(app, apply=False)
    assert state_of(app) | {"plans": 0} == loaded | {"plans": 0}
    assert_sound(app)

    assert apply(app, plan["plan_id"]) == plan | {"state": "applied"}

    assert changes(plan) == {"minted": 2, "linked": 1}
    assert partition(app) == {
        frozenset({(CLINIC, "1"), (SCHOOL, "7")}), frozenset({(CLINIC, "2")}),
    }  # fmt: skip
    assert statuses(app) == {
        (CLINIC, "1"): ("present", "automatic"),
        (SCHOOL, "7"): ("present", "automatic"),
        (CLINIC, "2"): ("present", "alone"),
    }
    assert_sound(app)


def test_linking_again_changes_nothing_and_mints_nothing(built: Application) -> None:
    before = state_of(built)

    result = link(built)
    after = state_of(built)

    assert changes(result) == {}
    assert after | {"plans": 0} == before | {"plans": 0}
    assert_sound(built)


def test_linking_again_works_after_the_cache_was_deleted(built: Application) -> None:
    before = state_of(built)
    for file in built.home.work.glob("volume*"):
        file.unlink()

    assert changes(link(built)) == {}
    assert changes(link(built)) == {}
    assert state_of(built) | {"plans": 0} == before | {"plans": 0}


def test_new_records_join_without_changing_an_id(built: Application, tmp_path: Path) -> None:
    before = homes(built)
    issued = ids(built)
    new = person("9", "Beatriz Moreira Alves", birth_date="2001-10-10")
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS), new], SCHOOL)

    result = link(built)

    after = homes(built)
    assert changes(result) == {"minted": 1, "linked": 1}
    assert {key: after[key] for key in before} == before
    assert after[SCHOOL, "8"] == before[CLINIC, "2"]
    assert issued.items() <= ids(built).items()
    assert statuses(built)[CLINIC, "2"] == ("present", "automatic")
    assert_sound(built)


def test_two_citizens_that_turn_out_to_be_one_keep_the_older_id(
    built: Application, tmp_path: Path
) -> None:
    """The record that stays is linked otherwise than before, in the same plan."""
    before = homes(built)
    vague = who("8", CARLOS, cpf="", full_name="Carlos Lima Prado", birth_date="1951-02-06")
    deliver(built, tmp_path, [who("7", ANA), vague], SCHOOL)
    link(built)
    assert homes(built)[SCHOOL, "8"] != before[CLINIC, "2"]

    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
    result = link(built)

    assert changes(result) == {"moved": 1, "merged": 1}
    assert homes(built)[SCHOOL, "8"] == homes(built)[CLINIC, "2"] == before[CLINIC, "2"]
    assert statuses(built)[CLINIC, "2"] == ("present", "automatic")
    assert_sound(built)


def test_a_second_link_after_a_merge_writes_no_event(built: Application, tmp_path: Path) -> None:
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS, cpf="", birth_date="")], SCHOOL)
    link(built)
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
    link(built)
    events = state_of(built)["events"]

    link(built)

    assert state_of(built)["events"] == events


def test_a_judgement_between_plan_and_apply_is_decided_anew(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", ANA)], CLINIC)
    deliver(app, tmp_path, [who("7", ANA)], SCHOOL)
    plan = link(app, apply=False)
    judged(app, "different", (CLINIC, "1"), (SCHOOL, "7"))

    result = apply(app, plan["plan_id"])

    assert changes(result) == {"minted": 2}
    assert homes(app)[CLINIC, "1"] != homes(app)[SCHOOL, "7"]
    assert_sound(app)
    assert changes(link(app)) == {}


def test_a_judged_record_that_stays_alone_gets_its_id(app: Application, tmp_path: Path) -> None:
    deliver(app, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    judged(app, "different", (CLINIC, "1"), (CLINIC, "2"))

    assert changes(link(app)) == {"minted": 2}
    assert set(homes(app)) == {(CLINIC, "1"), (CLINIC, "2")}


def test_a_load_between_plan_and_apply_is_decided_anew(built: Application, tmp_path: Path) -> None:
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
    plan = link(built, apply=False)
    assert changes(plan) == {"linked": 1}
    other = person("8", "Beatriz Moreira Alves", birth_date="2001-10-10")
    deliver(built, tmp_path, [who("7", ANA), other], SCHOOL)

    assert changes(apply(built, plan["plan_id"])) == {"minted": 1}
    assert_sound(built)


def test_a_plan_overtaken_by_too_much_is_stale(built: Application, tmp_path: Path) -> None:
    before = state_of(built)
    plan = link(built, apply=False)
    many = [person(f"n{n}", f"Pessoa {chr(65 + n)} Silva") for n in range(25)]
    deliver(built, tmp_path, [who("7", ANA), *many], SCHOOL)

    with pytest.raises(PlanStaleError):
        apply(built, plan["plan_id"])
    after = state_of(built)
    for name in ("homes", "ids", "golden", "events"):
        assert after[name] == before[name]
    assert_sound(built)


def test_a_plan_is_applied_once(built: Application) -> None:
    plan = link(built, apply=False)
    apply(built, plan["plan_id"])

    with pytest.raises(PlanStateError):
        apply(built, plan["plan_id"])
    with pytest.raises(NotFoundError):
        apply(built, 99)


def test_of_two_plans_from_one_state_the_second_finds_nothing_left_to_do(
    app: Application, tmp_path: Path
) -> None:
    deliver(app, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    one, other = link(app, apply=False), link(app, apply=False)
    apply(app, one["plan_id"])
    before = homes(app)

    assert changes(apply(app, other["plan_id"])) == {}
    assert homes(app) == before
    assert_sound(app)


def test_a_plan_made_with_another_model_is_stale(built: Application) -> None:
    plan = link(built, apply=False)
    with built.store.writing(built.header("test")) as session:
        session.update_rows("plan", [{"plan_id": plan["plan_id"], "model_version": "other"}])

    with pytest.raises(PlanStaleError):
        apply(built, plan["plan_id"])


@pytest.mark.parametrize("stored", [False, True])
def test_too_many_changes_need_a_persons_word(
    built: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stored: bool
) -> None:
    monkeypatch.setattr(module, "FEWEST_CHANGES", 0)
    vague = who("8", CARLOS, cpf="", full_name="Carlos Lima Prado", birth_date="1951-02-06")
    deliver(built, tmp_path, [who("7", ANA), vague], SCHOOL)
    link(built)
    before = state_of(built)
    # The plan of a state in which nothing changes, overtaken by a load that merges two citizens.
    plan = link(built, apply=False) if stored else None
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)

    with pytest.raises(TooManyChangesError):
        link(built) if plan is None else apply(built, plan["plan_id"])
    assert state_of(built)["homes"] == before["homes"]

    if plan is None:
        result = link(built, accept_changes=1)
    else:
        result = apply(built, plan["plan_id"], accepted=1)
    assert changes(result) == {"moved": 1, "merged": 1}


def test_data_unlike_the_models_are_refused_until_the_model_is_accepted(
    app: Application, tmp_path: Path
) -> None:
    people = [person(str(n), f"Pessoa {chr(65 + n)} Silva") for n in range(9)]
    deliver(app, tmp_path, people, CLINIC)

    with pytest.raises(ModelMismatchError) as refused:
        link(app, accept_model=False)
    assert "birth" in refused.value.message
    assert homes(app) == {}
    plan = link(app, accept_model=False, apply=False)
    with app.store.reading() as session:
        with pytest.raises(ModelMismatchError):
            check_stored_plan(session, int(str(plan["plan_id"])), 0)
        check_stored_plan(session, int(str(plan["plan_id"])), 0, accept_model=True)
    assert link(app)["state"] == "applied"


def test_plans_are_listed_and_shown_in_record_keys(built: Application) -> None:
    with built.store.reading() as session:
        listed = list_plans(session)
        shown = show_plan(session, 1)

    assert [plan["plan_id"] for plan in listed] == [1]
    assert shown["events"] == {"mint": 2, "place": 3}
    places = [(e["source"], e["local_id"]) for e in shown["sample"] if e["kind"] == "place"]  # type: ignore[attr-defined]
    assert sorted(places) == sorted(homes(built))


def test_a_golden_value_follows_whose_number_it_is(built: Application, tmp_path: Path) -> None:
    """A child carries a number as its own until its mother's record shows whose it is."""
    child = person("3", "Davi Moreira Alves", birth_date="2019-05-05", cpf="246.813.579-28",
                   mother_name="Beatriz Moreira Alves")  # fmt: skip
    clinic = [who("1", ANA), who("2", CARLOS), child]
    deliver(built, tmp_path, clinic, CLINIC)
    link(built)
    citizen = homes(built)[CLINIC, "3"]
    assert golden_cpf(built, citizen) == "24681357928"

    mother = person("9", "Beatriz Moreira Alves", birth_date="1990-01-02", cpf="246.813.579-28")
    deliver(built, tmp_path, [who("7", ANA), mother], SCHOOL)
    link(built)

    assert homes(built)[SCHOOL, "9"] != homes(built)[CLINIC, "3"] == citizen
    assert golden_cpf(built, citizen) is None
    assert golden_cpf(built, homes(built)[SCHOOL, "9"]) == "24681357928"
    assert_sound(built)

    deliver(built, tmp_path, [who("7", ANA)], SCHOOL)
    link(built)
    assert_sound(built)


def golden_cpf(application: Application, municipal_id: str) -> object:
    with application.store.reading() as session:
        return session.value(
            "SELECT cpf FROM golden_record WHERE municipal_id = :id", {"id": municipal_id}
        )


def test_a_stored_plan_brings_its_own_ownership(built: Application, tmp_path: Path) -> None:
    """What a later, dropped plan found out about numbers is not mixed into an earlier one."""
    child = person("3", "Davi Moreira Alves", birth_date="2019-05-05", cpf="246.813.579-28",
                   mother_name="Beatriz Moreira Alves")  # fmt: skip
    deliver(built, tmp_path, [who("1", ANA), who("2", CARLOS), child], CLINIC)
    early = link(built, apply=False)
    mother = person("9", "Beatriz Moreira Alves", birth_date="1990-01-02", cpf="246.813.579-28")
    deliver(built, tmp_path, [who("7", ANA), mother], SCHOOL)
    link(built, apply=False)

    apply(built, early["plan_id"])

    assert golden_cpf(built, homes(built)[CLINIC, "3"]) is None
    assert_sound(built)


STEPS = (
    "append_events", "insert_arrow", "upsert_arrow", "delete_arrow", "set_where", "update_rows",
    "insert_rows", "next_ids", "replace_arrow",
)  # fmt: skip


def dying(kept: Callable[..., object]) -> Callable[..., object]:
    """The same function, interrupted when its work is done."""

    def call(*args: object, **kwargs: object) -> object:
        kept(*args, **kwargs)
        raise KeyboardInterrupt

    return call


def test_a_crash_at_any_step_leaves_the_last_applied_state(
    built: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = person("9", "Beatriz Moreira Alves", birth_date="2001-10-10", cpf="529.982.247-25")
    vague = who("8", CARLOS, cpf="", full_name="Carlos Lima Prado", birth_date="1951-02-06")
    deliver(built, tmp_path, [who("7", ANA), vague, new], SCHOOL)
    link(built)
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS), new], SCHOOL)
    before = state_of(built)
    for step in STEPS:
        with monkeypatch.context() as patched:
            patched.setattr(WriteSession, step, dying(getattr(WriteSession, step)))
            with pytest.raises(KeyboardInterrupt):
                link(built)
        assert state_of(built) == before
    assert_sound(built)

    assert changes(link(built)) == {"moved": 1, "merged": 1}
    assert_sound(built)


def test_a_crash_between_commit_and_cache_is_made_good(
    built: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(built, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)

    with monkeypatch.context() as patched:
        patched.setattr(DuckLinking, "follow", dying(lambda *_args, **_kwargs: None))
        with pytest.raises(KeyboardInterrupt):
            link(built)

    assert homes(built)[SCHOOL, "8"] == homes(built)[CLINIC, "2"]
    assert_sound(built)
    assert changes(link(built)) == {}
