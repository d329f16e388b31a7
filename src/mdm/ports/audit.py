"""The trace of reads."""

from typing import Protocol

from mdm.domain.audit import AuditEntry


class AuditLog(Protocol):
    """An append-only chain of this process; safe to share between threads."""

    def append(self, entry: AuditEntry) -> None:
        """Note a read; returns only when the entry would survive a loss of power.

        Raises:
            AuditUnavailableError: It cannot be written: the answer must not be given.
        """
        ...

    async def append_soon(self, entry: AuditEntry) -> None:
        """The same for an event loop, which goes on with other requests meanwhile."""
        ...
