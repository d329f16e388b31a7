"""What another process does to a registry; importable there, as a test module is not."""

import os
import signal
from collections.abc import Iterator
from multiprocessing.synchronize import Event as ProcessEvent
from typing import Any

import pyarrow as pa
from sqlalchemy import event

from mdm.domain.ledger import TxHeader
from mdm.storage import write_session
from mdm.storage.store import Store
from mdm.storage.write_session import WriteSession
from support.databases import HEADER, PATIENCE


def add_one(store: Store) -> None:
    """Read, modify and write one row, in one transaction."""
    with store.writing(HEADER) as session:
        row = session.row("SELECT seq FROM membership WHERE record_id = 1")
        assert row is not None
        session.update_rows("membership", [{"record_id": 1, "seq": int(str(row["seq"])) + 1}])


def add_many(url: str, times: int) -> None:
    """Many of these."""
    store = Store(url, lane_seconds=60)
    for _ in range(times):
        add_one(store)
    store.close()


def hold_lane(url: str, taken: ProcessEvent, release: ProcessEvent) -> None:
    """Hold the writer lane in the middle of a bulk write."""
    store = Store(url)
    with store.writing(TxHeader(kind="bulk", actor="other")) as session:
        session.set_where("membership", {"link_status": "confirmed"})
        taken.set()
        release.wait(PATIENCE)
    store.close()


def migrate_and_die(url: str, statements: int) -> None:
    """Migrate, killed outright before the given statement."""
    store = Store(url)
    left = statements

    def count(*_args: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "before_cursor_execute", count)
    store.migrate()
    store.close()


COPIED = 5_000
"""Issues that `replace_issues` writes."""


def issues_copied() -> Iterator[pa.RecordBatch]:
    """Issues of a record that is there, many enough to fill pages."""
    for start in range(1, COPIED, 1_000):
        rows = [
            {
                "issue_id": number,
                "load_id": 1,
                "record_id": 1,
                "field": "cpf",
                "value_class": "repeated digits",
                "reason": "placeholder",
            }
            for number in range(start, start + 1_000)
        ]
        yield pa.RecordBatch.from_pylist(rows)


def replace_issues(session: WriteSession, batches: Iterator[pa.RecordBatch]) -> None:
    """Write all issues anew: by way of a table file, where there are more than `DEFERRED_ROWS`."""
    session.clear("issue")
    session.insert_arrow("issue", batches)


def copy_and_die(url: str, instructions: int) -> None:
    """Write all issues anew, killed outright.

    Args:
        url: A registry on SQLite.
        instructions: How many hundred instructions of the copy run before; 0: it dies while the
            file is made, and once all is committed where the copy has fewer.
    """
    write_session.DEFERRED_ROWS = 1
    store = Store(url)
    event.listen(store.engine, "connect", lambda one, _: one.execute("PRAGMA cache_size = 8"))
    event.listen(store.engine, "before_cursor_execute", _watch_copy(instructions))
    with store.writing(HEADER) as session:
        replace_issues(session, issues_copied() if instructions != 0 else _first_and_die())
    _die()


def _first_and_die() -> Iterator[pa.RecordBatch]:
    yield next(issues_copied())
    _die()


def _watch_copy(instructions: int) -> Any:
    """Have SQLite ask during its copy whether to die."""
    left = instructions

    def ask() -> int:
        nonlocal left
        left -= 1
        if left == 0:
            _die()
        return 0

    def begin(connection: Any, _cursor: object, sql: str, *_: object) -> None:
        if sql.startswith("INSERT INTO main."):
            connection.connection.driver_connection.set_progress_handler(ask, 100)

    return begin


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
