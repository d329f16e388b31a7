"""Who keeps the municipal ID of a citizen that a steward's answer splits, as the steward says.

To take the answer back gives the IDs back: tombstones answer again, and where all records are
together again as they were, anchors are where they were and nothing is ambiguous for this answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mdm.domain.events import Ambiguous, Anchor, Event, ReinstateId
from mdm.errors import UsageError
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import apply_events, event_table
from mdm.services.history import id_at
from mdm.services.keys import Key, record_number
from mdm.services.lists import as_int, as_text, rows_of_numbers

_PLACED = (
    "SELECT m.record_id, m.municipal_id, r.restricted FROM membership m "
    "JOIN record r ON r.record_id = m.record_id WHERE m.record_id IN ({keys})"
)
# An ID that is a tombstone became one once: a steward's later answer cannot split it again.
_TOMBSTONES = """
SELECT e.municipal_id, e.record_id FROM ledger_event e
JOIN municipal_id i ON i.municipal_id = e.municipal_id
JOIN membership m ON m.record_id = e.record_id
WHERE e.tx_id = :tx AND e.kind = 'tombstone_id' AND i.state = 'tombstone' ORDER BY e.seq
"""
# What still stands of the anchors that a transaction moved and of the IDs it made ambiguous.
_MOVED = """
SELECT e.seq, e.kind, e.municipal_id, e.record_id, e.detail, i.anchor_record_id
FROM ledger_event e JOIN municipal_id i ON i.municipal_id = e.municipal_id
WHERE e.tx_id = :tx AND i.state = 'active' AND (
  (e.kind = 'anchor' AND i.anchor_record_id = e.record_id)
  OR (e.kind = 'ambiguous' AND i.ambiguous_until = e.detail)) ORDER BY e.seq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """A steward's word on IDs; where it is silent the rule decides, or the answer is refused.

    Attributes:
        records: Source and local ID of a record of each part that keeps its citizen's ID.
        nobody: Whether nobody keeps the ID of the citizens judged: it becomes a tombstone.
    """

    records: tuple[Key, ...] = ()
    nobody: bool = False


SAID_BY_RULE = Keep()


def kept_ids(session: ReadSession, pair: tuple[int, int], keep: Keep) -> Mapping[str, int | None]:
    """Who keeps which ID: ID -> a record of the part that keeps it, or None for nobody.

    Args:
        session: A snapshot.
        pair: The two records judged.
        keep: What the steward said.

    Raises:
        UsageError: A record belongs to nobody yet, may anchor no ID, or two are of one citizen.
        NotFoundError, UnknownSourceError: There is no such record.
    """
    wanted = [record_number(session, *key) for key in keep.records]
    rows = {as_int(r["record_id"]): r for r in rows_of_numbers(session, _PLACED, [*wanted, *pair])}
    named: dict[str, int | None] = {}
    for record_id in wanted:
        row = rows.get(record_id)
        if row is None:
            raise UsageError("a record that belongs to no citizen yet keeps no ID")
        if bool(row["restricted"]):
            raise UsageError("a restricted record keeps no ID")
        if named.setdefault(str(row["municipal_id"]), record_id) != record_id:
            raise UsageError("one citizen has one ID: name one record that keeps it")
    if keep.nobody:
        homes = sorted({str(rows[r]["municipal_id"]) for r in pair if r in rows})
        named |= {home: None for home in homes if home not in named}
    return named


def restore_tombstones(session: WriteSession, tx_id: int) -> None:
    """Give back the IDs that a transaction, now undone, made tombstones: to their last anchor."""
    rows = session.rows(_TOMBSTONES, {"tx": tx_id})
    events = [ReinstateId(str(row["municipal_id"]), as_int(row["record_id"])) for row in rows]
    if events:
        apply_events(session, event_table(events))


def restore_ids(session: WriteSession, tx_id: int, before: Mapping[int, str]) -> None:
    """Put anchors and ambiguity back, if an undone transaction has left no other trace.

    Args:
        session: The writer lane, after the records were decided anew.
        tx_id: The transaction of the judgement undone.
        before: The citizen that each record had before it, of those it concerned.
    """
    rows = {as_int(r["record_id"]): r for r in rows_of_numbers(session, _PLACED, before)}
    if {record_id: row["municipal_id"] for record_id, row in rows.items()} != dict(before):
        return
    events: list[Event] = []
    for row in session.rows(_MOVED, {"tx": tx_id}):
        name, anchor = str(row["municipal_id"]), as_int(row["anchor_record_id"])
        if anchor not in before:
            continue
        if row["kind"] == "ambiguous":
            known = id_at(session, name, tx_id - 1)
            until = None if known is None else as_text(known["ambiguous_until"])
            events.append(Ambiguous(name, until))
            continue
        former = int(str(row["detail"]))
        if before.get(former) == before[anchor] and not rows[former]["restricted"]:
            events.append(Anchor(name, former, anchor))
    if events:
        apply_events(session, event_table(events))
