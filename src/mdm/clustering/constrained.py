"""Constrained clustering of one component: people first, then the strongest evidence.

Greedy agglomeration in the order of the weights under cannot-links (Wagstaff et al. 2001,
COP-KMeans, has the same order of precedence), with two additions: a citizen that exists holds
down to a lower threshold, and a choice that hangs on less than a margin is made by nobody but a
steward.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mdm.clustering.components import UnionFind
from mdm.clustering.conflicts import (
    Conflicts,
    add_conflict,
    conflicts_between,
    find_conflicts,
    gravest,
    judged_apart,
)
from mdm.clustering.decision import (
    AcceptedLink,
    Basis,
    ComponentDecision,
    RefusedLink,
    Thresholds,
)
from mdm.clustering.forest import UNBREAKABLE, Cut, Forest
from mdm.clustering.review import Doubts, review_pairs
from mdm.domain.judgement import (
    NO_JUDGEMENTS,
    Closure,
    Judgement,
    JudgementState,
    Verdict,
    close,
)
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard, ScoredPair


def cluster_component(
    pairs: Iterable[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judgements: Iterable[Judgement],
    thresholds: Thresholds,
    existing: Mapping[int, str],
) -> ComponentDecision:
    """Decide who is one person among the records of a component.

    The answer does not depend on the order of any argument. It refines the components that pairs
    and must-links alone would make, and no cluster holds two records that a standing *different*
    judgement keeps apart, or that a guard keeps apart and no *same* judgement joins.

    Args:
        pairs: Scored pairs among the records; those below every threshold are of no effect.
        facts: Decision inputs of every record of the component; each becomes part of one cluster.
        judgements: All judgements on these records and on those that judgements connect them
            with; undone ones may be left out.
        thresholds: Match weights at which something is done.
        existing: Citizen of today of each placed record, for hysteresis. When a judgement is
            undone: the citizen that each record had before it, so that nothing which only the
            judgement joined holds.

    Raises:
        JudgementConflictError: Two active judgements contradict each other.
    """
    judged = tuple(judgements)
    scored = sorted(pairs, key=_strongest_first)
    decision = _decide(scored, facts, judged, thresholds, existing)
    # Where a choice was left open, the clusters found may settle it: they are citizens from the
    # next run on. Deciding until they do no more makes the first run and the next one agree.
    # What holds a citizen is never cut, so a round only joins: there are fewer than records.
    for _ in facts:
        if not any(link.within_margin for link in decision.refused):
            break
        found = {r: str(n) for n, cluster in enumerate(decision.clusters) for r in cluster}
        again = _decide(scored, facts, judged, thresholds, found)
        if again.clusters == decision.clusters:
            break
        decision = again
    return decision


def _decide(
    scored: list[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judged: tuple[Judgement, ...],
    thresholds: Thresholds,
    existing: Mapping[int, str],
) -> ComponentDecision:
    closure = NO_JUDGEMENTS if len(judged) == 0 else close(judged)
    base = _merge_first(facts, closure, scored)
    case = _Case(
        facts=facts,
        conflicts=find_conflicts(facts, closure, base.must, scored),
        thresholds=thresholds,
        base=base,
        edges=_edges(scored, facts, judged, thresholds, existing),
    )
    forest, accepted, refused = _settle(case)
    doubts = Doubts(
        thresholds=thresholds,
        cluster_of=forest.cluster_of,
        members=forest.members,
        conflicts=case.conflicts,
        facts=facts,
        judgements=judged,
    )
    review = review_pairs(scored, refused, doubts)
    clusters = sorted(tuple(sorted(members)) for members in forest.members.values())
    return ComponentDecision(tuple(clusters), tuple(accepted), tuple(refused), review)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A pair that its weight would join."""

    pair: tuple[int, int]
    weight: float
    held: bool
    restricted: bool


