"""What a delta reopens: components and clusters to decide again, while the others stand as decided.

A component is decided again where a record of it changed in anything that decisions read, where it
has other members, or where it was contested and its records now belong to citizens otherwise. A
cluster is reconciled again where its component was decided again, where it was contested before, or
where one of its records or IDs has a new place. `docs/adr/0037` says why that is all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from mdm.clustering.components import UnionFind
from mdm.domain.judgement import Judgement
from mdm.duck import count, first_row
from mdm.volume.components import (
    LinkRules,
    find_components_of,
    label_components,
    write_ties,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Names of the tables that a decision reads and writes: the city's, or those of a part.

    Attributes:
        component: (record_id, component) of the records to decide.
        contested: Components that a rule may touch.
        cluster: The answer.
    """

    component: str = "component"
    contested: str = "contested"
    cluster: str = "cluster"


WHOLE = Scope()
PART = Scope("open_component", "open_contested", "open_cluster")

_STANDING = """
SELECT record_id, state IN ('pending', 'present') AS active, restricted FROM record_state
WHERE state NOT IN ('pending', 'present') OR restricted
"""
_MERGE = "SELECT record_id, into_id FROM source_merge"
# Whose citizen's ID it is does not matter to a decision, only who shares it.
_HOLDING = """
SELECT p.record_id,
       min(p.record_id) OVER (PARTITION BY c.component, p.home) AS together
FROM home p JOIN {component} c USING (record_id) SEMI JOIN contested USING (component)
"""
_DECIDED_TABLES = ("component", "contested", "cluster", "touch", "plan_event", "undecided",
                   "unreconciled", "kept_standing", "kept_merge", "kept_holding",
                   "kept_judgement", "kept_question", "kept_tie",
                   "plan_pair", "asked_pair")  # fmt: skip


DECIDED, APPLIED, SETTLED = "decided", "applied", "settled"


def mark_decided(con: duckdb.DuckDBPyConnection, state: str | None, key: str = "") -> None:
    """Say how far the last decision came.

    `DECIDED`, `APPLIED` in a transaction of the registry, `SETTLED` by its commit; None: its
    tables are not to be relied on.
    """
    con.execute("DROP TABLE IF EXISTS decided_marker")
    if state is not None:
        con.execute(
            "CREATE TABLE decided_marker AS SELECT $1::VARCHAR AS state, $2::VARCHAR AS key,"
            " NULL::VARCHAR AS packed",
            [state, key],
        )


def advance_decided(con: duckdb.DuckDBPyConnection, known: str, state: str) -> None:
    """Bring the last decision from one state to the next; from any other it is given up."""
    marked = _decided(con)
    if marked is None or marked[0] != known:
        mark_decided(con, None)
    else:
        mark_decided(con, state, marked[1])


def mark_packed(con: duckdb.DuckDBPyConnection, digest: str) -> None:
    """Note the plan that the last decision was packed as."""
    if _has(con, "decided_marker"):
        con.execute("UPDATE decided_marker SET packed = $1 WHERE state = $2", [digest, DECIDED])


def is_packed(con: duckdb.DuckDBPyConnection, digest: str) -> bool:
    """Whether a packed plan is the last decision, whose tables are here."""
    if not _has(con, "decided_marker"):
        return False
    return first_row(con, "SELECT state, packed FROM decided_marker") == (DECIDED, digest)


