"""The events of the ledger: every change of identity, in record keys and IDs only.

One class per kind of ledger event; `to_row` and `from_row` (`mdm.domain.event_rows`) map them to
columns.
In a plan an ID that will be minted is written `new:<record>`; `with_drawn_ids` puts the drawn
IDs in when the plan is applied.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from mdm.domain.judgement import Verdict

PLANNED = "new:"


class RecordState(StrEnum):
    """Where a record stands."""

    PENDING = "pending"
    PRESENT = "present"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    ERASED = "erased"


class LinkStatus(StrEnum):
    """How a record came to its citizen."""

    ALONE = "alone"
    AUTOMATIC = "automatic"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Link:
    """How a record is linked: the status, and the weight in bits of its strongest link."""

    status: LinkStatus = LinkStatus.ALONE
    weight: float | None = None


ALONE = Link()


@dataclass(frozen=True, slots=True)
class Mint:
    """A new ID, founded on and anchored at a record."""

    municipal_id: str
    record_id: int


@dataclass(frozen=True, slots=True)
class Place:
    """A pending record becomes part of a citizen."""

    record_id: int
    municipal_id: str
    link: Link = ALONE


@dataclass(frozen=True, slots=True)
class Move:
    """A record changes from one citizen to another, or its citizen gets another of its IDs."""

    record_id: int
    from_id: str
    municipal_id: str
    link: Link = ALONE


@dataclass(frozen=True, slots=True)
class Relink:
    """A record stays with its citizen, linked otherwise than before."""

    record_id: int
    municipal_id: str
    link: Link


@dataclass(frozen=True, slots=True)
class Unplace:
    """A record leaves its citizen and is pending again."""

    record_id: int
    from_id: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """An ID moves its anchor from the record `former` to another."""

    municipal_id: str
    record_id: int
    former: int


@dataclass(frozen=True, slots=True)
class WithdrawId:
    """An ID answers `id_withdrawn` until its founding record brings it back."""

    municipal_id: str


@dataclass(frozen=True, slots=True)
class ReinstateId:
    """A withdrawn ID comes back, anchored at the record."""

    municipal_id: str
    record_id: int


@dataclass(frozen=True, slots=True)
class TombstoneId:
    """An ID becomes a tombstone: a steward decided that nobody keeps it; `former` anchored it."""

    municipal_id: str
    former: int


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An ID was told to holders of both parts of a split.

    Attributes:
        municipal_id: The ID.
        until: ISO day on which it answers alone again at the latest; None: it does from now on.
    """

    municipal_id: str
    until: str | None


@dataclass(frozen=True, slots=True)
class RecordStateSet:
    """A record is withdrawn, superseded, reinstated or erased."""

    record_id: int
    state: RecordState


@dataclass(frozen=True, slots=True)
class Seal:
    """A record is sealed with all of its citizen: see `mdm.domain.seal`."""

    record_id: int
    municipal_id: str
    seal_id: int


@dataclass(frozen=True, slots=True)
class Unseal:
    """The seal on a record is taken off."""

    record_id: int
    municipal_id: str
    seal_id: int


@dataclass(frozen=True, slots=True)
class Judge:
    """A steward's answer about two records."""

    judgement_id: int
    verdict: Verdict
    record_l: int
    record_r: int


@dataclass(frozen=True, slots=True)
class JudgeSuspend:
    """What was judged has changed: the judgement holds until it is asked again."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class JudgeResume:
    """The suspended judgement was asked again and stands as it was."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class JudgeUndo:
    """The judgement stands no longer."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class JudgeIdentifier:
    """A steward's answer about one identifier of a record."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class JudgeIdentifierSuspend:
    """The record that holds the judged identifier has changed: it is asked again."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class JudgeIdentifierUndo:
    """The judgement about an identifier stands no longer."""

    judgement_id: int


@dataclass(frozen=True, slots=True)
class SetValue:
    """A steward set a golden value in place of what a record says."""

    override_id: int


@dataclass(frozen=True, slots=True)
class UnsetValue:
    """The value that a steward set was taken back."""

    override_id: int


@dataclass(frozen=True, slots=True)
class LapseValue:
    """The source was corrected: the golden value comes from the policy again."""

    override_id: int


Event = (
    Mint
    | Place
    | Move
    | Relink
    | Unplace
    | Anchor
    | WithdrawId
    | ReinstateId
    | TombstoneId
    | Ambiguous
    | RecordStateSet
    | Judge
    | JudgeSuspend
    | JudgeResume
    | JudgeUndo
    | JudgeIdentifier
    | JudgeIdentifierSuspend
    | JudgeIdentifierUndo
    | SetValue
    | UnsetValue
    | LapseValue
    | Seal
    | Unseal
)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its place in the ledger; the order of `seq` is the order of what happened."""

    seq: int
    event: Event


def planned_id(record_id: int) -> str:
    """How a plan writes the ID that it will mint on a record."""
    return f"{PLANNED}{record_id}"


def mints_first(events: Iterable[Event]) -> list[Event]:
    """The events with all mints before the others, in the order of their founding records.

    So the age of IDs minted together does not depend on the order of what was decided.
    """
    told = list(events)
    mints = [event for event in told if isinstance(event, Mint)]
    mints.sort(key=lambda event: event.record_id)
    return [*mints, *(event for event in told if not isinstance(event, Mint))]


def with_drawn_ids(events: Iterable[Event], draw: Callable[[], str]) -> tuple[Event, ...]:
    """The events with a drawn ID in the place of each planned one.

    Args:
        events: Events of a plan; a `Mint` comes before the events that name its ID.
        draw: Gives an ID that was never issued.
    """
    drawn: dict[str, str] = {}
    final: list[Event] = []
    for event in events:
        if isinstance(event, Mint) and event.municipal_id.startswith(PLANNED):
            drawn[event.municipal_id] = draw()
        if isinstance(event, Mint | Place | Move) and event.municipal_id in drawn:
            final.append(replace(event, municipal_id=drawn[event.municipal_id]))
        else:
            final.append(event)
    return tuple(final)
