"""The scored pairs of a plan against those that the registry stores."""

import duckdb
import pyarrow as pa

from mdm.ports import ReadSession
from mdm.services.lists import arrow_of_numbers
from mdm.services.replaced_pairs import PAIRS
from mdm.volume.outcomes import PART, pair_changes, replaced_records

_STORED = f"SELECT {', '.join(PAIRS.names)} FROM scored_pair"
MOST_REPLACED = 50_000
"""Of more than these records all stored pairs are read, which is then cheaper."""


def changed_pairs(
    con: duckdb.DuckDBPyConnection, session: ReadSession, *, are_kept: bool, part_only: bool
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Pairs to write, keys to delete, and those stored that give way to both.

    While the registry stores what the last plan left, that is kept here (`keep_pairs`), and only
    the pairs that give way are read there.

    Args:
        con: Holds `plan_pair`, `kept_pair`, and the tables `PART` where `part_only`.
        session: The registry before the plan.
        are_kept: What `mdm.volume.outcomes.are_pairs_kept` says of the registry.
        part_only: Only the pairs of `PART` may differ from what the last plan left.
    """
    if are_kept:
        plan, stored = PART if part_only else ("plan_pair", "kept_pair")
        records = replaced_records(con, plan=plan, stored=stored)
        if len(records) <= MOST_REPLACED:
            asked = f"{_STORED} WHERE record_l IN ({{keys}})"
            given_way = arrow_of_numbers(session, asked, records, schema=PAIRS)
            return pair_changes(con, given_way, plan=plan, stored=stored)
    return pair_changes(con, session.read_arrow(_STORED, schema=PAIRS))
