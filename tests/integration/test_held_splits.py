"""Splits that no rule decides: the steward says who keeps the municipal ID, or nobody."""

import pytest

from mdm.errors import AmbiguousIdError, IdTombstoneError, SplitHeldError, UsageError
from mdm.services.keep_ids import Keep
from mdm.services.resolve import Question, answer_of
from mdm.services.told import Telling, tell
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry
from support.stewards import ANA, apart, assert_sound, homes, judge, rows, undo

IDS = "SELECT municipal_id, anchor_record_id, state, ambiguous_until FROM municipal_id"
TODAY = "2026-01-02"
NOBODY = Keep(nobody=True)
Split = tuple[SmallRegistry, tuple[int, ...], str]


@pytest.fixture
def split(store: Store) -> Split:
    """One citizen of three records; told for the first alone, while the other two belong together.

    To call the first and the second different leaves the larger part untold.
    """
    made = SmallRegistry(store)
    records = made.records(("a", "1", ANA), ("a", "2", ANA), ("a", "3", ANA))
    (home,) = made.citizens(records)
    made.pairs((records[0], records[1], 12.0), (records[1], records[2], 15.0))
    with made.store.writing(HEADER) as session:
        tell(session, [Telling(home, records[0])], "school")
    return made, records, home


def kept(*local_ids: str) -> Keep:
    return Keep(records=tuple(("a", local_id) for local_id in local_ids))


def resolved(made: SmallRegistry, municipal_id: str) -> str | None:
    with made.store.reading() as session:
        question = Question(source="municipal", local_id=municipal_id)
        return answer_of(session, question, TODAY).municipal_id


def test_without_a_word_on_the_id_the_answer_is_refused_and_changes_nothing(split: Split) -> None:
    made, records, home = split
    with pytest.raises(SplitHeldError) as held:
        judge(made, "different", "1", "2")

    assert held.value.code == "split_held"
    assert held.value.where == home
    assert "--keep SOURCE ID" in held.value.message
    assert "--keep-none" in held.value.message
    assert homes(made, records) == [home, home, home]
    assert rows(made, "SELECT COUNT(*) FROM judgement") == [(0,)]
    assert_sound(made)


@pytest.mark.parametrize("keeper", ["1", "2", "3"])
def test_the_part_of_the_record_named_keeps_the_id(split: Split, keeper: str) -> None:
    made, records, home = split
    before = rows(made, IDS)
    result = judge(made, "different", "1", "2", keep=kept(keeper))

    first, second, third = homes(made, records)
    assert (first == home) == (keeper == "1")
    assert first != second == third
    assert (result["split"], resolved(made, home)) == (1, home)
    assert_sound(made)

    undo(made, result["judgement_id"])
    assert homes(made, records) == [home, home, home]
    assert set(before) < set(rows(made, IDS))
    assert_sound(made)


def test_an_id_told_for_both_parts_is_not_ambiguous_when_they_are_one_again(split: Split) -> None:
    made, records, home = split
    with made.store.writing(HEADER) as session:
        tell(session, [Telling(home, records[2])], "clinic")
    said = judge(made, "different", "1", "2", keep=kept("1"))
    with pytest.raises(AmbiguousIdError):
        resolved(made, home)

    undo(made, said["judgement_id"])
    assert resolved(made, home) == home
    assert_sound(made)


def test_where_nobody_keeps_the_id_it_is_a_tombstone_and_undo_gives_it_back(split: Split) -> None:
    made, records, home = split
    result = judge(made, "different", "1", "2", keep=NOBODY)
    first, second, third = homes(made, records)

    assert len({home, first, second}) == 3
    assert second == third
    with pytest.raises(IdTombstoneError):
        resolved(made, home)
    assert_sound(made)

    undo(made, result["judgement_id"])
    assert homes(made, records) == [home, home, home]
    assert resolved(made, home) == home
    assert resolved(made, str(first)) == home
    assert rows(made, "SELECT DISTINCT municipal_id, record_count FROM golden_record") == [
        (home, 3)
    ]
    assert_sound(made)


def test_a_tombstone_is_never_minted_or_brought_back_by_another_answer(split: Split) -> None:
    made, records, home = split
    judge(made, "different", "1", "2", keep=NOBODY)
    other = judge(made, "different", "2", "3")
    undo(made, other["judgement_id"])

    assert rows(made, "SELECT state FROM municipal_id WHERE municipal_id = '" + home + "'") == [
        ("tombstone",)
    ]
    assert home not in homes(made, records)
    assert_sound(made)


def test_a_steward_may_end_an_id_that_a_rule_would_have_left_with_a_part(store: Store) -> None:
    made = SmallRegistry(store)
    records = made.records(("a", "1", ANA), ("a", "2", ANA))
    (home,) = made.citizens(records)
    made.pairs((records[0], records[1], 12.0))
    judge(made, "different", "1", "2", keep=NOBODY)

    assert home not in homes(made, records)
    assert_sound(made)


def test_the_same_answer_again_changes_nothing_whatever_it_says_of_the_id(split: Split) -> None:
    made, records, _ = split
    said = judge(made, "different", "1", "2", keep=kept("1"))
    before = homes(made, records)
    again = judge(made, "different", "1", "2", keep=NOBODY)

    assert again["judgement_id"] == said["judgement_id"]
    assert homes(made, records) == before


def test_an_answer_that_splits_nothing_leaves_the_ids(store: Store) -> None:
    made = SmallRegistry(store)
    records, ids = apart(made, ANA, ANA)
    judge(made, "different", "1", "2", keep=NOBODY)

    assert homes(made, records) == ids


def test_records_that_can_keep_no_id_are_refused(store: Store) -> None:
    made = SmallRegistry(store)
    records = made.records(
        ("a", "1", ANA), ("a", "2", ANA), ("a", "3", {**ANA, "restricted": "1"}), ("a", "4", ANA)
    )
    made.citizens(records[:3])

    for keep in (kept("3"), kept("4"), kept("1", "2")):
        with pytest.raises(UsageError):
            judge(made, "different", "1", "2", keep=keep)
