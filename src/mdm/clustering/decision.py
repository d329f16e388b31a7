"""What constrained clustering answers for one component."""

from dataclasses import dataclass
from enum import StrEnum

from mdm.domain.events import LinkStatus
from mdm.domain.scored_pair import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Match weights, in bits, at which something is done.

    Attributes:
        review: From here on a pair is worth a steward's look.
        link: From here on the machine joins two records.
        fracture: Down to here a pair holds an existing citizen together.
        margin: A refused link that is less than this behind the one it lost to makes both doubtful.
    """

    review: float
    link: float
    fracture: float
    margin: float = 3.0

    def __post_init__(self) -> None:
        if self.review > self.link or self.fracture > self.link or self.margin < 0:
            raise ValueError("review <= link, fracture <= link and margin >= 0 are needed")


class Basis(StrEnum):
    """What an accepted link stands on."""

    CONFIRMED = "confirmed"
    SOURCE_MERGE = "source_merge"
    HELD = "held"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class AcceptedLink:
    """One link of the tree that holds a cluster together.

    Attributes:
        record_l: Smaller record ID.
        record_r: Larger record ID.
        match_weight: Bits; None where a judgement or a source joined a pair never scored.
        basis: A steward's *same*, a merge at the source, hysteresis, or the weight.
    """

    record_l: int
    record_r: int
    match_weight: float | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class RefusedLink:
    """A link that its weight would make and a rule forbids.

    Attributes:
        record_l: Smaller record ID.
        record_r: Larger record ID.
        match_weight: Bits; None for a merge at the source that was never scored.
        guard: The gravest guard between the two clusters.
        competing_weight: Weight of the link it lost to (or, of the one that it took down with
            it); None where the two records themselves are guarded or a person decided.
        within_margin: Whether both of the competing links went to review.
    """

    record_l: int
    record_r: int
    match_weight: float | None
    guard: Guard
    competing_weight: float | None = None
    within_margin: bool = False


class ReviewReason(StrEnum):
    """Why a steward is asked."""

    SUSPENDED = "suspended_judgement"
    SOURCE_MERGE = "source_merge_refused"
    MARGIN = "within_margin"
    REFUSED = "refused_by_guard"
    BETWEEN = "between_thresholds"


@dataclass(frozen=True, slots=True)
class ReviewPair:
    """One question for a steward.

    Attributes:
        record_l: Smaller record ID.
        record_r: Larger record ID.
        match_weight: Bits; None for a pair never scored.
        reason: Why it is asked.
        guard: What forbids the join, if anything does.
        competing_weight: See `RefusedLink`.
        group: Smallest record of all clusters in the same doubt.
        rank: 0 for the question to ask first within the group (the weakest pair).
    """

    record_l: int
    record_r: int
    match_weight: float | None
    reason: ReviewReason
    guard: Guard | None = None
    competing_weight: float | None = None
    group: int = 0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class ComponentDecision:
    """The answer for one component.

    Attributes:
        clusters: Every record of the component once; each cluster sorted, in the order of their
            smallest records.
        accepted: The links that hold the clusters together: for a cluster of n records, n - 1.
        refused: Links that would have joined two clusters, with the guard that forbade it.
        review: Questions that settle what is open: for a doubt of k clusters, k - 1.
        restricted: The records that are restricted.
    """

    clusters: tuple[tuple[int, ...], ...]
    accepted: tuple[AcceptedLink, ...] = ()
    refused: tuple[RefusedLink, ...] = ()
    review: tuple[ReviewPair, ...] = ()
    restricted: frozenset[int] = frozenset()


def link_statuses(decision: ComponentDecision) -> dict[int, tuple[LinkStatus, float | None]]:
    """For each record how it is linked, and the weight of its strongest accepted link in bits.

    A link to a restricted record is none of an ordinary one's.
    """
    found: dict[int, tuple[LinkStatus, float | None]] = {
        record_id: (LinkStatus.ALONE, None)
        for cluster in decision.clusters
        for record_id in cluster
    }
    for link in decision.accepted:
        ends = (link.record_l, link.record_r)
        hidden = [record_id for record_id in ends if record_id in decision.restricted]
        for record_id in hidden or ends:
            status, weight = found[record_id]
            if link.basis is Basis.CONFIRMED or status is LinkStatus.CONFIRMED:
                status = LinkStatus.CONFIRMED
            else:
                status = LinkStatus.AUTOMATIC
            weights = [w for w in (weight, link.match_weight) if w is not None]
            found[record_id] = (status, max(weights, default=None))
    return found
