"""After many rows the log is copied into SQLite's file by a thread, not by the commit."""

import shutil
from pathlib import Path

import pyarrow as pa
import pysqlite3.dbapi2 as sqlite
import pytest

from mdm.storage import write_session
from mdm.storage.arrow import arrow_schema
from mdm.storage.checkpoint import LogCopier
from mdm.storage.engine import open_engine
from mdm.storage.store import Store
from support.databases import HEADER, new_sqlite

ROWS = 5000
MADE = pa.Table.from_pylist(
    [
        {
            "issue_id": n,
            "load_id": 1,
            "record_id": n,
            "field": "f",
            "value_class": "c",
            "reason": "r",
        }
        for n in range(1, ROWS + 1)
    ],
    schema=arrow_schema("issue"),
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(write_session, "DEFERRED_ROWS", 1)
    return Store(new_sqlite(tmp_path / "registry.db"))


def in_file(folder: Path) -> int:
    """How many rows the file holds without its log."""
    alone = shutil.copy(folder / "registry.db", folder / "alone.db")
    connection = sqlite.connect(str(alone))
    ((rows,),) = connection.execute("SELECT count(*) FROM issue").fetchall()
    connection.close()
    return int(rows)


def write_all(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_arrow("issue", MADE)


def test_the_store_is_closed_with_its_log_copied(tmp_path: Path, store: Store) -> None:
    # SQLite copies the log when the last connection goes: one stays.
    other = Store(str(store.engine.url.set(drivername="sqlite")))
    with other.reading():
        pass
    write_all(store)
    store.close()
    assert in_file(tmp_path) == ROWS
    other.close()


def test_a_commit_of_many_rows_leaves_the_log_alone(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LogCopier, "begin", lambda _: None)
    write_all(store)
    assert in_file(tmp_path) == 0
    with store.reading() as session:
        assert session.number("SELECT count(*) FROM issue") == ROWS
    store.close()


def test_other_commits_copy_a_long_log_as_before(store: Store) -> None:
    write_all(store)
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 1000
    store.close()


def test_what_keeps_the_log_from_being_copied_is_left_to_the_next_commit(tmp_path: Path) -> None:
    # An error in a thread is one of the test: pytest tells.
    copier = LogCopier(open_engine(f"sqlite:///{tmp_path}/gone/registry.db"))
    copier.begin()
    copier.wait()
