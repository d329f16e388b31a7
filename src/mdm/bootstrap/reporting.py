"""The facts of the run report, from the registry and the volume database."""

import json
import resource
from collections.abc import Mapping, Sequence

import duckdb

from mdm.clustering.decision import ReviewReason
from mdm.domain.tolerance import tolerated
from mdm.errors import NotFoundError
from mdm.linkage.model import PersonModel, Thresholds
from mdm.ports import ReadSession
from mdm.services.seals import unsealed
from mdm.volume.expected import outlooks
from mdm.volume.golden_members import GoldenInputs
from mdm.volume.report.facts import (
    Accuracy,
    Expectation,
    GoldenAccuracy,
    IssueCount,
    ModelFacts,
    NamedCount,
    PairAccuracy,
    RunReport,
    SourceFacts,
    Timing,
)
from mdm.volume.report.shape import read_shape, weight_bins

# Bits above the review threshold.
TRIED_ABOVE_REVIEW = (0, 2, 4, 6, 8, 10, 12, 14, 17, 20)

_SOURCES = f"""
SELECT s.name, s.declaration, COALESCE(SUM(l.read), 0) AS read, COALESCE(SUM(l.new), 0) AS new,
       COALESCE(SUM(l.changed), 0) AS changed, COALESCE(SUM(l.unchanged), 0) AS unchanged,
       COALESCE(SUM(l.reinstated), 0) AS reinstated, COALESCE(SUM(l.withdrawn), 0) AS withdrawn,
       COALESCE(SUM(l.quarantined), 0) AS quarantined, COALESCE(SUM(l.issues), 0) AS issues,
       (SELECT COUNT(*) FROM record r WHERE r.source = s.name AND r.state = 'present'
        AND {unsealed("r")}) AS present
FROM source s LEFT JOIN load l ON l.source = s.name AND l.state = 'applied'
GROUP BY s.name, s.declaration ORDER BY s.name
"""
_ISSUES = f"""
SELECT r.source, i.field, i.reason, COUNT(*) AS n FROM issue i
JOIN record r ON r.record_id = i.record_id WHERE {unsealed("r")}
GROUP BY r.source, i.field, i.reason ORDER BY n DESC, r.source, i.field, i.reason
"""


def read_report(
    con: duckdb.DuckDBPyConnection,
    session: ReadSession,
    *,
    plan_id: int,
    model: PersonModel,
    titles: Mapping[str, str],
    measured: Mapping[str, object] | None = None,
    timings: Sequence[tuple[str, float]] = (),
) -> RunReport:
    """Everything that the report of a plan shows.

    Args:
        con: The volume database as the last link run left it.
        session: A snapshot of the registry.
        plan_id: The plan to report on.
        model: The model of its weights.
        titles: What people call each source.
        measured: What an evaluation against a truth told, if there was one.
        timings: Steps of the run and their seconds.

    Raises:
        NotFoundError: There is no such plan.
    """
    plan = session.row("SELECT plan_id, at, counts FROM plan WHERE plan_id = :id", {"id": plan_id})
    if plan is None:
        raise NotFoundError("there is no such plan", where=str(plan_id))
    con.execute(
        "CREATE OR REPLACE TEMP VIEW placed_record AS SELECT p.record_id, p.municipal_id, "
        "CASE r.state WHEN 'pending' THEN 'present' ELSE r.state END AS state, r.restricted "
        "FROM placed p JOIN record_state r USING (record_id)"
    )
    inputs = GoldenInputs(membership="placed_record")
    con.execute("CREATE OR REPLACE TEMP VIEW linked_pair AS "
                "SELECT * FROM plan_pair WHERE outcome = 'linked'")  # fmt: skip
    shape = read_shape(con, inputs, scored="linked_pair")
    review = _named(
        session,
        "SELECT kind AS code, COUNT(*) AS n FROM review_item "
        "WHERE state IN ('open','claimed') AND kind <> 'control'",
    )
    tolerance = tolerated(json.loads(str(plan["counts"])), None)
    return RunReport(
        made_at=str(plan["at"]),
        plan_id=plan_id,
        model=ModelFacts(
            name="person",
            digest=model.digest,
            link_threshold=model.thresholds.link,
            review_threshold=model.thresholds.review,
            tolerated=None if tolerance is None else tolerance.share,
        ),
        records=shape.records,
        citizens=shape.citizens,
        sources=_sources(session, titles),
        issues=tuple(
            IssueCount(str(r["source"]), str(r["field"]), str(r["reason"]), int(str(r["n"])))
            for r in session.rows(_ISSUES)
        ),
        by_records=shape.by_records,
        by_sources=shape.by_sources,
        overlap=shape.overlap,
        links=_named(session, "SELECT link_status AS code, COUNT(*) AS n FROM membership"),
        review=review,
        weights=weight_bins(con, "plan_pair"),
        expectations=_expectations(con, model.thresholds, review),
        completeness=shape.completeness,
        largest=shape.largest,
        timings=tuple(Timing(step, seconds) for step, seconds in timings),
        accuracy=None if measured is None else _accuracy(measured),
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _expectations(
    con: duckdb.DuckDBPyConnection, limits: Thresholds, review: Sequence[NamedCount]
) -> tuple[Expectation, ...]:
    """What link thresholds from the review threshold on would give, the chosen one among them."""
    others = sum(found.count for found in review if found.code != ReviewReason.BETWEEN)
    tried = {round(limits.review + step, 1) for step in TRIED_ABOVE_REVIEW} | {limits.link}
    found = outlooks(con, sorted(tried), review=limits.review, others=others)
    return tuple(
        Expectation(
            link=one.expected.link,
            precision=one.expected.precision,
            recall=one.expected.recall,
            questions=one.questions,
            chosen=one.expected.link == limits.link,
        )
        for one in found
    )


def _sources(session: ReadSession, titles: Mapping[str, str]) -> tuple[SourceFacts, ...]:
    counted = (
        "read", "new", "changed", "unchanged", "reinstated", "withdrawn", "quarantined", "issues",
        "present",
    )  # fmt: skip
    return tuple(
        SourceFacts(
            name=str(row["name"]),
            title=titles.get(str(row["name"])) or str(row["name"]),
            **{name: int(str(row[name])) for name in counted},
        )
        for row in session.rows(_SOURCES)
    )


def _named(session: ReadSession, select: str) -> tuple[NamedCount, ...]:
    rows = session.rows(f"{select} GROUP BY 1 ORDER BY 2 DESC, 1")
    return tuple(NamedCount(str(row["code"]), int(str(row["n"]))) for row in rows)


def _accuracy(measured: Mapping[str, object]) -> Accuracy:
    told = json.loads(json.dumps(measured))
    return Accuracy(
        measures=tuple(
            PairAccuracy(name, **told[name]) for name in ("pairs", "cluster", "with_review")
        ),
        golden=tuple(
            GoldenAccuracy(name, values["right"], values["compared"])
            for name, values in told["golden"].items()
            if name != "invented"
        ),
        review_per_1000=told["review_per_1000"],
        candidate_recall=told["candidate_recall"],
    )
