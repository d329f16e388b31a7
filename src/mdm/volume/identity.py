"""Clusters against present citizens, set-wise: what is uncontested, and what must be reconciled.

Uncontested are new clusters without a placed record (they mint) and clusters that meet exactly
one citizen whose records are all theirs (they are placed with it). Everything else - merges,
splits, moves, restricted records, IDs withdrawn or anchored elsewhere, an older ID that counts
again - goes to `mdm.clustering.reconcile`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import duckdb
import pyarrow as pa

from mdm.clustering.components import UnionFind
from mdm.clustering.reconcile import Changes
from mdm.clustering.splits import Touched
from mdm.domain.events import Link, LinkStatus, Move, Relink
from mdm.domain.identity import IdFacts, IdState
from mdm.domain.told_sets import Holders
from mdm.duck import first_row
from mdm.volume.reopened import WHOLE, Scope

_TOUCH = """
CREATE OR REPLACE TABLE touch AS
WITH held AS (SELECT DISTINCT c.cluster, p.municipal_id
              FROM placed p JOIN {cluster} c USING (record_id)),
     spread AS (SELECT municipal_id, count(*) AS clusters FROM held GROUP BY 1),
     comes_back AS (SELECT DISTINCT c.cluster FROM id_fact i
                   JOIN {cluster} c ON c.record_id = i.founder_record_id
                   WHERE i.state <> 'active' OR i.anchor_record_id <> i.founder_record_id),
     misnamed AS (SELECT DISTINCT c.cluster FROM placed p JOIN {cluster} c USING (record_id)
                  JOIN id_fact i ON i.anchor_record_id = p.record_id AND i.state = 'active'
                   AND i.municipal_id <> p.municipal_id
                  JOIN id_fact n ON n.municipal_id = p.municipal_id
                   AND i.minted_seq < n.minted_seq),
     guarded AS (SELECT DISTINCT c.cluster FROM {cluster} c JOIN record_state r USING (record_id)
                 WHERE r.restricted)
SELECT k.cluster, count(h.municipal_id) AS ids, min(h.municipal_id) AS municipal_id,
       coalesce(max(s.clusters), 0) > 1 OR count(h.municipal_id) > 1
         OR bool_or(k.cluster IN (SELECT cluster FROM comes_back))
         OR bool_or(k.cluster IN (SELECT cluster FROM misnamed))
         OR bool_or(k.cluster IN (SELECT cluster FROM guarded)) AS contested
FROM (SELECT DISTINCT cluster FROM {cluster}) k
LEFT JOIN held h ON h.cluster = k.cluster LEFT JOIN spread s USING (municipal_id)
GROUP BY k.cluster
"""

# An ID not drawn yet is written as `mdm.domain.events.planned_id` writes it. `step` keeps mints
# before the records that are placed under them.
_UNCONTESTED = """
CREATE OR REPLACE TABLE plan_event AS
WITH calm AS (SELECT * FROM touch WHERE NOT contested)
SELECT 0::BIGINT AS step, cluster AS place, 'mint' AS kind, cluster AS record_id,
       'new:' || cluster AS municipal_id, NULL::VARCHAR AS from_id, NULL::DOUBLE AS weight,
       NULL::VARCHAR AS detail
FROM calm WHERE ids = 0
UNION ALL
SELECT 1, c.cluster, 'place', c.record_id, coalesce(t.municipal_id, 'new:' || c.cluster), NULL,
       c.weight, c.link_status
FROM {cluster} c JOIN calm t USING (cluster) ANTI JOIN placed p USING (record_id)
UNION ALL
SELECT 1, c.cluster, 'relink', c.record_id, t.municipal_id, NULL, c.weight, c.link_status
FROM {cluster} c JOIN calm t USING (cluster) JOIN placed p USING (record_id)
WHERE p.link_status <> c.link_status
"""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Counts of the uncontested part."""

    clusters: int
    contested: int


def reconcile_uncontested(con: duckdb.DuckDBPyConnection, scope: Scope = WHOLE) -> Reconciled:
    """Write `touch` and the uncontested rows of `plan_event`.

    Reads `cluster`, `placed(record_id, municipal_id, link_status)`, `id_fact`, `record_state`.

    Args:
        con: The volume database.
        scope: The clusters to look at; no other cluster may hold a record of their citizens.
    """
    con.execute(_TOUCH.format(cluster=scope.cluster))
    con.execute(_UNCONTESTED.format(cluster=scope.cluster))
    return Reconciled(*first_row(con, "SELECT count(*), count(*) FILTER (contested) FROM touch"))


