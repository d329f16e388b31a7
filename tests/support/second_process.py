"""A second process that tries to write to a registry whenever it is asked to."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from mdm.domain.ledger import TxHeader
from mdm.errors import MdmError
from mdm.storage.store import Store
from support.databases import PATIENCE

SPAWN = multiprocessing.get_context("spawn")
WRITTEN = "written"


class SecondProcess:
    """The process, seen from the first one."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def write(self) -> str:
        """Let it write; gives `written`, or the code of the refusal."""
        self._pipe.send("write")
        assert self._pipe.poll(PATIENCE)
        answer = self._pipe.recv()
        assert isinstance(answer, str)
        return answer


@contextmanager
def second_process(url: str) -> Iterator[SecondProcess]:
    """Runs it, with a library and connections of its own, while the context lasts."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(url, there))
    process.start()
    try:
        yield SecondProcess(here)
    finally:
        here.send("end")
        process.join(PATIENCE)
    assert process.exitcode == 0


def _serve(url: str, pipe: Connection) -> None:
    store = Store(url, lane_seconds=0.05)
    while pipe.recv() == "write":
        try:
            with store.writing(TxHeader(kind="second", actor="second")):
                pass
        except MdmError as error:
            pipe.send(error.code)
        else:
            pipe.send(WRITTEN)
    store.close()
