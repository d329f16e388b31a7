"""SQLite's write-ahead log is copied into the file while the program goes on.

A commit that finds a long log copies it at once, and the command waits for the disk. After many
rows the commit leaves that alone: its pages are safe in the log, and a thread copies them.
"""

import threading
from contextlib import suppress

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_PAGES = 1000
"""SQLite's own measure of a long log."""


class LogCopier:
    """Copies the log in a thread, after a commit that left it alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to copy what is committed; one thread at a time does."""
        self.wait()
        # Not a daemon: the program ends when the log is copied.
        self._thread = threading.Thread(target=self._copy, name="log-copier")
        self._thread.start()

    def wait(self) -> None:
        """Until what was begun is done."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _copy(self) -> None:
        # What keeps it from copying, the next commit meets as well, and tells.
        with suppress(sqlite.Error, SQLAlchemyError), self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def leave_log(connection: Connection) -> None:
    """Let the commit that follows, and those after it, not copy the log."""
    connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")


def keep_log_short(connection: Connection) -> None:
    """Let commits copy a long log again."""
    if connection.invalidated:
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA wal_autocheckpoint = {_PAGES}").fetchall()
