"""Clusters against present citizens: which ID every cluster gets, and by which events.

Merges move no anchor, so undoing one gives each side its old ID back. When a citizen is split and
one of its parts is left without an ID, the ID goes with its anchor, unless the part to which most
holders were told it is also the larger one; where these two disagree nobody decides but a steward.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mdm.clustering.components import UnionFind
from mdm.clustering.splits import (
    Case,
    Held,
    Split,
    Touched,
    find_split,
    keeper,
    open_questions,
    present_ids,
)
from mdm.domain.events import (
    ALONE,
    Ambiguous,
    Anchor,
    Event,
    Link,
    Mint,
    Move,
    Place,
    ReinstateId,
    TombstoneId,
    planned_id,
)
from mdm.domain.identity import IdFacts, IdState, citizen_id
from mdm.domain.told_sets import WITHOUT_RECORD


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reconciliation does.

    Attributes:
        events: In the order in which they apply; IDs to mint are written `new:<record>`.
        held: Splits that wait for a steward; nothing of them is in the events.
    """

    events: tuple[Event, ...] = ()
    held: tuple[Held, ...] = ()


def reconcile(
    clusters: Iterable[Sequence[int]],
    touched: Touched,
    *,
    ambiguous_until: str,
    links: Mapping[int, Link] | None = None,
    keep: Mapping[str, int | None] | None = None,
    hold: bool = True,
) -> Changes:
    """Turn clusters into events on the present citizens.

    Args:
        clusters: A partition of all records of the touched citizens and of pending ones.
        touched: The present state of all that is at stake.
        ambiguous_until: ISO day until which an ID told to both parts of a split is ambiguous.
        links: How each record is linked, for the events that place or move it.
        keep: A steward's answers to held splits: ID -> a record of the part that keeps it, or
            None where nobody shall keep it. An answer about a citizen that is not split is idle.
        hold: Whether a split with an open question waits. False where a steward takes an answer
            back: then the ID stays with its anchor.

    Returns:
        Events that leave every record of the clusters in the citizen of its cluster, but for held
        ones: citizens in a held split stay as they are, and pending records beside them become
        citizens of their own unless a *same* judgement ties them to a record that stays.
    """
    wanted = sorted(tuple(sorted(cluster)) for cluster in clusters)
    answers: Mapping[str, int | None] = {} if keep is None else keep
    held: list[Held] = []
    while True:
        case = Case(wanted, touched, answers)
        found = open_questions(case) if hold else []
        if len(found) == 0:
            break
        wanted, frozen = _freeze(wanted, found, touched)
        held += [replace(question, frozen=frozen[question.municipal_id]) for question in found]
    events = _events(case, {} if links is None else links, ambiguous_until)
    return Changes(events, tuple(sorted(held, key=lambda question: question.municipal_id)))


def _freeze(
    clusters: Sequence[tuple[int, ...]], held: Iterable[Held], touched: Touched
) -> tuple[list[tuple[int, ...]], dict[str, tuple[str, ...]]]:
    """Put back every citizen that meets a held one in a cluster, and all that these meet.

    Returns:
        The clusters in which those citizens stay whole, and for each held ID the frozen ones.
    """
    knots = UnionFind()
    key = {
        municipal_id: -1 - n
        for n, municipal_id in enumerate(sorted({*touched.membership.values()}))
    }
    leading = [_leading(cluster, touched.restricted) for cluster in clusters]
    for place, cluster in enumerate(leading):
        for record_id in cluster:
            if record_id in touched.membership:
                knots.union(place, key[touched.membership[record_id]])
    stopped = {knots.find(key[question.municipal_id]) for question in held}
    citizens: dict[str, list[int]] = {}
    for municipal_id, knot in key.items():
        if knots.find(knot) in stopped:
            citizens[municipal_id] = []
    for record_id, municipal_id in touched.membership.items():
        if municipal_id in citizens:
            citizens[municipal_id].append(record_id)
    kept: list[tuple[int, ...]] = []
    for place, cluster in enumerate(clusters):
        followers = [r for r in cluster if r not in leading[place]]
        back = {r for r in followers if touched.membership.get(r) in citizens}
        if knots.find(place) in stopped:
            kept += _newcomers(cluster, touched, citizens)
            strangers = {r for r in followers if r in touched.membership} - back
            kept += [(record_id,) for record_id in sorted(strangers)]
        else:
            kept.append(tuple(r for r in cluster if r not in back))
    kept += [tuple(members) for members in citizens.values()]
    frozen = {
        question.municipal_id: tuple(
            other
            for other in citizens
            if knots.find(key[other]) == knots.find(key[question.municipal_id])
        )
        for question in held
    }
    return sorted(tuple(sorted(cluster)) for cluster in kept), frozen


def _leading(cluster: Sequence[int], restricted: frozenset[int]) -> Sequence[int]:
    """The records by which a cluster meets citizens: restricted ones follow the others."""
    return [record_id for record_id in cluster if record_id not in restricted] or cluster


def _newcomers(
    cluster: Iterable[int], touched: Touched, citizens: Mapping[str, list[int]]
) -> list[tuple[int, ...]]:
    """Pending records of a stopped cluster: with those they were judged *same* with, or apart."""
    groups = touched.must_groups
    tied = {groups[r]: m for r, m in touched.membership.items() if r in groups}
    alone: list[int] = []
    for record_id in cluster:
        if record_id in touched.membership:
            continue
        municipal_id = tied.get(groups.get(record_id, record_id))
        if municipal_id is not None and municipal_id in citizens:
            citizens[municipal_id].append(record_id)
        else:
            alone.append(record_id)
    return [tuple(alone)] if len(alone) > 0 else []


