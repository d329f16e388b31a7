"""The registry's database: one snapshot to read, one lane to write.

    store = Store("sqlite:////var/lib/mdm/registry.db")
    with store.writing(TxHeader(kind="load", actor="operator")) as session:
        session.insert_arrow("record", batches)
    with store.reading() as session:
        for batch in session.table_batches("membership"): ...

One command is one transaction. What a write session wrote is committed when its block ends, and
nothing of it if the block raises. A read session cannot write: its transaction is read-only.
Errors that come from outside leave as `LaneBusyError`, `DiskFullError`, `SchemaVersionError` or
`DatabaseUnavailableError`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from mdm.domain.ledger import TxHeader
from mdm.errors import LaneBusyError
from mdm.storage import migrate
from mdm.storage.checkpoint import LogCopier, keep_log_short, leave_log
from mdm.storage.engine import LANE_SECONDS, SINGLE, WRITES, open_engine, take_lane
from mdm.storage.faults import named_faults
from mdm.storage.read_session import ReadSession
from mdm.storage.table_file.copying import has_copied, let_go
from mdm.storage.write_session import WriteSession

_LAST = "SELECT tx_id, at FROM ledger_tx ORDER BY tx_id DESC LIMIT 1"


def utc_now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """A moment as the registry writes it: UTC, microseconds, `Z`; texts sort like times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Store:
    """A registry's database, by URL; safe to share between threads.

    Args:
        url: `sqlite:///path` or `postgresql://user@host/name`.
        clock: Gives the time of transactions.
        lane_seconds: How long a writer waits for the lane before `LaneBusyError`.
        begin: Done first in every write transaction.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        lane_seconds: float = LANE_SECONDS,
        begin: Callable[[WriteSession], object] | None = None,
    ) -> None:
        self.engine = open_engine(url, lane_seconds=lane_seconds)
        self._clock = clock
        self._lane_seconds = lane_seconds
        self._begin = begin
        self._lane = threading.Lock()
        self._copier = LogCopier(self.engine)
        self._schema_seen = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def migrate(self) -> None:
        """Create the tables, or bring them to this program's version, in one transaction."""
        with self._transaction(writes=True) as connection:
            migrate.upgrade(connection)

    def is_created(self) -> bool:
        """Whether the database holds a registry, of whatever version."""
        with self._transaction(writes=False) as connection:
            return migrate.present_revision(connection) is not None

    @contextmanager
    def reading(self) -> Iterator[ReadSession]:
        """One consistent snapshot, read only; never waits for a writer."""
        with self._transaction(writes=False) as connection:
            self._check_schema(connection)
            yield ReadSession(connection)

    @contextmanager
    def asking(self) -> Iterator[ReadSession]:
        """For one statement, which is a snapshot by itself.

        To begin and to end a transaction around it would be two more ways to PostgreSQL and back:
        on a busy machine each of them is a wait for two processes to get their turn. SQLite is
        not asked over any way: there it is `reading`.
        """
        with self._transaction(writes=False, single=True) as connection:
            self._check_schema(connection)
            yield ReadSession(connection)

    @contextmanager
    def writing(self, header: TxHeader) -> Iterator[WriteSession]:
        """The writer lane, for one command.

        Raises:
            LaneBusyError: Another writer held the lane for longer than `lane_seconds`.
        """
        with self._transaction(writes=True) as connection:
            self._check_schema(connection)
            last = connection.exec_driver_sql(_LAST).first()
            tx_id = 1 if last is None else int(last[0]) + 1
            at = self._later_than("" if last is None else str(last[1]))
            session = WriteSession(connection, header, at=at, tx_id=tx_id)
            if self._begin is not None:
                self._begin(session)
            yield session
            session.close_ledger()

    def _later_than(self, last: str) -> str:
        """The present time, but later than the last transaction: times tell transactions apart.

        A clock that was set back does not turn the order round.
        """
        now = iso(self._clock())
        if now > last:
            return now
        return iso(datetime.fromisoformat(last) + timedelta(microseconds=1))

    def close(self) -> None:
        """Close all connections, with the log copied; the store can be used again."""
        self._copier.wait()
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool, single: bool = False) -> Iterator[Connection]:
        with named_faults(), self._own_lane(writes=writes), self.engine.connect() as bare:
            connection = bare.execution_options(**{WRITES: writes, SINGLE: single})
            many = False
            try:
                with connection.begin():
                    if writes:
                        take_lane(connection, self._lane_seconds)
                    yield connection
                    many = has_copied(bare)
                    if many:
                        leave_log(connection)
            finally:
                let_go(bare)
                if many:
                    keep_log_short(bare)
            if many:
                self._copier.begin()

    @contextmanager
    def _own_lane(self, *, writes: bool) -> Iterator[None]:
        """Threads of one process queue here: SQLite's own waiting is by luck, not in turn."""
        if not writes:
            yield
            return
        if not self._lane.acquire(timeout=self._lane_seconds):
            raise LaneBusyError("another command of this process holds the writer lane")
        try:
            yield
        finally:
            self._lane.release()

    def _check_schema(self, connection: Connection) -> None:
        if not self._schema_seen:
            migrate.check_revision(connection)
            self._schema_seen = True
