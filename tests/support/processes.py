"""What another process does to a registry; importable there, as a test module is not."""

import os
import signal
from multiprocessing.synchronize import Event as ProcessEvent

from sqlalchemy import event

from mdm.domain.ledger import TxHeader
from mdm.storage.store import Store
from support.databases import HEADER


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
        release.wait(30)
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
