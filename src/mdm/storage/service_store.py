"""What serving needs and no registry is made of: web sessions, failed logins, jobs.

They are written while a link run holds the registry's writer lane for a minute, so on SQLite they
lie in a file of their own, `service.db` in the home folder; on PostgreSQL beside the registry's
tables. They carry no checks and are not backed up: losing them logs people out and forgets
waiting jobs.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable
from sqlmodel import Index, SQLModel

from mdm.storage.engine import WRITES, open_engine
from mdm.storage.faults import named_faults
from mdm.storage.tables.base import STRICT, maybe_real, maybe_txt, num, one_of, txt, where_index

FILE = "service.db"
_NO_PARAMS: Mapping[str, object] = MappingProxyType({})
_MAKING = 0x6D646D_73727663  # "mdmsrvc": one process makes the tables


class Beside(SQLModel):
    """Base of the tables beside the registry."""

    metadata = MetaData()


class ServiceSchema(Beside, table=True):
    """Which tables these are; one row."""

    __tablename__ = "service_schema"
    __table_args__ = STRICT

    digest: str = txt(key=True)


class WebSessionRow(Beside, table=True):
    """A person's session; the cookie holds a token, this its SHA-256."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_account", "account"), STRICT)

    token_hash: str = txt(key=True)
    account: str = txt()
    csrf: str = txt()
    purpose: str | None = maybe_txt()
    attends: str | None = maybe_txt()
    attends_until: str | None = maybe_txt()
    created_at: str = txt()
    seen_at: str = txt()


class LoginFailure(Beside, table=True):
    """Failed logins of one account or address since the first of a row of them."""

    __tablename__ = "login_failure"
    __table_args__ = STRICT

    subject: str = txt(key=True)
    failures: int = num()
    first_at: str = txt()


class Job(Beside, table=True):
    """A command that runs in a process of its own."""

    __table_args__ = (
        one_of("state", ("waiting", "running", "done", "failed", "cancelled")),
        where_index("ix_job_standing", "state", "job_id", where="state IN ('waiting', 'running')"),
        STRICT,
    )

    job_id: int = num(key=True)
    kind: str = txt()
    state: str = txt()
    argument: str | None = maybe_txt()
    step: str | None = maybe_txt()
    progress: float | None = maybe_real()
    result: str | None = maybe_txt()
    error: str | None = maybe_txt()
    requested_by: str = txt()
    at: str = txt()
    started_at: str | None = maybe_txt()
    ended_at: str | None = maybe_txt()
    heartbeat_at: str | None = maybe_txt()


class Looked(Beside, table=True):
    """How often a reader looked for somebody in an hour or a day, and how often for nobody."""

    __table_args__ = STRICT

    subject: str = txt(key=True)
    span: str = txt(key=True)
    looks: int = num()
    misses: int = num()


class Repeatable(Beside, table=True):
    """A write that its caller may send again: the answer that it got, by the caller's key."""

    __table_args__ = STRICT

    actor: str = txt(key=True)
    key: str = txt(key=True)
    request_hash: str = txt()
    answer: str | None = maybe_txt()
    at: str = txt()


class ServiceSession:
    """One transaction beside the registry; statements use `:name` parameters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def row(self, sql: str, params: Mapping[str, object] = _NO_PARAMS) -> dict[str, object] | None:
        """The first row, or None."""
        found = self._connection.execute(text(sql), dict(params)).mappings().first()
        return None if found is None else dict(found)

    def rows(self, sql: str, params: Mapping[str, object] = _NO_PARAMS) -> list[dict[str, object]]:
        """All rows of a small result."""
        return [dict(row) for row in self._connection.execute(text(sql), dict(params)).mappings()]

    def execute(self, sql: str, params: Mapping[str, object] = _NO_PARAMS) -> int:
        """Change rows; returns how many."""
        return int(self._connection.execute(text(sql), dict(params)).rowcount)


class ServiceStore:
    """Opens transactions beside a registry; safe to share between threads.

    Args:
        home: The registry's home folder.
        database_url: The registry's database.
    """

    def __init__(self, home: Path, database_url: str) -> None:
        on_sqlite = make_url(database_url).get_backend_name() == "sqlite"
        self._engine = open_engine(f"sqlite:///{home / FILE}" if on_sqlite else database_url)
        self._path = home / FILE if on_sqlite else None
        self._made = False

    @contextmanager
    def reading(self) -> Iterator[ServiceSession]:
        """One snapshot, read only."""
        self._make()
        with self._transaction(writes=False) as connection:
            yield ServiceSession(connection)

    @contextmanager
    def writing(self) -> Iterator[ServiceSession]:
        """A short transaction; never the registry's writer lane."""
        self._make()
        with self._transaction(writes=True) as connection:
            yield ServiceSession(connection)

    def close(self) -> None:
        """Close all connections; the store can be used again."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        with named_faults(), self._engine.connect() as bare:
            connection = bare.execution_options(**{WRITES: writes})
            with connection.begin():
                yield connection

    def _make(self) -> None:
        if self._made:
            return
        if self._path is not None:
            self._path.touch(mode=0o600)
        with self._transaction(writes=True) as connection:
            if connection.dialect.name != "sqlite":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
            _make_tables(connection)
        self._made = True


def _make_tables(connection: Connection) -> None:
    """Make the tables; those of another version of the program are made anew, empty.

    Nothing in them is worth a migration: people log in again, and what waited is asked for again.
    """
    wanted = _schema_digest()
    if inspect(connection).has_table(ServiceSchema.__tablename__):
        if connection.exec_driver_sql("SELECT digest FROM service_schema").scalar() == wanted:
            return
        Beside.metadata.drop_all(connection)
    Beside.metadata.create_all(connection)
    connection.execute(text("INSERT INTO service_schema (digest) VALUES (:d)"), {"d": wanted})


def _schema_digest() -> str:
    """Names the tables with their columns and constraints, as this program declares them."""
    tables = sorted(Beside.metadata.sorted_tables, key=lambda table: table.name)
    declared = "".join(str(CreateTable(table)) for table in tables)
    return hashlib.sha256(declared.encode()).hexdigest()
