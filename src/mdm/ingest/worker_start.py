"""The first thing that a worker process runs, before it imports what it works with."""

import sys
from collections.abc import Sequence
from datetime import date
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas, where it is there, to know its objects among those it is given.

    Rows hold none, and pandas takes a process that starts as long as everything else.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Nothing; but pandas is not to be had."""
        del path, target
        if fullname == "pandas":
            raise ModuleNotFoundError("workers do without pandas", name=fullname)
        return None


def start_worker(today: date) -> None:
    """Give this process its standardiser."""
    sys.meta_path.insert(0, _WithoutPandas())
    from mdm.ingest.worker_pool import prepare_worker

    prepare_worker(today)
