"""Engines for both databases: SQLite through pysqlite3 alone, PostgreSQL through psycopg 3.

One SQLite library per process: closing a file in a second one drops the first one's locks.
A transaction begins as what it is (`BEGIN IMMEDIATE` to write, `BEGIN` to read) and is never
upgraded: an upgrade fails at once under contention, and a driver's default loses updates.
"""

from select import POLLIN, poll
from time import monotonic, sleep
from typing import Any

import pysqlite3.dbapi2 as sqlite
from psycopg import IsolationLevel
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from mdm.errors import DatabaseUnavailableError
from mdm.storage.niceness import pass_on_niceness
from mdm.storage.table_file.btree import PAGE

LANE_SECONDS = 5.0
LANE_KEY = 0x6D646D_6C616E65  # "mdmlane": the advisory lock of the writer lane
OLDEST_SQLITE = (3, 51, 3)  # older ones can corrupt a WAL that two connections reset
CACHE_KIB = 262_144
WAL_RETRY_SECONDS = 0.005
STATEMENT_SECONDS = 1800
IDLE_SECONDS = 1800
WRITES = "mdm_writes"
SINGLE = "mdm_single"


def open_engine(url: str, *, lane_seconds: float = LANE_SECONDS) -> Engine:
    """An engine for a database URL; nothing is opened yet.

    Args:
        url: `sqlite:///path`, or `postgresql://user@host/name`.
        lane_seconds: How long a writer waits for the lane.

    Raises:
        DatabaseUnavailableError: The URL is of another database, or SQLite is too old.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailableError("the database URL cannot be read") from error
    family = parsed.get_backend_name()
    if family == "sqlite":
        return _sqlite_engine(parsed, lane_seconds)
    if family in {"postgresql", "postgres"}:
        return _postgres_engine(parsed)
    raise DatabaseUnavailableError("the database must be SQLite or PostgreSQL")


def check_sqlite_version(version: tuple[int, ...]) -> None:
    """Refuse a SQLite library that can corrupt the write-ahead log."""
    if version < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise DatabaseUnavailableError(f"SQLite is too old: {wanted} or newer is needed")


def _sqlite_engine(url: URL, lane_seconds: float) -> Engine:
    check_sqlite_version(sqlite.sqlite_version_info)
    if url.database in {None, "", ":memory:"}:
        raise DatabaseUnavailableError("a registry in memory would be lost: name a file")
    # The driver looks for ways to adapt every None it binds (1 us each); told one, it asks once.
    sqlite.register_adapter(type(None), {}.get)
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        module=sqlite,
        connect_args={
            "isolation_level": None,
            "timeout": lane_seconds,
            "check_same_thread": False,
        },
        pool_size=16,
        max_overflow=16,
        pool_timeout=lane_seconds,
    )
    event.listen(engine, "connect", lambda made, _: _prepare_sqlite(made, lane_seconds))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, lane_seconds: float) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size = {PAGE}")
    _set_write_ahead(cursor, lane_seconds)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        f"cache_size = -{CACHE_KIB}",
        "mmap_size = 0",
        "trusted_schema = OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_write_ahead(cursor: Any, lane_seconds: float) -> None:
    """Turn a new file to the write-ahead log, after whoever is doing so at this moment.

    SQLite refuses this change at once, without the timeout of the connection.
    """
    until = monotonic() + lane_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite.OperationalError as error:
            if error.sqlite_errorcode != sqlite.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(WAL_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = bool(connection.get_execution_options().get(WRITES, False))
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=16,
        max_overflow=16,
        pool_timeout=LANE_SECONDS,
        connect_args={
            "connect_timeout": 5,
            "application_name": "mdm",
            "options": (
                f"-c statement_timeout={STATEMENT_SECONDS}s "
                f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s "
                # Who writes says so when its transaction begins.
                "-c default_transaction_read_only=on "
                "-c synchronous_commit=on -c TimeZone=UTC -c client_encoding=UTF8"
            ),
            "keepalives_idle": 30,
            "tcp_user_timeout": 30_000,
        },
    )
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkout", _refuse_closed)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_postgres(driver: Any, _record: object) -> None:
    if pass_on_niceness(driver):
        # What the server starts to help with a statement would not give way.
        driver.autocommit = True
        driver.execute("SET max_parallel_workers_per_gather = 0")
        driver.execute("SET max_parallel_maintenance_workers = 0")
        driver.autocommit = False


def _refuse_closed(driver: Any, _record: object, _proxy: object) -> None:
    """Let the pool open another connection in place of one that the server has closed.

    What waits to be read on a connection that nobody uses is its end. To ask would be a way
    there and back before every read.
    """
    waiting = poll()
    waiting.register(driver.fileno(), POLLIN)
    if driver.closed or waiting.poll(0):
        raise DisconnectionError("the server closed the connection")


def _begin_postgres(connection: Connection) -> None:
    """Say what kind of transaction the driver's next BEGIN opens, or none; nothing is sent yet."""
    driver: Any = connection.connection.driver_connection
    options = connection.get_execution_options()
    single = bool(options.get(SINGLE, False))
    if driver.autocommit is not single:
        driver.autocommit = single
    reads = not options.get(WRITES, False)
    if driver.read_only is not reads:
        driver.isolation_level = IsolationLevel.REPEATABLE_READ if reads else None
        driver.read_only = reads


def take_lane(connection: Connection, lane_seconds: float) -> None:
    """Wait for the writer lane; on SQLite `BEGIN IMMEDIATE` has taken it already.

    The transaction stays READ COMMITTED: a statement after the lock sees every commit before it,
    where a snapshot taken while waiting would not.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(lane_seconds * 1000)}ms'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LANE_KEY})")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
