"""A plan's tables as rows of the registry."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from mdm.clustering.splits import Held
from mdm.volume.decide import REVIEW_SCHEMA

HELD_SPLIT = "held_split"


def ask_held(con: duckdb.DuckDBPyConnection, held: Sequence[Held]) -> None:
    """Add to `review_pair` a question for each split that waits: its two largest parts."""
    rows = []
    for rank, split in enumerate(held):
        parts = sorted(split.parts, key=lambda part: (-len(part), part))[:2]
        left, right = sorted(part[0] for part in parts)
        rows.append(
            {
                "record_l": left,
                "record_r": right,
                "match_weight": None,
                "kind": HELD_SPLIT,
                "guard": None,
                "group_id": left,
                "rank": rank,
            }
        )
    con.register("held_rows", pa.Table.from_pylist(rows, schema=REVIEW_SCHEMA))
    con.execute("INSERT INTO review_pair BY NAME SELECT * FROM held_rows")
    con.unregister("held_rows")


def review_table(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Questions: record_l, record_r, match_weight, kind, guard, group_id, rank, content_hash.

    `content_hash` is over what is compared: a question whose hash is unchanged is the same one.
    """
    return con.sql(
        """
        SELECT v.record_l, v.record_r, v.match_weight, v.kind, v.guard, v.group_id, v.rank,
               md5(l.content_hash || r.content_hash) AS content_hash
        FROM review_pair v
        JOIN standard l ON l.record_id = v.record_l JOIN standard r ON r.record_id = v.record_r
        ORDER BY v.group_id, v.rank
        """
    ).to_arrow_table()


def ownership_issues(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Identifiers that are not plainly their records' own: record_id, field, reason, value_hash.

    The hash is `mdm.domain.identifier_judgement.identifier_hash`.
    """
    return con.sql(
        "SELECT DISTINCT record_id, identifier AS field, state AS reason, "
        "sha256(identifier || ':' || value) AS value_hash FROM ownership ORDER BY ALL"
    ).to_arrow_table()
