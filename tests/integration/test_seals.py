"""Sealed citizens on both databases: what commands, judgements, feeds and checks make of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.domain.access import Purpose, Reader, Role
from mdm.domain.events import ALONE, Mint, Move, Place, Relink
from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import mint
from mdm.domain.seal import SealReason
from mdm.errors import IdErasedError, NotFoundError, SealError
from mdm.services.apply_events import apply_events, event_table
from mdm.services.citizen_state import Question as Asked
from mdm.services.erase_records import erase_records, what_goes
from mdm.services.follow_changes import Following, follow_changes
from mdm.services.judge_pair import undo_judgement
from mdm.services.keys import record_number
from mdm.services.life import life_of
from mdm.services.read_citizen import CitizenAnswer, read_citizen
from mdm.services.redecide import redecide
from mdm.services.resolve import Question, resolve
from mdm.services.seal_citizen import seal_citizen, unseal_citizen, what_is_sealed
from mdm.services.show_life import show_life
from mdm.storage.backup import backup, restore
from mdm.storage.store import Store
from mdm.storage.verify import verify
from support.small_registry import AUTOMATIC, HEADER, SmallRegistry
from support.stewards import RULES, assert_sound, judge

OFFICER = Reader(
    actor="dora",
    role=Role.DATA_PROTECTION_OFFICER,
    sector="health",
    purpose=Purpose.COURT_ORDER,
    request_id="r",
)
TODAY = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("ines", "rita")
NEVER = "no such municipal ID was issued"


@pytest.fixture
def made(store: Store) -> SmallRegistry:
    return SmallRegistry(store)


def now() -> datetime:
    return TODAY


def seal(
    made: SmallRegistry, key: tuple[str, str], *anew: tuple[str, str], by: Sequence[str] = PEOPLE
) -> int:
    with made.store.writing(HEADER) as session:
        sealing = what_is_sealed(session, key, anew)
        people = (by[0], by[1])
        return seal_citizen(session, RULES.golden, sealing, SealReason.ADOPTION, people)


def unseal(made: SmallRegistry, key: tuple[str, str]) -> dict[str, object]:
    with made.store.writing(HEADER) as session:
        return unseal_citizen(session, RULES.golden, key, PEOPLE)


def looked_up(made: SmallRegistry, source: str, local_id: str, **asked: object) -> object:
    question = Question(source=source, local_id=local_id, **asked)  # type: ignore[arg-type]
    return resolve(made.store, now, HEADER, question)["municipal_id"]


def read(made: SmallRegistry, municipal_id: str) -> CitizenAnswer:
    """As the data-protection officer reads."""
    with made.store.reading() as session:
        asked = Asked(municipal_id=municipal_id)
        return read_citizen(session, RULES.golden, OFFICER, asked, today=TODAY.date())


def feed(made: SmallRegistry, holder: str) -> list[tuple[str, str]]:
    header = TxHeader(kind="changes", actor=holder)
    answer = follow_changes(made.store, now, header, Following())
    assert isinstance(answer["changes"], list)
    told = [(c["change"], c["local_id"] or c["municipal_id"]) for c in answer["changes"]]
    return [change for change in told if change[0] != "golden_changed"]


def test_a_sealed_citizen_was_never_there_and_the_seal_taken_off_brings_all_back(
    made: SmallRegistry,
) -> None:
    one, two, three = made.records(
        ("clinic", "1", {"full_name": "Ana Souza"}), ("school", "7", {"full_name": "Ana Souza"}),
        ("clinic", "2", {"full_name": "Ana Lima"}),
    )  # fmt: skip
    home, other = made.citizens((one, two), (three,))
    made.pairs((one, two, 20.0), (one, three, 5.0))
    made.question(one, three)
    number = seal(made, ("school", "7"))

    for source, local_id in (("clinic", "1"), ("school", "7"), ("municipal", home)):
        with pytest.raises(NotFoundError):
            looked_up(made, source, local_id)
        with pytest.raises(NotFoundError):
            seal(made, (source, local_id))
    for restricted in (False, True):
        with pytest.raises(NotFoundError, match=NEVER):
            life_of(made.store, now, home, restricted=restricted)
    with made.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM scored_pair") == 0
        assert session.number("SELECT COUNT(*) FROM review_item WHERE state = 'open'") == 0
        names = session.rows("SELECT municipal_id FROM golden_record")
        row = session.row("SELECT * FROM seal WHERE seal_id = :n", {"n": number})
    assert home not in {name["municipal_id"] for name in names}
    assert row is not None
    assert (row["municipal_id"], row["reason"], row["actor"], row["second"], row["state"]) == (
        home, "adoption", *PEOPLE, "active",
    )  # fmt: skip
    assert looked_up(made, "clinic", "2") == other
    assert read(made, home).status == "sealed"
    assert_sound(made)

    assert unseal(made, ("municipal", home)) == {
        "seal_id": number, "municipal_id": home, "records": 2,
    }  # fmt: skip
    assert looked_up(made, "clinic", "1") == home
    assert read(made, home).status == "active"
    with pytest.raises(NotFoundError):
        unseal(made, ("municipal", home))
    assert_sound(made)


def test_the_officer_reads_the_life_and_nobody_else_does(made: SmallRegistry) -> None:
    (one,) = made.records(("clinic", "1", {"full_name": "Ana Souza"}))
    (home,) = made.citizens((one,))
    seal(made, ("clinic", "1"))
    with made.store.reading() as session:
        life = show_life(session, RULES.golden, OFFICER, home, today=TODAY.date())
        assert len(life.events) == 1
        for role in set(Role) - {Role.OPERATOR, Role.AUDITOR, OFFICER.role}:
            for purpose in (Purpose.STEWARDSHIP, Purpose.CARE, Purpose.RECORD_UPDATE):
                reader = Reader(
                    actor="x", role=role, purpose=purpose, request_id="r", sector="health",
                    sources=frozenset({"clinic"}),
                )  # fmt: skip
                with pytest.raises(Exception, match=f"{NEVER}|may not read"):
                    show_life(session, RULES.golden, reader, home, today=TODAY.date())


def test_a_local_id_that_begins_anew_is_free_and_the_other_one_is_not(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    (home,) = made.citizens((one, two))
    seal(made, ("clinic", "1"), ("school", "7"))

    (begun,) = made.records(("school", "7", {"full_name": "Bia Lima"}))
    (fresh,) = made.citizens((begun,))
    assert looked_up(made, "school", "7") == fresh
    assert fresh != home
    life = life_of(made.store, now, fresh)
    assert isinstance(life["events"], list)
    assert [event["kind"] for event in life["events"]] == ["linked"]
    with pytest.raises(NotFoundError):
        looked_up(made, "clinic", "1")
    assert_sound(made)


def test_what_stewards_said_of_a_sealed_record_holds_nothing_and_is_nobodys_to_undo(
    made: SmallRegistry,
) -> None:
    records = made.records(*(("a", str(n), {"full_name": "Ana Souza"}) for n in (1, 2, 3)))
    ids = made.citizens(*((record,) for record in records))
    judge(made, "different", "1", "2")
    number = judge(made, "different", "1", "3")["judgement_id"]
    assert isinstance(number, int)
    seal(made, ("a", "1"))

    with pytest.raises(NotFoundError):
        undo_judgement(made.store, RULES, HEADER, number)
    with pytest.raises(NotFoundError):
        judge(made, "same", "1", "2")
    judge(made, "same", "2", "3")
    assert made.home(records[1]) == made.home(records[2]) == ids[1]
    assert made.home(records[0]) == ids[0]
    with made.store.writing(HEADER) as session:
        redecide(session, RULES, ids)
    assert made.home(records[0]) == ids[0]
    assert_sound(made)


def test_nothing_is_decided_of_a_sealed_citizen(made: SmallRegistry) -> None:
    """The links that held it together are forgotten: decided anew, it would fall apart."""
    records = made.records(*(("a", str(n), {"full_name": "Ana Souza"}) for n in (1, 2, 3)))
    home, other = made.citizens(records[:2], records[2:])
    made.pairs((records[0], records[1], 20.0))
    seal(made, ("a", "1"))
    with made.store.writing(HEADER) as session:
        redecide(session, RULES, [home, other])

    assert [made.home(record) for record in records] == [home, home, other]
    assert_sound(made)


def test_the_feed_retires_the_id_for_who_was_told_it_and_for_nobody_else(
    made: SmallRegistry,
) -> None:
    one, two = made.records(("clinic", "1", {}), ("clinic", "2", {}))
    home, other = made.citizens((one,), (two,))
    looked_up(made, "municipal", home, holder="pec")
    seal(made, ("clinic", "1"))

    assert feed(made, "pec") == [("linked", "2"), ("retired", home)]
    assert feed(made, "sae") == [("linked", "2")]
    unseal(made, ("clinic", "1"))
    told = [("linked", "1"), ("linked", "2")]
    ended = [("retired", home), ("reinstated", home)]
    assert [*sorted(feed(made, "pec")[:2]), *feed(made, "pec")[2:]] == [*told, *ended]
    assert sorted(feed(made, "sae")) == told
    assert looked_up(made, "municipal", other) == other


def test_who_once_shared_the_citizen_is_not_told_of_it(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    home, other = made.citizens((one,), (two,))
    made.apply(Move(two, other, home))
    made.apply(Move(two, home, other))
    with made.store.reading() as session:
        moments = [str(r["at"]) for r in session.rows("SELECT at FROM ledger_tx ORDER BY tx_id")]
    assert looked_up(made, "school", "7", as_of=moments[-2]) == home
    seal(made, ("clinic", "1"))

    assert looked_up(made, "school", "7", as_of=moments[-2]) is None
    assert looked_up(made, "school", "7") == looked_up(made, "municipal", other) == other
    for moment in (None, *moments):
        with pytest.raises(NotFoundError, match=NEVER):
            looked_up(made, "municipal", home, as_of=moment)
    with pytest.raises(NotFoundError, match=NEVER):
        looked_up(made, "municipal", other, as_of=moments[-2])
    life = str(life_of(made.store, now, other))
    written = f"{home[:5]}-{home[5:]}"
    assert home not in life
    assert written not in life
    header = TxHeader(kind="changes", actor="sae")
    assert home not in str(follow_changes(made.store, now, header, Following()))
    assert "7" not in str([m.local_id for m in read(made, home).members])
    assert_sound(made)


def test_a_seal_needs_two_people_and_a_citizen(made: SmallRegistry) -> None:
    one, _ = made.records(("clinic", "1", {}), ("clinic", "2", {}))
    made.citizens((one,))
    for second in ("ines", "", "  "):
        with pytest.raises(SealError, match="two people"):
            seal(made, ("clinic", "1"), by=("ines", second))
    with pytest.raises(SealError, match="link first"):
        seal(made, ("clinic", "2"))
    with pytest.raises(SealError, match="begin anew"):
        seal(made, ("clinic", "1"), ("clinic", "2"))
    assert_sound(made)


def test_a_sealed_citizen_can_be_erased(made: SmallRegistry) -> None:
    (one,) = made.records(("clinic", "1", {"full_name": "Ana Souza"}))
    (home,) = made.citizens((one,))
    seal(made, ("clinic", "1"))
    with made.store.writing(HEADER) as session:
        going = what_goes(session, [one], lambda _, local_id: local_id)
        erase_records(session, RULES.golden, going)

    with pytest.raises(NotFoundError, match=NEVER):
        looked_up(made, "municipal", home)
    with pytest.raises(IdErasedError):
        read(made, home)
    assert_sound(made)


def test_verify_names_who_is_sealed_in_part_and_what_moves_or_shows(made: SmallRegistry) -> None:
    one, two, three = made.records(("clinic", "1", {}), ("clinic", "2", {}), ("clinic", "3", {}))
    home, _ = made.citizens((one,), (two,))
    seal(made, ("clinic", "1"))
    made.apply(Place(three, home))
    made.pairs((one, two, 9.0))
    made.question(one, two)
    with made.store.writing(HEADER) as session:
        apply_events(session, event_table([Move(one, home, home)]))
        session.update_rows("record", [{"record_id": one, "restricted": False}])

    wrong = {check.name: str(check.first) for check in verify(made.store) if not check.ok}
    assert "record_id=3: not sealed" in wrong["sealed citizens are sealed whole"]
    assert "move of a sealed record" in wrong["sealed records stay where they are"]
    assert "record_id=1: not restricted" in wrong["nothing is told of sealed records"]


def test_a_backup_keeps_the_seal(made: SmallRegistry, tmp_path: Path) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    seal(made, ("clinic", "1"))
    backup(made.store, tmp_path / "copy", now=TODAY, kind="tables")
    url = f"sqlite:///{tmp_path / 'fresh.db'}"
    restore(tmp_path / "copy", url)

    again = SmallRegistry(Store(url))
    with pytest.raises(NotFoundError), again.store.reading() as session:
        record_number(session, "clinic", "1")
    assert read(again, home).status == "sealed"
    assert_sound(again)
    again.store.close()


def test_nobody_learns_that_a_record_was_once_linked_with_one_that_is_sealed(
    made: SmallRegistry,
) -> None:
    """What was linked with it alone never was; links since then are told as ever."""
    one, two, three = made.records(("clinic", "1", {}), ("school", "7", {}), ("school", "8", {}))
    home, other = made.citizens((two, one), (three,))
    with made.store.reading() as session:
        then = str(session.value("SELECT MAX(at) FROM ledger_tx"))
    away = parted(made, one, two, home)
    seal(made, ("clinic", "1"))

    assert feed(made, "sae") == told_of(made, ("linked", "7"), ("linked", "8"))
    assert told_links(made) == {("7", "linked", "alone"), ("8", "linked", "alone")}
    events = life_of(made.store, now, home)["events"]
    assert isinstance(events, list)
    assert [(e["kind"], e["weight"]) for e in events] == [("linked", None)]
    assert away not in str(events)
    past = resolve(made.store, now, HEADER, Question(source="school", local_id="7", as_of=then))
    assert (past["municipal_id"], past["link_status"]) == (home, "alone")

    made.apply(Move(three, other, home, AUTOMATIC), Relink(two, home, AUTOMATIC))
    assert ("7", "relinked", "automatic") in told_links(made)
    assert {e["kind"] for e in events_of(made, home)} >= {"linked", "relinked", "merged"}
    assert_sound(made)


def test_a_record_that_came_back_from_a_sealed_citizen_never_left(made: SmallRegistry) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    home, other = made.citizens((one,), (two,))
    made.apply(Move(two, other, home, AUTOMATIC))
    made.apply(Move(two, home, other))
    seal(made, ("clinic", "1"))

    assert feed(made, "sae") == [("linked", "7")]
    assert [e["kind"] for e in events_of(made, other)] == ["linked"]


def parted(made: SmallRegistry, one: int, two: int, home: str) -> str:
    """The first record leaves for a citizen of its own, and its companion is alone."""
    away = str(mint())
    made.apply(Mint(away, one), Move(one, home, away), Relink(two, home, ALONE))
    return away


def told_of(made: SmallRegistry, *told: tuple[str, str]) -> list[tuple[str, str]]:
    """In the order in which the feed tells one transaction: by the citizens' IDs."""
    numbers = {"7": 2, "8": 3}
    return sorted(told, key=lambda one: str(made.home(numbers[one[1]])))


def told_links(made: SmallRegistry) -> set[tuple[str, str, str]]:
    header = TxHeader(kind="changes", actor="saude")
    changes = follow_changes(made.store, now, header, Following())["changes"]
    assert isinstance(changes, list)
    return {(c["local_id"], c["change"], c["link_status"]) for c in changes if c["local_id"]}


def events_of(made: SmallRegistry, municipal_id: str) -> list[dict[str, object]]:
    events = life_of(made.store, now, municipal_id)["events"]
    assert isinstance(events, list)
    return events
