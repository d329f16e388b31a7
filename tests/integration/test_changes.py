"""The feed of changes and the life of a citizen, on both databases."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from mdm.domain.events import (
    Ambiguous,
    Move,
    Place,
    ReinstateId,
    TombstoneId,
    Unplace,
    WithdrawId,
)
from mdm.domain.ledger import TxHeader
from mdm.domain.told_sets import WITHOUT_RECORD
from mdm.errors import InvalidMunicipalIdError, NotFoundError, UnknownSourceError, UsageError
from mdm.services.follow_changes import Following, follow_changes
from mdm.services.life import life_of
from mdm.storage.store import Store
from support.small_registry import AUTOMATIC, SmallRegistry, withdrawn
from support.subscriber import agree_with_a_subscriber

RESTRICTED = {"restricted": "1"}
PEC = TxHeader(kind="changes", actor="pec")


def now() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def follow(made: SmallRegistry, after: str = "", **asked: object) -> dict[str, object]:
    following = Following(after=after, **asked)  # type: ignore[arg-type]
    return follow_changes(made.store, now, PEC, following)


def kinds(answer: dict[str, object]) -> list[tuple[str, str]]:
    changes = answer["changes"]
    assert isinstance(changes, Sequence)
    return [(c["change"], c["local_id"] or c["municipal_id"]) for c in changes]


def test_a_merge_and_its_end_are_told_of_records_and_ids(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    first, second = made.citizens((one,), (two,))
    start = follow(made)
    assert sorted(kinds(start)) == [("linked", "1"), ("linked", "7")]
    assert follow(made, str(start["cursor"]))["changes"] == []

    made.merge(two, second, first)
    merged = follow(made, str(start["cursor"]))
    assert sorted(kinds(merged)) == sorted([("merged", "7"), ("merged", second)])
    made.merge(two, first, second)
    again = follow(made, str(merged["cursor"]))
    assert sorted(kinds(again)) == sorted([("split", "7"), ("split", second)])
    made.apply(withdrawn(one))
    assert kinds(follow(made, str(again["cursor"]))) == [("status", "1")]
    agree_with_a_subscriber(made.store, seed=1)


def test_an_id_that_comes_back_with_its_record_in_another_citizen_is_told(
    made: SmallRegistry,
) -> None:
    """Whoever was told it before it was withdrawn learns whom it names: the record was placed."""
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    first, second = made.citizens((one,), (two,))
    told = follow(made)
    made.apply(WithdrawId(second), Unplace(two, second))
    gone = follow(made, str(told["cursor"]))
    assert sorted(kinds(gone)) == sorted([("retired", second), ("unlinked", "7")])

    made.apply(ReinstateId(second, two), Place(two, first, AUTOMATIC))
    back = follow(made, str(gone["cursor"]))
    assert sorted(kinds(back)) == sorted([("reinstated", second), ("linked", "7")])
    assert first in {c["resolves_to"] for c in back["changes"]}  # type: ignore[attr-defined]
    agree_with_a_subscriber(made.store, seed=2)


def test_a_feed_read_in_small_pages_is_the_same_feed(made: SmallRegistry) -> None:
    numbers = made.records(*(("clinic", str(n), {}) for n in range(9)))
    made.citizens(numbers[:3], numbers[3:4], numbers[4:9])
    whole, cursor, parts = follow(made), "", []
    while True:
        page = follow(made, cursor, limit=1)
        parts += kinds(page)
        cursor = str(page["cursor"])
        if not page["more"]:
            break
    assert parts == kinds(whole)
    assert len(set(parts)) == 9


def test_restricted_records_leave_no_trace_in_the_feed(made: SmallRegistry) -> None:
    one, two, three = made.records(
        ("clinic", "1", {}), ("shelter", "2", RESTRICTED), ("shelter", "3", RESTRICTED)
    )
    home, hidden = made.citizens((one, two), (three,))
    made.merge(two, home, hidden)

    told = follow(made)
    assert kinds(told) == [("linked", "1")]
    assert hidden not in str(told)
    assert len(kinds(follow(made, restricted=True))) == 4


def test_the_feed_of_a_source_tells_of_its_records_and_their_ids(made: SmallRegistry) -> None:
    one, two, three = made.records(("clinic", "1", {}), ("school", "7", {}), ("school", "8", {}))
    first, second, _ = made.citizens((one,), (two,), (three,))
    made.merge(two, second, first)

    assert kinds(follow(made, sources=("clinic",))) == [("linked", "1")]
    of_school = kinds(follow(made, sources=("school",)))
    assert sorted(of_school) == sorted(
        [("linked", "7"), ("linked", "8"), ("merged", "7"), ("merged", second)]
    )
    with pytest.raises(UnknownSourceError):
        follow(made, sources=("nowhere",))


def test_whom_the_feed_tells_an_id_is_noted(made: SmallRegistry) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    follow(made, holder="triagem")

    with made.store.reading() as session:
        rows = session.rows("SELECT municipal_id, holder, record_id FROM told")
    assert rows == [{"municipal_id": home, "holder": "triagem", "record_id": one}]


def test_an_id_that_leaves_as_the_one_that_another_names_now_is_noted_as_told(
    made: SmallRegistry,
) -> None:
    """The school's record has left; its former citizen becomes one that the school never had."""
    one, two, three = made.records(("clinic", "1", {}), ("school", "7", {}), ("clinic", "9", {}))
    former, own, stranger = made.citizens((one,), (two,), (three,))
    made.apply(Move(two, own, former, AUTOMATIC))
    made.apply(Move(two, former, own))
    made.merge(one, former, stranger)
    told = follow(made, sources=("school",), holder="sige")

    assert ("merged", former) in kinds(told)
    with made.store.reading() as session:
        rows = session.rows(
            "SELECT record_id FROM told WHERE municipal_id = :id AND holder = 'sige'",
            {"id": stranger},
        )
    assert rows == [{"record_id": WITHOUT_RECORD}]


