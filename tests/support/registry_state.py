"""Ledger and state tables of a database in the words of the core."""

from mdm.domain.event_rows import EventRow, from_row
from mdm.domain.events import Judge, Link, LinkStatus, Logged
from mdm.domain.identity import IdFacts, IdState, RegistryState
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.ledger import LedgerKind
from mdm.ports import ReadSession


def read_log(session: ReadSession) -> list[Logged]:
    """The ledger as the core reads it."""
    judged = {
        int(str(row["judgement_id"])): Judge(
            int(str(row["judgement_id"])),
            Verdict(str(row["verdict"])),
            int(str(row["record_l"])),
            int(str(row["record_r"])),
        )
        for row in session.rows("SELECT judgement_id, verdict, record_l, record_r FROM judgement")
    }
    rows = session.rows(
        "SELECT seq, kind, record_id, municipal_id, from_id, weight, detail FROM ledger_event "
        "ORDER BY seq"
    )
    found = []
    for row in rows:
        seq = int(str(row.pop("seq")))
        values = {**row, "kind": LedgerKind(str(row["kind"]))}
        event = EventRow(**values)  # type: ignore[arg-type]
        found.append(Logged(seq, from_row(event, judged.__getitem__)))
    return found


def read_state(session: ReadSession) -> RegistryState:
    """The state tables as the core's state; records are compared apart."""
    state = RegistryState()
    for row in session.rows("SELECT * FROM municipal_id"):
        until = row["ambiguous_until"]
        state.ids[str(row["municipal_id"])] = IdFacts(
            municipal_id=str(row["municipal_id"]),
            founder=int(str(row["founder_record_id"])),
            anchor=int(str(row["anchor_record_id"])),
            minted_seq=int(str(row["minted_seq"])),
            state=IdState(str(row["state"])),
            ambiguous_until=None if until is None else str(until),
        )
    for row in session.rows("SELECT record_id, municipal_id, link_status, weight FROM membership"):
        record, weight = int(str(row["record_id"])), row["weight"]
        state.membership[record] = str(row["municipal_id"])
        state.links[record] = Link(
            LinkStatus(str(row["link_status"])), None if weight is None else float(str(weight))
        )
    for row in session.rows("SELECT record_id, seal_id FROM sealed_record"):
        state.sealed[int(str(row["record_id"]))] = int(str(row["seal_id"]))
    for row in session.rows("SELECT * FROM judgement"):
        number = int(str(row["judgement_id"]))
        state.judgements[number] = Judgement(
            number,
            Verdict(str(row["verdict"])),
            int(str(row["record_l"])),
            int(str(row["record_r"])),
            JudgementState(str(row["state"])),
        )
    return state
