"""Batches made ahead come in order, and a failure or an early end leaves no thread."""

import threading
from collections.abc import Iterator

import pytest

from mdm.ahead import made_ahead


def _threads() -> int:
    return sum(thread.name == "made-ahead" for thread in threading.enumerate())


def test_items_come_in_their_order() -> None:
    with made_ahead(iter(range(50))) as taken:
        assert list(taken) == list(range(50))

    assert _threads() == 0


def test_the_first_items_are_made_before_anybody_takes_them() -> None:
    made = threading.Event()

    def making() -> Iterator[int]:
        made.set()
        yield 1

    with made_ahead(making()) as taken:
        assert made.wait(30)
        assert list(taken) == [1]


def test_an_error_is_raised_where_the_items_are_taken() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise RuntimeError("broken")

    with made_ahead(failing()) as taken:
        assert next(taken) == 1
        with pytest.raises(RuntimeError, match="broken"):
            next(taken)

    assert _threads() == 0


def test_who_stops_early_leaves_no_thread() -> None:
    with made_ahead(iter(range(1000))) as taken:
        assert next(taken) == 0

    assert _threads() == 0
