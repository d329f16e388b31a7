"""Questions for stewards that lie between clusters of different components.

What is in doubt within a component is asked by `mdm.clustering.review`; here are pairs between the
thresholds that no link connects, judgements to be asked again, and numbers that several claim.
"""

from collections.abc import Sequence

import duckdb

from mdm.clustering.components import UnionFind
from mdm.clustering.decision import ReviewReason, Thresholds
from mdm.domain.judgement import Judgement, JudgementState, Verdict, close

IDENTIFIER_CONFLICT = "identifier_conflict"
Row = dict[str, object]
_Pair = tuple[int, int]

# Tables of their own: a join with the few rows that each gives looks past most of the others.
# A pair at the link threshold is apart only with a restricted record.
_DOUBTED = {
    "doubt_apart": """
SELECT s.record_l, s.record_r, s.match_weight FROM scored s
JOIN component a ON a.record_id = s.record_l JOIN component b ON b.record_id = s.record_r
WHERE a.component <> b.component AND s.match_weight >= {review} AND s.match_weight < {link}""",
    "doubt": """
SELECT s.record_l, s.record_r, s.match_weight, l.cluster AS cl, r.cluster AS cr FROM doubt_apart s
JOIN cluster l ON l.record_id = s.record_l JOIN cluster r ON r.record_id = s.record_r
ANTI JOIN hidden h ON h.record_id = s.record_l ANTI JOIN hidden k ON k.record_id = s.record_r""",
    "doubt_near": """
SELECT record_id, cluster FROM cluster
WHERE cluster IN (SELECT cl FROM doubt UNION SELECT cr FROM doubt)""",
    "doubt_member": """
SELECT c.cluster, s.source, s.household_id, s.class_code, coalesce(s.unit_code, '') AS unit
FROM standard s JOIN doubt_near c USING (record_id) JOIN record_state t USING (record_id)
WHERE t.state IN ('pending', 'present')
  AND (s.household_id IS NOT NULL OR s.class_code IS NOT NULL)""",
}
_DOUBTS = """
WITH declared AS (SELECT DISTINCT x.cluster AS cl, y.cluster AS cr
                  FROM doubt_member x JOIN doubt_member y
                    ON x.source = y.source AND x.cluster <> y.cluster
                   AND (x.household_id = y.household_id
                        OR (x.class_code = y.class_code AND x.unit = y.unit)))
SELECT record_l, record_r, match_weight, cl, cr FROM doubt ANTI JOIN declared USING (cl, cr)
ORDER BY match_weight DESC, record_l, record_r
"""

_CONFLICTS = """
WITH claim AS (SELECT o.identifier, o.value, c.cluster, min(o.record_id) AS record_id
               FROM ownership o JOIN cluster c USING (record_id) ANTI JOIN hidden USING (record_id)
               WHERE o.state = 'contested' GROUP BY ALL),
     ranked AS (SELECT *, row_number() OVER (PARTITION BY identifier, value ORDER BY cluster) AS n,
                       count(*) OVER (PARTITION BY identifier, value) AS claims FROM claim)
SELECT least(a.record_id, b.record_id), greatest(a.record_id, b.record_id), s.match_weight,
       a.cluster, b.cluster
FROM ranked a JOIN ranked b ON b.identifier = a.identifier AND b.value = a.value AND b.n = a.n + 1
LEFT JOIN scored s ON s.record_l = least(a.record_id, b.record_id)
                  AND s.record_r = greatest(a.record_id, b.record_id)
WHERE a.claims <= 4 ORDER BY 1, 2
"""


def between_components(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    judgements: Sequence[Judgement],
    within: Sequence[Row],
) -> list[Row]:
    """All questions between clusters of different components.

    Args:
        con: Holds `scored`, `cluster`, `component`, `standard`, `record_state`, `ownership`,
            `judged` (the records of the judgements) and `hidden` (the restricted records, about
            which nothing is asked here).
        thresholds: Match weights at which something is done.
        judgements: All that stand.
        within: The questions within components: what they ask is not asked twice.
    """
    again = _suspended(con, judgements)
    settled = {j.pair for j in judgements if j.state is JudgementState.ACTIVE or not j.is_given}
    settled |= {(int(str(r["record_l"])), int(str(r["record_r"]))) for r in (*within, *again)}
    apart = _apart(con, judgements)
    doubts = _spanning(con, thresholds, settled, apart)
    settled |= {(int(str(r["record_l"])), int(str(r["record_r"]))) for r in doubts}
    return [*again, *doubts, *_identifier_conflicts(con, settled, apart)]


