"""The invariants of the registry as questions: each lists what breaks it."""

import duckdb

from mdm.domain.check import Check
from mdm.domain.lifecycle import stated_changes
from mdm.storage.fold import first_row
from mdm.storage.verify_rule import Rule
from mdm.storage.verify_seals import SEAL_RULES

# What the rules and digests need of each table; the rest of its columns is only checked.
KEPT: dict[str, str] = {
    "record": "record_id, state, version, content_hash, restricted, row_check",
    "record_version": "record_id, version, load_id, content_hash, payload = '' AS empty, row_check",
    "ledger_tx": 'tx_id, "at", row_check',
    "ledger_event": "* ",
    "municipal_id": "*",
    "membership": "*",
    "judgement": "*",
    "identifier_judgement": "judgement_id, record_id, state, "
    "value_hash IS NULL AND reason IS NULL AS empty, row_check",
    "golden_override": "override_id, record_id, state, value IS NULL AND reason IS NULL AS empty, "
    "row_check",
    "load": "* EXCLUDE (scopes, files)",
    "plan": "plan_id, state, applied_tx, row_check",
    "issue": "issue_id, load_id, record_id, row_check",
    "quarantine": "quarantine_id, load_id, row_check",
    "golden_record": "municipal_id, content_digest, md5(lineage) AS lineage, row_check",
    "scored_pair": "record_l, record_r, row_check",
    "review_item": "review_id, record_l, record_r, state, row_check",
    "seal": "*",
    "sealed_record": "*",
    "state_digest": "name",
}

_ANCHORED = (
    "municipal_id AS i LEFT JOIN membership AS m ON m.record_id = i.anchor_record_id "
    "LEFT JOIN municipal_id AS c ON c.municipal_id = m.municipal_id"
)

# A judgement shows in the citizens from the next plan that is applied, and not reverted, on.
_SETTLED = "(SELECT max(applied_tx) FROM plan WHERE state = 'applied')"
# What was said of a sealed record holds nothing, nor before the first plan without the seal.
_UNHELD = (
    "(SELECT record_id FROM sealed_record UNION ALL SELECT record_id FROM ledger_event "
    f"WHERE kind = 'unseal' AND tx_id >= {_SETTLED})"
)

_ALLOWED = ", ".join(f"('{before}', '{after}')" for before, after in stated_changes())
# What each record was before an event states a state for it: one that was set outright outlives
# placing and unplacing, unless it is `pending` or `present`; else it is present while placed.
_STATED = f"""
WITH lives AS (
  SELECT record_id, seq, kind, detail,
    lag(CASE WHEN kind = 'record_state' THEN detail END IGNORE NULLS) OVER of_record AS said,
    lag(CASE WHEN kind <> 'record_state' THEN kind END IGNORE NULLS) OVER of_record AS moved
  FROM ledger_event WHERE kind IN ('place', 'unplace', 'record_state')
  WINDOW of_record AS (PARTITION BY record_id ORDER BY seq)),
stood AS (
  SELECT *, CASE WHEN said NOT IN ('pending', 'present') THEN said
    WHEN moved = 'place' THEN 'present' ELSE 'pending' END AS before FROM lives)
SELECT 'ledger_event seq=' || seq || ': ' || before || ' to ' || coalesce(detail, kind) FROM stood
WHERE (kind = 'record_state' AND before <> detail AND (before, detail) NOT IN ({_ALLOWED}))
   OR (kind <> 'record_state' AND before = 'erased')
"""

