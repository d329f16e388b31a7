"""Records of a delivery that an update turned into somebody else, found set-wise.

Few updates touch name, birth date and mother's name at once: those that do are compared one by
one.
"""

from collections.abc import Callable

import duckdb

from mdm.domain.overlay import Content, is_overlay
from mdm.duck import count

Standardise = Callable[[duckdb.DuckDBPyConnection, str, str], object]
"""Standardise a table with `local_id` and `payload` into another with the standard columns."""

_UPDATED = """
SELECT d.record_id, d.local_id FROM delivery d JOIN known_record k USING (record_id)
WHERE d.fresh AND d.outcome <> 'new' AND k.placed
"""
_SUSPECTS = """
SELECT u.record_id, b.name, b.mother, b.birth_date, a.name, a.mother, a.birth_date
FROM ({updated}) u JOIN standard b USING (record_id) JOIN {after} a ON a.local_id = u.local_id
WHERE a.name <> b.name AND a.mother <> b.mother AND a.birth_date <> b.birth_date
ORDER BY u.record_id
"""


def is_updated(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the delivery holds other content for a placed record."""
    return count(con, f"SELECT count(*) FROM ({_UPDATED} LIMIT 1)") > 0


def find_overlays(
    con: duckdb.DuckDBPyConnection, standardise: Standardise | None = None
) -> list[int]:
    """Placed records whose new content is another person than the one that the registry holds.

    Args:
        con: Holds `delivery`, `known_record`, `stage_record`, and `standard` level with the
            registry as the delivery finds it.
        standardise: Makes standard columns from payloads; None where `stage_record` has them.
    """
    after = "stage_record"
    if standardise is not None:
        after = "overlay_standard"
        con.execute(
            "CREATE OR REPLACE TABLE overlay_payload AS SELECT u.local_id, s.payload"
            f" FROM ({_UPDATED}) u JOIN stage_record s USING (local_id)"
        )
        standardise(con, "overlay_payload", after)
    rows = con.execute(_SUSPECTS.format(updated=_UPDATED, after=after)).fetchall()
    for table in ("overlay_payload", "overlay_standard"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return [int(row[0]) for row in rows if is_overlay(Content(*row[1:4]), Content(*row[4:]))]
