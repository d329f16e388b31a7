"""The trace of reads."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from mdm.domain.audit import AuditEntry
from mdm.domain.audit_chain import ChainRow, Head


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


class AuditTrail(Protocol):
    """All chains of a registry, to read."""

    def heads(self) -> Mapping[str, Head]:
        """Number and hash of the last entry of every chain that has one, in order of name."""
        ...

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        ...
