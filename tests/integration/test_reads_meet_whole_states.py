"""Who reads while loads and runs are written meets the state before or after them, none between."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.storage.store import Store
from support.databases import PATIENCE
from support.intake import declare
from support.link_runs import ANA, CARLOS, CLINIC, SCHOOL, deliver, link, revert, who

pytestmark = pytest.mark.slow
SPAWN = multiprocessing.get_context("spawn")
State = tuple[object, ...]
# What a run publishes: each by a statement of its own, so that a torn state would be seen.
_PUBLISHED = (
    "SELECT record_id, state, version FROM record ORDER BY 1",
    "SELECT record_id, municipal_id FROM membership ORDER BY 1",
    "SELECT municipal_id, state, anchor_record_id FROM municipal_id ORDER BY 1",
    "SELECT municipal_id, content_digest FROM golden_record ORDER BY 1",
    "SELECT MAX(seq) AS seq FROM ledger_event",
)


def test_reads_never_see_half_a_load_or_a_run(application: Application, tmp_path: Path) -> None:
    app = application
    declare(app, CLINIC)
    declare(app, SCHOOL, "education")
    whole = {published(app.store)}
    with polled(app.database_url) as seen:
        for people in ([who("1", ANA), who("2", CARLOS)], [who("2", ANA)]):
            deliver(app, tmp_path, people, CLINIC)
            whole.add(published(app.store))
            deliver(app, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
            whole.add(published(app.store))
            plan = link(app, apply=True)
            whole.add(published(app.store))
        revert(app, plan["plan_id"])
        whole.add(published(app.store))

    assert len(whole) >= 6
    assert len(seen) >= 3, "the reader has seen states come and go"
    assert set(seen) <= whole


def published(store: Store) -> State:
    with store.reading() as session:
        return tuple(tuple(tuple(row.values()) for row in session.rows(sql)) for sql in _PUBLISHED)


@contextmanager
def polled(url: str) -> Iterator[list[State]]:
    """What a second process reads again and again; filled when the context ends."""
    seen: list[State] = []
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_poll, args=(url, there))
    process.start()
    assert here.poll(PATIENCE)
    here.recv()
    yield seen
    here.send("end")
    assert here.poll(PATIENCE)
    seen += here.recv()
    process.join(PATIENCE)
    assert process.exitcode == 0


def _poll(url: str, pipe: Connection) -> None:
    store = Store(url)
    seen: dict[State, None] = {}
    pipe.send("ready")
    while not pipe.poll(0.005):
        seen[published(store)] = None
    store.close()
    pipe.send(list(seen))
