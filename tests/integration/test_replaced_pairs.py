"""Scored pairs after reverts, in whatever order: those of the last plan that stands."""

from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pytest

from mdm.services.replaced_pairs import PAIRS, items_row, take_back_pairs, with_replaced
from mdm.storage.store import Store
from mdm.storage.write_session import WriteSession
from support.databases import HEADER, new_sqlite


def pair(plan_id: int) -> dict[str, object]:
    return {
        "record_l": 1,
        "record_r": 2,
        "match_weight": 19.0,
        "pattern": 0,
        "guard": None,
        "outcome": "linked",
        "plan_id": plan_id,
    }


def note(session: WriteSession, plan_id: int, replaced: list[dict[str, object]]) -> None:
    content = with_replaced(b"", pa.Table.from_pylist(replaced, schema=PAIRS))
    row = {
        "plan_id": plan_id,
        "base_seq": 0,
        "model_version": "m",
        "inputs_digest": "d",
        "counts": "{}",
        "at": session.at,
        "state": "applied",
        "applied_tx": plan_id,
        **items_row(content),
    }
    session.insert_rows("plan", [row])


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_a_pair_that_no_standing_plan_scored_does_not_come_back(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Plan 1 scores a pair, plan 2 lets it stand, plan 3 has it no longer."""
    store = Store(new_sqlite(tmp_path / "registry.db"))
    with store.writing(HEADER) as session:
        note(session, 1, [])
        note(session, 2, [])
        note(session, 3, [pair(1)])
    stands = {1, 2, 3}
    for plan_id in order:
        with store.writing(HEADER) as session:
            take_back_pairs(session, plan_id)
            session.update_rows("plan", [{"plan_id": plan_id, "state": "reverted"}])
        stands -= {plan_id}
        with store.reading() as session:
            found = session.number("SELECT COUNT(*) FROM scored_pair")
        assert found == (3 not in stands and stands != set())
    store.close()
