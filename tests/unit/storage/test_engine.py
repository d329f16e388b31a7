"""Which databases are refused, and what their errors are called."""

import errno
from pathlib import Path
from threading import Timer

import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import OperationalError

from mdm.errors import (
    DatabaseUnavailableError,
    DiskFullError,
    LaneBusyError,
    MdmError,
    NoRegistryError,
)
from mdm.storage.engine import check_sqlite_version, open_engine
from mdm.storage.faults import refusal
from mdm.storage.store import Store


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_a_sqlite_that_can_corrupt_its_log_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(DatabaseUnavailableError):
        check_sqlite_version(version)


def test_the_library_of_this_process_is_new_enough() -> None:
    check_sqlite_version(sqlite.sqlite_version_info)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name", "no url"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        open_engine(url)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("mmap_size", 0)],
)
def test_a_connection_is_safe(tmp_path: Path, pragma: str, value: object) -> None:
    store = Store(f"sqlite:///{tmp_path / 'registry.db'}")
    store.migrate()

    with store.reading() as session:
        assert session.value(f"PRAGMA {pragma}") == value
    store.close()


def writer_of_new_file(path: Path) -> sqlite.Connection:
    writer = sqlite.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    return writer


def test_a_new_file_another_writes_becomes_ours_when_it_has_done(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    leaves = Timer(0.1, writer_of_new_file(path).close)
    leaves.start()

    with open_engine(f"sqlite:///{path}").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    leaves.join()


def test_a_new_file_another_keeps_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    writer = writer_of_new_file(path)

    with pytest.raises(OperationalError, match="locked"):
        open_engine(f"sqlite:///{path}", lane_seconds=0.05).connect()
    writer.close()


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (sqlite.OperationalError("database is locked"), LaneBusyError),
        (sqlite.OperationalError("database or disk is full"), DiskFullError),
        (sqlite.OperationalError("disk I/O error"), DiskFullError),
        (sqlite.OperationalError("unable to open database file"), DatabaseUnavailableError),
        (sqlite.OperationalError("attempt to write a readonly database"), DatabaseUnavailableError),
        (sqlite.DatabaseError("file is not a database"), DatabaseUnavailableError),
        (sqlite.DatabaseError("database disk image is malformed"), DatabaseUnavailableError),
        (pg.LockNotAvailable(), LaneBusyError),
        (pg.DiskFull(), DiskFullError),
        (pg.AdminShutdown(), DatabaseUnavailableError),
        (pg.QueryCanceled(), DatabaseUnavailableError),
        (psycopg.OperationalError("connection refused"), DatabaseUnavailableError),
    ],
)
def test_what_fails_outside_has_a_name(error: Exception, named: type[MdmError]) -> None:
    assert type(refusal(error)) is named


@pytest.mark.parametrize(
    "error",
    [sqlite.IntegrityError("CHECK constraint failed"), pg.UniqueViolation(), OSError(errno.EIO)],
)
def test_our_own_mistakes_have_none(error: Exception) -> None:
    assert refusal(error) is None


def test_an_empty_database_holds_no_registry(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'registry.db'}")

    assert not store.is_created()
    with pytest.raises(NoRegistryError), store.reading():
        pass
    store.close()


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(b"this is not a database, and long enough to be seen as none" * 20)
    store = Store(f"sqlite:///{path}")

    with pytest.raises(DatabaseUnavailableError), store.reading():
        pass
    store.close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'missing' / 'registry.db'}")

    with pytest.raises(DatabaseUnavailableError):
        store.migrate()
    store.close()


def test_a_server_that_does_not_answer_is_named() -> None:
    store = Store("postgresql://nobody@127.0.0.1:9/none")

    with pytest.raises(DatabaseUnavailableError):
        store.migrate()
    store.close()
