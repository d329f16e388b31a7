"""Ledger events as rows: the columns of `ledger_event` that each kind fills."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mdm.domain.events import (
    ALONE,
    Ambiguous,
    Anchor,
    Event,
    Judge,
    JudgeIdentifier,
    JudgeIdentifierSuspend,
    JudgeIdentifierUndo,
    JudgeResume,
    JudgeSuspend,
    JudgeUndo,
    LapseValue,
    Link,
    LinkStatus,
    Mint,
    Move,
    Place,
    RecordState,
    RecordStateSet,
    ReinstateId,
    Relink,
    Seal,
    SetValue,
    TombstoneId,
    Unplace,
    Unseal,
    UnsetValue,
    WithdrawId,
)
from mdm.domain.ledger import LedgerKind as Kind
from mdm.errors import LedgerError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One row of `ledger_event`, without its number and transaction."""

    kind: Kind
    record_id: int | None = None
    municipal_id: str | None = None
    from_id: str | None = None
    weight: float | None = None
    detail: str | None = None


def to_row(event: Event) -> EventRow:
    """The event as the ledger stores it; of a judgement the number, which leads to the rest."""
    match event:
        case Place() | Move() | Relink() | Unplace() | Seal() | Unseal():
            return _record_row(event)
        case Judge() | JudgeSuspend() | JudgeResume() | JudgeUndo():
            return EventRow(kind=_JUDGEMENT_KINDS[type(event)], detail=str(event.judgement_id))
        case JudgeIdentifier() | JudgeIdentifierSuspend() | JudgeIdentifierUndo():
            return EventRow(kind=_JUDGEMENT_KINDS[type(event)], detail=str(event.judgement_id))
        case SetValue() | UnsetValue() | LapseValue():
            return EventRow(kind=_OVERRIDE_KINDS[type(event)], detail=str(event.override_id))
        case RecordStateSet(record_id, state):
            return EventRow(kind=Kind.RECORD_STATE, record_id=record_id, detail=state.value)
        case _:
            return _id_row(event)


def from_row(row: EventRow, judged: Callable[[int], Judge] | None = None) -> Event:
    """The event that a row of the ledger tells.

    Args:
        row: The row.
        judged: Gives verdict and records of a judgement by its number (table `judgement`).

    Raises:
        LedgerError: A column that the kind needs is empty or unreadable.
    """
    try:
        if row.kind is Kind.JUDGE:
            return _given(judged)(_number(row))
        return _READERS[row.kind](row)
    except (KeyError, ValueError) as error:
        raise LedgerError(f"a ledger event of kind {row.kind.value!r} cannot be read") from error


_JUDGEMENT_KINDS: dict[type[Event], Kind] = {
    Judge: Kind.JUDGE,
    JudgeSuspend: Kind.JUDGE_SUSPEND,
    JudgeResume: Kind.JUDGE_RESUME,
    JudgeUndo: Kind.JUDGE_UNDO,
    JudgeIdentifier: Kind.JUDGE_IDENTIFIER,
    JudgeIdentifierSuspend: Kind.JUDGE_IDENTIFIER_SUSPEND,
    JudgeIdentifierUndo: Kind.JUDGE_IDENTIFIER_UNDO,
}
_OVERRIDE_KINDS: dict[type[Event], Kind] = {
    SetValue: Kind.OVERRIDE,
    UnsetValue: Kind.OVERRIDE_UNDO,
    LapseValue: Kind.OVERRIDE_LAPSE,
}


def _record_row(event: Place | Move | Relink | Unplace | Seal | Unseal) -> EventRow:
    kind = Kind.PLACE
    origin: str | None = None
    match event:
        case Seal(record_id, municipal_id, seal_id) | Unseal(record_id, municipal_id, seal_id):
            kind = Kind.SEAL if isinstance(event, Seal) else Kind.UNSEAL
            return EventRow(
                kind=kind, record_id=record_id, municipal_id=municipal_id, detail=str(seal_id)
            )
        case Unplace(record_id, from_id):
            return EventRow(kind=Kind.UNPLACE, record_id=record_id, from_id=from_id)
        case Move(record_id, from_id, municipal_id, link):
            kind, origin = Kind.MOVE, from_id
        case Place(record_id, municipal_id, link):
            pass
        case Relink(record_id, municipal_id, link):
            kind = Kind.RELINK
    return EventRow(
        kind=kind,
        record_id=record_id,
        municipal_id=municipal_id,
        from_id=origin,
        weight=link.weight,
        detail=link.status.value,
    )