def _events(case: Case, links: Mapping[int, Link], ambiguous_until: str) -> tuple[Event, ...]:
    anchors, ids = _anchor_events(case)
    moved = Case(case.clusters, replace(case.touched, ids=ids), case.keep)
    issued, named = _issue_ids(moved)
    placed: list[Event] = []
    for place, cluster in enumerate(case.clusters):
        for record_id in cluster:
            link = links.get(record_id, ALONE)
            before = case.touched.membership.get(record_id)
            if before is None:
                placed.append(Place(record_id, named[place], link))
            elif before != named[place]:
                placed.append(Move(record_id, before, named[place], link))
    placed.sort(key=lambda event: event.record_id if isinstance(event, Place | Move) else 0)
    return (*anchors, *issued, *placed, *_ambiguous(case, ids, ambiguous_until))


def _anchor_events(case: Case) -> tuple[list[Event], dict[str, IdFacts]]:
    """Move anchors (or end IDs) before their records leave; also the IDs as they are then."""
    events: list[Event] = []
    ids = dict(case.touched.ids)
    for facts in present_ids(case):
        municipal_id = facts.municipal_id
        is_split = len(case.parts(municipal_id)) > 1
        if is_split and municipal_id in case.keep and case.keep[municipal_id] is None:
            events.append(TombstoneId(municipal_id, facts.anchor))
            ids[municipal_id] = replace(facts, state=IdState.TOMBSTONE)
            continue
        target = _new_anchor(case, facts, find_split(case, facts))
        if target is not None and target != facts.anchor:
            events.append(Anchor(municipal_id, target, facts.anchor))
            ids[municipal_id] = replace(facts, anchor=target)
    return events, ids


def _new_anchor(case: Case, facts: IdFacts, split: Split | None) -> int | None:
    answer = case.keep.get(facts.municipal_id)
    if answer is not None:
        part = case.parts(facts.municipal_id)[case.home[answer]]
        ordinary = [record_id for record_id in part if case.is_ordinary(record_id)]
        keeps = facts.anchor in part and case.is_ordinary(facts.anchor)
        return facts.anchor if keeps or len(ordinary) == 0 else min(ordinary)
    if split is None:
        return None
    place = keeper(case, facts, split)
    if place is None:
        place = split.anchor
    if place is None:
        # Only an anchor that became restricted leaves no part to stay with: the largest keeps it.
        place = min(split.parts, key=lambda p: (-len(split.parts[p]), split.parts[p]))
    part = split.parts[place]
    return facts.anchor if facts.anchor in part else min(part)


def _issue_ids(case: Case) -> tuple[list[Event], list[str]]:
    """For every cluster its ID, and the events that mint or reinstate those that lacked one."""
    founded = Counter(facts.founder for facts in case.touched.ids.values())
    events: list[Mint | ReinstateId] = []
    named: list[str] = []
    for place, cluster in enumerate(case.clusters):
        municipal_id = citizen_id(cluster, case.anchored.get(place, ()), case.touched.restricted)
        if municipal_id is None:
            event = _first_id(cluster, case, founded)
            events.append(event)
            municipal_id = event.municipal_id
        named.append(municipal_id)
    events.sort(key=lambda event: (isinstance(event, Mint), event.record_id))
    return list(events), named


def _first_id(cluster: Sequence[int], case: Case, founded: Mapping[int, int]) -> Mint | ReinstateId:
    """The oldest withdrawn ID that one of the records founded, or a new one on the smallest.

    A record that founded an ID which another anchors now is passed over while there is another.
    """
    ordinary = [record_id for record_id in cluster if case.is_ordinary(record_id)]
    eligible = ordinary if len(ordinary) > 0 else list(cluster)
    withdrawn = [
        facts
        for facts in case.touched.ids.values()
        if facts.state is IdState.WITHDRAWN and facts.founder in eligible
    ]
    if len(withdrawn) > 0:
        oldest = min(withdrawn, key=lambda facts: facts.minted_seq)
        return ReinstateId(oldest.municipal_id, oldest.founder)
    record_id = min(eligible, key=lambda record: (founded.get(record, 0) > 0, record))
    return Mint(planned_id(record_id), record_id)


def _ambiguous(case: Case, ids: Mapping[str, IdFacts], until: str) -> list[Event]:
    """IDs of split citizens told to holders of both parts, or to one who never said for whom."""
    found: list[Event] = []
    for municipal_id, members in sorted(case.members.items()):
        parts = case.parts(municipal_id)
        # A restricted record that leaves parts nothing that others know of.
        parts = {p: m for p, m in parts.items() if any(map(case.is_ordinary, m))} or parts
        if len(parts) == 1:
            continue
        anchored = {i.municipal_id for i in case.touched.ids.values() if i.anchor in members}
        for each in sorted({municipal_id, *anchored}):
            told = [
                place
                for place, part in parts.items()
                if len(case.holders(each, filter(case.is_ordinary, part))) > 0
            ]
            unclear = len(told) > 1 or len(case.holders(each, [WITHOUT_RECORD])) > 0
            if unclear and ids[each].state is IdState.ACTIVE:
                found.append(Ambiguous(each, until))
    return found
