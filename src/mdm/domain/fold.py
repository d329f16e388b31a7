"""The reference fold, events in order -> present state, to which others are held."""

from collections.abc import Iterable
from dataclasses import replace

from mdm.domain.events import (
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
    Logged,
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
from mdm.domain.golden_record import OverrideState
from mdm.domain.identity import IdFacts, IdState, RegistryState
from mdm.domain.judgement import Judgement, JudgementState
from mdm.domain.lifecycle import RecordEvent, next_record_state, stated_record_state
from mdm.errors import LedgerError, StateTransitionError

_PLACED, _UNPLACED = RecordEvent.PLACED, RecordEvent.UNPLACED


def fold(events: Iterable[Logged], state: RegistryState | None = None) -> RegistryState:
    """The state after the events.

    Args:
        events: In the order of their numbers.
        state: Where to begin, changed in place; an empty registry if None.

    Raises:
        LedgerError: An event does not fit the state before it; its number is named.
    """
    state = RegistryState() if state is None else state
    for logged in events:
        try:
            _apply(state, logged)
        except (KeyError, ValueError, StateTransitionError) as error:
            message = "the event does not fit the state before it"
            raise LedgerError(message, where=f"ledger event {logged.seq}") from error
    return state


def _apply(state: RegistryState, logged: Logged) -> None:
    match logged.event:
        case Place() | Move() | Relink() | Unplace() | RecordStateSet():
            _apply_to_record(state, logged.event)
        case Judge() | JudgeSuspend() | JudgeResume() | JudgeUndo():
            _apply_to_judgement(state, logged.event)
        case JudgeIdentifier() | JudgeIdentifierSuspend() | JudgeIdentifierUndo():
            _apply_to_identifier(state, logged.event)
        case SetValue() | UnsetValue() | LapseValue():
            _apply_to_override(state, logged.event)
        case Seal() | Unseal():
            _apply_seal(state, logged.event)
        case Mint(municipal_id, record_id):
            _demand(municipal_id not in state.ids)
            state.ids[municipal_id] = IdFacts(
                municipal_id=municipal_id,
                founder=record_id,
                anchor=record_id,
                minted_seq=logged.seq,
            )
        case event:
            _apply_to_id(state, event)


def _apply_to_record(
    state: RegistryState, event: Place | Move | Relink | Unplace | RecordStateSet
) -> None:
    record_id = event.record_id
    # A sealed record stays where it is; that its content is erased changes nothing of that.
    _demand(record_id not in state.sealed or _erases(event))
    match event:
        case Place():
            _demand(record_id not in state.membership)
            _demand(state.ids[event.municipal_id].state is IdState.ACTIVE)
            state.records[record_id] = next_record_state(_stands(state, record_id), _PLACED)
            state.membership[record_id] = event.municipal_id
            state.links[record_id] = event.link
        case Move():
            _demand(state.membership[record_id] == event.from_id)
            _demand(event.municipal_id in state.ids)
            state.membership[record_id] = event.municipal_id
            state.links[record_id] = event.link
        case Relink():
            _demand(state.membership[record_id] == event.municipal_id)
            state.links[record_id] = event.link
        case Unplace():
            _demand(state.membership[record_id] == event.from_id)
            state.records[record_id] = next_record_state(_stands(state, record_id), _UNPLACED)
            del state.membership[record_id], state.links[record_id]
        case RecordStateSet():
            placed = record_id in state.membership
            before = _stands(state, record_id)
            state.records[record_id] = stated_record_state(before, event.state, placed=placed)


def _erases(event: Event) -> bool:
    return isinstance(event, RecordStateSet) and event.state is RecordState.ERASED


def _apply_seal(state: RegistryState, event: Seal | Unseal) -> None:
    record_id = event.record_id
    _demand(state.membership[record_id] == event.municipal_id)
    if isinstance(event, Seal):
        _demand(record_id not in state.sealed)
        state.sealed[record_id] = event.seal_id
        return
    _demand(state.sealed[record_id] == event.seal_id)
    del state.sealed[record_id]


def _stands(state: RegistryState, record_id: int) -> RecordState:
    return state.records.get(record_id, RecordState.PENDING)


def _apply_to_id(
    state: RegistryState,
    event: Anchor | WithdrawId | ReinstateId | TombstoneId | Ambiguous,
) -> None:
    facts = state.ids[event.municipal_id]
    match event:
        case Anchor():
            _demand(facts.state is IdState.ACTIVE and facts.anchor == event.former)
            facts = replace(facts, anchor=event.record_id)
        case WithdrawId():
            _demand(facts.state is IdState.ACTIVE)
            facts = replace(facts, state=IdState.WITHDRAWN)
        case ReinstateId():
            _demand(facts.state is not IdState.ACTIVE)
            facts = replace(facts, state=IdState.ACTIVE, anchor=event.record_id)
        case TombstoneId():
            _demand(facts.state is IdState.ACTIVE and facts.anchor == event.former)
            facts = replace(facts, state=IdState.TOMBSTONE)
        case Ambiguous():
            facts = replace(facts, ambiguous_until=event.until)
    state.ids[event.municipal_id] = facts


def _apply_to_judgement(
    state: RegistryState, event: Judge | JudgeSuspend | JudgeResume | JudgeUndo
) -> None:
    number = event.judgement_id
    if isinstance(event, Judge):
        _demand(number not in state.judgements)
        state.judgements[number] = Judgement(number, event.verdict, event.record_l, event.record_r)
        return
    before = state.judgements[number]
    _demand(before.state is not JudgementState.UNDONE)
    state.judgements[number] = replace(before, state=_AFTERWARDS[type(event)])


def _apply_to_identifier(
    state: RegistryState, event: JudgeIdentifier | JudgeIdentifierSuspend | JudgeIdentifierUndo
) -> None:
    known, number = state.judged_identifiers, event.judgement_id
    match event:
        case JudgeIdentifier():
            _demand(number not in known)
            known[number] = JudgementState.ACTIVE
        case JudgeIdentifierSuspend():
            _demand(known[number] is JudgementState.ACTIVE)
            known[number] = JudgementState.SUSPENDED
        case JudgeIdentifierUndo():
            _demand(known[number] is not JudgementState.UNDONE)
            known[number] = JudgementState.UNDONE


def _apply_to_override(state: RegistryState, event: SetValue | UnsetValue | LapseValue) -> None:
    known, number = state.overrides, event.override_id
    if isinstance(event, SetValue):
        _demand(number not in known)
        known[number] = OverrideState.ACTIVE
        return
    _demand(known[number] is OverrideState.ACTIVE)
    undone = isinstance(event, UnsetValue)
    known[number] = OverrideState.UNDONE if undone else OverrideState.LAPSED


_AFTERWARDS = {
    JudgeSuspend: JudgementState.SUSPENDED,
    JudgeResume: JudgementState.ACTIVE,
    JudgeUndo: JudgementState.UNDONE,
}


def _demand(holds: bool) -> None:  # noqa: FBT001 - an assertion that stays in optimised runs
    if not holds:
        raise ValueError("the event does not fit")
