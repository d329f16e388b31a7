"""Whose golden record a plan may change."""

import json

import pyarrow as pa

from mdm.domain.ledger import LedgerKind
from mdm.ports import Linking, ReadSession
from mdm.services.judged_identifiers import citizens_judged_since
from mdm.services.lists import rows_of_numbers

GOLDEN_RULES = "golden_rules"
"""Among the counts of an applied plan: by which rules its golden records were built."""


def due_golden(
    session: ReadSession, linking: Linking, events: pa.Table, reowned: set[int]
) -> pa.Table | None:
    """The citizens whose golden record is to be built; None where there is none yet.

    By other rules than those of the last plan everybody's is.
    """
    if session.value("SELECT 1 FROM golden_record LIMIT 1") is None:
        return None
    if golden_rules_in_force(session) == linking.golden_rules:
        return _changed_ids(session, events, reowned)
    rows = session.rows(
        "SELECT municipal_id FROM membership UNION SELECT municipal_id FROM golden_record"
    )
    names = sorted(str(row["municipal_id"]) for row in rows)
    return pa.table({"municipal_id": pa.array(names, pa.string())})


def golden_rules_in_force(session: ReadSession) -> str | None:
    """The rules by which the last applied plan built golden records (`Linking.golden_rules`)."""
    counts = session.value(
        "SELECT counts FROM plan WHERE state = 'applied' ORDER BY plan_id DESC LIMIT 1"
    )
    rules = None if counts is None else json.loads(str(counts)).get(GOLDEN_RULES)
    return None if rules is None else str(rules)


def content_state(session: ReadSession) -> str:
    """What the registry states of all content received; equal where nothing was loaded since."""
    row = session.row("SELECT rows, sum_a, sum_b FROM state_digest WHERE name = 'record_version'")
    return "" if row is None else f"{row['rows']}-{row['sum_a']}-{row['sum_b']}"


def _changed_ids(session: ReadSession, events: pa.Table, reowned: set[int]) -> pa.Table:
    """IDs whose citizen may have other values now.

    Those of moved records, of new content and other states since the last apply, and of records
    of which an identifier was taken or given back (`reowned`) or judged.
    """
    named = {*events["municipal_id"].to_pylist(), *events["from_id"].to_pylist()}
    ids = {name for name in named if name is not None}
    last = session.row(
        "SELECT counts, applied_tx FROM plan WHERE state = 'applied' ORDER BY plan_id DESC LIMIT 1"
    )
    counts = {} if last is None else json.loads(str(last["counts"]))
    params = {
        "base": int(counts.get("base_tx", 0)),
        "tx": 0 if last is None else int(str(last["applied_tx"])),
    }
    rows = session.rows(
        "SELECT DISTINCT m.municipal_id FROM ledger_event e JOIN membership m "
        f"ON m.record_id = e.record_id WHERE e.tx_id > :tx "
        f"AND e.kind = '{LedgerKind.RECORD_STATE.value}'",
        params,
    )
    if counts.get("content") != content_state(session):
        rows += session.rows(
            # A record with other content has a changed row, too; the versions are far more to read.
            "SELECT DISTINCT m.municipal_id FROM membership m JOIN record r "
            "ON r.record_id = m.record_id "
            "WHERE r.last_load_id IN (SELECT load_id FROM load WHERE tx_id > :base)",
            params,
        )
    rows += rows_of_numbers(
        session, "SELECT municipal_id FROM membership WHERE record_id IN ({keys})", reowned
    )
    ids |= {str(row["municipal_id"]) for row in rows}
    ids |= citizens_judged_since(session, params["tx"])
    return pa.table({"municipal_id": pa.array(sorted(ids), pa.string())})