@dataclass(frozen=True, slots=True)
class _Base:
    """What is joined before any weight counts."""

    must: UnionFind
    links: list[AcceptedLink]
    refused: list[RefusedLink]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything that does not change while the component is decided."""

    facts: Mapping[int, RecordFacts]
    conflicts: Conflicts
    thresholds: Thresholds
    base: _Base
    edges: list[_Edge]


@dataclass(frozen=True, slots=True)
class _Pass:
    """One build: the forest, what it accepted and refused, and what turned out to be doubtful."""

    forest: Forest
    accepted: list[AcceptedLink]
    refused: list[RefusedLink]
    doubtful: dict[tuple[int, int], RefusedLink]


def _strongest_first(pair: ScoredPair) -> tuple[float, int, int]:
    return -pair.match_weight, pair.record_l, pair.record_r


def _merge_first(
    facts: Mapping[int, RecordFacts], closure: Closure, scored: Iterable[ScoredPair]
) -> _Base:
    """Join what stewards called the same, then what its source merged."""
    must = UnionFind(facts)
    links: list[AcceptedLink] = []
    refused: list[RefusedLink] = []
    merged = [r for r in sorted(facts) if facts[r].superseded_by in facts]
    if len(closure.groups) == 0 and len(merged) == 0:
        return _Base(must, links, refused)
    weights = {(pair.record_l, pair.record_r): pair.match_weight for pair in scored}

    def join(left: int, right: int, basis: Basis) -> None:
        if must.find(left) != must.find(right):
            must.union(left, right)
            pair = (left, right) if left < right else (right, left)
            links.append(AcceptedLink(*pair, weights.get(pair), basis))

    for judgement in closure.same:
        if judgement.record_l in facts and judgement.record_r in facts:
            join(*judgement.pair, Basis.CONFIRMED if judgement.is_given else Basis.HELD)
    first: dict[int, int] = {}
    for record_id in sorted(facts):
        # A chain of judgements may run through records that are not in this component.
        join(first.setdefault(closure.group_of(record_id), record_id), record_id, Basis.CONFIRMED)
    apart = judged_apart(facts, closure)
    for record_id in merged:
        target = facts[record_id].superseded_by
        assert target is not None
        ends = {must.find(record_id), must.find(target)}
        if any({must.find(left), must.find(right)} == ends for left, right in apart):
            pair = (min(record_id, target), max(record_id, target))
            refused.append(RefusedLink(*pair, weights.get(pair), Guard.DIFFERENT_JUDGEMENT))
        else:
            join(record_id, target, Basis.SOURCE_MERGE)
    return _Base(must, links, refused)


def _edges(
    scored: Iterable[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judged: Iterable[Judgement],
    thresholds: Thresholds,
    existing: Mapping[int, str],
) -> list[_Edge]:
    """The pairs that would join, in the order in which they are tried.

    Ordinary records before restricted ones, so that these change nothing for the others; what
    holds an existing citizen together before what would change it; then the strongest first.
    """
    unsure = {
        judgement.pair
        for judgement in judged
        if judgement.verdict is Verdict.UNSURE and judgement.state is JudgementState.ACTIVE
    }
    edges: list[_Edge] = []
    for pair in scored:
        ends = (pair.record_l, pair.record_r)
        citizen = existing.get(pair.record_l)
        together = citizen is not None and citizen == existing.get(pair.record_r)
        held = together and pair.match_weight >= thresholds.fracture
        if held or (pair.match_weight >= thresholds.link and ends not in unsure):
            restricted = facts[pair.record_l].restricted or facts[pair.record_r].restricted
            edges.append(_Edge(ends, pair.match_weight, held, restricted))
    edges.sort(key=lambda edge: (edge.restricted, not edge.held))
    return edges


def _settle(case: _Case) -> tuple[Forest, list[AcceptedLink], list[RefusedLink]]:
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


def _build(case: _Case, doubtful: Mapping[tuple[int, int], RefusedLink]) -> _Pass:
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
    edge: _Edge,
    case: _Case,
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


def _against(edge: _Edge, case: _Case, forest: Forest) -> list[tuple[int, int, Guard]]:
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


def _refuse(edge: _Edge, case: _Case, built: _Pass, against: list[tuple[int, int, Guard]]) -> None:
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
    edge: _Edge, forest: Forest, against: list[tuple[int, int, Guard]]
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
