"""Precision and recall against a known truth, set-wise in DuckDB.

A pair is two records. Pairwise measures count pairs; cluster measures count citizens that hold
exactly the records of one person. `with_review` is what follows when every open review pair is
answered truthfully.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import duckdb
import pyarrow as pa

from mdm.duck import first_row


@dataclass(frozen=True, slots=True)
class Measure:
    """Precision, recall and their harmonic mean; 1.0 where there is nothing to be wrong about."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, correct: int, found: int, true: int) -> "Measure":
        """From counts: correct among found, found among true."""
        precision = correct / found if found else 1.0
        recall = correct / true if true else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return cls(round(precision, 6), round(recall, 6), round(f1, 6))

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


_AGREEMENT = """
WITH c AS (SELECT g.cluster, t.person, count(*)::HUGEINT AS n
           FROM {groups} g JOIN {truth} t USING (record_id) GROUP BY 1, 2),
     found AS (SELECT sum(n * (n - 1) // 2) AS x
               FROM (SELECT sum(n) AS n FROM c GROUP BY cluster)),
     truly AS (SELECT sum(n * (n - 1) // 2) AS x
              FROM (SELECT sum(n) AS n FROM c GROUP BY person)),
     correct AS (SELECT sum(n * (n - 1) // 2) AS x FROM c)
SELECT (SELECT x FROM correct)::BIGINT, (SELECT x FROM found)::BIGINT,
       (SELECT x FROM truly)::BIGINT
"""

_CLUSTERS = """
WITH j AS (SELECT g.cluster, t.person FROM {groups} g JOIN {truth} t USING (record_id)),
     c AS (SELECT cluster, count(*) AS n, count(DISTINCT person) AS people,
                  min(person) AS person FROM j GROUP BY 1),
     p AS (SELECT person, count(*) AS n FROM j GROUP BY 1)
SELECT count(*) FILTER (c.people = 1 AND c.n = p.n), (SELECT count(*) FROM c),
       (SELECT count(*) FROM p)
FROM c JOIN p ON p.person = c.person
"""


def measure_pairs(con: duckdb.DuckDBPyConnection, groups: str, truth: str) -> Measure:
    """Pairwise measure of `groups(record_id, cluster)` against `truth(record_id, person)`."""
    row = first_row(con, _AGREEMENT.format(groups=groups, truth=truth))
    return Measure.of(*(int(x or 0) for x in row))


def measure_clusters(con: duckdb.DuckDBPyConnection, groups: str, truth: str) -> Measure:
    """Share of clusters that are exactly one person, and of people that are one cluster."""
    row = first_row(con, _CLUSTERS.format(groups=groups, truth=truth))
    return Measure.of(*(int(x or 0) for x in row))


def candidate_recall(con: duckdb.DuckDBPyConnection, candidates: str, truth: str) -> float:
    """Share of true pairs among the candidates `(join_key_l, join_key_r)`."""
    row = first_row(
        con,
        f"""
        SELECT (SELECT count(*) FROM {candidates} c
                JOIN {truth} l ON l.record_id = c.join_key_l
                JOIN {truth} r ON r.record_id = c.join_key_r AND r.person = l.person),
               (SELECT sum(n * (n - 1) // 2) FROM
                  (SELECT count(*) AS n FROM {truth} GROUP BY person))
        """,
    )
    return round(int(row[0]) / int(row[1]), 6) if row[1] else 1.0


def join_groups(
    con: duckdb.DuckDBPyConnection, groups: str, pairs: Iterable[tuple[int, int]], out: str
) -> None:
    """Write table `out`: `groups` after the groups of both records of each pair become one."""
    wanted = sorted({record for pair in pairs for record in pair})
    con.register("wanted_rows", pa.table({"record_id": pa.array(wanted, pa.int64())}))
    cluster_of = dict(
        con.execute(
            f"SELECT record_id, cluster FROM {groups} SEMI JOIN wanted_rows USING (record_id)"
        ).fetchall()
    )
    con.unregister("wanted_rows")
    parent = {cluster: cluster for cluster in cluster_of.values()}

    def find(cluster: object) -> object:
        while parent[cluster] != cluster:
            cluster = parent[cluster]
        return cluster

    for left, right in pairs:
        if left in cluster_of and right in cluster_of:
            parent[find(cluster_of[left])] = find(cluster_of[right])
    joined = (
        pa.table({"was": pa.array(list(parent)), "now": pa.array([find(c) for c in parent])})
        if parent
        else pa.table({"was": pa.array([], pa.string()), "now": pa.array([], pa.string())})
    )
    con.register("joined_rows", joined)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {out} AS "
        f"SELECT record_id, coalesce(j.now::VARCHAR, g.cluster::VARCHAR) AS cluster "
        f"FROM {groups} g LEFT JOIN joined_rows j ON j.was::VARCHAR = g.cluster::VARCHAR"
    )
    con.unregister("joined_rows")
