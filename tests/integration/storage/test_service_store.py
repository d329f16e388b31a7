"""What lies beside the registry: made where it is missing, and anew where it is of another time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdm.storage.service_store import ServiceStore
from mdm.storage.store import Store

FAILURE = "INSERT INTO login_failure (subject, failures, first_at) VALUES ('a', 1, '2026')"


@pytest.fixture
def beside(database_url: str, tmp_path: Path) -> Iterator[ServiceStore]:
    made = ServiceStore(tmp_path, database_url)
    yield made
    made.close()


def failures(store: ServiceStore) -> list[dict[str, object]]:
    with store.reading() as session:
        return session.rows("SELECT subject FROM login_failure")


def again(database_url: str, tmp_path: Path) -> list[dict[str, object]]:
    """What another process finds."""
    other = ServiceStore(tmp_path, database_url)
    try:
        return failures(other)
    finally:
        other.close()


def test_what_is_kept_is_there_for_the_next_process(
    beside: ServiceStore, database_url: str, tmp_path: Path
) -> None:
    with beside.writing() as session:
        session.execute(FAILURE)

    assert again(database_url, tmp_path) == [{"subject": "a"}]


def test_tables_of_another_version_are_made_anew(
    beside: ServiceStore, database_url: str, tmp_path: Path
) -> None:
    with beside.writing() as session:
        session.execute(FAILURE)
        session.execute("ALTER TABLE login_failure ADD COLUMN other TEXT")
        session.execute("UPDATE service_schema SET digest = 'other'")

    assert again(database_url, tmp_path) == []
    with beside.reading() as session:
        assert session.row("SELECT * FROM login_failure") is None


def fail_halfway(beside: ServiceStore) -> None:
    with beside.writing() as session:
        session.execute(FAILURE)
        raise RuntimeError


def test_a_transaction_that_fails_leaves_nothing(beside: ServiceStore) -> None:
    with pytest.raises(RuntimeError):
        fail_halfway(beside)

    assert failures(beside) == []


def test_many_processes_may_find_none_at_once(database_url: str, tmp_path: Path) -> None:
    stores = [ServiceStore(tmp_path, database_url) for _ in range(6)]
    threads = [threading.Thread(target=failures, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [failures(store) for store in stores] == [[]] * 6
    for store in stores:
        store.close()


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    beside = ServiceStore(tmp_path, f"sqlite:///{tmp_path}/registry.db")
    failures(beside)
    beside.close()

    assert (tmp_path / "service.db").stat().st_mode & 0o077 == 0


def test_the_registry_knows_nothing_of_it(store: Store, database_url: str, tmp_path: Path) -> None:
    again(database_url, tmp_path)

    store.migrate()
    assert store.is_created()
