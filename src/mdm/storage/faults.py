"""What a database says when something outside fails, as refusals with names."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pysqlite3.dbapi2 as sqlite
from psycopg import errors as pg
from sqlalchemy import exc

from mdm.errors import DatabaseUnavailableError, DiskFullError, LaneBusyError, MdmError

_SQLITE_TEXTS: tuple[tuple[str, type[MdmError], str], ...] = (
    ("database is locked", LaneBusyError, "another process holds the writer lane"),
    ("table is locked", LaneBusyError, "another process holds the writer lane"),
    ("database or disk is full", DiskFullError, "the disk is full; nothing was changed"),
    ("disk i/o error", DiskFullError, "the disk refused to write; nothing was changed"),
    ("unable to open", DatabaseUnavailableError, "the database file cannot be opened"),
    ("readonly database", DatabaseUnavailableError, "the database file cannot be written"),
    ("not a database", DatabaseUnavailableError, "the file is not a registry database"),
    (
        "image is malformed",
        DatabaseUnavailableError,
        "the file is damaged: restore a backup",
    ),
    ("interrupted", DatabaseUnavailableError, "the statement was interrupted"),
)
_POSTGRES_CLASSES: tuple[tuple[type[Exception], type[MdmError], str], ...] = (
    (pg.LockNotAvailable, LaneBusyError, "another process holds the writer lane"),
    (pg.DiskFull, DiskFullError, "the database's disk is full; nothing was changed"),
    (pg.QueryCanceled, DatabaseUnavailableError, "the statement took too long"),
    (pg.IdleInTransactionSessionTimeout, DatabaseUnavailableError, "the transaction idled"),
    (pg.InsufficientPrivilege, DatabaseUnavailableError, "the account may not do this"),
    (pg.ReadOnlySqlTransaction, DatabaseUnavailableError, "the database cannot be written"),
    (pg.SerializationFailure, LaneBusyError, "another transaction came between: try again"),
    (pg.DeadlockDetected, LaneBusyError, "another transaction came between: try again"),
)


def refusal(error: BaseException) -> MdmError | None:
    """The refusal a driver's error stands for; None for errors that are our own mistakes."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailableError("no database connection became free in time")
    if isinstance(cause, sqlite.Error):
        return _sqlite_refusal(str(cause).lower())
    if isinstance(cause, psycopg.Error):
        return _postgres_refusal(cause)
    return None


def _sqlite_refusal(text: str) -> MdmError | None:
    for part, kind, message in _SQLITE_TEXTS:
        if part in text:
            return kind(message)
    return None


def _postgres_refusal(cause: psycopg.Error) -> MdmError | None:
    for known, kind, message in _POSTGRES_CLASSES:
        if isinstance(cause, known):
            return kind(message)
    state = cause.sqlstate
    lost = state is None or state[:2] in {"08", "28", "3D", "53", "57", "58"}
    if lost and isinstance(cause, psycopg.OperationalError):
        return DatabaseUnavailableError("the database does not answer")
    return None


@contextmanager
def named_faults() -> Iterator[None]:
    """Let driver errors that come from outside leave as named refusals."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError, sqlite.Error, psycopg.Error) as error:
        named = refusal(error)
        if named is None:
            raise
        raise named from error
