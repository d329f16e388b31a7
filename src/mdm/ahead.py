"""Work done ahead, in a thread: the next batch is computed while the last is written."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2


class _Failure:
    """What went wrong while batches were made."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


_END = object()


@contextmanager
def made_ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The items in order, made in a thread of their own from now on.

    What goes wrong there is raised where the items are taken. The iterator must use nothing that
    the caller uses meanwhile, an open session above all.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=_AHEAD)
    given_up = threading.Event()
    maker = threading.Thread(
        target=_make, args=(items, waiting, given_up), name="made-ahead", daemon=True
    )
    maker.start()
    try:
        yield _taken(waiting)
    finally:
        given_up.set()
        maker.join()


@contextmanager
def done_ahead(work: Callable[[Iterator[T]], R], items: Iterator[T]) -> Iterator[Callable[[], R]]:
    """Something done with all items in a thread of its own from now on.

    Yields:
        Waits for the result; raises what went wrong. Where nobody waits, no further items are
        taken. Neither work nor items may use anything that the caller uses meanwhile.
    """
    given_up = threading.Event()

    def taken() -> Iterator[T]:
        for item in items:
            if given_up.is_set():
                raise _GivenUpError
            yield item

    with ThreadPoolExecutor(1, thread_name_prefix="done-ahead") as thread:
        done = thread.submit(work, taken())
        try:
            yield done.result
        finally:
            given_up.set()


class _GivenUpError(Exception):
    """Nobody waits for the result."""


def _taken(waiting: "queue.Queue[object]") -> Iterator[T]:
    while (item := waiting.get()) is not _END:
        if isinstance(item, _Failure):
            raise item.error
        yield item  # type: ignore[misc]  # what `_make` put there is of the type of the items


def _make(
    items: Iterator[object], waiting: "queue.Queue[object]", given_up: threading.Event
) -> None:
    last: object = _END
    try:
        for item in items:
            if not _offer(item, waiting, given_up):
                return
    except BaseException as error:  # noqa: BLE001 - raised where the items are taken
        last = _Failure(error)
    _offer(last, waiting, given_up)


def _offer(item: object, waiting: "queue.Queue[object]", given_up: threading.Event) -> bool:
    """Hand an item over; False if nobody takes it any more."""
    while not given_up.is_set():
        try:
            waiting.put(item, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False
