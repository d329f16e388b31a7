"""What lies beside the registry: sessions, failed logins, jobs."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol


class ServiceSession(Protocol):
    """One short transaction beside the registry."""

    def row(self, sql: str, params: Mapping[str, object] = ...) -> dict[str, object] | None:
        """The first row, or None."""
        ...

    def rows(self, sql: str, params: Mapping[str, object] = ...) -> list[dict[str, object]]:
        """All rows of a small result."""
        ...

    def execute(self, sql: str, params: Mapping[str, object] = ...) -> int:
        """Change rows; returns how many."""
        ...


class ServiceStore(Protocol):
    """Opens transactions beside the registry; they never wait for its writer lane."""

    def reading(self) -> AbstractContextManager[ServiceSession]:
        """One snapshot."""
        ...

    def writing(self) -> AbstractContextManager[ServiceSession]:
        """A short transaction."""
        ...