def test_an_ambiguous_id_answers_again_once_all_who_hold_it_have_read_of_it(
    made: SmallRegistry,
) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    ends = {who: str(follow(made, holder=who)["cursor"]) for who in ("pec", "triagem")}
    made.apply(Ambiguous(home, "2099-01-01"))

    def until() -> object:
        with made.store.reading() as session:
            return session.value("SELECT ambiguous_until FROM municipal_id")

    cursors = {who: str(follow(made, ends[who], holder=who)["cursor"]) for who in ends}
    assert until() == "2099-01-01", "what was told is read when the next is asked for"
    follow(made, cursors["pec"], holder="pec")
    follow(made, cursors["triagem"], holder="triagem", sources=("clinic",))
    assert until() == "2099-01-01", "a part of the sources is not the whole"
    follow(made, cursors["triagem"], holder="triagem")
    assert until() is None
    assert kinds(follow(made, cursors["pec"])) == [("settled", home)]


@pytest.mark.parametrize("cursor", ["x", "2026-03-10", "2026-03-10T12:00:00.000000Z.ABC"])
def test_what_is_no_cursor_is_refused(made: SmallRegistry, cursor: str) -> None:
    with pytest.raises(UsageError):
        follow(made, cursor)
    with pytest.raises(UsageError):
        follow(made, limit=0)


def test_a_clock_that_is_set_back_does_not_turn_the_feed_round(database_url: str) -> None:
    times = iter(datetime(2026, 1, day, tzinfo=UTC) for day in (9, 9, 8, 7, 6, 5, 4, 3, 2, 1))
    store = Store(database_url, clock=lambda: next(times))
    made = SmallRegistry(store)
    for n in range(3):
        made.citizens(made.records(("clinic", str(n), {})))
    with store.reading() as session:
        at = [str(row["at"]) for row in session.rows("SELECT at FROM ledger_tx ORDER BY tx_id")]
    assert at == sorted(set(at))
    store.close()


# ------------------------------------------------------------------ the life of a citizen


def life(made: SmallRegistry, municipal_id: str, **asked: bool) -> dict[str, object]:
    return life_of(made.store, now, municipal_id, **asked)


def said(answer: dict[str, object]) -> list[str]:
    events = answer["events"]
    assert isinstance(events, list)
    return [str(event["kind"]) for event in events]


def test_a_life_is_told_from_the_first_link_on_whatever_id_is_asked_for(
    made: SmallRegistry,
) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    first, second = made.citizens((one,), (two,))
    made.merge(two, second, first)
    made.apply(withdrawn(one))

    of_first, of_second = life(made, first), life(made, second)
    assert said(of_first) == ["linked", "linked", "merged", "merged", "status"]
    assert of_first["ids"] == sorted([first, second])
    assert of_second["municipal_id"] == first
    assert said(of_second) == said(of_first)
    assert of_second["requested"] == second


def test_a_life_keeps_silent_about_restricted_records(made: SmallRegistry) -> None:
    one, two, three = made.records(
        ("clinic", "1", {}), ("shelter", "2", RESTRICTED), ("shelter", "3", RESTRICTED)
    )
    home, hidden = made.citizens((one, two), (three,))

    assert said(life(made, home)) == ["linked"]
    assert "shelter" not in str(life(made, home))
    assert said(life(made, home, restricted=True)) == ["linked", "linked"]
    with pytest.raises(NotFoundError):
        life(made, hidden)


def test_an_id_that_nobody_keeps_has_a_life_and_one_never_issued_none(made: SmallRegistry) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    made.apply(TombstoneId(home, one))

    answer = life(made, home)
    assert said(answer) == ["linked", "retired"]
    assert (answer["municipal_id"], answer["state"]) == (None, "tombstone")
    with pytest.raises(InvalidMunicipalIdError):
        life(made, "ABC")