@dataclass(frozen=True, slots=True)
class Contested:
    """Clusters that must be reconciled together, with what is known of them.

    Attributes:
        clusters: Records of each cluster, sorted.
        touched: Present state of their records and of all IDs that these anchor or founded.
        links: How each record is linked.
        statuses: How each placed record is linked at present.
    """

    clusters: list[tuple[int, ...]]
    touched: Touched
    links: dict[int, Link]
    statuses: dict[int, str]

    def with_told(self, told: Mapping[str, Holders]) -> Touched:
        """The present state with those holders that were told one of its IDs.

        Args:
            told: Holders by ID, as `holders_by_id` gives them.
        """
        mine: dict[tuple[str, int], frozenset[str]] = {}
        for municipal_id in self.touched.ids:
            mine.update(told.get(municipal_id, {}))
        return replace(self.touched, told=mine)

    def relinks(self, changes: Changes) -> list[Relink]:
        """Records that stay with their citizen, linked otherwise than before.

        Args:
            changes: What `reconcile` answered for these clusters.
        """
        frozen = {municipal_id for held in changes.held for municipal_id in held.frozen}
        moved = {event.record_id for event in changes.events if isinstance(event, Move)}
        return [
            Relink(record_id, municipal_id, self.links[record_id])
            for record_id, municipal_id in sorted(self.touched.membership.items())
            if municipal_id not in frozen
            and record_id not in moved
            and self.links[record_id].status.value != self.statuses[record_id]
        ]


def contested_groups(
    con: duckdb.DuckDBPyConnection, must_groups: Mapping[int, int]
) -> list[Contested]:
    """The contested clusters, grouped so that no citizen is in two groups. No told-holders yet."""
    members = con.execute(
        """
        SELECT c.cluster, c.record_id, c.link_status, c.weight, p.municipal_id, r.restricted,
               p.link_status
        FROM cluster c JOIN touch t USING (cluster)
        LEFT JOIN placed p USING (record_id) LEFT JOIN record_state r USING (record_id)
        WHERE t.contested ORDER BY c.cluster, c.record_id
        """
    ).fetchall()
    ids = con.execute(
        """
        WITH open AS (SELECT c.record_id FROM cluster c JOIN touch t USING (cluster)
                      WHERE t.contested),
             tied AS (SELECT i.*, o.record_id FROM open o
                      JOIN id_fact i ON i.founder_record_id = o.record_id
                      UNION SELECT i.*, o.record_id FROM open o
                      JOIN id_fact i ON i.anchor_record_id = o.record_id)
        SELECT municipal_id, founder_record_id, anchor_record_id, minted_seq, state,
               ambiguous_until, record_id FROM tied
        """
    ).fetchall()
    knots = UnionFind()
    names = {name: -1 - n for n, name in enumerate(sorted({m[4] for m in members if m[4]}))}
    cluster_of = {record_id: cluster for cluster, record_id, *_ in members}
    for cluster, _, _, _, municipal_id, *_ in members:
        knots.find(cluster)
        if municipal_id is not None:
            knots.union(cluster, names[municipal_id])
    parts: dict[int, _Part] = {}
    for cluster, record_id, status, weight, municipal_id, restricted, present in members:
        part = parts.setdefault(knots.find(cluster), _Part())
        part.clusters.setdefault(cluster, []).append(record_id)
        part.links[record_id] = Link(LinkStatus(status), weight)
        if municipal_id is not None:
            part.membership[record_id] = municipal_id
            part.statuses[record_id] = present
        if restricted:
            part.restricted.add(record_id)
    for name, founder, anchor, seq, state, ambiguous, record_id in ids:
        parts[knots.find(cluster_of[record_id])].ids[name] = IdFacts(
            municipal_id=name,
            founder=founder,
            anchor=anchor,
            minted_seq=seq,
            state=IdState(state),
            ambiguous_until=ambiguous,
        )
    return [part.closed(must_groups) for _, part in sorted(parts.items())]


@dataclass(slots=True)
class _Part:
    clusters: dict[int, list[int]] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    membership: dict[int, str] = field(default_factory=dict)
    statuses: dict[int, str] = field(default_factory=dict)
    restricted: set[int] = field(default_factory=set)
    ids: dict[str, IdFacts] = field(default_factory=dict)

    def closed(self, must_groups: Mapping[int, int]) -> Contested:
        touched = Touched(
            membership=self.membership,
            ids=self.ids,
            restricted=frozenset(self.restricted),
            must_groups={r: must_groups[r] for r in self.links if r in must_groups},
        )
        return Contested(
            [tuple(c) for c in self.clusters.values()], touched, self.links, self.statuses
        )


def add_events(con: duckdb.DuckDBPyConnection, events: pa.Table) -> None:
    """Append reconciled events to `plan_event`: mints among the other mints, the rest after.

    Mints go by their founding record, contested or not: the oldest of several IDs is the one that
    lasts, and must not depend on what was contested. The other events keep their own order.
    """
    numbered = events.append_column("place", pa.array(range(events.num_rows), pa.int64()))
    con.register("reconciled_rows", numbered)
    con.execute(
        "INSERT INTO plan_event BY NAME SELECT CASE kind WHEN 'mint' THEN 0 ELSE 2 END AS step, "
        "CASE kind WHEN 'mint' THEN record_id ELSE place END AS place, * EXCLUDE (place) "
        "FROM reconciled_rows"
    )
    con.unregister("reconciled_rows")
