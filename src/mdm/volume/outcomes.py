"""What became of each scored pair, and what of that the registry does not store yet.

`plan_pair(record_l, record_r, match_weight, pattern, guard, outcome)` tells of the plan's pairs,
`kept_pair` of those that the registry stores. After a decision of a part both are brought level by
the pairs of the records that it looked at alone.
"""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from mdm.duck import count, first_row

_STORED = (
    "record_l BIGINT, record_r BIGINT, match_weight DOUBLE, pattern BIGINT, guard VARCHAR, "
    "outcome VARCHAR, plan_id BIGINT"
)
_SAME_KEY = "k.record_l = p.record_l AND k.record_r = p.record_r"
_SAME = (
    f"{_SAME_KEY} AND k.match_weight = p.match_weight AND k.pattern = p.pattern "
    "AND k.outcome = p.outcome AND k.guard IS NOT DISTINCT FROM p.guard"
)
_ASKED = "SELECT record_l, record_r, min(guard) AS guard FROM review_pair GROUP BY ALL"
_OUTCOME = """
SELECT s.record_l, s.record_r, s.match_weight, s.pattern, v.guard,
       CASE WHEN l.cluster = r.cluster THEN 'linked'
            WHEN v.record_l IS NULL AND s.match_weight >= {link} THEN 'refused'
            ELSE 'review' END AS outcome
FROM {scored} s
JOIN cluster l ON l.record_id = s.record_l JOIN cluster r ON r.record_id = s.record_r
LEFT JOIN asked_pair v ON v.record_l = s.record_l AND v.record_r = s.record_r
"""
# Of whose pairs another outcome may come: weights, clusters or questions are others.
_LOOKED_AT = """
CREATE OR REPLACE TEMP TABLE looked_at AS
WITH asked AS ((FROM asked_now EXCEPT FROM asked_pair)
               UNION (FROM asked_pair EXCEPT FROM asked_now))
FROM undecided UNION FROM reopened UNION FROM hidden
UNION SELECT record_l FROM asked UNION SELECT record_r FROM asked
"""
_THEIRS = "record_l IN (FROM looked_at) OR record_r IN (FROM looked_at)"
PART = "changed_pair", "given_way_pair"
"""Temporary tables: the pairs that a decision of a part looked at, as they are and as they were."""


def write_outcomes(con: duckdb.DuckDBPyConnection, link: float, *, looked_at_only: bool) -> None:
    """Write `plan_pair`, and `asked_pair(record_l, record_r, guard)`: what questions ask.

    Args:
        con: Holds `scored`, `cluster`, `review_pair`.
        link: The link threshold.
        looked_at_only: Bring level what the last decision, which is in force, left: only pairs of
            `undecided`, `reopened` and `hidden` are others, and those which are asked otherwise.
            Writes the tables `PART`.
    """
    if not looked_at_only:
        con.execute(f"CREATE OR REPLACE TABLE asked_pair AS {_ASKED}")
        con.execute(
            f"CREATE OR REPLACE TABLE plan_pair AS {_OUTCOME.format(link=link, scored='scored')}"
        )
        return
    now, before = PART
    con.execute(f"CREATE OR REPLACE TEMP TABLE asked_now AS {_ASKED}")
    con.execute(_LOOKED_AT)
    con.execute("CREATE OR REPLACE TABLE asked_pair AS FROM asked_now")
    theirs = f"(SELECT * FROM scored WHERE {_THEIRS})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {now} AS {_OUTCOME.format(link=link, scored=theirs)}"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {before} AS FROM plan_pair WHERE {_THEIRS}")
    _exchange(con, "plan_pair")
    for table in ("looked_at", "asked_now"):
        con.execute(f"DROP TABLE {table}")


def _exchange(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Let the pairs of a decision of a part give way to what they are now."""
    now, before = PART
    con.execute(f"DELETE FROM {table} k USING {before} p WHERE {_SAME_KEY}")
    con.execute(f"INSERT INTO {table} BY NAME FROM {now}")


def keep_pairs(con: duckdb.DuckDBPyConnection, stated: str, *, exchange_only: bool) -> None:
    """Keep `plan_pair`, which the registry now stores, as `kept_pair`.

    Args:
        con: The volume database.
        stated: What the registry states of the pairs that it stores.
        exchange_only: `kept_pair` shows all but what the tables `PART` tell.
    """
    con.execute("DROP TABLE IF EXISTS pair_marker")
    if exchange_only:
        _exchange(con, "kept_pair")
    else:
        con.execute("CREATE OR REPLACE TABLE kept_pair AS FROM plan_pair")
    con.execute("CREATE TABLE pair_marker AS SELECT $1::VARCHAR AS stated", [stated])


def are_pairs_kept(con: duckdb.DuckDBPyConnection, stated: str) -> bool:
    """Whether `kept_pair` shows what the registry states that it stores."""
    known = "SELECT count(*) FROM duckdb_tables() WHERE table_name IN ('kept_pair', 'pair_marker')"
    both = 2
    return count(con, known) == both and first_row(con, "FROM pair_marker") == (stated,)


def replaced_records(con: duckdb.DuckDBPyConnection, *, plan: str, stored: str) -> list[int]:
    """The first records of the stored pairs that give way to the plan's.

    Args:
        con: Holds both tables.
        plan: `plan_pair` or the changed ones of `PART`.
        stored: `kept_pair` or those that they replace.
    """
    rows = con.execute(f"SELECT DISTINCT k.record_l FROM {stored} k ANTI JOIN {plan} p ON {_SAME}")
    return [int(record_id) for (record_id,) in rows.fetchall()]


def pair_changes(
    con: duckdb.DuckDBPyConnection,
    known: Iterable[pa.RecordBatch],
    *,
    plan: str = "plan_pair",
    stored: str = "known_pair",
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """What to write to and delete from `scored_pair`, against the pairs it holds.

    Args:
        con: Holds `plan` and `stored`.
        known: The pairs it holds; where `stored` is another table, those that may give way do.
        plan: The pairs to hold; as of `replaced_records`.
        stored: All that it holds, or of it what may give way; by default it is made of `known`.

    Returns:
        Rows to write, keys to delete, and the rows known so far that give way to both.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE known_pair ({_STORED})")
    for batch in known:
        con.register("filling", pa.Table.from_batches([batch]))
        con.execute("INSERT INTO known_pair BY NAME SELECT * FROM filling")
        con.unregister("filling")
    write = con.sql(
        f"SELECT p.* FROM {plan} p ANTI JOIN {stored} k ON {_SAME} ORDER BY p.record_l, p.record_r"
    ).to_arrow_table()
    # Where but a part is asked for, the known pairs of the same records may be of the rest.
    asked = f"(FROM known_pair k SEMI JOIN {stored} p ON {_SAME_KEY})"
    delete = con.sql(
        f"SELECT k.record_l, k.record_r FROM {asked} k ANTI JOIN {plan} p ON {_SAME_KEY}"
    ).to_arrow_table()
    replaced = con.sql(
        f"SELECT k.* FROM {asked} k ANTI JOIN {plan} p ON {_SAME} ORDER BY k.record_l, k.record_r"
    ).to_arrow_table()
    con.execute("DROP TABLE known_pair")
    return write, delete, replaced
