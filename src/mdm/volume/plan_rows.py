"""A plan's tables as rows of the registry."""

from collections.abc import Iterable, Sequence

import duckdb
import pyarrow as pa

from mdm.clustering.splits import Held
from mdm.duck import count, first_row
from mdm.volume.decide import REVIEW_SCHEMA

HELD_SPLIT = "held_split"
_PAIR = (
    "record_l BIGINT, record_r BIGINT, match_weight DOUBLE, pattern BIGINT, guard VARCHAR, "
    "outcome VARCHAR, plan_id BIGINT"
)
_SAME = (
    "k.match_weight = p.match_weight AND k.pattern = p.pattern AND k.outcome = p.outcome "
    "AND k.guard IS NOT DISTINCT FROM p.guard"
)


def held_rows(held: Sequence[Held]) -> pa.Table:
    """A question for each split that waits: its two largest parts."""
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
    return pa.Table.from_pylist(rows, schema=REVIEW_SCHEMA)


def keep_pairs(con: duckdb.DuckDBPyConnection, stated: str) -> None:
    """Keep `plan_pair`, which the registry now stores, as `kept_pair`.

    Args:
        con: The volume database.
        stated: What the registry states of the pairs that it stores.
    """
    con.execute("DROP TABLE IF EXISTS pair_marker")
    con.execute("CREATE OR REPLACE TABLE kept_pair AS FROM plan_pair")
    con.execute("CREATE TABLE pair_marker AS SELECT $1::VARCHAR AS stated", [stated])


def are_pairs_kept(con: duckdb.DuckDBPyConnection, stated: str) -> bool:
    """Whether `kept_pair` shows what the registry states that it stores."""
    known = "SELECT count(*) FROM duckdb_tables() WHERE table_name IN ('kept_pair', 'pair_marker')"
    both = 2
    return count(con, known) == both and first_row(con, "FROM pair_marker") == (stated,)


def replaced_records(con: duckdb.DuckDBPyConnection) -> list[int]:
    """The first records of the kept pairs that give way to `plan_pair`."""
    rows = con.execute(
        "SELECT DISTINCT k.record_l FROM kept_pair k ANTI JOIN plan_pair p "
        f"ON k.record_l = p.record_l AND k.record_r = p.record_r AND {_SAME}"
    )
    return [int(record_id) for (record_id,) in rows.fetchall()]


def pair_changes(
    con: duckdb.DuckDBPyConnection, known: Iterable[pa.RecordBatch], *, stored: str = "known_pair"
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """What to write to and delete from `scored_pair`, against the pairs it holds.

    Args:
        con: Holds `plan_pair`.
        known: The pairs it holds; where `stored` is another table, those that may give way do.
        stored: A table of all that it holds; by default it is made of `known`.

    Returns:
        Rows to write, keys to delete, and the rows known so far that give way to both.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE known_pair ({_PAIR})")
    for batch in known:
        con.register("filling", pa.Table.from_batches([batch]))
        con.execute("INSERT INTO known_pair BY NAME SELECT * FROM filling")
        con.unregister("filling")
    write = con.sql(
        f"SELECT p.* FROM plan_pair p ANTI JOIN {stored} k "
        f"ON k.record_l = p.record_l AND k.record_r = p.record_r AND {_SAME} "
        f"ORDER BY p.record_l, p.record_r"
    ).to_arrow_table()
    delete = con.sql(
        "SELECT k.record_l, k.record_r FROM known_pair k ANTI JOIN plan_pair p "
        "ON k.record_l = p.record_l AND k.record_r = p.record_r"
    ).to_arrow_table()
    replaced = con.sql(
        f"SELECT k.* FROM known_pair k ANTI JOIN plan_pair p "
        f"ON k.record_l = p.record_l AND k.record_r = p.record_r AND {_SAME} "
        f"ORDER BY k.record_l, k.record_r"
    ).to_arrow_table()
    con.execute("DROP TABLE known_pair")
    return write, delete, replaced


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
