import pytest

from mdm.domain.judgement import Verdict
from mdm.domain.scored_pair import Guard
from mdm.errors import JudgementConflictError, NotFoundError, UnknownSourceError, UsageError
from mdm.services.judge_pair import judge_pair
from mdm.services.review_queue import list_questions
from mdm.services.told import Telling, tell
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry
from support.stewards import (
    ANA,
    BIA,
    ONE_CPF,
    OTHER_CPF,
    RULES,
    apart,
    assert_sound,
    homes,
    judge,
    rows,
    undo,
)


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def test_same_joins_two_citizens_under_the_older_id_and_undo_gives_both_back(
    made: SmallRegistry,
) -> None:
    records, ids = apart(made, ANA, ANA)
    result = judge(made, "same", "2", "1")

    assert result == {
        "judgement_id": 1,
        "verdict": "same",
        "state": "active",
        "merged": 1,
        "split": 0,
        "moved": 1,
        "municipal_ids": [ids[0]],
    }
    assert homes(made, records) == [ids[0], ids[0]]
    assert rows(made, "SELECT DISTINCT link_status FROM membership") == [("confirmed",)]
    assert rows(made, "SELECT municipal_id, record_count FROM golden_record") == [(ids[0], 2)]

    assert undo(made, 1) == {
        "judgement_id": 1,
        "verdict": "same",
        "state": "undone",
        "merged": 0,
        "split": 1,
        "moved": 1,
        "municipal_ids": ids,
    }
    assert homes(made, records) == ids
    assert set(rows(made, "SELECT municipal_id, record_count FROM golden_record")) == {
        (ids[0], 1), (ids[1], 1),
    }  # fmt: skip
    assert rows(made, "SELECT DISTINCT link_status FROM membership") == [("alone",)]
    assert_sound(made)


def test_different_parts_a_citizen_and_undo_gives_the_old_answers_back(
    made: SmallRegistry,
) -> None:
    records = made.records(("a", "1", ANA), ("a", "2", ANA), ("a", "3", ANA))
    (home,) = made.citizens(records)
    made.pairs((records[0], records[1], 12.0), (records[1], records[2], 15.0))
    result = judge(made, "different", "1", "2")

    assert (result["split"], result["moved"]) == (1, 1)
    first, second, third = homes(made, records)
    assert first != second == third
    assert home in {first, second}
    assert_sound(made)

    undo(made, result["judgement_id"])
    assert homes(made, records) == [home, home, home]
    assert_sound(made)


def test_undo_after_a_split_keeps_every_id_ever_issued_resolvable(made: SmallRegistry) -> None:
    records = made.records(("a", "1", ANA), ("a", "2", ANA))
    (home,) = made.citizens(records)
    made.pairs((records[0], records[1], 12.0))
    judge(made, "different", "1", "2")
    born = {made.home(r) for r in records} - {home}
    undo(made, 1)

    assert len(born) == 1
    assert rows(made, "SELECT COUNT(*) FROM municipal_id WHERE state = 'active'") == [(2,)]
    assert homes(made, records) == [home, home]
    assert_sound(made)


def test_undo_brings_together_again_what_the_answer_drove_apart(made: SmallRegistry) -> None:
    family = {**ANA, "household_id": "F1"}
    records = made.records(("a", "1", family), ("a", "2", ANA), ("a", "3", family))
    first, _ = made.citizens(records[:2], records[2:])
    made.pairs((records[0], records[1], 12.0), (records[1], records[2], 11.5))
    before = homes(made, records)
    judge(made, "same", "2", "3")
    assert made.home(records[0]) != made.home(records[1]) == made.home(records[2])

    undo(made, 1)
    assert homes(made, records) == before
    assert made.home(records[0]) == first
    assert_sound(made)


def test_what_only_the_judgement_joined_is_not_held_by_hysteresis(made: SmallRegistry) -> None:
    records, ids = apart(made, ANA, ANA)
    made.pairs((records[0], records[1], 8.0))
    judge(made, "same", "1", "2")
    undo(made, 1)

    assert homes(made, records) == ids


def test_an_answer_against_another_is_refused_and_names_it(made: SmallRegistry) -> None:
    apart(made, ANA, ANA, ANA)
    judge(made, "same", "1", "2")
    judge(made, "different", "2", "3")

    for verdict, left, right, against in (
        ("different", "1", "2", "judgement 1"),
        ("same", "1", "3", "judgement 2"),
    ):
        with pytest.raises(JudgementConflictError) as refused:
            judge(made, verdict, left, right)
        assert refused.value.where == against
    assert rows(made, "SELECT COUNT(*) FROM judgement") == [(2,)]


def test_the_same_answer_again_changes_nothing(made: SmallRegistry) -> None:
    apart(made, ANA, ANA)
    judge(made, "same", "1", "2")
    before = rows(made, "SELECT COUNT(*) FROM ledger_event")
    again = judge(made, "same", "1", "2", by="rui")

    assert (again["judgement_id"], again["moved"]) == (1, 0)
    assert rows(made, "SELECT COUNT(*) FROM ledger_event") == before


def test_a_better_answer_takes_the_place_of_unsure(made: SmallRegistry) -> None:
    apart(made, ANA, ANA)
    judge(made, "unsure", "1", "2")
    judge(made, "same", "1", "2")

    assert rows(made, "SELECT verdict, state FROM judgement ORDER BY judgement_id") == [
        ("unsure", "undone"),
        ("same", "active"),
    ]
    assert_sound(made)


