"""Contradictory citizens: a record weighed against all that is known of its citizen.

A chain of links may hold two records together that contradict each other: each link is strong,
the whole is not one person. Of every citizen the pair is asked about that contradicts most, once
its own evidence is under the review threshold and a name or date conflicts, or where two of given
name, birth date and mother conflict; and where one record reports a death and another one proves
a contact long after it. No link is broken by this: a steward decides.
"""

from collections.abc import Sequence

import duckdb

from mdm.domain.judgement import Judgement, JudgementState, close
from mdm.domain.record_facts import DEATH_TOLERANCE
from mdm.domain.scored_pair import Guard
from mdm.volume.golden_columns import ACTIVE_ON
from mdm.volume.reopened import WHOLE, Scope

OVER_MERGE = "over_merge"
Row = dict[str, object]

# A typing error is no conflict: dates and mothers' names one edit apart, names that sound alike or
# stand elsewhere in the name; nor is 1 January, which often means that only the year is known.
_FIRST_OF_YEAR = "month({0}.birth_date) = 1 AND day({0}.birth_date) = 1"
_DIGITS = "strftime({0}.birth_date, '%Y%m%d')"
_CONTRADICTIONS = f"""
WITH many AS (SELECT cluster FROM {{cluster}} GROUP BY 1 HAVING count(*) > 1),
member AS (
  SELECT c.cluster, s.record_id, s.name_kind,
         split_part(s.name, ' ', 1) AS given, split_part(s.name_phonetic, ' ', 1) AS sound,
         s.name_phonetic AS sounds, s.birth_date,
         split_part(s.mother, ' ', 1) AS mother, s.deceased_on,
         CASE WHEN s.deceased_on IS NULL THEN {ACTIVE_ON} END AS active_on
  FROM {{cluster}} c SEMI JOIN many USING (cluster) JOIN standard s USING (record_id)
  JOIN record_state t USING (record_id) WHERE t.state IN ('pending', 'present')),
-- Most pairs agree in all of this and are compared no further.
unlike AS MATERIALIZED (
  SELECT l, r FROM member l JOIN member r ON r.cluster = l.cluster AND l.record_id < r.record_id
   AND (l.birth_date <> r.birth_date OR l.sound <> r.sound OR l.mother <> r.mother
        OR l.deceased_on IS NOT NULL OR r.deceased_on IS NOT NULL)),
pair AS (
  SELECT l.cluster, l.record_id AS record_l, r.record_id AS record_r,
    coalesce(NOT ({_FIRST_OF_YEAR.format("l")}) AND NOT ({_FIRST_OF_YEAR.format("r")})
      AND damerau_levenshtein({_DIGITS.format("l")}, {_DIGITS.format("r")}) > 1, false)::INTEGER
    + coalesce(l.name_kind = 'civil' AND r.name_kind = 'civil'
      AND length(l.given) > 1 AND length(r.given) > 1
      AND NOT list_contains(str_split(r.sounds, ' '), l.sound)
      AND NOT list_contains(str_split(l.sounds, ' '), r.sound), false)::INTEGER
    + coalesce(length(l.mother) > 1 AND length(r.mother) > 1
      AND damerau_levenshtein(l.mother, r.mother) > 1, false)::INTEGER AS conflicts,
    coalesce(l.active_on > r.deceased_on + {DEATH_TOLERANCE.days}
      OR r.active_on > l.deceased_on + {DEATH_TOLERANCE.days}, false) AS outlived
  FROM unlike)
SELECT p.record_l, p.record_r, s.match_weight, p.cluster,
       CASE WHEN p.outlived THEN '{Guard.ACTIVITY_AFTER_DEATH}' END
FROM pair p LEFT JOIN scored s ON s.record_l = p.record_l AND s.record_r = p.record_r
WHERE p.conflicts >= 2 OR (p.conflicts = 1 AND s.match_weight IS NULL) OR p.outlived
ORDER BY p.cluster, p.outlived DESC, p.conflicts DESC, s.match_weight NULLS FIRST,
         p.record_l, p.record_r
"""


def over_merges(
    con: duckdb.DuckDBPyConnection,
    judgements: Sequence[Judgement],
    asked: Sequence[Row],
    scope: Scope = WHOLE,
) -> list[Row]:
    """One question for each citizen that contradicts itself.

    Args:
        con: Holds `cluster`, `scored`, `standard`, `record_state`.
        judgements: All that stand: what they make one person is not asked.
        asked: The other questions of the plan: none is asked twice.
        scope: The clusters to look at.
    """
    closure = close(judgements)
    settled = {j.pair for j in judgements if j.state is JudgementState.ACTIVE or not j.is_given}
    settled |= {(int(str(row["record_l"])), int(str(row["record_r"]))) for row in asked}
    found: dict[int, Row] = {}
    for left, right, weight, cluster, guard in con.execute(
        _CONTRADICTIONS.format(cluster=scope.cluster)
    ).fetchall():
        if cluster in found or (left, right) in settled or closure.must_link(left, right):
            continue
        found[cluster] = {
            "record_l": left,
            "record_r": right,
            "match_weight": weight,
            "kind": OVER_MERGE,
            "guard": guard,
            "group_id": cluster,
            "rank": 0,
        }
    return list(found.values())
