"""The port `Finder` of searches, made of the volume plane's cache of standard records."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from mdm.bootstrap.application import Application
from mdm.ports import ProgressStep
from mdm.services.search_citizens import Hits
from mdm.volume.find import find_by_name, find_by_number


@dataclass(frozen=True, slots=True)
class DuckFinder:
    """Finds records in an open volume database.

    Attributes:
        con: Level with the registry.
    """

    con: duckdb.DuckDBPyConnection

    def by_name(self, tokens: Sequence[str], keys: Sequence[str], limit: int) -> Hits:
        """By folded tokens of a name, or their phonetic keys."""
        return find_by_name(self.con, tokens, keys, limit)

    def by_number(self, digits: str, limit: int) -> Hits:
        """By an own CPF, NIS or CNS."""
        return find_by_number(self.con, digits, limit)


@contextmanager
def opened_finder(application: Application, progress: ProgressStep) -> Iterator[DuckFinder]:
    """The finder, level with the registry.

    Raises:
        LaneBusyError: Another process loads or links.
    """
    with application.synced_volume(progress) as con:
        yield DuckFinder(con)
