"""Seals and link runs: what is sealed is no evidence, in deltas, whole runs and waiting plans."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.erasing import erase
from mdm.bootstrap.sealing import seal, unseal
from mdm.bootstrap.stewarding import decision_rules
from mdm.domain.erasure import ErasureReason
from mdm.domain.judgement import Verdict
from mdm.domain.seal import SealReason
from mdm.errors import LaterChangesError, LoadHeldError, NotFoundError
from mdm.services.keys import record_number
from mdm.services.plans import show_plan
from support.intake import load, rekey, silent, write_map, write_people
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    Key,
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
    revert,
    templates,
    who,
)
from support.stewards import judge_keeping_anchors

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow
EARLIER = frozenset({(CLINIC, "1"), (SCHOOL, "7")})
BEGINS = {**ANA, "full_name": "Ana Paula Moreira", "mother_name": "Joana Moreira"}


def sealed(application: Application, key: Key = (CLINIC, "1"), *anew: Key) -> dict[str, object]:
    return seal(application, key, SealReason.PROTECTION, second="rita", anew=anew)


def asked(application: Application) -> int:
    with application.store.reading() as session:
        sql = "SELECT COUNT(*) FROM review_item WHERE state IN ('open', 'claimed')"
        return session.number(sql)


def content(application: Application, record_id: int) -> int:
    with application.store.reading() as session:
        sql = "SELECT MAX(version) FROM record_version WHERE record_id = :r"
        return session.number(sql, {"r": record_id})


def test_the_two_never_meet_in_a_delta_a_whole_run_or_a_question(
    built: Application, tmp_path: Path
) -> None:
    home = homes(built)[CLINIC, "1"]
    sealed(built)
    people = [who("1", ANA, phone="51981234567"), who("2", CARLOS), who("n1", BEGINS)]
    for round_ in range(2):
        deliver(built, tmp_path, people, CLINIC)
        deliver(built, tmp_path, [who("7", ANA), who("n7", ANA)], SCHOOL)
        link(built, fresh=round_ == 1)
        begun = homes(built)[SCHOOL, "n7"]
        assert begun not in {home, homes(built)[CLINIC, "2"]}
        assert homes(built)[CLINIC, "1"] == homes(built)[SCHOOL, "7"] == home
        assert homes(built)[CLINIC, "n1"] == begun
        assert asked(built) == 0
        assert_sound(built)
    assert content(built, 1) == 1, "what sources go on to say of the sealed is not stored"
    assert not EARLIER & {key for group in partition(built) - {EARLIER} for key in group}

    # Nothing of it is left in the cache that candidates are found in.
    with built.synced_volume(silent) as con:
        numbers = con.execute("SELECT record_id FROM standard ORDER BY 1").fetchall()
    assert len(numbers) == 3


def test_with_the_seal_off_records_are_linked_as_others_are(
    built: Application, tmp_path: Path
) -> None:
    home = homes(built)[CLINIC, "1"]
    sealed(built, (SCHOOL, "7"))
    deliver(built, tmp_path, [who("n7", ANA)], SCHOOL)
    link(built)
    begun = homes(built)[SCHOOL, "n7"]
    assert begun != home
    unseal(built, ("municipal", home), second="rita")
    assert_sound(built)
    link(built, accept_changes=5)

    assert homes(built)[SCHOOL, "n7"] == homes(built)[CLINIC, "1"] == home
    assert ids(built)[begun][0] == "active"
    assert_sound(built)


def test_a_plan_made_before_the_seal_brings_nothing_to_who_is_sealed(
    built: Application, tmp_path: Path
) -> None:
    home = homes(built)[CLINIC, "1"]
    deliver(built, tmp_path, [who("7", ANA), who("n7", ANA)], SCHOOL)
    plan = link(built, apply=False)
    sealed(built)
    apply(built, plan["plan_id"])

    assert homes(built)[SCHOOL, "n7"] != home
    assert homes(built)[CLINIC, "1"] == home
    assert_sound(built)
    with pytest.raises(LaterChangesError):
        revert(built, 1)


def test_a_must_link_to_who_is_sealed_joins_nobody(built: Application, tmp_path: Path) -> None:
    home = homes(built)[CLINIC, "1"]
    judged(built, "same", (CLINIC, "1"), (CLINIC, "2"))
    sealed(built)
    deliver(
        built,
        tmp_path,
        [who("1", ANA), who("2", CARLOS), who("3", BEGINS, merged_into="1")],
        CLINIC,
    )
    assert changes(link(built))["minted"] == 1

    assert len({homes(built)[CLINIC, key] for key in "123"}) == 3
    assert homes(built)[CLINIC, "1"] == home
    assert_sound(built)
    unseal(built, ("municipal", home), second="rita")
    assert_sound(built)
    link(built, accept_changes=5)
    assert homes(built)[CLINIC, "2"] == home
    assert_sound(built)


@pytest.mark.parametrize("named_back", [False, True])
def test_a_mark_that_names_a_sealed_record_of_the_same_file_names_nobody(
    built: Application, tmp_path: Path, *, named_back: bool
) -> None:
    """Nothing that is said of the sealed record is stored, so it is none that the source has."""
    home = homes(built)[CLINIC, "1"]
    sealed(built)
    back = {"merged_into": "3"} if named_back else {}
    people = [who("1", ANA, **back), who("2", CARLOS), who("3", BEGINS, merged_into="1")]
    deliver(built, tmp_path, people, CLINIC)

    assert marks(built) == [("3", "pending", "merged_into_unknown")]
    link(built)
    assert marks(built) == [("3", "present", "merged_into_unknown")]
    assert len({homes(built)[CLINIC, key] for key in "123"}) == 3
    assert homes(built)[CLINIC, "1"] == home
    assert_sound(built)


def marks(application: Application) -> list[tuple[str, str, str]]:
    """Local ID, state and reason of every issue of a mark."""
    with application.store.reading() as session:
        rows = session.rows(
            "SELECT r.local_id, r.state, i.reason FROM issue i "
            "JOIN record r ON r.record_id = i.record_id WHERE i.field = 'merged_into'"
        )
    return [(str(r["local_id"]), str(r["state"]), str(r["reason"])) for r in rows]


def test_a_local_id_that_is_free_again_begins_anew(built: Application, tmp_path: Path) -> None:
    home = homes(built)[CLINIC, "1"]
    told = sealed(built, (CLINIC, "1"), (SCHOOL, "7"))
    assert (told["records"], told["freed"]) == (2, 1)
    done = deliver(built, tmp_path, [who("7", BEGINS)], SCHOOL)
    assert (done["new"], done["withdrawn"]) == (1, 0)
    link(built)
    assert homes(built)[SCHOOL, "7"] != home
    assert_sound(built)

    # The earlier citizen can still be erased, by the ID alone.
    gone = erase(built, ("municipal", home), ErasureReason.COURT_ORDER, silent)
    assert (gone["erased"], gone["erased_citizens"]) == (2, [home])
    with built.store.reading() as session, pytest.raises(NotFoundError):
        record_number(session, CLINIC, "1")
    assert homes(built)[SCHOOL, "7"] != home
    assert_sound(built)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_source_with_new_keys_goes_on_saying_nothing_of_who_is_sealed(
    built: Application, tmp_path: Path, *, is_late: bool
) -> None:
    """The map comes before the delivery, or while that is held; somebody begins anew beside."""
    before = homes(built)
    home = before[CLINIC, "1"]
    sealed(built)
    deliver(built, tmp_path, [who("1", ANA), who("2", CARLOS), who("3", BEGINS)], CLINIC)
    link(built)
    begun = homes(built)[CLINIC, "3"]
    renamed = write_map(tmp_path / "map.csv", [("1", "n1"), ("2", "n2"), ("3", "n3")])
    people = [who("n1", ANA, phone="51981234567"), who("n2", CARLOS), who("n3", BEGINS)]
    new = write_people(tmp_path / "new.csv", people)
    if is_late:
        with pytest.raises(LoadHeldError) as held:
            load(built, new)
        told = rekey(built, renamed)
        done = load(built, accept=int(str(held.value.where)))
    else:
        told = rekey(built, renamed)
        done = load(built, new)

    assert (told["mapped"], told["unknown"]) == (2, 1), "as if the sealed one had never come"
    assert (done["new"], done["withdrawn"]) == (2, 0)
    link(built, fresh=True)
    assert (homes(built)[CLINIC, "n2"], homes(built)[CLINIC, "n3"]) == (before[CLINIC, "2"], begun)
    assert homes(built)[CLINIC, "n1"] == homes(built)[SCHOOL, "7"] == home
    assert frozenset({(CLINIC, "n1"), (SCHOOL, "7")}) in partition(built)
    for key in ("1", "n1"):
        with built.store.reading() as session, pytest.raises(NotFoundError):
            record_number(session, CLINIC, key)
    assert content(built, 1) == 1, "what is said under the new key is not stored either"
    assert_sound(built)

    # Who lifts the seal finds the record under the key that its source has for it now.
    unseal(built, (CLINIC, "n1"), second="rita")
    load(built, new)
    link(built, accept_changes=5)
    assert homes(built)[CLINIC, "n1"] == home
    assert content(built, 1) == 2
    assert_sound(built)


def test_a_plan_of_before_shows_nothing_of_who_is_sealed(
    built: Application, tmp_path: Path
) -> None:
    """Applied and waiting ones: no key, ID, weight or number of who is sealed since."""
    people = [who("1", ANA), who("2", CARLOS), who("n2", CARLOS)]
    deliver(built, tmp_path, people, CLINIC)
    link(built)
    deliver(built, tmp_path, [who("7", ANA), who("n7", ANA)], SCHOOL)
    link(built, apply=False)
    home = homes(built)[CLINIC, "1"]
    keys = {*homes(built), (SCHOOL, "n7")}
    with built.store.reading() as session:
        shown = [show_plan(session, plan) for plan in (1, 2, 3)]
    assert home in str(shown)
    assert ("1", "7") in {(p["local_id_l"], p["local_id_r"]) for p in shown[0]["pairs"]["sample"]}  # type: ignore[index]
    sealed(built)

    with built.store.reading() as session:
        shown = [show_plan(session, plan) for plan in (1, 2, 3)]
    assert home not in str(shown)
    told = {(e["source"], e["local_id"]) for plan in shown for e in plan["sample"]}  # type: ignore[attr-defined]
    assert told == keys - EARLIER - {(SCHOOL, "n7")}
    assert shown[0]["events"] == {"mint": 1, "place": 1}
    pairs = [plan["pairs"] for plan in shown]
    assert [p["joined"] for p in pairs] == [0, 1, 0]  # type: ignore[index]
    assert {p["local_id_r"] for plan in pairs for p in plan["sample"]} == {"n2"}  # type: ignore[index]
    assert [plan["citizens"] for plan in shown] == [[], [], []]


def test_a_plan_shows_nobody_who_was_somebody_elses_before_the_seal(
    built: Application, tmp_path: Path
) -> None:
    """A record that was Carlos's for a time, and one that was the sealed citizen's."""
    bare = {name: value for name, value in CARLOS.items() if name != "cpf"}
    people = [who("1", ANA), who("2", CARLOS), who("n2", bare)]
    deliver(built, tmp_path, people, CLINIC)
    link(built)
    ana, carlos = homes(built)[CLINIC, "1"], homes(built)[CLINIC, "2"]
    assert homes(built)[CLINIC, "n2"] == carlos
    rules = decision_rules(built)
    for verdict, other in ((Verdict.DIFFERENT, "2"), (Verdict.SAME, "1")):
        keys = (CLINIC, "n2"), (CLINIC, other)
        judge_keeping_anchors(built.store, rules, built.header("judge"), keys, (verdict, "seen"))
    assert homes(built)[CLINIC, "n2"] == ana
    sealed(built)

    with built.store.reading() as session:
        shown = show_plan(session, 2)
    assert ana not in str(shown)
    assert "n2" not in str(shown)


def test_a_dry_run_says_what_would_be_sealed_and_seals_nothing(built: Application) -> None:
    before = homes(built), partition(built)
    home = before[0][CLINIC, "1"]
    told = seal(built, (CLINIC, "1"), SealReason.ADOPTION, second="rita", dry_run=True)

    assert told == {
        "dry_run": True, "seal_id": None, "reason": "adoption", "municipal_id": home,
        "records": 2, "freed": 0, "told": [],
    }  # fmt: skip
    assert (homes(built), partition(built)) == before
    with built.store.reading() as session:
        assert record_number(session, CLINIC, "1") == 1
