"""Restricted records, attached to the clusters of all others once these are decided.

They lead nowhere: what is found and asked about ordinary records is the same without them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import duckdb
import pyarrow as pa

from mdm.clustering.components import UnionFind
from mdm.clustering.constrained import attach_restricted
from mdm.clustering.decision import ReviewPair, Thresholds, link_statuses
from mdm.domain.judgement import Judgement
from mdm.volume.contested import contested_components, of_several
from mdm.volume.reopened import Scope

_KNOTS = Scope("attach_component", "attach_open")
Judged = Callable[[Iterable[int]], list[Judgement]]
"""The judgements on some records, and those connected with them."""

_HIDDEN = """
CREATE OR REPLACE TEMP TABLE hidden AS
SELECT record_id FROM standard WHERE restricted
UNION SELECT record_id FROM record_state WHERE restricted
"""
# Every pair that joins a restricted record to anything, or asks whether it should.
_TIES = """
SELECT record_l, record_r FROM scored SEMI JOIN hidden ON record_id = record_l
WHERE match_weight >= {review}
UNION SELECT record_l, record_r FROM scored SEMI JOIN hidden ON record_id = record_r
WHERE match_weight >= {review}
UNION SELECT record_id, into_id FROM source_merge
WHERE record_id IN (FROM hidden) OR into_id IN (FROM hidden)
"""


def write_hidden(con: duckdb.DuckDBPyConnection) -> frozenset[int]:
    """Write `hidden(record_id)`, the restricted records, and return them.

    Args:
        con: Holds `standard` and `record_state`.
    """
    con.execute(_HIDDEN)
    return frozenset(row[0] for row in con.execute("SELECT record_id FROM hidden").fetchall())


def detach_hidden(con: duckdb.DuckDBPyConnection) -> None:
    """Let each restricted record be alone again in what was decided before.

    They are attached anew each time, and the clusters that they are attached to are reconciled.

    Args:
        con: Holds `cluster`, `hidden`, and `unreconciled` of the last decision.
    """
    # Put in anew at the end: to change them in place has whole columns written again.
    known = "SELECT record_id FROM cluster SEMI JOIN hidden USING (record_id)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE detached AS {known}")
    con.execute("DELETE FROM cluster WHERE record_id IN (FROM detached)")
    con.execute("INSERT INTO cluster SELECT record_id, record_id, 'alone', NULL FROM detached")
    con.execute("DROP TABLE detached")
    con.execute("INSERT INTO unreconciled FROM hidden")


def attach_hidden(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    judgements: Sequence[Judgement],
    judged: Judged,
) -> list[ReviewPair]:
    """Attach every restricted record to a cluster of `cluster`, or leave it alone.

    Args:
        con: Holds `cluster`, in which each restricted record is alone, `scored`, `home`,
            `hidden` and what `find_contested` reads.
        thresholds: Match weights at which something is done.
        judgements: All that stand.
        judged: Those on some records.

    Returns:
        Questions about restricted records.
    """
    _write_knots(con, thresholds.review, [j.pair for j in judgements])
    con.execute(f"CREATE OR REPLACE TEMP TABLE attach_open AS {of_several(_KNOTS)}")
    homes = con.execute(
        "SELECT a.record_id, c.cluster, p.home FROM attach_component a "
        "JOIN cluster c USING (record_id) LEFT JOIN home p USING (record_id)"
    ).fetchall()
    clusters = {record_id: cluster for record_id, cluster, _ in homes}
    placed = {record_id: home for record_id, _, home in homes if home is not None}
    has_hysteresis = thresholds.fracture < thresholds.link
    rows: list[tuple[int, int, str, float | None]] = []
    review: list[ReviewPair] = []
    for facts, pairs in contested_components(con, thresholds.review, _KNOTS):
        known = {fact.record_id: fact for fact in facts}
        decision = attach_restricted(
            pairs,
            known,
            judged(known),
            thresholds,
            {r: placed[r] for r in known if r in placed} if has_hysteresis else {},
            clusters=_clusters((r, clusters[r]) for r, f in known.items() if not f.restricted),
        )
        review += decision.review
        status = link_statuses(decision)
        for members in decision.clusters:
            ours = decision.restricted.intersection(members)
            ordinary = [r for r in members if r not in ours]
            # The cluster keeps the name that it has without them.
            name = clusters[ordinary[0]] if ordinary else members[0]
            rows += [(r, name, status[r][0].value, status[r][1]) for r in sorted(ours)]
    _write(con, rows)
    return review


def _clusters(homes: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for record_id, cluster in homes:
        found.setdefault(cluster, []).append(record_id)
    return [tuple(sorted(members)) for members in found.values()]


def _write_knots(
    con: duckdb.DuckDBPyConnection, review: float, judged: Sequence[tuple[int, int]]
) -> None:
    """Write `attach_component`: restricted records with the clusters that they are tied to."""
    hidden = {row[0] for row in con.execute("SELECT record_id FROM hidden").fetchall()}
    ties = con.execute(_TIES.format(review=review)).fetchall()
    ties += [pair for pair in judged if not hidden.isdisjoint(pair)]
    ends = sorted({record_id for pair in ties for record_id in pair})
    cluster_of: Mapping[int, int] = dict(
        con.execute(
            "SELECT record_id, cluster FROM cluster WHERE record_id IN (SELECT unnest($ends))",
            {"ends": ends},
        ).fetchall()
    )
    knots = UnionFind()
    for left, right in ties:
        if left in cluster_of and right in cluster_of:
            knots.union(cluster_of[left], cluster_of[right])
    named = {cluster: knots.find(cluster) for cluster in {*cluster_of.values()}}
    con.register(
        "knot_rows",
        pa.table(
            {
                "cluster": pa.array(list(named), pa.int64()),
                "component": pa.array(list(named.values()), pa.int64()),
            }
        ),
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE attach_component AS "
        "SELECT c.record_id, k.component FROM cluster c JOIN knot_rows k USING (cluster)"
    )
    con.unregister("knot_rows")


def _write(
    con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[int, int, str, float | None]]
) -> None:
    con.register(
        "attached_rows",
        pa.table(
            {
                "record_id": pa.array([row[0] for row in rows], pa.int64()),
                "cluster": pa.array([row[1] for row in rows], pa.int64()),
                "link_status": pa.array([row[2] for row in rows], pa.string()),
                "weight": pa.array([row[3] for row in rows], pa.float64()),
            }
        ),
    )
    con.execute("DELETE FROM cluster WHERE record_id IN (SELECT record_id FROM attached_rows)")
    con.execute("INSERT INTO cluster BY NAME FROM attached_rows")
    con.unregister("attached_rows")