def test_a_judgement_on_a_pending_record_stands_and_moves_nothing_yet(
    made: SmallRegistry,
) -> None:
    placed, pending = made.records(("a", "1", ANA), ("a", "2", ANA))
    (home,) = made.citizens((placed,))
    result = judge(made, "same", "1", "2")

    assert (result["state"], result["moved"], result["municipal_ids"]) == ("active", 0, [home])
    assert made.home(pending) is None
    assert_sound(made)


def test_what_cannot_be_judged_is_refused_by_name(made: SmallRegistry) -> None:
    apart(made, ANA)
    with pytest.raises(NotFoundError):
        judge(made, "same", "1", "9")
    with pytest.raises(UsageError):
        judge(made, "same", "1", "1")
    with pytest.raises(NotFoundError):
        undo(made, 7)
    with pytest.raises(UnknownSourceError):
        judge_pair(made.store, RULES, HEADER, (("a", "1"), ("z", "1")), (Verdict.SAME, ""))


def test_a_judgement_is_undone_once(made: SmallRegistry) -> None:
    apart(made, ANA, ANA)
    judge(made, "same", "1", "2")
    undo(made, 1)

    with pytest.raises(JudgementConflictError):
        undo(made, 1)


def test_an_answer_closes_its_question_and_undo_asks_it_again(made: SmallRegistry) -> None:
    (one, two), _ = apart(made, ANA, ANA)
    made.pairs((one, two, 5.0))
    asked = made.question(one, two)
    state = f"SELECT state, judgement_id FROM review_item WHERE review_id = {asked}"
    judge(made, "same", "1", "2")
    assert rows(made, state) == [("decided", 1)]

    undo(made, 1)
    assert rows(made, state) == [("open", None)]
    assert rows(made, "SELECT COUNT(*) FROM review_item WHERE state = 'open'") == [(1,)]


def test_a_merge_settles_the_questions_inside_the_new_citizen(made: SmallRegistry) -> None:
    (one, two, three), _ = apart(made, ANA, ANA, ANA)
    made.pairs((one, two, 5.0), (two, three, 5.0), (one, three, 5.0))
    for left, right in ((one, two), (two, three)):
        made.question(left, right)
    judge(made, "same", "1", "2")
    judge(made, "same", "1", "3")

    assert rows(made, "SELECT COUNT(*) FROM review_item WHERE state = 'open'") == [(0,)]
    assert rows(made, "SELECT DISTINCT outcome FROM scored_pair") == [("linked",)]


# ---------------------------------------------------------------------------- two stewards


def test_same_across_two_cpfs_needs_two_stewards(made: SmallRegistry) -> None:
    records, ids = apart(made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF})
    first = judge(made, "same", "1", "2", by="ines")
    assert (first["state"], first["moved"]) == ("needs_second", 0)
    assert homes(made, records) == ids
    assert judge(made, "same", "1", "2", by="ines")["state"] == "needs_second"
    with made.store.reading() as session:
        (item,) = list_questions(session)
    assert (item["state"], item["needs_second"], item["claimed_by"]) == ("claimed", True, "ines")

    second = judge(made, "same", "1", "2", by="rui")
    assert (second["state"], second["merged"]) == ("active", 1)
    assert homes(made, records) == [ids[0], ids[0]]
    with made.store.reading() as session:
        assert list_questions(session) == []
    assert_sound(made)


def test_a_number_that_is_not_theirs_is_no_guard(made: SmallRegistry) -> None:
    records, _ = apart(made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF})
    made.issue(records[1], "cpf", "not_theirs")

    assert judge(made, "same", "1", "2")["state"] == "active"


def test_a_guard_between_the_judged_groups_needs_two_stewards_as_well(
    made: SmallRegistry,
) -> None:
    apart(made, {**ANA, **ONE_CPF}, ANA, {**ANA, **OTHER_CPF})
    judge(made, "same", "1", "2")

    assert judge(made, "same", "2", "3")["state"] == "needs_second"


def test_a_question_that_names_a_guard_needs_two_stewards(made: SmallRegistry) -> None:
    (one, two), _ = apart(made, ANA, ANA)
    made.question(one, two, "refused_by_guard", Guard.TWIN_PATTERN)

    assert judge(made, "same", "1", "2")["state"] == "needs_second"
    assert judge(made, "different", "1", "2")["state"] == "active"


def test_a_first_answer_can_be_taken_back(made: SmallRegistry) -> None:
    (one, two), _ = apart(made, ANA, ANA)
    made.question(one, two, "refused_by_guard", Guard.TWO_CPFS)
    first = judge(made, "same", "1", "2", by="ines")
    undo(made, first["judgement_id"])

    assert rows(made, "SELECT state, claimed_by FROM review_item") == [("open", None)]
    assert judge(made, "same", "1", "2", by="rui")["state"] == "needs_second"


def test_a_first_answer_about_other_content_does_not_count(made: SmallRegistry) -> None:
    (one, _), _ = apart(made, {**ANA, **ONE_CPF}, {**ANA, **OTHER_CPF})
    judge(made, "same", "1", "2", by="ines")
    made.change(one, {**BIA, **ONE_CPF})

    assert judge(made, "same", "1", "2", by="rui")["state"] == "needs_second"


def test_an_id_told_for_both_parts_of_a_split_becomes_ambiguous(made: SmallRegistry) -> None:
    records = made.records(("a", "1", ANA), ("a", "2", ANA))
    (home,) = made.citizens(records)
    made.pairs((records[0], records[1], 12.0))
    with made.store.writing(HEADER) as session:
        tell(session, [Telling(home, r) for r in records], "school")
    judge(made, "different", "1", "2")

    assert rows(
        made, f"SELECT ambiguous_until FROM municipal_id WHERE municipal_id = '{home}'"
    ) == [("2026-04-01",)]
    assert_sound(made)
