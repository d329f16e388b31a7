"""The log of one process: a thread that writes all waiting entries in one transaction.

Waiting for the disk once for many entries is what lets a process answer a thousand reads a
second, each of them noted before it is answered.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from mdm.domain.audit import AuditEntry
from mdm.domain.audit_chain import entry_body
from mdm.errors import AuditUnavailableError
from mdm.storage.audit.chains import Chains, Writer
from mdm.storage.store import iso

AT_ONCE = 500
"""Entries of one transaction, at most."""

_Loop = asyncio.AbstractEventLoop
_Waiter = Future[None] | tuple[_Loop, asyncio.Future[None]]


class ChainLog:
    """Appends to one chain; safe to share between threads and event loops.

    Args:
        chains: Where the chain lies.
        chain: Its name; processes may share one, at the price of waiting for each other.
        clock: Gives the time of entries.
    """

    def __init__(self, chains: Chains, chain: str, clock: Callable[[], datetime]) -> None:
        self.chain = chain
        self._chains = chains
        self._clock = clock
        self._writer: Writer = chains.open(chain)
        self._waiting: queue.SimpleQueue[tuple[str, _Waiter] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name=f"audit-{chain}", daemon=True)
        self._thread.start()

    def append(self, entry: AuditEntry) -> None:
        """Note a read; returns only when the entry would survive a loss of power.

        Raises:
            AuditUnavailableError: It cannot be written: the answer must not be given.
        """
        done: Future[None] = Future()
        self._put(entry, done)
        done.result()

    async def append_soon(self, entry: AuditEntry) -> None:
        """The same for an event loop, which goes on with other requests meanwhile."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._put(entry, (loop, done))
        await done

    def check(self) -> None:
        """See that entries can be written, without writing one.

        Raises:
            AuditUnavailableError: They cannot.
        """
        if not self._thread.is_alive():
            raise AuditUnavailableError("the audit trail is closed")
        self._chains.check(self.chain)

    def close(self) -> None:
        """Write what waits, and let go of the chain."""
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()

    def _put(self, entry: AuditEntry, waiter: _Waiter) -> None:
        if not self._thread.is_alive():
            raise AuditUnavailableError("the audit trail is closed")
        self._waiting.put((entry_body(entry, iso(self._clock())), waiter))

    def _write(self) -> None:
        ended = False
        while not ended:
            taken, ended = self._take()
            if not taken:
                continue
            failure: AuditUnavailableError | None = None
            try:
                self._writer.append([body for body, _ in taken])
            except AuditUnavailableError as error:
                failure = error
            _tell([waiter for _, waiter in taken], failure)

    def _take(self) -> tuple[list[tuple[str, _Waiter]], bool]:
        """All entries that wait, at least one; and whether the log was closed."""
        first = self._waiting.get()
        if first is None:
            return [], True
        taken = [first]
        while len(taken) < AT_ONCE:
            try:
                other = self._waiting.get_nowait()
            except queue.Empty:
                break
            if other is None:
                return taken, True
            taken.append(other)
        return taken, False


def _tell(waiters: list[_Waiter], failure: AuditUnavailableError | None) -> None:
    """Wake those who wait: each event loop once for all of its requests."""
    by_loop: dict[_Loop, list[asyncio.Future[None]]] = {}
    for waiter in waiters:
        if isinstance(waiter, tuple):
            by_loop.setdefault(waiter[0], []).append(waiter[1])
        elif failure is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(failure)
    for loop, futures in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, futures, failure)


def _settle(futures: list[asyncio.Future[None]], failure: AuditUnavailableError | None) -> None:
    for future in futures:
        if future.done():
            continue  # whoever waited was cancelled: the entry stands all the same
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)
