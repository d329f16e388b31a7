"""Append identity events to the ledger and bring the state tables level with them.

The one way in which membership and municipal IDs change, for a whole city or for one judgement.
The events come in the order in which they happened; what the tables hold afterwards is the last
word on each record and each ID (`mdm.domain.fold` is the definition).
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.domain.event_rows import EventRow, to_row
from mdm.domain.events import Event
from mdm.domain.ledger import LedgerKind
from mdm.ports import WriteSession

EVENT_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("record_id", pa.int64()),
        ("municipal_id", pa.string()),
        ("from_id", pa.string()),
        ("weight", pa.float64()),
        ("detail", pa.string()),
    ]
)
_LINKING = (LedgerKind.PLACE.value, LedgerKind.MOVE.value, LedgerKind.RELINK.value)
_ON_IDS = (
    LedgerKind.ANCHOR.value,
    LedgerKind.WITHDRAW_ID.value,
    LedgerKind.REINSTATE_ID.value,
    LedgerKind.TOMBSTONE_ID.value,
    LedgerKind.AMBIGUOUS.value,
)
_AT_ONCE = 400


def event_table(events: Iterable[Event]) -> pa.Table:
    """Events as the rows that `apply_events` takes."""
    rows = [to_row(event) for event in events]
    return pa.table(
        {
            field.name: pa.array([_cell(row, field.name) for row in rows], field.type)
            for field in EVENT_SCHEMA
        }
    )


def apply_events(session: WriteSession, events: pa.Table) -> range:
    """Append the events and change `municipal_id`, `membership` and `record` accordingly.

    Args:
        session: The writer lane.
        events: `EVENT_SCHEMA`; no planned ID ("new:...") among them.

    Returns:
        The ledger numbers of the events.
    """
    numbers = session.append_events(events.select(EVENT_SCHEMA.names))
    numbered = events.append_column("seq", pa.array(np.arange(numbers.start, numbers.stop)))
    _mint(session, numbered)
    _change_ids(session, numbered)
    _change_membership(session, numbered)
    return numbers


def _cell(row: EventRow, name: str) -> object:
    value = getattr(row, name)
    return value.value if isinstance(value, LedgerKind) else value


def _of_kind(events: pa.Table, kinds: Iterable[str]) -> pa.Table:
    return events.filter(pc.is_in(events["kind"], pa.array(list(kinds), pa.string())))


def _mint(session: WriteSession, events: pa.Table) -> None:
    minted = _of_kind(events, [LedgerKind.MINT.value])
    if minted.num_rows == 0:
        return
    session.insert_arrow(
        "municipal_id",
        pa.table(
            {
                "municipal_id": minted["municipal_id"],
                "founder_record_id": minted["record_id"],
                "anchor_record_id": minted["record_id"],
                "minted_seq": minted["seq"],
                "state": pa.repeat("active", minted.num_rows),
            }
        ),
        ahead=True,
    )


def _change_ids(session: WriteSession, events: pa.Table) -> None:
    changes = _of_kind(events, _ON_IDS).to_pylist()
    if not changes:
        return
    ids = sorted({str(row["municipal_id"]) for row in changes})
    known = {str(row["municipal_id"]): row for row in read_ids(session, ids)}
    for change in changes:
        row = known[change["municipal_id"]]
        match change["kind"]:
            case LedgerKind.ANCHOR.value:
                row["anchor_record_id"] = change["record_id"]
            case LedgerKind.WITHDRAW_ID.value:
                row["state"] = "withdrawn"
            case LedgerKind.REINSTATE_ID.value:
                row["state"], row["anchor_record_id"] = "active", change["record_id"]
            case LedgerKind.TOMBSTONE_ID.value:
                row["state"] = "tombstone"
            case _:
                row["ambiguous_until"] = change["detail"]
    session.update_rows("municipal_id", [known[municipal_id] for municipal_id in ids])


def read_ids(session: WriteSession, ids: list[str]) -> Iterator[dict[str, object]]:
    """The changeable columns of IDs."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        params = {f"id{n}": municipal_id for n, municipal_id in enumerate(part)}
        names = ", ".join(f":{name}" for name in params)
        yield from session.rows(
            "SELECT municipal_id, anchor_record_id, state, ambiguous_until FROM municipal_id "
            f"WHERE municipal_id IN ({names})",
            params,
        )


def _change_membership(session: WriteSession, events: pa.Table) -> None:
    moves = _of_kind(events, [*_LINKING, LedgerKind.UNPLACE.value])
    if moves.num_rows == 0:
        return
    moves = _last_of_each(moves)
    stays = _of_kind(moves, _LINKING)
    rows = pa.table(
        {
            "record_id": stays["record_id"],
            "municipal_id": stays["municipal_id"],
            "link_status": stays["detail"],
            "weight": stays["weight"],
            "linked_at": pa.repeat(session.at, stays.num_rows),
            "seq": stays["seq"],
        }
    )
    if session.value("SELECT 1 FROM membership LIMIT 1") is None:
        session.insert_arrow("membership", rows, ahead=True)
    elif rows.num_rows > 0:
        session.upsert_arrow("membership", rows)
    left = _of_kind(moves, [LedgerKind.UNPLACE.value])
    if left.num_rows > 0:
        session.delete_arrow("membership", left.select(["record_id"]))
    _change_states(session, left)


def _last_of_each(moves: pa.Table) -> pa.Table:
    """The last of the events on each record, in the order of records."""
    records = moves["record_id"].to_numpy()
    order = np.argsort(records, kind="stable")
    ordered = records[order]
    is_last = np.append(ordered[1:] != ordered[:-1], True)
    return moves.take(pa.array(order[is_last]))


def _change_states(session: WriteSession, left: pa.Table) -> None:
    """Placed records are present; those unplaced are pending again."""
    session.set_where(
        "record",
        {"state": "present"},
        # Spelled so that those pending are looked up among the placed, not the other way round.
        "state = 'pending' AND EXISTS"
        " (SELECT 1 FROM membership m WHERE m.record_id = record.record_id)",
    )
    if left.num_rows > 0:
        session.set_where(
            "record",
            {"state": "pending"},
            "state = 'present' AND record_id NOT IN (SELECT record_id FROM membership)",
        )
