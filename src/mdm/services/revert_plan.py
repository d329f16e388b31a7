"""Undo an applied plan as one: partition and every answer are again as before it."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from mdm.domain.event_rows import EventRow, from_row
from mdm.domain.events import Link, LinkStatus, Logged
from mdm.domain.identity import IdFacts, IdState, RegistryState
from mdm.domain.ledger import LedgerKind, TxHeader
from mdm.domain.revert import LaterChanges, revert_events
from mdm.errors import LaterChangesError, NotFoundError, PlanStateError
from mdm.ports import Linking, ReadSession, Store, WriteSession
from mdm.services.apply_events import EVENT_SCHEMA, apply_events, event_table
from mdm.services.apply_plan import publish_golden
from mdm.services.replaced_pairs import take_back_pairs

_NUMBERED = pa.schema([("seq", pa.int64()), *EVENT_SCHEMA])
_SHOWN = 5
# A mint and what it placed are undone set-wise; the rest goes through `revert_events`.
_PLAIN = (LedgerKind.MINT.value, LedgerKind.PLACE.value)
_ENDED = (
    LedgerKind.JUDGE_SUSPEND.value,
    LedgerKind.JUDGE_IDENTIFIER_SUSPEND.value,
    LedgerKind.OVERRIDE_LAPSE.value,
)
# A judgement's event names it by number: its records are told by the judgement.
_LATER_JUDGED = """
SELECT judgement_id FROM judgement WHERE tx_id > :tx AND state <> 'undone'
AND (record_l IN (SELECT record_id FROM ledger_event WHERE tx_id = :tx)
  OR record_r IN (SELECT record_id FROM ledger_event WHERE tx_id = :tx))
ORDER BY judgement_id LIMIT 6
"""
_LATER = """
SELECT e.seq, e.kind, e.record_id, e.municipal_id, e.from_id FROM ledger_event e
WHERE e.tx_id > :tx AND e.tx_id NOT IN (
  SELECT applied_tx FROM plan WHERE state = 'reverted'
  UNION SELECT reverted_tx FROM plan WHERE state = 'reverted')
AND (e.record_id IN (SELECT record_id FROM ledger_event WHERE tx_id = :tx)
  OR e.municipal_id IN (SELECT municipal_id FROM ledger_event WHERE tx_id = :tx)
  OR e.from_id IN (SELECT municipal_id FROM ledger_event WHERE tx_id = :tx)
  OR e.municipal_id IN (SELECT from_id FROM ledger_event WHERE tx_id = :tx AND from_id IS NOT NULL))
