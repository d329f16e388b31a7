"""What a subscriber is told of a change: how a record or an ID stands now, and how that came about.

A change carries the whole new standing of its key, a record or an ID. A subscriber keeps for each
key the change with the latest `at` and needs nothing else: told twice, late or out of order, it
ends where the registry is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mdm.domain.identity import IdState


class ChangeKind(StrEnum):
    """What happened to a record (the first group), to an ID (the second), or to golden values.

    `merged` and `split` are said of both: of the records that changed their citizen, and of an ID
    that from now on names another citizen, or its own again.
    """

    LINKED = "linked"
    MOVED = "moved"
    UNLINKED = "unlinked"
    RELINKED = "relinked"
    STATUS = "status"

    MERGED = "merged"
    SPLIT = "split"
    AMBIGUOUS = "ambiguous"
    SETTLED = "settled"
    RETIRED = "retired"
    REINSTATED = "reinstated"

    GOLDEN_CHANGED = "golden_changed"


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """Where a record is after a transaction.

    Attributes:
        municipal_id: Its citizen; None while it belongs to nobody.
        link_status: How it came there: alone, automatic, confirmed; None without a citizen.
        status: pending, present, withdrawn, superseded, erased.
    """

    municipal_id: str | None
    link_status: str | None
    status: str


@dataclass(frozen=True, slots=True)
class IdStanding:
    """What an ID answers after a transaction.

    Attributes:
        state: Whether it answers.
        resolves_to: The ID of the citizen that it names; None where it names none.
        ambiguous_until: ISO day until which it does not answer alone.
    """

    state: IdState
    resolves_to: str | None
    ambiguous_until: str | None = None


IdStandings = Mapping[str, IdStanding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the feed.

    Attributes:
        at: Time of the transaction, UTC ISO text; of two changes of one key the later counts.
        change: What happened.
        municipal_id: The record's citizen now, or the ID that the change is about.
        source: Of a record; None where the change is about an ID.
        local_id: Likewise.
        former_id: The citizen that a record had before.
        record_status: See `RecordStanding`.
        link_status: Likewise.
        id_state: See `IdStanding`.
        resolves_to: Likewise.
        ambiguous_until: Likewise.
        golden_digest: Of an entry about golden values: equal digests, equal values; None where
            the citizen has none any more.
    """

    at: str
    change: ChangeKind
    municipal_id: str | None
    source: str | None = None
    local_id: str | None = None
    former_id: str | None = None
    record_status: str | None = None
    link_status: str | None = None
    id_state: str | None = None
    resolves_to: str | None = None
    ambiguous_until: str | None = None
    golden_digest: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The entry as it leaves."""
        return {name: getattr(self, name) for name in self.__slots__}


def record_change(
    before: RecordStanding | None,
    after: RecordStanding,
    ids_before: IdStandings,
    ids_after: IdStandings,
) -> ChangeKind | None:
    """What happened to a record between two standings; None where nothing did.

    Args:
        before: None where the record was not known.
        after: How it stands.
        ids_before: Standings of the two citizens' IDs before; one that was not issued is missing.
        ids_after: The same afterwards.
    """
    former = None if before is None else before.municipal_id
    if former is None or after.municipal_id is None:
        if former == after.municipal_id:
            return None
        return ChangeKind.LINKED if former is None else ChangeKind.UNLINKED
    assert before is not None
    if former != after.municipal_id:
        return _moved(former, after.municipal_id, ids_before, ids_after)
    if before.status != after.status:
        return ChangeKind.STATUS
    return None if before.link_status == after.link_status else ChangeKind.RELINKED


def id_change(before: IdStanding | None, after: IdStanding, municipal_id: str) -> ChangeKind | None:
    """What happened to an ID; None where nothing did, or where it was minted.

    A minted ID is told by the records that are linked to it.
    """
    if before is None:
        before = IdStanding(IdState.ACTIVE, municipal_id)
    if before.state is not after.state:
        active = after.state is IdState.ACTIVE
        return ChangeKind.REINSTATED if active else ChangeKind.RETIRED
    if before.ambiguous_until != after.ambiguous_until:
        ended = after.ambiguous_until is None
        return ChangeKind.SETTLED if ended else ChangeKind.AMBIGUOUS
    if before.resolves_to != after.resolves_to:
        return ChangeKind.SPLIT if after.resolves_to == municipal_id else ChangeKind.MERGED
    return None


def _moved(
    former: str, present: str, ids_before: IdStandings, ids_after: IdStandings
) -> ChangeKind:
    """The former citizen lives on in the present one, or that came out of it, or neither."""
    if former in ids_after and ids_after[former].resolves_to == present:
        return ChangeKind.MERGED
    if present not in ids_before or ids_before[present].resolves_to in {None, former}:
        return ChangeKind.SPLIT
    return ChangeKind.MOVED
