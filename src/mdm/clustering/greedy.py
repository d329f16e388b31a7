"""Clusters by accepted edges: tried once each in their order, until no choice is close.

Greedy agglomeration under cannot-links; a choice that hangs on less than a margin is made by
nobody but a steward.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mdm.clustering.components import UnionFind
from mdm.clustering.conflicts import Conflicts, add_conflict, conflicts_between, gravest
from mdm.clustering.decision import AcceptedLink, Basis, RefusedLink, Thresholds
from mdm.clustering.forest import UNBREAKABLE, Cut, Forest
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair that its weight would join."""

    pair: tuple[int, int]
    weight: float
    held: bool
    restricted: bool


@dataclass(frozen=True, slots=True)
class Base:
    """What is joined before any weight counts."""

    must: UnionFind
    links: list[AcceptedLink]
    refused: list[RefusedLink]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that does not change while the component is decided."""

    facts: Mapping[int, RecordFacts]
    conflicts: Conflicts
    thresholds: Thresholds
    base: Base
    edges: list[Edge]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One build: the forest, what it accepted and refused, and what turned out to be doubtful."""

    forest: Forest
    accepted: list[AcceptedLink]
    refused: list[RefusedLink]
    doubtful: dict[tuple[int, int], RefusedLink]


def settle(case: Case) -> tuple[Forest, list[AcceptedLink], list[RefusedLink]]:
    """Build until no further choice turns out to hang on less than the margin."""
    doubtful: dict[tuple[int, int], RefusedLink] = {}
    while True:
        built = _build(case, doubtful)
        if len(built.doubtful) == 0:
            refused = [*case.base.refused, *built.refused]
            return built.forest, built.accepted, sorted(refused, key=_by_records)
        doubtful.update(built.doubtful)


def _by_records(link: RefusedLink) -> tuple[int, int]:
    return link.record_l, link.record_r


def _build(case: Case, doubtful: Mapping[tuple[int, int], RefusedLink]) -> _Pass:
    """Try every edge once; the records of a doubtful pair stay apart."""
    forest = Forest(case.facts)
    accepted = list(case.base.links)
    for link in accepted:
        forest.join(link.record_l, link.record_r, UNBREAKABLE)
    unsettled: Conflicts = {}
    for (left, right), waiting in doubtful.items():
        add_conflict(unsettled, left, right, waiting.guard)
    built = _Pass(forest, accepted, [], {})
    for edge in case.edges:
        _try(edge, case, built, doubtful, unsettled)
    return built


def _try(
    edge: Edge,
    case: Case,
    built: _Pass,
    doubtful: Mapping[tuple[int, int], RefusedLink],
    unsettled: Conflicts,
) -> None:
    left, right = edge.pair
    forest = built.forest
    cluster, other = forest.cluster_of[left], forest.cluster_of[right]
    if cluster == other:
        return
    if edge.pair in doubtful:
        built.refused.append(doubtful[edge.pair])
        return
    members = forest.members[cluster]
    waiting = conflicts_between(unsettled, members, forest.cluster_of, other) if unsettled else []
    if len(waiting) > 0:
        refusal = RefusedLink(left, right, edge.weight, gravest(waiting), within_margin=True)
        built.refused.append(refusal)
        return
    against = _against(edge, case, forest)
    if len(against) == 0:
        basis = Basis.HELD if edge.held else Basis.AUTOMATIC
        built.accepted.append(AcceptedLink(left, right, edge.weight, basis))
        forest.join(left, right, UNBREAKABLE if edge.held else edge.weight)
    else:
        _refuse(edge, case, built, against)


def _against(edge: Edge, case: Case, forest: Forest) -> list[tuple[int, int, Guard]]:
    """What forbids the edge: conflicts of the clusters, or a restricted record between two."""
    left, right = edge.pair
    cluster, other = forest.cluster_of[left], forest.cluster_of[right]
    found: list[tuple[int, int, Guard]] = []
    if case.conflicts:
        members = forest.members[cluster]
        found = conflicts_between(case.conflicts, members, forest.cluster_of, other)
    if edge.restricted and forest.has_ordinary(cluster) and forest.has_ordinary(other):
        ends = forest.nearest_ordinary(left), forest.nearest_ordinary(right)
        found.append((*ends, Guard.RESTRICTED_BRIDGE))
    return found


def _refuse(edge: Edge, case: Case, built: _Pass, against: list[tuple[int, int, Guard]]) -> None:
    """Refuse an edge, and name as doubtful what it loses to by less than the margin."""
    left, right = edge.pair
    cuts = _cuts(edge, built.forest, against)
    strongest = max((cut.weight for cut, _ in cuts), default=UNBREAKABLE)
    guard = gravest(against)
    lost_to = None if strongest == UNBREAKABLE else strongest
    is_close = strongest - edge.weight < case.thresholds.margin
    if lost_to is not None and edge.weight >= case.thresholds.link and is_close:
        built.doubtful[edge.pair] = RefusedLink(
            left, right, edge.weight, guard, lost_to, within_margin=True
        )
        for cut, cause in cuts:
            built.doubtful.setdefault(
                cut.link, RefusedLink(*cut.link, cut.weight, cause, edge.weight, within_margin=True)
            )
    else:
        built.refused.append(RefusedLink(left, right, edge.weight, guard, lost_to))


def _cuts(
    edge: Edge, forest: Forest, against: list[tuple[int, int, Guard]]
) -> list[tuple[Cut, Guard]]:
    """For each conflict the accepted link that would have to go for the edge to be applied.

    Empty where no link could: the two records of the edge conflict themselves.
    """
    from_left = forest.cuts_from(edge.pair[0], restricted_only=edge.restricted)
    from_right = forest.cuts_from(edge.pair[1], restricted_only=edge.restricted)
    cuts: list[tuple[Cut, Guard]] = []
    for left, right, guard in against:
        ways = [cut for cut in (from_left[left], from_right[right]) if cut is not None]
        if len(ways) == 0:
            return []
        cuts.append((min(ways), guard))
    return cuts
