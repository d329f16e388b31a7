"""A process that dies in the middle of what it writes, as far as one process can play it.

What was begun is rolled back, as a database does when the writer is gone; the caches beside it are
left as they are. Processes that are really killed: `tests/integration/storage/test_copy_crash.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from unittest.mock import patch

from mdm.storage.write_session import WriteSession

WRITES = (
    "append_events", "close_ledger", "delete_arrow", "insert_arrow", "replace_arrow", "set_where",
    "update_arrow", "upsert_arrow",
)  # fmt: skip


class Death(BaseException):
    """Nobody catches it."""


@contextmanager
def dying_after(writes: int) -> Iterator[None]:
    """Raise `Death` in the place of the write that comes after so many."""
    left = iter(range(writes))

    def counted(write: Callable[..., object]) -> Callable[..., object]:
        @wraps(write)
        def done(*given: object, **named: object) -> object:
            if next(left, None) is None:
                raise Death
            return write(*given, **named)

        return done

    with ExitStack() as patched:
        for name in WRITES:
            write = counted(getattr(WriteSession, name))
            patched.enter_context(patch.object(WriteSession, name, write))
        yield
