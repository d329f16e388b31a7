"""What chains and roots can do, wherever they lie; rows are only ever added."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import psycopg
import pysqlite3.dbapi2 as sqlite

from mdm.domain.audit_chain import ChainRow, Head, RootRow
from mdm.errors import AuditUnavailableError

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
MakeRoot = Callable[[RootRow | None], RootRow | None]
"""The next root after the last one; None where nothing is new."""


class Writer(Protocol):
    """An open chain, for one thread."""

    def append(self, bodies: Sequence[str]) -> Head:
        """Add entries in one transaction; durable when it returns."""
        ...

    def close(self) -> None:
        """Let go of the chain."""
        ...


class Chains(Protocol):
    """All chains and roots of a registry."""

    def heads(self) -> dict[str, Head]:
        """Number and hash of the last entry of every chain that has one, in order of name."""
        ...

    def rows(self, chain: str, after: int = 0) -> Iterator[ChainRow]:
        """Entries with numbers above `after`, in order, streaming."""
        ...

    def newest(self, chain: str) -> Iterator[ChainRow]:
        """Entries of a chain, the newest first, streaming."""
        ...

    def open(self, chain: str) -> Writer:
        """Open a chain to write; made where there is none."""
        ...

    def check(self, chain: str) -> None:
        """See that a chain can be written, without writing.

        Raises:
            AuditUnavailableError: It cannot.
        """
        ...

    def roots(self) -> Iterator[RootRow]:
        """All roots in order, streaming."""
        ...

    def add_root(self, make: MakeRoot) -> RootRow | None:
        """Add the next root; one process at a time."""
        ...

    def add_rows(self, chain: str, rows: Sequence[ChainRow]) -> None:
        """Bring entries of a backup back, as they are."""
        ...

    def add_roots(self, rows: Sequence[RootRow]) -> None:
        """Bring roots of a backup back, as they are."""
        ...


def check_name(chain: str) -> None:
    """Refuse what cannot be the name of a chain, or of its file."""
    if _NAME.fullmatch(chain) is None:
        raise ValueError("no name of a chain")


@contextmanager
def audit_faults() -> Iterator[None]:
    """Let every failure of the databases leave as one refusal."""
    try:
        yield
    except (sqlite.Error, psycopg.Error, OSError) as error:
        raise AuditUnavailableError("the audit trail cannot be read or written") from error
