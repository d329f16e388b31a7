"""Constrained clustering of one component: people first, then the strongest evidence.

Greedy agglomeration in the order of the weights under cannot-links (Wagstaff et al. 2001,
COP-KMeans, has the same order of precedence), with two additions: a citizen that exists holds
down to a lower threshold, and a choice that hangs on less than a margin is made by nobody but a
steward.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from mdm.clustering.components import UnionFind
from mdm.clustering.conflicts import find_conflicts, judged_apart
from mdm.clustering.decision import (
    AcceptedLink,
    Basis,
    ComponentDecision,
    RefusedLink,
    Thresholds,
)
from mdm.clustering.forest import Forest
from mdm.clustering.greedy import Base, Case, Edge, settle
from mdm.clustering.guards import merge_guard
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

    Ordinary records are decided as if there were no restricted ones; these are attached to what
    was found (`attach_restricted`). The answer does not depend on the order of any argument. It
    refines the components that pairs and must-links alone would make, and no cluster holds two
    records that a standing *different* judgement keeps apart, or that a guard keeps apart and no
    *same* judgement joins.

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
    ordinary = {r: known for r, known in facts.items() if not known.restricted}
    if len(ordinary) in {0, len(facts)}:
        return _decide_all(scored, facts, judged, thresholds, existing)
    among = [pair for pair in scored if {pair.record_l, pair.record_r} <= ordinary.keys()]
    plain = _decide_all(among, ordinary, judged, thresholds, existing)
    attached = attach_restricted(
        scored, facts, judged, thresholds, existing, clusters=plain.clusters
    )
    return replace(
        attached,
        accepted=(*plain.accepted, *attached.accepted),
        refused=tuple(sorted((*plain.refused, *attached.refused), key=_by_records)),
        review=(*plain.review, *attached.review),
    )


def attach_restricted(
    pairs: Iterable[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judgements: Iterable[Judgement],
    thresholds: Thresholds,
    existing: Mapping[int, str],
    *,
    clusters: Sequence[tuple[int, ...]],
) -> ComponentDecision:
    """Attach restricted records to clusters of ordinary ones, which stay as they are.

    A restricted record joins one cluster at most: it never joins two of them.

    Args:
        pairs: See `cluster_component`.
        facts: Likewise.
        judgements: Likewise.
        thresholds: Likewise.
        existing: Likewise.
        clusters: Of all ordinary records among `facts`.

    Returns:
        All clusters; links, refused links and questions only where a restricted record is part
        of them.
    """
    judged = tuple(judgements)
    scored = sorted(pairs, key=_strongest_first)

    def decide(present: Mapping[int, str]) -> ComponentDecision:
        return _attach(scored, facts, judged, thresholds, present, clusters=clusters)

    return _until_settled(decide, existing, rounds=len(facts))


def _attach(
    scored: Sequence[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judged: tuple[Judgement, ...],
    thresholds: Thresholds,
    existing: Mapping[int, str],
    *,
    clusters: Sequence[tuple[int, ...]],
) -> ComponentDecision:
    hidden = frozenset(r for r, known in facts.items() if known.restricted)
    closure = NO_JUDGEMENTS if len(judged) == 0 else close(judged)
    merged = _merge_first(facts, closure, scored)
    base = _with_clusters(clusters, merged, facts, judged_apart(facts, closure))
    case = Case(
        facts=facts,
        conflicts=find_conflicts(facts, closure, base.must, scored, existing),
        thresholds=thresholds,
        base=base,
        edges=[e for e in _edges(scored, facts, judged, thresholds, existing) if e.restricted],
    )
    forest, accepted, refused = settle(case)

    def is_ours(left: int, right: int) -> bool:
        return left in hidden or right in hidden

    ours = tuple(link for link in refused if is_ours(link.record_l, link.record_r))
    doubts = _doubts(case, forest, [j for j in judged if is_ours(*j.pair)])
    asked = [pair for pair in scored if is_ours(pair.record_l, pair.record_r)]
    return ComponentDecision(
        _clusters_of(forest),
        tuple(link for link in accepted if is_ours(link.record_l, link.record_r)),
        ours,
        review_pairs(asked, ours, doubts),
        hidden,
    )


def _with_clusters(
    clusters: Iterable[tuple[int, ...]],
    merged: Base,
    facts: Mapping[int, RecordFacts],
    apart: Sequence[tuple[int, int]],
) -> Base:
    """Clusters of ordinary records joined before all else, then what joins no two of them.

    Args:
        clusters: Of ordinary records.
        merged: What stewards and sources join.
        facts: All records.
        apart: Records that stewards keep apart.
    """
    must = UnionFind(facts)
    links: list[AcceptedLink] = []
    refused = [*merged.refused]
    for cluster in clusters:
        for left, right in pairwise(cluster):
            must.union(left, right)
            links.append(AcceptedLink(left, right, None, Basis.HELD))
    has_ordinary = {must.find(r) for r, known in facts.items() if not known.restricted}
    for link in merged.links:
        pair = (link.record_l, link.record_r)
        ends = {must.find(record_id) for record_id in pair}
        if len(ends) == 1 or ends <= has_ordinary:
            continue
        if any({must.find(one), must.find(other)} == ends for one, other in apart):
            refused.append(RefusedLink(*pair, link.match_weight, Guard.DIFFERENT_JUDGEMENT))
            continue
        root = must.union(*pair)
        if not ends.isdisjoint(has_ordinary):
            has_ordinary.add(root)
        links.append(link)
    return Base(must, links, refused)


def _decide_all(
    scored: list[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judged: tuple[Judgement, ...],
    thresholds: Thresholds,
    existing: Mapping[int, str],
) -> ComponentDecision:
    """Decide over records that are all ordinary, or all restricted."""

    def decide(present: Mapping[int, str]) -> ComponentDecision:
        return _decide(scored, facts, judged, thresholds, present)

    return _until_settled(decide, existing, rounds=len(facts))


def _until_settled(
    decide: Callable[[Mapping[int, str]], ComponentDecision],
    existing: Mapping[int, str],
    *,
    rounds: int,
) -> ComponentDecision:
    """Decide again as if the clusters found were there, until that settles no open choice.

    They are citizens from the next run on: so the first run and the next one agree. What holds a
    citizen is never cut, so a round only joins: there are fewer than records.
    """
    decision = decide(existing)
    for _ in range(rounds):
        if not any(link.within_margin for link in decision.refused):
            break
        found = {r: str(n) for n, cluster in enumerate(decision.clusters) for r in cluster}
        again = decide(found)
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
    case = Case(
        facts=facts,
        conflicts=find_conflicts(facts, closure, base.must, scored, existing),
        thresholds=thresholds,
        base=base,
        edges=_edges(scored, facts, judged, thresholds, existing),
    )
    forest, accepted, refused = settle(case)
    review = review_pairs(scored, refused, _doubts(case, forest, judged))
    hidden = frozenset(r for r, known in facts.items() if known.restricted)
    return ComponentDecision(_clusters_of(forest), tuple(accepted), tuple(refused), review, hidden)


def _clusters_of(forest: Forest) -> tuple[tuple[int, ...], ...]:
    return tuple(sorted(tuple(sorted(members)) for members in forest.members.values()))


def _doubts(case: Case, forest: Forest, judged: Collection[Judgement]) -> Doubts:
    return Doubts(
        thresholds=case.thresholds,
        cluster_of=forest.cluster_of,
        members=forest.members,
        conflicts=case.conflicts,
        facts=case.facts,
        judgements=tuple(judged),
    )


def _by_records(link: RefusedLink) -> tuple[int, int]:
    return link.record_l, link.record_r


def _strongest_first(pair: ScoredPair) -> tuple[float, int, int]:
    return -pair.match_weight, pair.record_l, pair.record_r


def _merge_first(
    facts: Mapping[int, RecordFacts], closure: Closure, scored: Iterable[ScoredPair]
) -> Base:
    """Join what stewards called the same, then what its source merged and no content denies."""
    must = UnionFind(facts)
    links: list[AcceptedLink] = []
    refused: list[RefusedLink] = []
    merged = [r for r in sorted(facts) if facts[r].superseded_by in facts]
    if len(closure.groups) == 0 and len(merged) == 0:
        return Base(must, links, refused)
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
        against = _merge_denied(must, apart, facts[record_id], facts[target])
        if against is None:
            join(record_id, target, Basis.SOURCE_MERGE)
        else:
            pair = (min(record_id, target), max(record_id, target))
            refused.append(RefusedLink(*pair, weights.get(pair), against))
    return Base(must, links, refused)


def _merge_denied(
    must: UnionFind, apart: Iterable[tuple[int, int]], old: RecordFacts, new: RecordFacts
) -> Guard | None:
    """What forbids a merge that a source states: a steward's word, then what the records show."""
    ends = {must.find(old.record_id), must.find(new.record_id)}
    if len(ends) == 1:
        return None
    if any({must.find(left), must.find(right)} == ends for left, right in apart):
        return Guard.DIFFERENT_JUDGEMENT
    return merge_guard(old, new)


def _edges(
    scored: Iterable[ScoredPair],
    facts: Mapping[int, RecordFacts],
    judged: Iterable[Judgement],
    thresholds: Thresholds,
    existing: Mapping[int, str],
) -> list[Edge]:
    """The pairs that would join, in the order in which they are tried.

    What holds an existing citizen together before what would change it; then the strongest first.
    """
    unsure = {
        judgement.pair
        for judgement in judged
        if judgement.verdict is Verdict.UNSURE and judgement.state is JudgementState.ACTIVE
    }
    edges: list[Edge] = []
    for pair in scored:
        ends = (pair.record_l, pair.record_r)
        citizen = existing.get(pair.record_l)
        together = citizen is not None and citizen == existing.get(pair.record_r)
        held = together and pair.match_weight >= thresholds.fracture
        if held or (pair.match_weight >= thresholds.link and ends not in unsure):
            restricted = facts[pair.record_l].restricted or facts[pair.record_r].restricted
            edges.append(Edge(ends, pair.match_weight, held, restricted))
    edges.sort(key=lambda edge: not edge.held)
    return edges
