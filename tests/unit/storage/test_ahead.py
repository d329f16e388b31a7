"""Batches made ahead come in order, and a failure or an early end leaves no thread."""

import threading
from collections.abc import Iterator

import pytest

from mdm.storage.ahead import made_ahead


def _threads() -> int:
    return sum(thread.name == "made-ahead" for thread in threading.enumerate())


def test_items_come_in_their_order() -> None:
    assert list(made_ahead(iter(range(50)))) == list(range(50))
    assert _threads() == 0


def test_an_error_is_raised_where_the_items_are_taken() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise RuntimeError("broken")

    taken = made_ahead(failing())

    assert next(taken) == 1
    with pytest.raises(RuntimeError, match="broken"):
        next(taken)
    assert _threads() == 0


def test_who_stops_early_leaves_no_thread() -> None:
    taken = made_ahead(iter(range(1000)))

    assert next(taken) == 0
    taken.close()  # type: ignore[attr-defined]

    assert _threads() == 0
