"""Accuracy of our registry on one city: `python -m bench.accuracy_city CITY HOME MODEL [PAIRS]`.

Builds the registry, reads the applied state and prints one JSON object. With PAIRS, the candidate
pairs with rich features and the truth are written there for the supervised bound.
"""

import json
import shutil
import sys
from pathlib import Path

import duckdb

from bench.accuracy_bound import write_pairs
from bench.accuracy_calibration import calibration
from bench.accuracy_groups import by_group, traps
from bench.accuracy_review import ERRORS, UNSURE, answered, hours
from bench.accuracy_state import count_links, read_state, sweep
from bench.build import Steps, link, load
from mdm.bootstrap import create_application
from mdm.clustering.decision import Thresholds
from mdm.duck import count
from mdm.linkage.blocking import RULES
from mdm.linkage.model import PersonModel, load_model
from mdm.ports import ReadSession


def blocking(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """Candidate recall, and of each rule: pairs, true pairs, and those only it finds."""
    true = count(
        con,
        "SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM "
        "(SELECT count(*) AS n FROM bench_truth GROUP BY person)",
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found_pair AS SELECT match_key::BIGINT AS rules, "
        "l.person = r.person AS same FROM candidate c "
        "JOIN bench_truth l ON l.record_id = c.join_key_l "
        "JOIN bench_truth r ON r.record_id = c.join_key_r"
    )
    rules = {}
    for number, rule in enumerate(RULES):
        bit = 1 << number
        row = con.execute(
            f"SELECT count(*), count(*) FILTER (same), count(*) FILTER (rules = {bit}), "
            f"count(*) FILTER (same AND rules = {bit}) FROM found_pair WHERE rules & {bit} <> 0"
        ).fetchone()
        assert row is not None
        rules[rule.name] = dict(zip(("pairs", "true", "alone", "true_alone"), row, strict=True))
    found = count(con, "SELECT count(*) FROM found_pair WHERE same")
    return {
        "recall": found / true if true else 1.0,
        "pairs": count(con, "SELECT count(*) FROM found_pair"),
        "rules": rules,
    }


def measured(
    con: duckdb.DuckDBPyConnection, session: ReadSession, model: PersonModel, truth: Path
) -> dict[str, object]:
    """Everything that is measured of a built registry."""
    scored = read_state(con, session, model, truth)
    t = model.thresholds
    own = Thresholds(review=t.review, link=t.link, fracture=t.link, margin=t.margin)
    asked = count(con, "SELECT count(*) FROM applied_review")
    citizens = count(con, "SELECT count(DISTINCT cluster) FROM applied")
    result: dict[str, object] = {
        "records": scored.records,
        "citizens": citizens,
        "applied": count_links(con, "applied").as_dict(),
        "review": asked,
        "review_per_1000": 1000 * asked / citizens,
        "review_hours": hours(asked),
        "blocking": blocking(con),
        "calibration": calibration(con),
        "groups": by_group(con, "applied"),
        "traps": traps(con, session, "applied"),
    }
    truthful = answered(con, own, "applied_review")
    result["groups_with_review"] = by_group(con, "cluster")
    result["follow_up"] = count(con, "SELECT count(*) FROM review_pair")
    result["answered"] = truthful.as_dict()
    human = answered(con, own, "applied_review", errors=ERRORS, unsure=UNSURE)
    result["answered_by_people"] = human.as_dict()
    result["sweep"] = [{"bits": bits, **found.as_dict()} for bits, found in sweep(con, t.margin)]
    return result


def main() -> None:
    """Build, measure, print."""
    city, home, model = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    shutil.rmtree(home, ignore_errors=True)
    application = create_application(home)
    steps = Steps()
    load(application, city, steps)
    counts = link(application, model, steps)
    frozen = load_model(model)
    with application.synced_volume(steps) as con, application.store.reading() as session:
        result = measured(con, session, frozen, city / "truth.csv")
        if len(sys.argv) > 4:
            write_pairs(con, frozen, Path(sys.argv[4]))
    result["candidate_pairs"] = counts["candidate_pairs"]
    shutil.rmtree(home)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
