"""What another process sees: the writer lane is held while each bulk path and the backup run.

A second SQLite library in this process, or a file of the database that is opened and closed, would
drop the lock, and a commit that was acknowledged could vanish without an error. So the other
process is asked between the batches of each path, and not only before and after.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mdm.errors import LaneBusyError
from mdm.storage.backup import Kind, backup
from mdm.storage.store import Store
from mdm.storage.verify import verify
from mdm.storage.write_session import WriteSession
from support.databases import HEADER, new_sqlite
from support.registries import fill
from support.second_process import WRITTEN, second_process

pytestmark = pytest.mark.slow

Ask = Callable[[], None]
"""Lets the other process try to write, and notes how it fared."""

MEMBER = pa.schema(
    [
        ("record_id", pa.int64()),
        ("municipal_id", pa.string()),
        ("link_status", pa.string()),
        ("weight", pa.float64()),
        ("linked_at", pa.string()),
        ("seq", pa.int64()),
    ]
)


def asking(ask: Ask, batches: list[pa.RecordBatch]) -> pa.RecordBatchReader:
    """The batches, with a try of the other process before and after each."""

    def stream() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ask()
            yield batch
            ask()

    return pa.RecordBatchReader.from_batches(batches[0].schema, stream())


def members(*records: int) -> list[pa.RecordBatch]:
    return [
        pa.RecordBatch.from_pylist(
            [
                {
                    "record_id": record,
                    "municipal_id": "0A0A0A0A0A",
                    "link_status": "alone",
                    "weight": None,
                    "linked_at": "2026-01-01T00:00:00.000000Z",
                    "seq": record,
                }
            ],
            schema=MEMBER,
        )
        for record in records
    ]


def insert(session: WriteSession, ask: Ask) -> None:
    session.insert_arrow("membership", asking(ask, members(70, 71)))


def insert_into_an_empty_table(session: WriteSession, ask: Ask) -> None:
    session.clear("membership")
    session.insert_arrow("membership", asking(ask, members(70, 71)))


def upsert(session: WriteSession, ask: Ask) -> None:
    session.upsert_arrow("membership", asking(ask, members(1, 70)))


def update(session: WriteSession, ask: Ask) -> None:
    changes = [batch.select(["record_id", "seq"]) for batch in members(1, 2)]
    session.update_arrow("membership", asking(ask, changes))


def delete(session: WriteSession, ask: Ask) -> None:
    keys = [batch.select(["record_id"]) for batch in members(1, 2)]
    session.delete_arrow("membership", asking(ask, keys))


def set_where(session: WriteSession, ask: Ask) -> None:
    session.set_where("membership", {"link_status": "confirmed"})
    ask()


def append_events(session: WriteSession, ask: Ask) -> None:
    event = pa.RecordBatch.from_pylist([{"kind": "ambiguous", "municipal_id": "A"}])
    session.append_events(asking(ask, [event, event]))


def read(session: WriteSession, ask: Ask) -> None:
    session.clear("issue")
    for _batch in session.table_batches("record_version"):
        ask()


@pytest.mark.parametrize(
    "bulk_path",
    [
        insert,
        insert_into_an_empty_table,
        upsert,
        update,
        delete,
        set_where,
        append_events,
        read,
    ],
    ids=lambda path: path.__name__,
)
def test_a_second_process_is_refused_while_a_bulk_path_runs(
    store: Store, database_url: str, bulk_path: Callable[[WriteSession, Ask], None]
) -> None:
    fill(store)
    answers: list[str] = []
    with second_process(database_url) as other:
        assert other.write() == WRITTEN
        with store.writing(HEADER) as session:
            bulk_path(session, lambda: answers.append(other.write()))
            answers.append(other.write())
        after = other.write()

    assert len(answers) > 1
    assert set(answers) == {LaneBusyError.code}
    assert after == WRITTEN
    assert [c for c in verify(store) if c.name.startswith("digest") and not c.ok] == []


@pytest.mark.parametrize("kind", ["file", "tables"])
def test_a_second_process_is_refused_while_this_one_writes_and_is_backed_up(
    tmp_path: Path, kind: Kind
) -> None:
    url = new_sqlite(tmp_path / "registry.db")
    store = Store(url)
    fill(store)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    with second_process(url) as other:
        with store.writing(HEADER) as session:
            session.clear("issue")
            backup(store, tmp_path / "copy", now=now, kind=kind)
            while_backed_up = other.write()
            verify(store)
            while_verified = other.write()
        after = other.write()

    assert (while_backed_up, while_verified, after) == (
        LaneBusyError.code,
        LaneBusyError.code,
        WRITTEN,
    )
    store.close()
