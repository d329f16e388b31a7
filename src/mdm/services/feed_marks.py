"""How far each system has read the feed, and what ends with it: an ambiguous ID answers again."""

from mdm.domain.events import Ambiguous
from mdm.domain.ledger import LedgerKind
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import apply_events, event_table
from mdm.services.changes import Cursor
from mdm.services.told_holders import told_holders

# The present ambiguity of an ID is that of its last such event.
_UNCLEAR = f"""
SELECT i.municipal_id, t.at FROM municipal_id i
JOIN ledger_event e ON e.municipal_id = i.municipal_id JOIN ledger_tx t ON t.tx_id = e.tx_id
WHERE i.ambiguous_until > :today AND e.kind = '{LedgerKind.AMBIGUOUS.value}'
AND NOT EXISTS (SELECT 1 FROM ledger_event l WHERE l.municipal_id = e.municipal_id
  AND l.kind = e.kind AND l.seq > e.seq)
ORDER BY i.municipal_id
"""


def mark_read(session: WriteSession, holder: str, cursor: Cursor) -> None:
    """Note that a system has read the feed up to a cursor, for all that it was ever told.

    An ID that was told for both parts of a split answers alone again when every system that was
    told it has read of the split.

    Args:
        session: The writer lane.
        holder: The system.
        cursor: The cursor of an earlier answer, with which it asks for what comes next.
    """
    known = feed_mark(session, holder)
    if (cursor.at, cursor.citizen) <= (known.at, known.citizen):
        return
    row = {"holder": holder, "at": cursor.at, "citizen": cursor.citizen}
    session.upsert_rows("feed_mark", [row])
    _settle(session)


def feed_mark(session: ReadSession, holder: str) -> Cursor:
    """How far a system has read the feed."""
    row = session.row(
        "SELECT at, citizen FROM feed_mark WHERE holder = :holder", {"holder": holder}
    )
    return Cursor() if row is None else Cursor(str(row["at"]), str(row["citizen"]))


def _settle(session: WriteSession) -> None:
    """End the ambiguity of the IDs whose holders have all read of it."""
    unclear = session.rows(_UNCLEAR, {"today": session.at[:10]})
    if not unclear:
        return
    since = {str(row["municipal_id"]): str(row["at"]) for row in unclear}
    told: dict[str, set[str]] = {}
    for (municipal_id, _), holders in told_holders(session, sorted(since)).items():
        told.setdefault(municipal_id, set()).update(holders)
    marks = {
        str(row["holder"]): (str(row["at"]), str(row["citizen"]))
        for row in session.rows("SELECT holder, at, citizen FROM feed_mark")
    }
    settled = [
        Ambiguous(municipal_id, None)
        for municipal_id, at in since.items()
        if all(marks.get(h, ("", "")) >= (at, municipal_id) for h in told.get(municipal_id, ()))
    ]
    if settled:
        apply_events(session, event_table(settled))
