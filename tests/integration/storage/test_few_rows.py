"""To change a few rows costs as many steps, however large their table is.

A delta, and every steward's answer, changes a few rows of tables with millions.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from mdm.storage.store import Store
from mdm.storage.write_session import WriteSession
from support.databases import HEADER, SteppingClock, new_sqlite

_MANY, _FEW, _STEPS = 20_000, range(5_000, 5_003), 1_000


def pairs(numbers: range) -> pa.Table:
    count = len(numbers)
    return pa.table(
        {
            "record_l": pa.array(numbers, pa.int64()),
            "record_r": pa.array([number + 1 for number in numbers], pa.int64()),
            "match_weight": [number / 7 for number in numbers],
            "pattern": pa.array(numbers, pa.int64()),
            "outcome": ["linked"] * count,
            "plan_id": pa.array([1] * count, pa.int64()),
        }
    )


def update(session: WriteSession) -> int:
    return session.update_arrow("scored_pair", pairs(_FEW).drop_columns(["pattern", "plan_id"]))


def upsert(session: WriteSession) -> int:
    return session.upsert_arrow("scored_pair", pairs(_FEW))


def delete(session: WriteSession) -> int:
    return session.delete_arrow("scored_pair", pairs(_FEW).select(["record_l", "record_r"]))


def replace(session: WriteSession) -> int:
    keys = pairs(_FEW).select(["record_l", "record_r"])
    return session.replace_arrow("scored_pair", keys, pairs(_FEW))


@pytest.mark.parametrize("change", [update, upsert, delete, replace])
def test_a_few_rows_are_looked_up(change: Callable[[WriteSession], int], tmp_path: Path) -> None:
    store = Store(new_sqlite(tmp_path / "few.db"), clock=SteppingClock())
    with store.writing(HEADER) as session:
        session.insert_arrow("scored_pair", pairs(range(1, _MANY)))
    thousands = 0

    def count() -> int:
        nonlocal thousands
        thousands += 1
        return 0

    with store.writing(HEADER) as session:
        session.driver_connection.set_progress_handler(count, _STEPS)
        done = change(session)
        session.driver_connection.set_progress_handler(None, 0)

    store.close()
    assert done == len(_FEW)
    # To read the table once takes several steps a row.
    assert thousands * _STEPS < _MANY
