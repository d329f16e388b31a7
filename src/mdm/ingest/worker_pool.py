"""Worker processes that standardise blocks of rows, and the order in which results come back.

Memory does not depend on the number of blocks; results do not depend on the number of processes.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import date
from typing import TypeAlias, TypeVar

from mdm.collector import collect_seldom
from mdm.ingest.standardise_block import BlockStandardiser
from mdm.ingest.worker_start import start_worker

Given = TypeVar("Given")
Result = TypeVar("Result")
Work: TypeAlias = Callable[[BlockStandardiser, Given], Result]
"""A function of a module, since it is named to the processes."""


class Standardisers:
    """Where blocks are standardised: in worker processes, or in this one.

    Args:
        today: What "in the future" is measured against.
        pool: The processes; None: none.
    """

    def __init__(self, today: date, pool: ProcessPoolExecutor | None = None) -> None:
        self._here = BlockStandardiser(today)
        self._pool = pool

    def each(
        self, work: Work[Given, Result], given: Iterable[Given]
    ) -> Iterator[tuple[Given, Result]]:
        """What was given with its result, in order, with a few under way.

        A worker that is killed from outside, most likely for memory, costs time alone: what it
        had, and all that follows, is done here.
        """
        waiting: deque[tuple[Given, Future[Result] | None]] = deque()
        for one in given:
            waiting.append((one, self._submitted(work, one)))
            if len(waiting) > cores():
                yield self._finished(work, *waiting.popleft())
        while waiting:
            yield self._finished(work, *waiting.popleft())

    def _submitted(self, work: Work[Given, Result], one: Given) -> "Future[Result] | None":
        if self._pool is None:
            return None
        try:
            return self._pool.submit(_work, work, one)
        except BrokenProcessPool:
            self._pool = None
            return None

    def _finished(
        self,
        work: Work[Given, Result],
        one: Given,
        future: "Future[Result] | None",
    ) -> tuple[Given, Result]:
        if future is not None:
            try:
                return one, future.result()
            except BrokenProcessPool:
                self._pool = None
        return one, work(self._here, one)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def standardisers(today: date, *, many: bool) -> Iterator[Standardisers]:
    """Standardisers in worker processes that start from now on, or here where those do not pay.

    Args:
        today: What "in the future" is measured against.
        many: Whether there is enough to do for processes.
    """
    if not many or cores() == 1:
        yield Standardisers(today)
        return
    # Spawned, not forked: a fork would inherit DuckDB's locks without the threads holding them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        cores(), mp_context=context, initializer=start_worker, initargs=(today,)
    ) as pool:
        for _ in range(cores()):
            pool.submit(_nothing)
        yield Standardisers(today, pool)


def _nothing() -> None:
    """What a process is started with: it imports its modules while files are read."""


_worker: BlockStandardiser | None = None


def prepare_worker(today: date) -> None:
    """Give this worker process its standardiser, which remembers values between blocks."""
    global _worker  # noqa: PLW0603 - the state of a process, set once when it starts
    collect_seldom()
    _worker = BlockStandardiser(today)


def _work(work: Work[Given, Result], one: Given) -> Result:
    assert _worker is not None
    return work(_worker, one)
