"""Ctrl-C, also where a library turns it into an error of its own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    """Whether the user asked to stop."""

    asked: bool = False


@contextmanager
def watched_interrupts() -> Iterator[Interrupts]:
    """While it lasts, Ctrl-C raises KeyboardInterrupt and is remembered.

    DuckDB answers an interrupt with a RuntimeError: only who was asked knows what it means.
    """
    found = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        found.asked = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, before)
