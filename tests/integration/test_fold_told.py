"""Who was told what comes out of the audit chains, before anything is decided."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.clustering.reconcile import reconcile
from mdm.clustering.splits import Touched
from mdm.domain.audit import AuditEntry
from mdm.domain.audit_chain import ChainRow
from mdm.domain.events import Ambiguous, Anchor, Move, RecordState, RecordStateSet, Unplace
from mdm.domain.identity import IdFacts
from mdm.domain.told_sets import ToldKind, ToldSet
from mdm.services.fold_told import fold_told, is_told_level, told_marks
from mdm.services.told_holders import told_holders
from mdm.storage.audit import ChainLog, Chains, open_chains
from mdm.storage.store import Store
from support.databases import SteppingClock
from support.small_registry import AUTOMATIC, HEADER, SmallRegistry

Told = set[tuple[object, ...]]


class Days:
    """A clock that is set to days."""

    day = 10

    def __call__(self) -> datetime:
        return datetime(2026, 3, self.day, tzinfo=UTC)


@pytest.fixture
def chains(database_url: str, tmp_path: Path) -> Chains:
    return open_chains(tmp_path, database_url)


@pytest.fixture
def made(database_url: str, chains: Chains) -> Iterator[SmallRegistry]:
    """A registry whose write transactions begin with what the chains tell."""
    store = Store(
        database_url, clock=SteppingClock(), begin=lambda session: fold_told(session, chains)
    )
    yield SmallRegistry(store)
    store.close()


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def log(chains: Chains, days: Days) -> Iterator[ChainLog]:
    opened = ChainLog(chains, "web-1", days)
    yield opened
    opened.close()


def tell(
    log: ChainLog,
    *told: tuple[str, int],
    holder: str | None = "pec",
    told_set: ToldSet | None = None,
) -> None:
    log.append(
        AuditEntry(
            actor="pec",
            client="c-1",
            role="system",
            purpose="integration",
            action="crosswalk.read",
            request_id="r",
            holder=holder,
            told=told,
            told_set=told_set,
        )
    )


def fold(made: SmallRegistry) -> None:
    with made.store.writing(HEADER):
        pass


def noted(made: SmallRegistry) -> Told:
    with made.store.reading() as session:
        rows = session.rows("SELECT municipal_id, holder, record_id, first_at, last_at FROM told")
    return {tuple(row.values()) for row in rows}


def keys(made: SmallRegistry) -> Told:
    """Who was told which ID for which record, one by one or by an export."""
    with made.store.reading() as session:
        ids = [str(row["municipal_id"]) for row in session.rows("SELECT * FROM municipal_id")]
        found = told_holders(session, ids)
    return {(name, holder, record) for (name, record), all_ in found.items() for holder in all_}


def last(made: SmallRegistry) -> int:
    with made.store.reading() as session:
        return session.number("SELECT MAX(tx_id) FROM ledger_tx")


def exports(made: SmallRegistry) -> list[tuple[object, ...]]:
    with made.store.reading() as session:
        rows = session.rows(
            "SELECT holder, kind, source, first_at, last_at FROM told_set ORDER BY tx_id"
        )
    return [tuple(row.values()) for row in rows]


def test_a_write_transaction_sees_every_telling_before_it_decides(
    made: SmallRegistry, log: ChainLog
) -> None:
    one, two = made.records(("clinic", "1", {}), ("school", "7", {}))
    (home,) = made.citizens((one, two))
    tell(log, (home, one))

    with made.store.writing(HEADER) as session:
        assert told_holders(session, [home]) == {(home, one): frozenset({"pec"})}


def test_first_and_last_day_are_those_of_the_entries(
    made: SmallRegistry, log: ChainLog, days: Days
) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    for days.day in (10, 11):
        tell(log, (home, one))
    fold(made)
    days.day = 14
    tell(log, (home, one))
    fold(made)

    assert noted(made) == {(home, "pec", one, "2026-03-10", "2026-03-14")}


def test_what_is_noted_is_not_written_again(made: SmallRegistry, log: ChainLog) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    tell(log, (home, one))
    fold(made)
    for _ in range(3):
        tell(log, (home, one))
    fold(made)

    with made.store.reading() as session:
        said = session.rows("SELECT name, tx_id FROM state_digest WHERE name LIKE 'told%'")
    when = {row["name"]: row["tx_id"] for row in said}
    assert int(str(when["told"])) < int(str(when["told_mark"]))


def test_entries_that_tell_nobody_only_move_the_mark(
    made: SmallRegistry, log: ChainLog, chains: Chains
) -> None:
    tell(log, holder=None)
    with made.store.reading() as session:
        assert not is_told_level(session, chains)
    fold(made)

    with made.store.reading() as session:
        assert told_marks(session) == chains.heads()
        assert is_told_level(session, chains)
    assert noted(made) == set()


def test_a_transaction_that_fails_leaves_the_tellings_for_the_next(
    made: SmallRegistry, log: ChainLog
) -> None:
    (one,) = made.records(("clinic", "1", {}))
    (home,) = made.citizens((one,))
    tell(log, (home, one))
    with pytest.raises(RuntimeError), made.store.writing(HEADER):
        raise RuntimeError
    assert noted(made) == set()
    fold(made)

    assert keys(made) == {(home, "pec", one)}


def test_several_chains_are_noted_each_from_its_own_mark(
    made: SmallRegistry, log: ChainLog, chains: Chains, days: Days
) -> None:
    one, two = made.records(("clinic", "1", {}), ("clinic", "2", {}))
    first, second = made.citizens((one,), (two,))
    other = ChainLog(chains, "web-2", days)
    tell(log, (first, one))
    tell(other, (second, two), holder="sisreg")
    fold(made)
    tell(other, (first, one), holder="sisreg")
    other.close()
    fold(made)

    assert keys(made) == {
        (first, "pec", one),
        (second, "sisreg", two),
        (first, "sisreg", one),
    }


def test_an_export_tells_the_ids_of_its_source_but_those_of_restricted_records(
    made: SmallRegistry, log: ChainLog
) -> None:
    one, two, three = made.records(
        ("clinic", "1", {}), ("clinic", "2", {"restricted": "1"}), ("school", "7", {})
    )
    first, second, _ = made.citizens((one,), (two,), (three,))
    tell(log, told_set=ToldSet("clinic", last(made)))
    fold(made)
    assert keys(made) == {(first, "pec", one)}
    tell(log, told_set=ToldSet("clinic", last(made), ToldKind.ALL_RECORDS))
    fold(made)

    assert keys(made) == {(first, "pec", one), (second, "pec", two)}


def test_an_export_told_what_was_open_then_whatever_is_now(
    made: SmallRegistry, log: ChainLog
) -> None:
    one, two = made.records(("clinic", "1", {}), ("clinic", "2", {"restricted": "1"}))
    first, _ = made.citizens((one,), (two,))
    then = last(made)
    made.change(one, {"restricted": "1"})
    made.change(two, {"restricted": "0"})
    tell(log, told_set=ToldSet("clinic", then))
    fold(made)

    assert keys(made) == {(first, "pec", one)}


def test_an_export_told_a_record_that_was_erased_since_and_none_erased_before(
    made: SmallRegistry, log: ChainLog
) -> None:
    one, two = made.records(("clinic", "1", {}), ("clinic", "2", {}))
    first, _ = made.citizens((one,), (two,))
    made.apply(RecordStateSet(two, RecordState.ERASED))
    tell(log, told_set=ToldSet("clinic", last(made)))
    made.apply(RecordStateSet(one, RecordState.ERASED))
    fold(made)

    assert keys(made) == {(first, "pec", one)}


def test_an_export_tells_what_its_snapshot_held_although_records_have_moved_since(
    made: SmallRegistry, log: ChainLog
) -> None:
    """The answer was given from a snapshot while a plan was being applied."""
    one, two, three = made.records(("clinic", "1", {}), ("clinic", "2", {}), ("clinic", "3", {}))
    first, second, third = made.citizens((one,), (two,), (three,))
    then = last(made)
    made.apply(Move(two, second, first, AUTOMATIC))
    made.apply(RecordStateSet(three, RecordState.WITHDRAWN), Unplace(three, third))
    (late,) = made.records(("clinic", "4", {}))
    (home,) = made.citizens((late,))
    tell(log, told_set=ToldSet(None, then))
    fold(made)
    before = {(first, "pec", one), (second, "pec", two), (third, "pec", three)}
    assert keys(made) == before

    tell(log, told_set=ToldSet(None, last(made)), holder="sisreg")
    fold(made)
    after = {(first, "sisreg", one), (first, "sisreg", two), (home, "sisreg", late)}
    assert keys(made) == before | after


def test_exports_between_which_nothing_came_or_moved_are_one_row(
    made: SmallRegistry, log: ChainLog, days: Days
) -> None:
    (one,) = made.records(("clinic", "1", {}))
    made.citizens((one,))
    for days.day in (10, 12, 11):
        tell(log, told_set=ToldSet("clinic", last(made)))
        fold(made)
    assert exports(made) == [("pec", "open_records", "clinic", "2026-03-10", "2026-03-12")]
    made.records(("clinic", "2", {}))
    tell(log, told_set=ToldSet("clinic", last(made)))
    fold(made)

    assert len(exports(made)) == 2


def test_an_export_of_everything_is_noted_in_one_row_and_told_every_record(
    made: SmallRegistry, log: ChainLog
) -> None:
    records = made.records(*(("clinic", str(number), {}) for number in range(40)))
    homes = made.citizens(*((record,) for record in records))
    tell(log, told_set=ToldSet("clinic", last(made)))
    fold(made)

    assert (noted(made), len(exports(made))) == (set(), 1)
    assert keys(made) == {
        (home, "pec", record) for home, record in zip(homes, records, strict=True)
    }


def test_an_entry_of_the_first_version_names_the_event_that_was_seen(
    made: SmallRegistry, chains: Chains
) -> None:
    one, two = made.records(("clinic", "1", {}), ("clinic", "2", {}))
    (first,) = made.citizens((one,))
    with made.store.reading() as session:
        seq = session.number("SELECT MAX(seq) FROM ledger_event")
    made.citizens((two,))
    body = {
        "at": "2026-03-10T00:00:00Z",
        "holder": "pec",
        "told_set": {"restricted": False, "seq": seq, "source": "clinic"},
    }
    chains.add_rows("web-9", [ChainRow(1, json.dumps(body), "0" * 64)])
    fold(made)

    assert keys(made) == {(first, "pec", one)}


@pytest.mark.parametrize("exported", [True, False])
def test_an_export_decides_a_split_as_single_answers_do(
    made: SmallRegistry, log: ChainLog, *, exported: bool
) -> None:
    """The anchor stays with the part told to most, and what both parts were told is ambiguous."""
    one, two, three = made.records(("clinic", "1", {}), ("clinic", "2", {}), ("school", "3", {}))
    (home,) = made.citizens((one, two, three))
    if exported:
        tell(log, told_set=ToldSet("clinic", last(made)))
        tell(log, told_set=ToldSet(None, last(made)), holder="feed")
    else:
        tell(log, (home, one), (home, two))
        tell(log, (home, one), (home, two), (home, three), holder="feed")
    with made.store.writing(HEADER) as session:
        told = told_holders(session, [home])
    touched = Touched(
        membership=dict.fromkeys((one, two, three), home),
        ids={home: IdFacts(municipal_id=home, founder=one, anchor=one, minted_seq=1)},
        told=told,
    )
    changes = reconcile([(one, two), (three,)], touched, ambiguous_until="2026-06-10")

    assert Ambiguous(home, "2026-06-10") in changes.events
    assert [event for event in changes.events if isinstance(event, Anchor)] == []
    assert changes.held == ()