def _decided(con: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    if not _has(con, "decided_marker"):
        return None
    state, key = first_row(con, "SELECT state, key FROM decided_marker")
    return str(state), str(key)


def is_settled(con: duckdb.DuckDBPyConnection, key: str) -> bool:
    """Whether the last decision, made under the same key, is in force and its tables are here."""
    return _decided(con) == (SETTLED, key) and all(_has(con, t) for t in _DECIDED_TABLES)


def _has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return count(con, f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{table}'") > 0


def keep_decided(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> None:
    """Keep what was decided from, for the next decision; nothing is open any more."""
    con.execute(f"CREATE OR REPLACE TABLE kept_standing AS {_STANDING}")
    con.execute(f"CREATE OR REPLACE TABLE kept_merge AS {_MERGE}")
    holding = _HOLDING.format(component="component")
    con.execute(f"CREATE OR REPLACE TABLE kept_holding AS {holding} UNION ALL FROM expected_home")
    _write_judgements(con, "TABLE kept_judgement", judgements)
    # A temporary table would hide what the next decision writes under its name.
    for table in ("reopened", PART.cluster):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    for table in ("undecided", "unreconciled"):
        con.execute(f"CREATE OR REPLACE TABLE {table} (record_id BIGINT)")


def expect_homes(con: duckdb.DuckDBPyConnection, steady: Sequence[tuple[int, int]]) -> None:
    """Write `expected_home(record_id, together)`: citizens that would be decided the same again.

    Of a contested component of which no record is placed or judged and no link was refused, the
    clusters may become citizens without a second decision: every link that joined holds then,
    the strongest first as before, no other joins two of the clusters, and a guard that citizens
    open stands between no two records of one.

    Args:
        con: The volume database.
        steady: Each record of such components with the smallest record of its cluster.
    """
    rows = {
        "record_id": pa.array([row[0] for row in steady], pa.int64()),
        "together": pa.array([row[1] for row in steady], pa.int64()),
    }
    con.register("steady_rows", pa.table(rows))
    con.execute("CREATE OR REPLACE TEMP TABLE expected_home AS SELECT * FROM steady_rows")
    con.unregister("steady_rows")


def _write_judgements(
    con: duckdb.DuckDBPyConnection, table: str, judgements: Sequence[Judgement]
) -> None:
    rows = {
        "said": pa.array([repr(j) for j in judgements], pa.string()),
        "record_l": pa.array([j.record_l for j in judgements], pa.int64()),
        "record_r": pa.array([j.record_r for j in judgements], pa.int64()),
    }
    con.register("judgement_rows", pa.table(rows))
    con.execute(f"CREATE OR REPLACE {table} AS SELECT * FROM judgement_rows")
    con.unregister("judgement_rows")


def reopen_components(
    con: duckdb.DuckDBPyConnection,
    rules: LinkRules,
    must_links: Sequence[tuple[int, int]],
    judgements: Sequence[Judgement],
) -> None:
    """Bring `component` level, and write what of it is to be decided again.

    That is `open_component(record_id, component)`; `reopened(record_id)`, gone ones too; and
    `component_before`, which holds them as they were. A link comes or goes only where something of
    one of its records changed (of the other nothing need have, where that is restricted no
    longer): no component but theirs is found anew.

    Args:
        con: Holds `component` and what `keep_decided` kept, and what `find_components` reads.
        rules: The thresholds.
        must_links: All that hold now.
        judgements: All that stand.
    """
    write_ties(con, "TEMP TABLE tie_now", rules)
    _write_judgements(con, "TEMP TABLE judgement_now", judgements)
    _write_touched(con)
    _write_linked(con, rules, must_links)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE component_before AS FROM component WHERE component IN
          (SELECT component FROM component SEMI JOIN linked USING (record_id))
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE component_member AS SELECT record_id FROM standard
        SEMI JOIN (SELECT record_id FROM component_before UNION FROM touched) USING (record_id)
        """
    )
    find_components_of(
        con, rules, must_links, members="component_member", ties="tie_now", out="component_now"
    )
    _write_reopened(con)
    con.execute("DELETE FROM component WHERE record_id IN (SELECT record_id FROM moved)")
    con.execute("INSERT INTO component FROM component_now SEMI JOIN moved USING (record_id)")
    con.execute("CREATE OR REPLACE TABLE kept_tie AS FROM tie_now")
    for table in (
        "judgement_now", "tie_now", "touched", "linked", "component_member", "component_now",
        "moved",
    ):  # fmt: skip
        con.execute(f"DROP TABLE {table}")


def _write_touched(con: duckdb.DuckDBPyConnection) -> None:
    """Write `touched(record_id)`: anything that decisions read of them has changed."""
    knots = _changed_knots(con)
    con.register("knot_rows", pa.table({"record_id": pa.array(knots, pa.int64())}))
    differ = " UNION ".join(
        f"SELECT {column} AS record_id FROM "
        f"((({now}) EXCEPT FROM {kept}) UNION ALL (FROM {kept} EXCEPT ({now})))"
        for column, now, kept in (
            ("record_id", _STANDING, "kept_standing"),
            ("record_id", _MERGE, "kept_merge"),
            ("into_id", _MERGE, "kept_merge"),
            ("record_id", _HOLDING.format(component="component"), "kept_holding"),
        )
    )
    # What holds a component together anew that was one before changes nothing of it.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE touched AS
        WITH tie AS (
          (FROM kept_tie EXCEPT FROM tie_now) UNION ALL
          (SELECT record_l, record_r FROM (FROM tie_now EXCEPT FROM kept_tie)
           JOIN component l ON l.record_id = record_l JOIN component r ON r.record_id = record_r
           WHERE l.component <> r.component))
        SELECT record_id FROM undecided UNION SELECT record_id FROM knot_rows UNION {differ}
        UNION SELECT record_l FROM tie UNION SELECT record_r FROM tie
        """
    )
    con.unregister("knot_rows")


def _write_linked(
    con: duckdb.DuckDBPyConnection, rules: LinkRules, must_links: Sequence[tuple[int, int]]
) -> None:
    """Write `linked(record_id)`: `touched`, and what any of them has a link or a must-link to."""
    ends = np.array(must_links, np.int64).reshape(-1, 2)
    bound, groups = label_components(ends[:, 0], ends[:, 1])
    touched = con.execute("FROM touched").fetchnumpy()["record_id"]
    open_groups = groups[np.isin(bound, touched)]
    con.register("bound_rows", pa.table({"record_id": bound[np.isin(groups, open_groups)]}))
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE linked AS
        WITH link AS (SELECT record_l, record_r FROM scored WHERE match_weight >= {rules.link}
                      UNION ALL FROM tie_now)
        FROM touched UNION FROM bound_rows
        UNION SELECT record_l FROM link WHERE record_r IN (FROM touched)
        UNION SELECT record_r FROM link WHERE record_l IN (FROM touched)
        """
    )
    con.unregister("bound_rows")


def _write_reopened(con: duckdb.DuckDBPyConnection) -> None:
    """Write `reopened`, `open_component` and `moved`: records of another component than before."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE moved AS
        SELECT coalesce(n.record_id, b.record_id) AS record_id, b.component
        FROM component_now n FULL JOIN component_before b ON b.record_id = n.record_id
        WHERE n.component IS DISTINCT FROM b.component
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE reopened AS
        WITH dirty AS (
          FROM touched UNION SELECT record_id FROM moved
          UNION SELECT record_id FROM component_before
                SEMI JOIN moved ON moved.component = component_before.component),
        open AS (SELECT DISTINCT component FROM component_now SEMI JOIN dirty USING (record_id))
        SELECT record_id FROM component_now SEMI JOIN open USING (component)
        UNION SELECT record_id FROM dirty
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE open_component AS "
        "FROM component_now SEMI JOIN reopened USING (record_id)"
    )


def _changed_knots(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Records that a new or vanished judgement is connected with through other judgements."""
    rows = con.execute(
        "SELECT record_l, record_r FROM kept_judgement UNION "
        "SELECT record_l, record_r FROM judgement_now"
    ).fetchall()
    changed = con.execute(
        "SELECT record_l FROM ((FROM kept_judgement EXCEPT FROM judgement_now) UNION ALL "
        "(FROM judgement_now EXCEPT FROM kept_judgement))"
    ).fetchall()
    knots = UnionFind()
    for left, right in rows:
        knots.union(left, right)
    open_knots = {knots.find(row[0]) for row in changed}
    return sorted({r for pair in rows for r in pair if knots.find(r) in open_knots})


def take_decided(con: duckdb.DuckDBPyConnection) -> None:
    """Take what was decided of the reopened components into the city's tables."""
    con.execute(
        "DELETE FROM contested WHERE component IN "
        "(SELECT component FROM component_before SEMI JOIN reopened USING (record_id))"
    )
    con.execute(f"INSERT INTO contested FROM {PART.contested}")
    con.execute("DELETE FROM cluster WHERE record_id IN (FROM reopened)")
    con.execute(f"INSERT INTO cluster BY NAME FROM {PART.cluster}")
    con.execute("DELETE FROM kept_question WHERE record_l IN (FROM reopened)")
    for table in ("component_before", PART.component, PART.contested, PART.cluster):
        con.execute(f"DROP TABLE {table}")


# An ID that one of the plan's placed records anchors or founded beside the one it is placed under.
_OTHER_IDS = " UNION ".join(
    f"SELECT e.record_id FROM plan_event e JOIN id_fact i ON i.{end} = e.record_id"
    " JOIN placed p ON p.record_id = e.record_id AND p.municipal_id <> i.municipal_id"
    for end in ("anchor_record_id", "founder_record_id")
)


def _all_ids_are_new(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last plan issued every ID there is, each to the record that founds it."""
    issued = count(con, "SELECT count(*) FROM plan_event WHERE kind = 'mint'")
    return issued == count(con, "SELECT count(*) FROM id_fact")


def reopen_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Write `open_cluster(record_id, cluster, link_status, weight)`: what is reconciled again.

    To be called while `touch` and `plan_event` are those of the last decision, which is in force.
    """
    others = "" if _all_ids_are_new(con) else f"UNION {_OTHER_IDS}"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE open_name AS
        SELECT DISTINCT cluster FROM cluster SEMI JOIN (
          FROM reopened UNION FROM unreconciled {others}) USING (record_id)
        UNION SELECT t.cluster FROM touch t WHERE t.contested
              AND t.cluster IN (SELECT cluster FROM cluster)
        """
    )
    before = -1
    while before != (before := count(con, "SELECT count(*) FROM open_name")):
        # Clusters that share a citizen with these are reconciled with them.
        con.execute(
            """
            CREATE OR REPLACE TEMP TABLE open_name AS
            WITH shared AS (SELECT DISTINCT municipal_id FROM placed SEMI JOIN (
                              SELECT record_id FROM cluster SEMI JOIN open_name USING (cluster))
                            USING (record_id)),
                 holder AS (SELECT record_id FROM placed SEMI JOIN shared USING (municipal_id))
            SELECT DISTINCT cluster FROM cluster SEMI JOIN holder USING (record_id)
            UNION FROM open_name
            """
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PART.cluster} AS "
        "FROM cluster SEMI JOIN open_name USING (cluster)"
    )
    con.execute("DROP TABLE open_name")
