"""The invariants of sealed citizens, as questions: see `mdm.domain.seal`."""

from mdm.storage.verify_rule import Rule

_PLACING = "('place', 'move', 'relink', 'unplace')"

SEAL_RULES: tuple[Rule, ...] = (
    Rule(
        "sealed citizens are sealed whole",
        "sealed_record",
        "SELECT 'membership record_id=' || m.record_id || ': not sealed, its citizen is' "
        "FROM membership AS m ANTI JOIN sealed_record AS s USING (record_id) "
        "WHERE m.municipal_id IN (SELECT o.municipal_id FROM membership AS o "
        "SEMI JOIN sealed_record AS z USING (record_id)) "
        "UNION ALL SELECT 'sealed_record record_id=' || record_id || ': belongs to nobody' "
        "FROM sealed_record ANTI JOIN membership USING (record_id)",
    ),
    Rule(
        "sealed records stay where they are",
        "ledger_event",
        "WITH lives AS (SELECT seq, kind, last_value(CASE WHEN kind IN ('seal', 'unseal') "
        "THEN kind END IGNORE NULLS) OVER (PARTITION BY record_id ORDER BY seq "
        "ROWS UNBOUNDED PRECEDING) AS seal FROM ledger_event WHERE record_id IN "
        "(SELECT record_id FROM ledger_event WHERE kind = 'seal')) "
        "SELECT 'ledger_event seq=' || seq || ': ' || kind || ' of a sealed record' FROM lives "
        f"WHERE seal = 'seal' AND kind IN {_PLACING}",
    ),
    Rule(
        "nothing is told of sealed records",
        "sealed_record",
        "SELECT 'record record_id=' || record_id || ': not restricted' FROM record "
        "SEMI JOIN sealed_record USING (record_id) WHERE NOT restricted "
        "UNION ALL SELECT 'golden_record municipal_id=' || g.municipal_id || ': sealed' "
        "FROM golden_record AS g WHERE g.municipal_id IN (SELECT m.municipal_id "
        "FROM membership AS m SEMI JOIN sealed_record USING (record_id)) "
        "UNION ALL SELECT 'scored_pair ' || record_l || ' ' || record_r || ': sealed' "
        "FROM scored_pair WHERE record_l IN (SELECT record_id FROM sealed_record) "
        "OR record_r IN (SELECT record_id FROM sealed_record) "
        "UNION ALL SELECT 'review_item review_id=' || review_id || ': asks about a sealed record' "
        "FROM review_item WHERE state IN ('open', 'claimed') "
        "AND (record_l IN (SELECT record_id FROM sealed_record) "
        "OR record_r IN (SELECT record_id FROM sealed_record))",
    ),
)