RULES: tuple[Rule, ...] = (
    Rule(
        "I1 every present record belongs to one citizen",
        "record",
        "SELECT 'record record_id=' || record_id || ': no citizen' FROM record "
        "WHERE state = 'present' AND record_id NOT IN (SELECT record_id FROM membership)",
    ),
    Rule(
        "I1 members are records that were placed",
        "membership",
        "SELECT 'membership record_id=' || m.record_id || ': pending or unknown record' "
        "FROM membership AS m LEFT JOIN record AS r USING (record_id) "
        "WHERE r.state IS NULL OR r.state = 'pending'",
    ),
    Rule(
        "I1 citizens go by active IDs",
        "membership",
        "SELECT 'membership record_id=' || m.record_id || ': municipal_id is not active' "
        "FROM membership AS m LEFT JOIN municipal_id AS i USING (municipal_id) "
        "WHERE i.state IS DISTINCT FROM 'active'",
    ),
    Rule(
        "I2 IDs are minted once",
        "ledger_event",
        "SELECT 'ledger_event seq=' || max(seq) || ': ID minted again' FROM ledger_event "
        "WHERE kind = 'mint' GROUP BY municipal_id HAVING count(*) > 1",
    ),
    Rule(
        "I3 every active ID resolves in one hop",
        "municipal_id",
        "SELECT 'municipal_id municipal_id=' || i.municipal_id || ': anchor has no citizen' "
        f"FROM {_ANCHORED} WHERE i.state = 'active' AND c.state IS DISTINCT FROM 'active'",
    ),
    Rule(
        "I3 a citizen's ID is anchored among its records",
        "membership",
        "SELECT 'municipal_id municipal_id=' || c.municipal_id || ': anchored elsewhere' "
        "FROM (SELECT DISTINCT municipal_id FROM membership) AS c "
        "JOIN municipal_id AS i USING (municipal_id) "
        "LEFT JOIN membership AS a ON a.record_id = i.anchor_record_id "
        "WHERE a.municipal_id IS DISTINCT FROM c.municipal_id",
    ),
    Rule(
        "I5 judged the same, one citizen",
        "judgement",
        "SELECT 'judgement judgement_id=' || judgement_id || ': records are two citizens' "
        "FROM judgement AS j JOIN membership AS l ON l.record_id = j.record_l "
        "JOIN membership AS r ON r.record_id = j.record_r "
        "WHERE j.verdict = 'same' AND j.state = 'active' AND l.municipal_id <> r.municipal_id "
        f"AND j.tx_id < {_SETTLED} AND l.record_id NOT IN {_UNHELD} "
        f"AND r.record_id NOT IN {_UNHELD}",
    ),
    Rule(
        "I5 judged different, two citizens",
        "judgement",
        "SELECT 'judgement judgement_id=' || judgement_id || ': records are one citizen' "
        "FROM judgement AS j JOIN membership AS l ON l.record_id = j.record_l "
        "JOIN membership AS r ON r.record_id = j.record_r "
        "WHERE j.verdict = 'different' AND j.state = 'active' AND l.municipal_id = r.municipal_id "
        f"AND j.tx_id < {_SETTLED} AND l.record_id NOT IN {_UNHELD} "
        f"AND r.record_id NOT IN {_UNHELD}",
    ),
    Rule(
        "I17 rows read are accounted for",
        "load",
        "SELECT 'load load_id=' || load_id || ': counts do not add up' FROM \"load\" "
        "WHERE state = 'applied' "
        "AND read <> new + changed + unchanged + reinstated + quarantined",
    ),
    Rule(
        "I17 new and changed records have versions",
        "load",
        "SELECT 'load load_id=' || l.load_id || ': ' || count(v.record_id) || ' versions stored' "
        'FROM "load" AS l LEFT JOIN record_version AS v USING (load_id) '
        "WHERE l.state = 'applied' "
        "GROUP BY l.load_id, l.new, l.changed HAVING count(v.record_id) < l.new + l.changed",
    ),
    Rule(
        "I17 quarantined rows are kept",
        "quarantine",
        "SELECT 'load load_id=' || l.load_id || ': ' || count(q.load_id) || ' rows in quarantine' "
        "FROM \"load\" AS l LEFT JOIN quarantine AS q USING (load_id) WHERE l.state = 'applied' "
        "GROUP BY l.load_id, l.quarantined HAVING count(q.load_id) <> l.quarantined",
    ),
    Rule("records change as their table of states allows", "ledger_event", _STATED),
    Rule(
        "records have their content",
        "record",
        "SELECT 'record record_id=' || r.record_id || ': version is missing' FROM record AS r "
        "ANTI JOIN record_version AS v ON v.record_id = r.record_id AND v.version = r.version",
    ),
    Rule(
        "only erased records are empty",
        "record_version",
        "SELECT 'record_version record_id=' || v.record_id || ' version=' || v.version || "
        "': payload' FROM record_version AS v JOIN record AS r USING (record_id) "
        "WHERE v.empty AND r.state <> 'erased'",
    ),
    Rule(
        "what stewards said of erased records is empty",
        "record",
        "SELECT 'golden_override override_id=' || o.override_id || ': value' "
        "FROM golden_override AS o JOIN record AS r USING (record_id) "
        "WHERE r.state = 'erased' AND NOT o.empty "
        "UNION ALL SELECT 'identifier_judgement judgement_id=' || j.judgement_id || ': value_hash' "
        "FROM identifier_judgement AS j JOIN record AS r USING (record_id) "
        "WHERE r.state = 'erased' AND NOT j.empty",
    ),
    Rule(
        "what stewards said is about known records",
        "golden_override",
        "SELECT 'golden_override override_id=' || o.override_id || ': record_id' "
        "FROM golden_override AS o ANTI JOIN record AS r USING (record_id) "
        "UNION ALL SELECT 'identifier_judgement judgement_id=' || j.judgement_id || ': record_id' "
        "FROM identifier_judgement AS j ANTI JOIN record AS r USING (record_id)",
    ),
    Rule(
        "events belong to transactions",
        "ledger_event",
        "SELECT 'ledger_event seq=' || seq || ': tx_id' FROM ledger_event AS e "
        "ANTI JOIN ledger_tx AS t ON t.tx_id = e.tx_id",
    ),
    *SEAL_RULES,
)


def rule_check(con: duckdb.DuckDBPyConnection, rule: Rule) -> Check:
    """Ask a rule of the tables in `con`."""
    counted = first_row(con, f'SELECT count(*) FROM "{rule.over}"')
    found = first_row(con, f"SELECT min(t.text) FROM ({rule.broken}) AS t (text)")
    first = None if found is None or found[0] is None else str(found[0])
    return Check(rule.name, first is None, 0 if counted is None else int(counted[0]), first)
