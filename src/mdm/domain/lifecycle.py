"""The states of records and of citizens, and what leads from one to the other: one table each.

A record's state is the fold of its ledger events. A citizen's follows from the states of its
records; that it changes is told by the same events.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from mdm.domain.events import RecordState
from mdm.errors import StateTransitionError

State = TypeVar("State", bound=StrEnum)
What = TypeVar("What", bound=StrEnum)


class RecordEvent(StrEnum):
    """What happens to a record.

    `placed` and `unplaced` are the ledger's `place` and `unplace`; the others are a
    `record_state` event, which names the state that follows. `returned` is said of a record that
    belongs to a citizen, `returned_unplaced` of one that no plan has placed.
    """

    PLACED = "placed"
    UNPLACED = "unplaced"
    LEFT = "left"
    REPLACED = "replaced"
    RETURNED = "returned"
    RETURNED_UNPLACED = "returned_unplaced"
    ERASED = "erased"


class CitizenStatus(StrEnum):
    """Where a citizen stands.

    `active`: a source holds them. `dormant`: none does at present; the ID waits. `sealed`: known
    to nobody but the data-protection officer (`mdm.domain.seal`). `erased`: nothing is left but
    the ID.
    """

    ACTIVE = "active"
    DORMANT = "dormant"
    SEALED = "sealed"
    ERASED = "erased"


class CitizenEvent(StrEnum):
    """What happens to a citizen.

    `unsealed` is said of one whom a source holds then, `unsealed_dormant` of one whom none does.
    """

    LAST_LEFT = "last_left"
    FIRST_PRESENT = "first_present"
    SEALED = "sealed"
    UNSEALED = "unsealed"
    UNSEALED_DORMANT = "unsealed_dormant"
    LAST_ERASED = "last_erased"


@dataclass(frozen=True, slots=True)
class Transition(Generic[State, What]):
    """A row of the table: in `state`, `event` leads to `then`."""

    state: State
    event: What
    then: State


_R, _E = RecordState, RecordEvent
RECORDS: Final[tuple[Transition[RecordState, RecordEvent], ...]] = (
    Transition(_R.PENDING, _E.PLACED, _R.PRESENT),
    Transition(_R.PENDING, _E.LEFT, _R.WITHDRAWN),
    Transition(_R.PENDING, _E.REPLACED, _R.SUPERSEDED),
    Transition(_R.PENDING, _E.ERASED, _R.ERASED),
    Transition(_R.PRESENT, _E.UNPLACED, _R.PENDING),
    Transition(_R.PRESENT, _E.LEFT, _R.WITHDRAWN),
    Transition(_R.PRESENT, _E.REPLACED, _R.SUPERSEDED),
    Transition(_R.PRESENT, _E.ERASED, _R.ERASED),
    Transition(_R.WITHDRAWN, _E.PLACED, _R.WITHDRAWN),
    Transition(_R.WITHDRAWN, _E.UNPLACED, _R.WITHDRAWN),
    Transition(_R.WITHDRAWN, _E.REPLACED, _R.SUPERSEDED),
    Transition(_R.WITHDRAWN, _E.RETURNED, _R.PRESENT),
    Transition(_R.WITHDRAWN, _E.RETURNED_UNPLACED, _R.PENDING),
    Transition(_R.WITHDRAWN, _E.ERASED, _R.ERASED),
    Transition(_R.SUPERSEDED, _E.PLACED, _R.SUPERSEDED),
    Transition(_R.SUPERSEDED, _E.UNPLACED, _R.SUPERSEDED),
    Transition(_R.SUPERSEDED, _E.REPLACED, _R.SUPERSEDED),
    Transition(_R.SUPERSEDED, _E.LEFT, _R.WITHDRAWN),
    Transition(_R.SUPERSEDED, _E.RETURNED, _R.PRESENT),
    Transition(_R.SUPERSEDED, _E.RETURNED_UNPLACED, _R.PENDING),
    Transition(_R.SUPERSEDED, _E.ERASED, _R.ERASED),
)
"""Every change of a record's state that may happen; what is erased stays erased."""

_C, _W = CitizenStatus, CitizenEvent
CITIZENS: Final[tuple[Transition[CitizenStatus, CitizenEvent], ...]] = (
    Transition(_C.ACTIVE, _W.LAST_LEFT, _C.DORMANT),
    Transition(_C.ACTIVE, _W.SEALED, _C.SEALED),
    Transition(_C.ACTIVE, _W.LAST_ERASED, _C.ERASED),
    Transition(_C.DORMANT, _W.FIRST_PRESENT, _C.ACTIVE),
    Transition(_C.DORMANT, _W.SEALED, _C.SEALED),
    Transition(_C.DORMANT, _W.LAST_ERASED, _C.ERASED),
    Transition(_C.SEALED, _W.UNSEALED, _C.ACTIVE),
    Transition(_C.SEALED, _W.UNSEALED_DORMANT, _C.DORMANT),
    Transition(_C.SEALED, _W.LAST_ERASED, _C.ERASED),
)
"""Every change of a citizen's state that may happen."""

_NEXT_RECORD: Final = {(row.state, row.event): row.then for row in RECORDS}
_STATED: Final = {
    RecordState.WITHDRAWN: RecordEvent.LEFT,
    RecordState.SUPERSEDED: RecordEvent.REPLACED,
    RecordState.PRESENT: RecordEvent.RETURNED,
    RecordState.PENDING: RecordEvent.RETURNED_UNPLACED,
    RecordState.ERASED: RecordEvent.ERASED,
}


def next_record_state(state: RecordState, event: RecordEvent) -> RecordState:
    """The state of a record after an event.

    Raises:
        StateTransitionError: The table has no such row.
    """
    found = _NEXT_RECORD.get((state, event))
    if found is None:
        raise StateTransitionError(f"a record that is {state} cannot be {event}")
    return found


def stated_record_state(before: RecordState, stated: RecordState, *, placed: bool) -> RecordState:
    """The state of a record after a `record_state` event.

    Args:
        before: Its state.
        stated: What the event states; the state that it has already changes nothing.
        placed: Whether it belongs to a citizen.

    Raises:
        StateTransitionError: The table has no such row, or the event speaks of a record that
            belongs to a citizen as of one that does not, or the other way round.
    """
    if stated is before:
        return before
    event = _STATED[stated]
    fits = {RecordEvent.RETURNED: placed, RecordEvent.RETURNED_UNPLACED: not placed}
    if not fits.get(event, True):
        raise StateTransitionError(f"a record that is {before} cannot be {event} here")
    return next_record_state(before, event)


def stated_changes() -> tuple[tuple[RecordState, RecordState], ...]:
    """The changes that a `record_state` event may state: before and after."""
    return tuple((row.state, row.then) for row in RECORDS if row.event in _STATED.values())


def citizen_status_of(records: Iterable[RecordState], *, sealed: bool = False) -> CitizenStatus:
    """The status of the citizen whose records have these states; changes are those of `CITIZENS`.

    Args:
        records: The states of all records that belong to them.
        sealed: Whether they are sealed.
    """
    states = set(records)
    if states <= {RecordState.ERASED}:
        return CitizenStatus.ERASED
    if sealed:
        return CitizenStatus.SEALED
    return CitizenStatus.ACTIVE if RecordState.PRESENT in states else CitizenStatus.DORMANT
