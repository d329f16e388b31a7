"""Two models on the same pairs: which of them cross a threshold, with both weights."""

from collections.abc import Sequence

import duckdb

from mdm.domain.identifier_judgement import IdentifierJudgement
from mdm.duck import first_row
from mdm.linkage.engine import Step, prepare_candidates, weigh_pairs
from mdm.linkage.model import PersonModel

_BOTH = """
CREATE OR REPLACE TEMP TABLE compared AS
SELECT o.record_l, o.record_r, o.match_weight AS old_weight, n.match_weight AS new_weight,
       o.match_weight >= {old.link!r} AS old_link, n.match_weight >= {new.link!r} AS new_link,
       o.match_weight >= {old.review!r} AS old_asked, n.match_weight >= {new.review!r} AS new_asked
FROM compared_old o JOIN compared_new n USING (record_l, record_r)
"""
_COUNTS = """
SELECT count(*), count(*) FILTER (new_link AND NOT old_link),
       count(*) FILTER (old_link AND NOT new_link),
       count(*) FILTER (new_asked AND NOT new_link AND NOT (old_asked AND NOT old_link)),
       count(*) FILTER (old_asked AND NOT old_link AND NOT (new_asked AND NOT new_link))
FROM compared
"""
_SAMPLE = """
SELECT l.source AS source_l, l.local_id AS local_id_l, r.source AS source_r,
       r.local_id AS local_id_r, c.old_weight, c.new_weight
FROM compared c JOIN standard l ON l.record_id = c.record_l
JOIN standard r ON r.record_id = c.record_r
WHERE c.old_link <> c.new_link
ORDER BY abs(c.new_weight - c.old_weight) DESC, c.record_l, c.record_r LIMIT {limit:d}
"""


def compare_models(
    con: duckdb.DuckDBPyConnection,
    old: PersonModel,
    new: PersonModel,
    judgements: Sequence[IdentifierJudgement],
    *,
    limit: int,
    step: Step,
) -> dict[str, object]:
    """Weigh every candidate of either model by both.

    Args:
        con: Holds `standard`; what a link run left of pairs is made anew by the next.
        old: One model.
        new: The other.
        judgements: What stewards say of identifiers, all that stands.
        limit: Pairs that are shown, those that changed most first.
        step: Told what is going on.

    Returns:
        pairs (compared), joined and parted (that cross the link threshold), asked and
        asked_no_more (between the thresholds now, or before), and `sample`.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE compared_key (join_key_l BIGINT, join_key_r BIGINT)")
    for n, model in enumerate((old, new)):
        step("block", n / 2)
        prepare_candidates(con, model, judgements, anew=True)
        con.execute("INSERT INTO compared_key SELECT join_key_l, join_key_r FROM candidate")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE compared_pair AS "
        "SELECT DISTINCT join_key_l, join_key_r, '0' AS match_key FROM compared_key"
    )
    # The columns compared are still those of the new model.
    weigh_pairs(con, new, pairs="compared_pair", out="compared_new")
    step("score", 0.5)
    prepare_candidates(con, old, judgements)
    weigh_pairs(con, old, pairs="compared_pair", out="compared_old")
    step("score", 1.0)
    con.execute(_BOTH.format(old=old.thresholds, new=new.thresholds))
    pairs, joined, parted, asked, no_more = first_row(con, _COUNTS)
    sample = con.sql(_SAMPLE.format(limit=limit)).to_arrow_table().to_pylist()
    for table in ("compared_key", "compared_pair", "compared_old", "compared_new", "compared",
                  "link_record", "candidate"):  # fmt: skip
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return {
        "pairs": pairs,
        "joined": joined,
        "parted": parted,
        "asked": asked,
        "asked_no_more": no_more,
        "sample": sample,
    }
