"""Questions for stewards: of all pairs in doubt, the fewest whose answers settle the doubt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mdm.clustering.components import UnionFind
from mdm.clustering.conflicts import Conflicts, conflicts_between, gravest
from mdm.clustering.decision import RefusedLink, ReviewPair, ReviewReason, Thresholds
from mdm.domain.judgement import Judgement, JudgementState
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard, ScoredPair

_ALWAYS_FIRST = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """The decided component, as far as the questions depend on it."""

    thresholds: Thresholds
    cluster_of: Mapping[int, int]
    members: Mapping[int, Sequence[int]]
    conflicts: Conflicts
    facts: Mapping[int, RecordFacts]
    judgements: tuple[Judgement, ...]


def review_pairs(
    scored: Iterable[ScoredPair], refused: Iterable[RefusedLink], doubts: Doubts
) -> tuple[ReviewPair, ...]:
    """What to ask: suspended judgements first, then each doubt from its weakest pair on.

    A pair that has an active judgement is not asked again.
    """
    weights = {(pair.record_l, pair.record_r): pair.match_weight for pair in scored}
    again = _suspended(weights, doubts)
    settled = {j.pair for j in doubts.judgements if j.state is JudgementState.ACTIVE}
    settled.update((pair.record_l, pair.record_r) for pair in again)
    settled.update(j.pair for j in doubts.judgements if not j.is_given)
    open_pairs = [*_refused(refused, doubts), *_between(weights, doubts)]
    candidates = [p for p in open_pairs if (p.record_l, p.record_r) not in settled]
    return (*again, *_spanning(candidates, doubts))


def _suspended(weights: Mapping[tuple[int, int], float], doubts: Doubts) -> list[ReviewPair]:
    answered = {j.pair for j in doubts.judgements if j.state is JudgementState.ACTIVE}
    asked = {
        judgement.pair
        for judgement in doubts.judgements
        if judgement.state is JudgementState.SUSPENDED
        and judgement.is_given
        and judgement.pair not in answered
        and doubts.cluster_of.keys() >= {*judgement.pair}
    }
    return [
        ReviewPair(*pair, weights.get(pair), ReviewReason.SUSPENDED, group=pair[0])
        for pair in sorted(asked)
    ]


def _refused(refused: Iterable[RefusedLink], doubts: Doubts) -> Iterable[ReviewPair]:
    """Links that the weight would make, and merges that a source asks for."""
    for link in refused:
        if link.match_weight is None or _is_source_merge(link, doubts):
            reason = ReviewReason.SOURCE_MERGE
        elif link.match_weight < doubts.thresholds.link:
            continue
        else:
            reason = ReviewReason.MARGIN if link.within_margin else ReviewReason.REFUSED
        yield ReviewPair(
            link.record_l,
            link.record_r,
            link.match_weight,
            reason,
            link.guard,
            link.competing_weight,
        )


def _is_source_merge(link: RefusedLink, doubts: Doubts) -> bool:
    left, right = doubts.facts[link.record_l], doubts.facts[link.record_r]
    merged = left.superseded_by == right.record_id or right.superseded_by == left.record_id
    return merged and link.guard is not Guard.RESTRICTED_BRIDGE


def _between(weights: Mapping[tuple[int, int], float], doubts: Doubts) -> Iterable[ReviewPair]:
    """Pairs between the thresholds whose ends are in two clusters that may be one person."""
    limits = doubts.thresholds
    for pair, weight in weights.items():
        cluster, other = (doubts.cluster_of[record_id] for record_id in pair)
        if not limits.review <= weight < limits.link or cluster == other:
            continue
        against = conflicts_between(
            doubts.conflicts, doubts.members[cluster], doubts.cluster_of, other
        )
        guard = gravest(against) if len(against) > 0 else None
        if guard is None:
            guard = _bridge(pair, doubts)
        if guard is None or guard.asks_below_link:
            yield ReviewPair(*pair, weight, ReviewReason.BETWEEN, guard)


def _bridge(pair: tuple[int, int], doubts: Doubts) -> Guard | None:
    if not any(doubts.facts[record_id].restricted for record_id in pair):
        return None
    clusters = [doubts.members[doubts.cluster_of[record_id]] for record_id in pair]
    both = all(any(not doubts.facts[m].restricted for m in members) for members in clusters)
    return Guard.RESTRICTED_BRIDGE if both else None


def _spanning(candidates: Iterable[ReviewPair], doubts: Doubts) -> list[ReviewPair]:
    """For each doubt the strongest pairs that connect its clusters, the weakest of them first."""
    sets = UnionFind()
    chosen: list[ReviewPair] = []
    for pair in sorted(candidates, key=_to_choose):
        ends = doubts.cluster_of[pair.record_l], doubts.cluster_of[pair.record_r]
        if sets.find(ends[0]) != sets.find(ends[1]):
            sets.union(*ends)
            chosen.append(pair)
    groups: dict[int, list[ReviewPair]] = {}
    for pair in reversed(chosen):
        groups.setdefault(sets.find(doubts.cluster_of[pair.record_l]), []).append(pair)
    ranked = [_ranked(pairs, doubts) for pairs in groups.values()]
    return [pair for pairs in sorted(ranked, key=lambda pairs: pairs[0].group) for pair in pairs]


def _to_choose(pair: ReviewPair) -> tuple[float, int, int]:
    weight = _ALWAYS_FIRST if pair.match_weight is None else -pair.match_weight
    return weight, pair.record_l, pair.record_r


def _ranked(pairs: Sequence[ReviewPair], doubts: Doubts) -> list[ReviewPair]:
    ends = (record_id for pair in pairs for record_id in (pair.record_l, pair.record_r))
    group = min(min(doubts.members[doubts.cluster_of[record_id]]) for record_id in ends)
    return [replace(pair, group=group, rank=rank) for rank, pair in enumerate(pairs)]
