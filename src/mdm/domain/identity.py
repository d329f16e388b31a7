"""The algebra of municipal IDs: who anchors them, whose ID is a citizen's, how they resolve."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mdm.domain.events import Link, RecordState
from mdm.domain.golden_record import OverrideState
from mdm.domain.judgement import Judgement, JudgementState
from mdm.errors import IdWithdrawnError, NotFoundError


class IdState(StrEnum):
    """Whether an ID answers."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    TOMBSTONE = "tombstone"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdFacts:
    """One municipal ID.

    Attributes:
        municipal_id: The ID.
        founder: Record on which it was minted; never changes.
        anchor: Record that it follows; the last one if it is withdrawn or a tombstone.
        minted_seq: Ledger number of its minting: smaller is older.
        state: Whether it answers.
        ambiguous_until: ISO day until which it does not answer alone, because holders of both
            parts of a split were told it.
    """

    municipal_id: str
    founder: int
    anchor: int
    minted_seq: int
    state: IdState = IdState.ACTIVE
    ambiguous_until: str | None = None


@dataclass(slots=True)
class RegistryState:
    """The present state of identity, the fold of the ledger.

    Attributes:
        ids: Every ID ever issued.
        membership: Placed record -> ID of its citizen now.
        links: Placed record -> how it is linked.
        records: Record -> state, of every record that an event has named.
        judgements: Every judgement about a pair ever made.
        judged_identifiers: Every judgement about an identifier, with its state.
        overrides: Every value that a steward ever set, with its state.
        sealed: Sealed record -> number of its seal.
    """

    ids: dict[str, IdFacts] = field(default_factory=dict)
    membership: dict[int, str] = field(default_factory=dict)
    links: dict[int, Link] = field(default_factory=dict)
    records: dict[int, RecordState] = field(default_factory=dict)
    judgements: dict[int, Judgement] = field(default_factory=dict)
    judged_identifiers: dict[int, JudgementState] = field(default_factory=dict)
    overrides: dict[int, OverrideState] = field(default_factory=dict)
    sealed: dict[int, int] = field(default_factory=dict)


def citizen_id(
    records: Iterable[int], ids: Iterable[IdFacts], restricted: frozenset[int] = frozenset()
) -> str | None:
    """The ID of the citizen that the records make: the oldest active one anchored among them.

    An ID anchored at a restricted record names a citizen only if all its records are restricted.

    Args:
        records: All records of the citizen.
        ids: Candidates; those anchored elsewhere are of no effect.
        restricted: Which records are restricted.

    Returns:
        The ID, or None if no ID is anchored where it counts.
    """
    members = set(records)
    ordinary = members - restricted
    eligible = ordinary if len(ordinary) > 0 else members
    anchored = [i for i in ids if i.state is IdState.ACTIVE and i.anchor in eligible]
    oldest = min(anchored, key=lambda i: i.minted_seq, default=None)
    return None if oldest is None else oldest.municipal_id


def resolve_id(state: RegistryState, municipal_id: str) -> str:
    """The present ID of the citizen that an ID ever issued names; one hop, always.

    Raises:
        NotFoundError: The ID was never issued, or is a tombstone.
        IdWithdrawnError: The plan that minted it was reverted.
    """
    facts = state.ids.get(municipal_id)
    if facts is None:
        raise NotFoundError("no such municipal ID was issued", where=municipal_id)
    if facts.state is IdState.WITHDRAWN:
        raise IdWithdrawnError("the plan that minted this ID was reverted", where=municipal_id)
    if facts.state is IdState.TOMBSTONE:
        raise NotFoundError("a steward decided that nobody keeps this ID", where=municipal_id)
    return state.membership[facts.anchor]


def broken_rules(state: RegistryState, restricted: frozenset[int] = frozenset()) -> list[str]:
    """The rules of identity that a state breaks, in words; empty if it is sound.

    Args:
        state: The state to examine.
        restricted: Which records are restricted.
    """
    citizens: dict[str, list[int]] = {}
    for record_id, municipal_id in state.membership.items():
        citizens.setdefault(municipal_id, []).append(record_id)
    found = [
        f"{facts.municipal_id}: the anchor is not placed"
        for facts in state.ids.values()
        if facts.state is IdState.ACTIVE and facts.anchor not in state.membership
    ]
    by_anchor = _by_anchor(state.ids)
    for municipal_id, records in sorted(citizens.items()):
        if len({record_id in state.sealed for record_id in records}) > 1:
            found.append(f"{municipal_id}: sealed in part")
        anchored = [i for record_id in records for i in by_anchor.get(record_id, ())]
        if citizen_id(records, anchored, restricted) != municipal_id:
            found.append(f"{municipal_id}: not the oldest ID anchored among the citizen's records")
    return found


def _by_anchor(ids: Mapping[str, IdFacts]) -> dict[int, list[IdFacts]]:
    found: dict[int, list[IdFacts]] = {}
    for facts in ids.values():
        if facts.state is IdState.ACTIVE:
            found.setdefault(facts.anchor, []).append(facts)
    return found
