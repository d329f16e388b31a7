"""The garbage collector while a city passes through.

Rows, and what is remembered of values, are millions of tuples without a cycle. To look through
them for cycles again and again takes a tenth of the processor time of standardising.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 20, 20)


def collect_seldom() -> None:
    """Look for cycles seldom from now on, and not among what is there already."""
    gc.freeze()
    gc.set_threshold(*_SELDOM)


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Look for cycles seldom while the block runs."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
