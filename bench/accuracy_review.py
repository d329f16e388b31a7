"""Stewards who answer the review items of a city: truthfully, or with errors and doubts.

The answers are judgements, and the clusters are decided again with them, as in production.
"""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import duckdb

from bench.accuracy_state import Links, clustered
from mdm.clustering.components import UnionFind
from mdm.clustering.decision import Thresholds
from mdm.domain.judgement import Judgement, Verdict, close
from mdm.errors import JudgementConflictError

MINUTES_AN_ITEM = 3
ERRORS, UNSURE = 0.03, 0.15

_ASKED = """
SELECT q.record_l, q.record_r, l.person = r.person AS same FROM {questions} q
JOIN bench_truth l ON l.record_id = q.record_l JOIN bench_truth r ON r.record_id = q.record_r
WHERE q.record_l <> q.record_r ORDER BY 1, 2
"""


def hours(items: int) -> float:
    """A steward's hours for so many items."""
    return items * MINUTES_AN_ITEM / 60


def answered(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    questions: str,
    *,
    errors: float = 0.0,
    unsure: float = 0.0,
) -> Links:
    """Answer the questions and decide again; what follow-up questions ask stays open.

    Args:
        con: Holds `bench_truth`, `scored` and the questions.
        thresholds: Those of the model.
        questions: Relation with record_l, record_r.
        errors: Share of answers that are wrong.
        unsure: Share of questions answered *unsure*.
    """
    rng = Random(4)
    verdicts = []
    for left, right, same in con.execute(_ASKED.format(questions=questions)).fetchall():
        if rng.random() < unsure:
            continue
        says = bool(same) != (rng.random() < errors)
        verdicts.append((int(left), int(right), Verdict.SAME if says else Verdict.DIFFERENT))
    return clustered(con, thresholds, _without_contradictions(verdicts))


def _without_contradictions(
    verdicts: Sequence[tuple[int, int, Verdict]],
) -> tuple[Judgement, ...]:
    """Judgements that hold together: the desk refuses an answer that contradicts earlier ones."""
    knots = UnionFind()
    for left, right, _ in verdicts:
        knots.union(left, right)
    together: dict[int, list[Judgement]] = defaultdict(list)
    for number, (left, right, verdict) in enumerate(verdicts, start=1):
        known = together[knots.find(left)]
        known.append(Judgement(number, verdict, min(left, right), max(left, right)))
        try:
            close(known)
        except JudgementConflictError:
            known.pop()
    return tuple(judgement for known in together.values() for judgement in known)