ORDER BY e.seq LIMIT 6
"""


def revert_plan(
    store: Store, linking: Linking, header: TxHeader, plan_id: int
) -> dict[str, object]:
    """Undo a plan.

    Returns:
        plan_id, state, and how many records were placed back or became pending.

    Raises:
        NotFoundError: There is no such plan.
        PlanStateError: It was not applied, or is reverted already.
        LaterChangesError: Later work touched its citizens; the first changes are listed.
    """
    with store.writing(replace(header, plan_id=plan_id)) as session:
        row = session.row("SELECT state, applied_tx FROM plan WHERE plan_id = :id", {"id": plan_id})
        if row is None:
            raise NotFoundError("there is no such plan", where=str(plan_id))
        if row["state"] != "applied":
            raise PlanStateError(f"the plan is {row['state']}", where=str(plan_id))
        tx = int(str(row["applied_tx"]))
        _refuse_later(session, tx)
        linking.read_registry(session)
        events = _inverse(session, tx)
        linking.applied(events, apply_events(session, events))
        _withdraw_rest(session, linking, events, plan_id)
        session.update_rows(
            "plan", [{"plan_id": plan_id, "state": "reverted", "reverted_tx": session.tx_id}]
        )
        kinds = events["kind"].to_pylist()
    return {
        "plan_id": plan_id,
        "state": "reverted",
        "unplaced": kinds.count(LedgerKind.UNPLACE.value),
        "moved": kinds.count(LedgerKind.MOVE.value),
        "withdrawn_ids": kinds.count(LedgerKind.WITHDRAW_ID.value),
    }


def _refuse_later(session: ReadSession, tx: int) -> None:
    found = [f"event {row['seq']} ({row['kind']})" for row in session.rows(_LATER, {"tx": tx})]
    judged = session.rows(_LATER_JUDGED, {"tx": tx})
    later = [*found, *(f"judgement {row['judgement_id']}" for row in judged)]
    if later:
        shown = ", ".join(later[:_SHOWN])
        more = " and more" if len(later) > _SHOWN else ""
        raise LaterChangesError(f"later work touched its citizens: {shown}{more}")


def _inverse(session: ReadSession, tx: int) -> pa.Table:
    plan = session.read_table(
        f"SELECT {', '.join(_NUMBERED.names)} FROM ledger_event WHERE tx_id = :tx ORDER BY seq",
        {"tx": tx},
        schema=_NUMBERED,
    )
    # What was judged stays judged: that its content changed is not the plan's doing.
    plan = plan.filter(pc.invert(pc.is_in(plan["kind"], pa.array(_ENDED))))
    plain = pc.is_in(plan["kind"], pa.array(_PLAIN))
    rest = plan.filter(pc.invert(plain)).to_pylist()
    logged = [Logged(r.pop("seq"), from_row(_row(r))) for r in rest]
    undone = revert_events(logged, (), _before(session, tx, rest))
    assert not isinstance(undone, LaterChanges)  # no later events were given
    placed = plan.filter(pc.equal(plan["kind"], LedgerKind.PLACE.value))
    minted = plan.filter(pc.equal(plan["kind"], LedgerKind.MINT.value))
    return pa.concat_tables(
        [
            event_table(undone),
            _events(LedgerKind.UNPLACE, record_id=placed["record_id"],
                    from_id=placed["municipal_id"]),
            _events(LedgerKind.WITHDRAW_ID, municipal_id=minted["municipal_id"]),
        ]
    )  # fmt: skip


def _row(values: dict[str, object]) -> EventRow:
    return EventRow(**{**values, "kind": LedgerKind(str(values["kind"]))})  # type: ignore[arg-type]


def _events(kind: LedgerKind, **columns: pa.ChunkedArray) -> pa.Table:
    rows = len(next(iter(columns.values())))
    arrays = {
        field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in EVENT_SCHEMA
    }
    arrays["kind"] = pa.array([kind.value] * rows, pa.string())
    return pa.table(arrays, schema=EVENT_SCHEMA)


def _before(session: ReadSession, tx: int, rest: list[dict[str, object]]) -> RegistryState:
    """Links of the records that the plan moved or relinked, and IDs it made ambiguous."""
    state = RegistryState()
    moved = {
        int(str(r["record_id"]))
        for r in rest
        if r["kind"] in {LedgerKind.MOVE.value, LedgerKind.RELINK.value}
    }
    for record_id in sorted(moved):
        row = session.row(
            "SELECT detail, weight FROM ledger_event WHERE record_id = :record AND tx_id < :tx "
            "AND kind IN ('place', 'move', 'relink') ORDER BY seq DESC LIMIT 1",
            {"record": record_id, "tx": tx},
        )
        if row is not None:
            weight = row["weight"]
            state.links[record_id] = Link(
                LinkStatus(str(row["detail"])), None if weight is None else float(str(weight))
            )
    for r in rest:
        if r["kind"] == LedgerKind.AMBIGUOUS.value:
            name = str(r["municipal_id"])
            row = session.row(
                "SELECT detail FROM ledger_event WHERE municipal_id = :id AND tx_id < :tx "
                "AND kind = 'ambiguous' ORDER BY seq DESC LIMIT 1",
                {"id": name, "tx": tx},
            )
            detail = None if row is None else row["detail"]
            state.ids[name] = IdFacts(
                municipal_id=name,
                founder=0,
                anchor=0,
                minted_seq=0,
                state=IdState.ACTIVE,
                ambiguous_until=None if detail is None else str(detail),
            )
    return state


def _withdraw_rest(session: WriteSession, linking: Linking, events: pa.Table, plan_id: int) -> None:
    """Take back what the plan published besides identity: pairs, questions, golden values."""
    take_back_pairs(session, plan_id)
    session.set_where(
        "review_item",
        {"state": "stale"},
        "plan_id = :plan AND state IN ('open', 'claimed')",
        {"plan": plan_id},
    )
    names = {*events["municipal_id"].to_pylist(), *events["from_id"].to_pylist()} - {None}
    publish_golden(
        session, linking, pa.table({"municipal_id": pa.array(sorted(names), pa.string())})
    )
