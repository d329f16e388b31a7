"""A process killed while it copies a table file leaves none of its rows, or all."""

import signal
from multiprocessing import get_context
from pathlib import Path

import pytest

from mdm.storage import write_session
from mdm.storage.store import Store
from mdm.storage.verify import verify
from support.databases import HEADER
from support.processes import COPIED, copy_and_die, issues_copied, replace_issues
from support.registries import fill

pytestmark = pytest.mark.slow

WHILE_THE_FILE_IS_MADE, ONCE_COMMITTED = 0, 1_000_000
IN_ITS_TABLE, IN_ITS_INDEXES = 60, 300
BEFORE = 2


def issues(store: Store) -> int:
    with store.reading() as session:
        return session.number("SELECT COUNT(*) FROM issue")


@pytest.mark.parametrize(
    ("instructions", "after"),
    [
        (WHILE_THE_FILE_IS_MADE, BEFORE),
        (IN_ITS_TABLE, BEFORE),
        (IN_ITS_INDEXES, BEFORE),
        (ONCE_COMMITTED, COPIED),
    ],
)
def test_a_killed_copy_leaves_none_or_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instructions: int, after: int
) -> None:
    path = tmp_path / "registry.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    fill(store)
    store.close()
    process = get_context("spawn").Process(
        target=copy_and_die, args=(f"sqlite:///{path}", instructions)
    )
    process.start()
    process.join()
    log = path.with_name("registry.db-wal")

    assert process.exitcode == -signal.SIGKILL
    assert (log.stat().st_size > 0) == (instructions != WHILE_THE_FILE_IS_MADE)
    assert issues(store) == after
    assert [check.name for check in verify(store) if not check.ok] == []

    monkeypatch.setattr(write_session, "DEFERRED_ROWS", 1)
    with store.writing(HEADER) as session:
        replace_issues(session, issues_copied())
    assert issues(store) == COPIED
    assert [check.name for check in verify(store) if not check.ok] == []
    assert list(tmp_path.glob("*.filling*")) == []
    store.close()
