import pyarrow as pa
import pytest

from mdm.services.judgements import suspend_changed
from mdm.services.publish_review import publish_review
from mdm.services.review_queue import list_questions
from mdm.storage.store import Store
from support.small_registry import HEADER, SmallRegistry
from support.stewards import ANA, BIA, apart, assert_sound, homes, judge, rows


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def test_a_judgement_about_changed_content_is_suspended_and_asked_first(
    made: SmallRegistry,
) -> None:
    records, ids = apart(made, ANA, ANA, ANA)
    judge(made, "same", "1", "2")
    made.question(records[0], records[2], priority=0.7)
    made.change(records[1], BIA)
    with made.store.writing(HEADER) as session:
        assert suspend_changed(session) == 1
        assert suspend_changed(session) == 0

    assert rows(made, "SELECT state FROM judgement") == [("suspended",)]
    assert homes(made, records[:2]) == [ids[0], ids[0]]
    with made.store.reading() as session:
        kinds = [item["kind"] for item in list_questions(session)]
    assert kinds == ["suspended_judgement", "between_thresholds"]
    assert_sound(made)


def test_a_suspended_judgement_yields_to_the_new_answer(made: SmallRegistry) -> None:
    records, ids = apart(made, ANA, ANA)
    judge(made, "same", "1", "2")
    made.change(records[1], BIA)
    with made.store.writing(HEADER) as session:
        suspend_changed(session)
    judge(made, "different", "1", "2")

    assert rows(made, "SELECT state FROM judgement ORDER BY judgement_id") == [
        ("undone",),
        ("active",),
    ]
    assert homes(made, records) == ids
    with made.store.reading() as session:
        assert list_questions(session) == []
    assert_sound(made)


def test_a_suspended_judgement_that_another_answer_contradicts_is_asked_no_more(
    made: SmallRegistry,
) -> None:
    records, _ = apart(made, ANA, ANA, ANA)
    judge(made, "same", "1", "2")
    judge(made, "same", "2", "3")
    made.change(records[0], BIA)
    with made.store.writing(HEADER) as session:
        suspend_changed(session)
    judge(made, "different", "1", "3")

    assert rows(made, "SELECT state FROM judgement ORDER BY judgement_id") == [
        ("undone",), ("active",), ("active",),
    ]  # fmt: skip
    assert rows(made, "SELECT state FROM review_item") == [("stale",)]
    assert_sound(made)


def test_a_suspended_judgement_is_asked_until_it_is_answered(made: SmallRegistry) -> None:
    records, _ = apart(made, ANA, ANA)
    judge(made, "different", "1", "2")
    made.change(records[0], BIA)
    with made.store.writing(HEADER) as session:
        suspend_changed(session)
        publish_review(session, review_rows(), 1)
    with made.store.reading() as session:
        assert [item["kind"] for item in list_questions(session)] == ["suspended_judgement"]


def review_rows() -> pa.Table:
    """A plan that asks nothing."""
    texts = ("kind", "guard", "content_hash")
    numbers = ("record_l", "record_r", "group_id", "rank")
    return pa.schema(
        [*((name, pa.string()) for name in texts), *((name, pa.int64()) for name in numbers)]
    ).empty_table()


def test_the_same_answer_about_changed_content_is_a_new_one(made: SmallRegistry) -> None:
    records, _ = apart(made, ANA, ANA)
    judge(made, "same", "1", "2")
    made.change(records[1], BIA)
    again = judge(made, "same", "1", "2")
    with made.store.writing(HEADER) as session:
        assert suspend_changed(session) == 0

    assert again["judgement_id"] == 2
    assert_sound(made)