def _id_row(
    event: Mint | Anchor | WithdrawId | ReinstateId | TombstoneId | Ambiguous,
) -> EventRow:
    municipal_id = event.municipal_id
    match event:
        case Mint(_, record_id):
            return EventRow(kind=Kind.MINT, record_id=record_id, municipal_id=municipal_id)
        case Anchor(_, record_id, former):
            return EventRow(
                kind=Kind.ANCHOR,
                record_id=record_id,
                municipal_id=municipal_id,
                detail=str(former),
            )
        case WithdrawId():
            return EventRow(kind=Kind.WITHDRAW_ID, municipal_id=municipal_id)
        case ReinstateId(_, record_id):
            return EventRow(kind=Kind.REINSTATE_ID, record_id=record_id, municipal_id=municipal_id)
        case TombstoneId(_, former):
            return EventRow(kind=Kind.TOMBSTONE_ID, record_id=former, municipal_id=municipal_id)
        case Ambiguous(_, until):
            return EventRow(kind=Kind.AMBIGUOUS, municipal_id=municipal_id, detail=until)


def _given(value: _T | None) -> _T:
    if value is None:
        raise ValueError("empty column")
    return value


def _record(row: EventRow) -> int:
    return _given(row.record_id)


def _id(row: EventRow) -> str:
    return _given(row.municipal_id)


def _number(row: EventRow) -> int:
    return int(_given(row.detail))


def _link(row: EventRow) -> Link:
    if row.detail is None and row.weight is None:
        return ALONE
    return Link(LinkStatus(_given(row.detail)), row.weight)


_READERS: dict[Kind, Callable[[EventRow], Event]] = {
    Kind.MINT: lambda row: Mint(_id(row), _record(row)),
    Kind.PLACE: lambda row: Place(_record(row), _id(row), _link(row)),
    Kind.MOVE: lambda row: Move(_record(row), _given(row.from_id), _id(row), _link(row)),
    Kind.RELINK: lambda row: Relink(_record(row), _id(row), _link(row)),
    Kind.UNPLACE: lambda row: Unplace(_record(row), _given(row.from_id)),
    Kind.ANCHOR: lambda row: Anchor(_id(row), _record(row), _number(row)),
    Kind.WITHDRAW_ID: lambda row: WithdrawId(_id(row)),
    Kind.REINSTATE_ID: lambda row: ReinstateId(_id(row), _record(row)),
    Kind.TOMBSTONE_ID: lambda row: TombstoneId(_id(row), _record(row)),
    Kind.AMBIGUOUS: lambda row: Ambiguous(_id(row), row.detail),
    Kind.RECORD_STATE: lambda row: RecordStateSet(_record(row), RecordState(_given(row.detail))),
    Kind.JUDGE_SUSPEND: lambda row: JudgeSuspend(_number(row)),
    Kind.JUDGE_RESUME: lambda row: JudgeResume(_number(row)),
    Kind.JUDGE_UNDO: lambda row: JudgeUndo(_number(row)),
    Kind.JUDGE_IDENTIFIER: lambda row: JudgeIdentifier(_number(row)),
    Kind.JUDGE_IDENTIFIER_SUSPEND: lambda row: JudgeIdentifierSuspend(_number(row)),
    Kind.JUDGE_IDENTIFIER_UNDO: lambda row: JudgeIdentifierUndo(_number(row)),
    Kind.OVERRIDE: lambda row: SetValue(_number(row)),
    Kind.OVERRIDE_UNDO: lambda row: UnsetValue(_number(row)),
    Kind.OVERRIDE_LAPSE: lambda row: LapseValue(_number(row)),
    Kind.SEAL: lambda row: Seal(_record(row), _id(row), _number(row)),
    Kind.UNSEAL: lambda row: Unseal(_record(row), _id(row), _number(row)),
}
