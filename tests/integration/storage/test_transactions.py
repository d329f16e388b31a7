"""One writer lane, readers unlimited; nothing acknowledged is lost."""

import multiprocessing
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from mdm.domain.ledger import TxHeader
from mdm.errors import DatabaseUnavailableError, LaneBusyError, MdmError
from mdm.storage.store import Store
from support.databases import HEADER, PATIENCE, new_sqlite
from support.processes import add_many, add_one, hold_lane
from support.registries import fill

SPAWN = multiprocessing.get_context("spawn")


def seq(store: Store) -> int:
    with store.reading() as session:
        return session.number("SELECT seq FROM membership WHERE record_id = 1")


@pytest.mark.slow
def test_eight_threads_lose_no_update(database_url: str) -> None:
    store = Store(database_url, lane_seconds=60)
    fill(store)
    before = seq(store)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(40):
                add_one(store)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert seq(store) - before == 320
    store.close()


@pytest.mark.slow
def test_two_processes_lose_no_update(store: Store, database_url: str) -> None:
    fill(store)
    before = seq(store)

    processes = [SPAWN.Process(target=add_many, args=(database_url, 30)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert seq(store) - before == 60


@pytest.mark.slow
def test_a_second_process_is_refused_while_one_writes(store: Store, database_url: str) -> None:
    fill(store)
    taken, release = SPAWN.Event(), SPAWN.Event()
    other = SPAWN.Process(target=hold_lane, args=(database_url, taken, release))
    other.start()
    assert taken.wait(PATIENCE)
    hasty = Store(database_url, lane_seconds=0.3)

    begun = time.monotonic()
    with pytest.raises(LaneBusyError), hasty.writing(HEADER):
        pass
    waited = time.monotonic() - begun
    with hasty.reading() as session:
        seen = session.number("SELECT COUNT(*) FROM membership WHERE link_status = 'confirmed'")
    release.set()
    other.join()

    assert 0.2 < waited < PATIENCE
    assert seen == 0
    assert other.exitcode == 0
    with hasty.writing(HEADER) as session:
        after = session.number("SELECT COUNT(*) FROM membership WHERE link_status = 'confirmed'")
    assert after == 4
    hasty.close()


def test_a_second_thread_is_refused_while_one_writes(database_url: str) -> None:
    store = Store(database_url, lane_seconds=0.2)
    refused: list[MdmError] = []

    def second() -> None:
        try:
            with store.writing(HEADER):
                pass
        except MdmError as error:
            refused.append(error)

    with store.writing(HEADER):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    assert [type(error) for error in refused] == [LaneBusyError]
    store.close()


def test_a_reader_keeps_its_snapshot(store: Store) -> None:
    fill(store)
    with store.reading() as session:
        before = session.number("SELECT COUNT(*) FROM issue")
        with store.writing(HEADER) as writer:
            writer.clear("issue")
        assert session.number("SELECT COUNT(*) FROM issue") == before

    with store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM issue") == 0


@pytest.mark.parametrize("way", ["reading", "asking"])
def test_a_reader_cannot_write(store: Store, way: str) -> None:
    fill(store)
    opened = store.reading if way == "reading" else store.asking
    with pytest.raises((DatabaseUnavailableError, DBAPIError)), opened() as session:
        session.rows("DELETE FROM issue RETURNING issue_id")

    with store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM issue") > 0


def test_a_single_question_opens_no_transaction_and_leaves_the_connection_as_it_was(
    store: Store,
) -> None:
    with store.asking() as session:
        assert session.number("SELECT 1") == 1
        driver = session.driver_connection
        if store.dialect == "postgresql":
            assert driver.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    # The pool gives the same connection again: to a reader's snapshot, and to a writer.
    with store.reading() as session:
        assert session.driver_connection is driver
        if store.dialect == "postgresql":
            session.number("SELECT 1")
            assert driver.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    test_a_refused_command_leaves_nothing(store)


def test_a_refused_command_leaves_nothing(store: Store) -> None:
    fill(store)
    with store.reading() as session:
        before = session.rows("SELECT * FROM ledger_tx ORDER BY tx_id")

    def refused() -> None:
        with store.writing(HEADER) as session:
            session.clear("golden_record")
            raise LaneBusyError("refused after the first write")

    with pytest.raises(LaneBusyError):
        refused()

    with store.reading() as session:
        assert session.rows("SELECT * FROM ledger_tx ORDER BY tx_id") == before
        assert session.number("SELECT COUNT(*) FROM golden_record") == 3


def test_a_transaction_tells_who_and_why(store: Store) -> None:
    header = TxHeader(
        kind="judge",
        actor="ana",
        purpose="data quality",
        request="r-7",
        cause="review 3",
        plan_id=4,
        model_version="person/v1",
    )
    with store.writing(header) as session:
        tx_id, at = session.tx_id, session.at

    with store.reading() as session:
        row = session.row("SELECT * FROM ledger_tx WHERE tx_id = :tx", {"tx": tx_id})
    assert row is not None
    assert {name: row[name] for name in ("kind", "actor", "purpose", "request", "cause")} == {
        "kind": "judge",
        "actor": "ana",
        "purpose": "data quality",
        "request": "r-7",
        "cause": "review 3",
    }
    assert (row["plan_id"], row["model_version"], row["at"]) == (4, "person/v1", at)


def test_a_full_disk_is_named_and_leaves_the_registry(tmp_path: Path) -> None:
    store = Store(new_sqlite(tmp_path / "registry.db"))
    fill(store)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def grow() -> None:
        with store.writing(HEADER) as session:
            session.rows(f"PRAGMA max_page_count = {pages}")
            text = "x" * 5000
            session.insert_rows(
                "quarantine",
                [
                    {
                        "quarantine_id": number,
                        "load_id": 1,
                        "source": "s",
                        "file": "f",
                        "reason": "r",
                        "content": text,
                    }
                    for number in range(10, 60)
                ],
            )

    with pytest.raises(MdmError) as refused:
        grow()

    assert refused.value.code == "disk_full"
    with store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM quarantine") == 1
    store.close()


def test_a_connection_that_the_server_closed_is_opened_again(
    store: Store, database_url: str
) -> None:
    if store.dialect == "sqlite":
        return  # a file has no server
    with store.reading() as session:
        own = session.number("SELECT pg_backend_pid()")
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (own,))

    with store.reading() as session:
        assert session.number("SELECT pg_backend_pid()") != own