def _question(pair: _Pair, weight: float | None, kind: str, group: int, rank: int = 0) -> Row:
    return {
        "record_l": pair[0],
        "record_r": pair[1],
        "match_weight": weight,
        "kind": kind,
        "guard": None,
        "group_id": group,
        "rank": rank,
    }


def _suspended(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> list[Row]:
    """Judgements whose content has changed, on records of different components."""
    answered = {j.pair for j in judgements if j.state is JudgementState.ACTIVE}
    suspended = {j.pair for j in judgements if j.state is JudgementState.SUSPENDED and j.is_given}
    waiting = sorted(suspended - answered)
    if len(waiting) == 0:
        return []
    component = dict(
        con.execute("SELECT record_id, component FROM component SEMI JOIN judged USING (record_id)")
        .fetchall()
    )  # fmt: skip
    weights = {
        (left, right): weight
        for left, right, weight in con.execute(
            "SELECT record_l, record_r, match_weight FROM scored "
            "WHERE record_l IN (SELECT record_id FROM judged) "
            "AND record_r IN (SELECT record_id FROM judged)"
        ).fetchall()
    }
    return [
        _question(pair, weights.get(pair), ReviewReason.SUSPENDED.value, pair[0])
        for pair in waiting
        if component.keys() >= {*pair} and component[pair[0]] != component[pair[1]]
    ]


def _apart(con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement]) -> set[frozenset[int]]:
    """Pairs of clusters that a steward called different: none of their pairs is asked."""
    different = [j for j in close(judgements).different if j.verdict is Verdict.DIFFERENT]
    if len(different) == 0:
        return set()
    rows = con.execute("SELECT record_id, cluster FROM cluster SEMI JOIN judged USING (record_id)")
    cluster = dict(rows.fetchall())
    return {
        frozenset((cluster[j.record_l], cluster[j.record_r]))
        for j in different
        if cluster.keys() >= {*j.pair}
    }


def _spanning(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    settled: set[_Pair],
    apart: set[frozenset[int]],
) -> list[Row]:
    """Of k clusters in one doubt the k - 1 strongest pairs that connect them, the weakest first.

    Pairs of one declared family or class are answered by the declaration.
    """
    for table, sql in _DOUBTED.items():
        told = sql.format(review=thresholds.review, link=thresholds.link)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {told}")
    rows = con.execute(_DOUBTS).fetchall()
    for table in _DOUBTED:
        con.execute(f"DROP TABLE {table}")
    forest = UnionFind({c for row in rows for c in row[3:]})
    kept = []
    for record_l, record_r, weight, left, right in rows:
        is_open = (record_l, record_r) not in settled and frozenset((left, right)) not in apart
        if is_open and forest.find(left) != forest.find(right):
            forest.union(left, right)
            kept.append(((record_l, record_r), weight, left))
    ranks: dict[int, int] = {}
    result: list[Row] = []
    for pair, weight, left in reversed(kept):
        group = forest.find(left)
        rank = ranks[group] = ranks.get(group, -1) + 1
        result.append(_question(pair, weight, ReviewReason.BETWEEN.value, group, rank))
    return result


def _identifier_conflicts(
    con: duckdb.DuckDBPyConnection, settled: set[_Pair], apart: set[frozenset[int]]
) -> list[Row]:
    """Questions about a number that several people claim and nobody owns: k - 1 for k claims.

    A number that more than four people claim is a filler: it goes back to the sources as an
    issue, not to a steward.
    """
    rows = dict.fromkeys(con.execute(_CONFLICTS).fetchall())
    return [
        _question((left, right), weight, IDENTIFIER_CONFLICT, left)
        for left, right, weight, one, other in rows
        if (left, right) not in settled and frozenset((one, other)) not in apart
    ]
