"""Undo a plan as one: the events that restore partition and every answer of before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mdm.domain.events import (
    Ambiguous,
    Anchor,
    Event,
    Judge,
    Logged,
    Mint,
    Move,
    Place,
    ReinstateId,
    Relink,
    TombstoneId,
    Unplace,
    WithdrawId,
)
from mdm.domain.identity import RegistryState
from mdm.errors import LedgerError


@dataclass(frozen=True, slots=True)
class LaterChanges:
    """Why a plan cannot be reverted.

    Attributes:
        events: Later events on its records or citizens, in order.
    """

    events: tuple[Logged, ...]


def revert_events(
    plan: Sequence[Logged], later: Iterable[Logged], before: RegistryState
) -> tuple[Event, ...] | LaterChanges:
    """The inverse of an applied plan.

    IDs that the plan minted or reinstated become withdrawn; whatever else it did is taken back,
    so that every record and every other ID answers as before it.

    Args:
        plan: All events that the plan applied, in order.
        later: Events after it, in order; those that touch neither a record nor an ID of the plan
            may be left out. Leave out plans reverted since, together with their reverts.
        before: The state that the plan met; of it `links` of the records that it moved or
            relinked, and `ids` of those that it made ambiguous, are enough.

    Raises:
        LedgerError: The plan holds an event that no plan makes (a judgement, a load's).
    """
    records: set[int] = set()
    ids: set[str] = set()
    for logged in plan:
        on_records, on_ids = touched(logged.event)
        records.update(on_records)
        ids.update(on_ids)
    changes = tuple(
        logged
        for logged in later
        if not records.isdisjoint(touched(logged.event)[0])
        or not ids.isdisjoint(touched(logged.event)[1])
    )
    if len(changes) > 0:
        return LaterChanges(changes)
    return tuple(_inverse(logged, before) for logged in reversed(plan))


def touched(event: Event) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The records and the IDs that an event names.

    The end of a judgement names none: what it changes is in the events beside it.
    """
    if isinstance(event, Judge):
        return (event.record_l, event.record_r), ()
    names = (getattr(event, name, None) for name in ("record_id", "former"))
    ids = (getattr(event, name, None) for name in ("municipal_id", "from_id"))
    return tuple(n for n in names if n is not None), tuple(i for i in ids if i is not None)


def _inverse(logged: Logged, before: RegistryState) -> Event:
    match logged.event:
        case Place(record_id, municipal_id, _):
            return Unplace(record_id, municipal_id)
        case Move(record_id, from_id, municipal_id, _):
            return Move(record_id, municipal_id, from_id, before.links[record_id])
        case Relink(record_id, municipal_id, _):
            return Relink(record_id, municipal_id, before.links[record_id])
        case _:
            return _inverse_of_id(logged, before)


def _inverse_of_id(logged: Logged, before: RegistryState) -> Event:
    match logged.event:
        case Mint(municipal_id, _) | ReinstateId(municipal_id, _):
            return WithdrawId(municipal_id)
        case Anchor(municipal_id, record_id, former):
            return Anchor(municipal_id, former, record_id)
        case TombstoneId(municipal_id, former):
            return ReinstateId(municipal_id, former)
        case Ambiguous(municipal_id, _):
            return Ambiguous(municipal_id, before.ids[municipal_id].ambiguous_until)
        case _:
            raise LedgerError("no plan makes such an event", where=f"ledger event {logged.seq}")
