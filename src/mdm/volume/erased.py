"""Erased records among the clusters: see `mdm.clustering.erased`, which says it for few citizens.

Set-wise where no steward said anything of an erased record of the citizen, by the pure rule else.
"""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from mdm.clustering.erased import judged_records, with_erased
from mdm.domain.judgement import Judgement, close

_OUT = """
DELETE FROM cluster
WHERE record_id IN (SELECT record_id FROM record_state WHERE state = 'erased')
"""
# `spoken_home`: citizens with an erased record that stewards said something of.
_SPOKEN = """
CREATE OR REPLACE TEMP TABLE spoken_home AS
SELECT DISTINCT p.municipal_id FROM placed p JOIN record_state r USING (record_id)
WHERE r.state = 'erased' AND record_id IN (SELECT unnest($judged::BIGINT[]))
"""
_GONE = """
SELECT p.record_id, p.municipal_id, p.link_status
FROM placed p JOIN record_state r USING (record_id) ANTI JOIN cluster USING (record_id)
WHERE r.state = 'erased' AND p.municipal_id NOT IN (FROM spoken_home)
"""
_WITH_A_PART = f"""
INSERT INTO cluster
WITH gone AS ({_GONE}),
     share AS (SELECT g.record_id, g.link_status, c.cluster, count(*) AS n
               FROM gone g JOIN placed p USING (municipal_id)
               JOIN cluster c ON c.record_id = p.record_id WHERE {{leads}} GROUP BY ALL)
SELECT record_id, cluster, link_status, NULL FROM share
QUALIFY row_number() OVER (PARTITION BY record_id ORDER BY n DESC, cluster) = 1
"""
_AN_ORDINARY_ONE = "p.record_id NOT IN (FROM hidden)"
# A restricted record leads nobody to another citizen, only to others of its like.
_ONE_OF_NO_ORDINARY_CLUSTER = """
c.cluster NOT IN (SELECT o.cluster FROM cluster o ANTI JOIN hidden h ON h.record_id = o.record_id)
"""
# Whom all others left stays what the citizen is.
_LEFT_BEHIND = f"""
INSERT INTO cluster
WITH gone AS ({_GONE})
SELECT record_id, min(record_id) OVER (PARTITION BY municipal_id), link_status, NULL FROM gone
WHERE municipal_id IN (SELECT p.municipal_id FROM placed p SEMI JOIN hidden USING (record_id)
                       JOIN cluster c USING (record_id))
"""
_OF_SPOKEN = """
SELECT p.record_id, p.municipal_id, p.link_status, r.state = 'erased' AS gone
FROM placed p JOIN record_state r USING (record_id) SEMI JOIN spoken_home USING (municipal_id)
"""
_NEAR = """
SELECT c.record_id, c.cluster, c.record_id IN (FROM hidden) AS hidden FROM cluster c
WHERE c.cluster IN (SELECT cluster FROM cluster WHERE record_id IN (SELECT unnest($near::BIGINT[])))
ORDER BY c.cluster, c.record_id
"""


def take_erased_out(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> None:
    """Take them out of what was decided before; to be called first."""
    con.execute(_OUT)
    con.execute(_SPOKEN, {"judged": sorted(judged_records(close(judgements)))})


def put_with_ordinary(con: duckdb.DuckDBPyConnection) -> None:
    """Put them with the largest ordinary part, while restricted records are alone yet."""
    con.execute(_WITH_A_PART.format(leads=_AN_ORDINARY_ONE))


def put_with_restricted(con: duckdb.DuckDBPyConnection) -> None:
    """Put those that no ordinary record is left with, once the restricted ones are attached."""
    con.execute(_WITH_A_PART.format(leads=_ONE_OF_NO_ORDINARY_CLUSTER))
    con.execute(_LEFT_BEHIND)


def put_spoken_of(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> None:
    """Put those of citizens of whose erased records stewards said something; last of all."""
    members = con.execute(_OF_SPOKEN).fetchall()
    if not members:
        return
    closure = close(judgements)
    groups = {closure.group_of(r) for r, _, _, gone in members if gone and r in closure.groups}
    theirs = [r for r, group in closure.groups.items() if group in groups]
    near = con.execute(_NEAR, {"near": [*(m[0] for m in members), *theirs]}).fetchall()
    clusters: dict[int, list[int]] = {}
    for record_id, cluster, _ in near:
        clusters.setdefault(cluster, []).append(record_id)
    homes = {record_id: home for record_id, home, _, _ in members}
    status = {record_id: link for record_id, _, link, gone in members if gone}
    names = list(clusters)
    found = with_erased(
        [clusters[name] for name in names],
        homes,
        frozenset(record_id for record_id, _, hidden in near if not hidden),
        status,
        closure,
    )
    rows = [
        (record_id, names[n] if n < len(names) else min(group), status[record_id])
        for n, group in enumerate(found)
        for record_id in group
        if record_id in status
    ]
    columns = zip(("record_id", "cluster", "link_status"), zip(*rows, strict=True), strict=True)
    con.register("put_rows", pa.table({name: list(values) for name, values in columns}))
    con.execute("INSERT INTO cluster SELECT record_id, cluster, link_status, NULL FROM put_rows")
    con.unregister("put_rows")
