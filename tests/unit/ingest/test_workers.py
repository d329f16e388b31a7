"""What a worker process brings in when it starts."""

import sys
from datetime import date

from mdm.ingest.standardise_block import BlockStandardiser
from mdm.ingest.worker_pool import Standardisers, standardisers


def is_there(standardiser: BlockStandardiser, module: str) -> bool:
    del standardiser
    return sys.modules.get(module) is not None


def test_a_worker_works_without_what_takes_long_to_import() -> None:
    dear = ["pandas", "duckdb", "sqlalchemy", "splink"]
    with standardisers(date(2026, 1, 2), many=True) as workers:
        found = dict(workers.each(is_there, [*dear, "pyarrow"]))

    assert found == {**dict.fromkeys(dear, False), "pyarrow": True}


def test_here_a_block_is_worked_on_in_this_process() -> None:
    assert dict(Standardisers(date(2026, 1, 2)).each(is_there, [__name__])) == {__name__: True}
