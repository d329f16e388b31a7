"""Let what was overwritten or deleted leave the database's files.

A database leaves old bytes behind: SQLite in free pages, in pages that are not full and in the
write-ahead log, PostgreSQL in dead rows and in the statistics of its planner. After an erasure
the files are written anew.
"""

import time

from sqlalchemy import text

from mdm.errors import LaneBusyError
from mdm.storage.engine import LANE_SECONDS, SINGLE
from mdm.storage.faults import named_faults
from mdm.storage.store import Store

_PAUSE_SECONDS = 0.1
TABLES_WITH_CONTENT = (
    "record", "record_version", "issue", "quarantine", "golden_record", "golden_override",
    "judgement", "identifier_judgement", "scored_pair", "review_item",
)  # fmt: skip
"""Tables of which an erasure empties or deletes rows."""


def purge(store: Store, *, wait_seconds: float = LANE_SECONDS) -> None:
    """Write the database's files anew, without what is no longer in its tables.

    Readers go on in SQLite; in PostgreSQL they wait while a table is written.

    Args:
        store: The registry.
        wait_seconds: How long to wait for others who read or write.

    Raises:
        LaneBusyError: Others did not let go in time: nothing is lost, do it again.
        DiskFullError: There is no room for the second copy.
    """
    if store.dialect == "sqlite":
        _purge_sqlite(store, wait_seconds)
    else:
        _purge_postgres(store, wait_seconds)


def _purge_sqlite(store: Store, wait_seconds: float) -> None:
    # Open connections of this process may hold an old snapshot, which keeps the log from ending.
    store.close()
    ends = time.monotonic() + wait_seconds
    with named_faults(), store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        cursor.execute("PRAGMA query_only = OFF")
        cursor.execute("VACUUM")
        while True:
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                break
            if time.monotonic() > ends:
                raise LaneBusyError("another process reads what was erased: do it again")
            time.sleep(_PAUSE_SECONDS)
        cursor.close()


def _purge_postgres(store: Store, wait_seconds: float) -> None:
    with named_faults(), store.engine.connect() as bare:
        connection = bare.execution_options(**{SINGLE: True})  # VACUUM: not in a transaction
        connection.execute(text(f"SET lock_timeout = '{int(wait_seconds * 1000)}ms'"))
        try:
            for table in TABLES_WITH_CONTENT:
                connection.execute(text(f'VACUUM (FULL, ANALYZE) "{table}"'))
        finally:
            connection.execute(text("RESET lock_timeout"))
