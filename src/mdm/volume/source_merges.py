"""The marks of merges at a source, over what it delivers now and what the registry knows.

Writes `merge_mark` (local_id, into_id, former, problem): every record of the source that names
another one as its replacement, what it named before (None: nothing), and why that does not count
(None: it does). What the source goes on to deliver of an erased or a sealed record counts neither
as a record nor as a mark: nothing of it is stored.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from mdm.domain.source_merge import MarkProblem, on_circles

_MARKS = f"""
CREATE OR REPLACE TABLE merge_mark AS
WITH staged AS (SELECT local_id, merged_into, coalesce(restricted, false) AS restricted
                FROM stage_record ANTI JOIN delivery_erased USING (local_id)),
said AS (
  SELECT local_id, merged_into AS into_id, restricted FROM staged WHERE merged_into IS NOT NULL
  UNION ALL
  SELECT m.local_id, m.into_id, k.restricted FROM known_mark m JOIN known_record k USING (local_id)
  ANTI JOIN stage_record USING (local_id)),
known AS (
  SELECT local_id, restricted FROM staged
  UNION ALL
  SELECT local_id, restricted FROM known_record ANTI JOIN stage_record USING (local_id)
  WHERE state <> 'erased'),
target AS (SELECT local_id AS into_id, restricted FROM known
           WHERE local_id IN (SELECT into_id FROM said))
SELECT s.local_id, s.into_id, m.into_id AS former,
       CASE WHEN t.into_id IS NULL OR (t.restricted AND NOT s.restricted)
            THEN '{MarkProblem.UNKNOWN}' END AS problem
FROM said s LEFT JOIN target t USING (into_id) LEFT JOIN known_mark m USING (local_id)
"""


def weigh_marks(con: duckdb.DuckDBPyConnection, known: Mapping[str, str]) -> None:
    """Write `merge_mark`.

    Args:
        con: Holds `stage_record`, `known_record` and `delivery_erased`.
        known: The marks of records in the registry: local ID -> the local ID that it names.
    """
    rows = pa.table(
        {
            "local_id": pa.array(list(known), pa.string()),
            "into_id": pa.array(list(known.values()), pa.string()),
        }
    )
    con.register("known_mark", rows)
    con.execute(_MARKS)
    con.unregister("known_mark")
    pairs = con.execute(
        "SELECT local_id, into_id FROM merge_mark WHERE problem IS NULL ORDER BY local_id"
    ).fetchall()
    circles = sorted(on_circles(dict(pairs)))
    if circles:
        con.execute(
            f"UPDATE merge_mark SET problem = '{MarkProblem.CIRCLE}'"
            " WHERE list_contains($circles, local_id)",
            {"circles": circles},
        )


def unusable_marks(con: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    """Records whose mark does not count, with the reason; they have their numbers by now."""
    rows = con.execute(
        "SELECT coalesce(d.record_id, k.record_id), m.problem FROM merge_mark m"
        " LEFT JOIN delivery d USING (local_id) LEFT JOIN known_record k USING (local_id)"
        " WHERE m.problem IS NOT NULL ORDER BY 1"
    ).fetchall()
    return [(int(record_id), str(problem)) for record_id, problem in rows]
