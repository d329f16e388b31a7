"""Who was told what comes out of the audit chains, before anything is decided."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.domain.audit import AuditEntry, ToldSet
from mdm.domain.events import Move, RecordState, RecordStateSet, Unplace
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
    store.migrate()
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
    return {row[:3] for row in noted(made)}


def seq(made: SmallRegistry) -> int:
    with made.store.reading() as session:
        return session.number("SELECT MAX(seq) FROM ledger_event")


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
    last = {row["name"]: row["tx_id"] for row in said}
    assert int(str(last["told"])) < int(str(last["told_mark"]))


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
    tell(log, told_set=ToldSet("clinic", seq(made)))
    fold(made)
    assert keys(made) == {(first, "pec", one)}
    tell(log, told_set=ToldSet("clinic", seq(made), restricted=True))
    fold(made)

    assert keys(made) == {(first, "pec", one), (second, "pec", two)}


def test_an_export_of_very_many_is_noted_whole(
    made: SmallRegistry, log: ChainLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written must not be read, past the first rows, from the connection that writes."""
    monkeypatch.setattr("mdm.storage.write_session.DEFERRED_ROWS", 1)
    records = made.records(*(("clinic", str(number), {}) for number in range(40)))
    homes = made.citizens(*((record,) for record in records))
    tell(log, told_set=ToldSet(source="clinic", seq=seq(made), restricted=False))

    fold(made)

    assert keys(made) == {
        (home, "pec", record) for home, record in zip(homes, records, strict=True)
    }


def test_an_export_tells_what_its_snapshot_held_although_records_have_moved_since(
    made: SmallRegistry, log: ChainLog
) -> None:
    """The answer was given from a snapshot while a plan was being applied."""
    one, two, three = made.records(("clinic", "1", {}), ("clinic", "2", {}), ("clinic", "3", {}))
    first, second, third = made.citizens((one,), (two,), (three,))
    then = seq(made)
    made.apply(Move(two, second, first, AUTOMATIC))
    made.apply(RecordStateSet(three, RecordState.WITHDRAWN), Unplace(three, third))
    (late,) = made.records(("clinic", "4", {}))
    made.citizens((late,))
    tell(log, told_set=ToldSet(None, then))
    fold(made)

    assert keys(made) == {(first, "pec", one), (second, "pec", two), (third, "pec", three)}
