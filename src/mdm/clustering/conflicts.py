"""Which records of one component must not meet in one cluster, and by which guard."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from mdm.clustering.components import UnionFind
from mdm.clustering.guards import agrees, pair_guards
from mdm.domain.judgement import Closure
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard, ScoredPair

Conflicts = dict[int, dict[int, Guard]]
"""Record -> the records that it must not meet, with the gravest guard; symmetric."""

GRAVITY = {guard: place for place, guard in enumerate(Guard)}
# These depend on judgements, merges and clusters of today: what a stored pair says of them is old.
_DECIDED_HERE = frozenset({Guard.DIFFERENT_JUDGEMENT, Guard.OTHER_PERSON, Guard.RESTRICTED_BRIDGE})


def find_conflicts(
    facts: Mapping[int, RecordFacts],
    closure: Closure,
    must: UnionFind,
    pairs: Iterable[ScoredPair],
    existing: Mapping[int, str],
) -> Conflicts:
    """All conflicts within a component that no judgement opens.

    A death reported of somebody who was one citizen with the other record before splits nobody:
    the report may be wrong, and an ID would change. The citizen is asked about instead.

    Args:
        facts: Every record of the component.
        closure: What the stewards' judgements imply.
        must: Must-link groups of the component (judgements and merges at the source).
        pairs: Scored pairs; a guard found when a pair was scored counts as well.
        existing: Citizen of each placed record.
    """
    found: Conflicts = {}
    for pair in judged_apart(facts, closure):
        add_conflict(found, *pair, Guard.DIFFERENT_JUDGEMENT)
    friends = _members_by_group(facts, must)
    guarded = [
        (one, other, guards)
        for one, other in combinations(facts.values(), 2)
        if len(guards := pair_guards(one, other)) > 0
    ]
    guarded += [
        (facts[scored.record_l], facts[scored.record_r], (scored.guard,))
        for scored in pairs
        if scored.guard is not None and scored.guard not in _DECIDED_HERE
    ]
    for left, right, guards in guarded:
        group_l, group_r = must.find(left.record_id), must.find(right.record_id)
        if group_l == group_r:
            continue
        home = existing.get(left.record_id)
        is_citizen = home is not None and home == existing.get(right.record_id)
        for guard in guards:
            if is_citizen and guard is Guard.ACTIVITY_AFTER_DEATH:
                continue
            opened = _is_opened(guard, left, right, friends.get(group_r, ())) or _is_opened(
                guard, right, left, friends.get(group_l, ())
            )
            if not opened:
                add_conflict(found, left.record_id, right.record_id, guard)
    return found


def judged_apart(facts: Mapping[int, RecordFacts], closure: Closure) -> list[tuple[int, int]]:
    """For each *different* judgement between two must-link groups one record of each.

    The records judged need not be of the component themselves: a chain of judgements may lead
    from it to a pending record.
    """
    if len(closure.different) == 0:
        return []
    members: dict[int, int] = {}
    for record_id in sorted(facts):
        members.setdefault(closure.group_of(record_id), record_id)
    groups = [
        (closure.group_of(judgement.record_l), closure.group_of(judgement.record_r))
        for judgement in closure.different
    ]
    return [
        (members[left], members[right]) for left, right in groups if members.keys() >= {left, right}
    ]


def add_conflict(conflicts: Conflicts, left: int, right: int, guard: Guard) -> None:
    """Note a conflict both ways; the gravest guard of a pair is kept."""
    known = conflicts.setdefault(left, {}).get(right)
    if known is None or GRAVITY[guard] < GRAVITY[known]:
        conflicts[left][right] = guard
        conflicts.setdefault(right, {})[left] = guard


def conflicts_between(
    conflicts: Conflicts, members: Iterable[int], cluster_of: Mapping[int, int], other: int
) -> list[tuple[int, int, Guard]]:
    """Conflicts of the members of one cluster with the members of the cluster named `other`."""
    found: list[tuple[int, int, Guard]] = []
    for member in members:
        enemies = conflicts.get(member)
        if enemies is not None:
            found += [(member, e, guard) for e, guard in enemies.items() if cluster_of[e] == other]
    return found


def gravest(found: Iterable[tuple[int, int, Guard]]) -> Guard:
    """The gravest guard of some conflicts."""
    return min((guard for _, _, guard in found), key=GRAVITY.__getitem__)


def _is_opened(
    guard: Guard, record: RecordFacts, guarded: RecordFacts, friends: Iterable[RecordFacts]
) -> bool:
    """Whether a steward joined `guarded`, across this guard, with one that `record` agrees with."""
    return any(
        agrees(guard, record, friend) and guard in pair_guards(friend, guarded)
        for friend in friends
        if friend.record_id != guarded.record_id
    )


def _members_by_group(
    facts: Mapping[int, RecordFacts], must: UnionFind
) -> dict[int, list[RecordFacts]]:
    groups: dict[int, list[RecordFacts]] = {}
    for group in must.groups():
        if len(group) > 1:
            groups[group[0]] = [facts[record_id] for record_id in group]
    return groups
