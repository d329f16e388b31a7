"""Decide some citizens anew inside the writer lane: what a judgement, or its end, asks for."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mdm.clustering.components import UnionFind, connected_components
from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import ReviewPair, Thresholds, link_statuses
from mdm.clustering.erased import with_erased
from mdm.clustering.reconcile import reconcile
from mdm.clustering.splits import Touched
from mdm.domain.events import (
    Event,
    Link,
    LinkStatus,
    Move,
    Relink,
    mints_first,
    with_drawn_ids,
)
from mdm.domain.judgement import Judgement, close
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import ScoredPair
from mdm.domain.tolerance import Tolerance, tolerated
from mdm.errors import SplitHeldError
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import apply_events, event_table
from mdm.services.citizen_facts import KnownRecord, Memo, facts_of, read_records
from mdm.services.judgements import connected_judgements
from mdm.services.link_records import AMBIGUOUS_FOR
from mdm.services.lists import as_int, as_text, rows_of_numbers
from mdm.services.municipal_ids import draw_id, ids_of_records
from mdm.services.overlays import close_overlays, replaced_records, ties_of
from mdm.services.refresh_golden import GoldenRules, memberships, refresh_golden
from mdm.services.review_queue import Question, content_hash_of, level_questions
from mdm.services.seals import open_citizens
from mdm.services.source_merges import homes_before_merges
from mdm.services.told_holders import told_holders

HELD = (
    "held: the part that most systems were told the municipal ID for is not the larger one; say "
    "who keeps it: --keep SOURCE ID names a record of that part, --keep-none says nobody"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRules:
    """What decides besides the registry itself.

    Attributes:
        thresholds: Match weights at which something is done.
        golden: How golden records are built.
    """

    thresholds: Thresholds
    golden: GoldenRules


@dataclass(frozen=True, slots=True)
class Redecided:
    """What changed.

    Attributes:
        merged: Citizens that became part of others.
        split: Citizens whose records parted.
        moved: Records that changed citizen.
    """

    merged: int = 0
    split: int = 0
    moved: int = 0


@dataclass(slots=True)
class _Case:
    """Everything read, and what was decided so far.

    Attributes:
        known: The records, without erased ones.
        facts: Their decision inputs.
        homes: Record -> its present citizen; erased records, too.
        statuses: Record -> its link status.
        pairs: Scored pairs among the records, with the outcome and the guard stored.
        judgements: All that stand on the records, with those connected by judgements.
        must_groups: Record -> its must-link group, for records in one.
        clusters, links, review: The decision.
    """

    known: dict[int, KnownRecord]
    facts: dict[int, RecordFacts]
    homes: dict[int, str]
    statuses: dict[int, str]
    pairs: Mapping[ScoredPair, tuple[str, str | None]]
    judgements: Sequence[Judgement]
    must_groups: Mapping[int, int] = field(default_factory=dict)
    clusters: list[tuple[int, ...]] = field(default_factory=list)
    links: dict[int, Link] = field(default_factory=dict)
    review: list[ReviewPair] = field(default_factory=list)


def redecide(
    session: WriteSession,
    rules: DecisionRules,
    citizens: Collection[str],
    *,
    before: Mapping[int, str] | None = None,
    keep: Mapping[str, int | None] | None = None,
    memo: Memo | None = None,
) -> Redecided:
    """Cluster all records of some citizens anew, by stored pairs, and bring the registry level.

    Membership, IDs, outcomes of pairs, questions and golden records follow.

    Args:
        session: The writer lane.
        rules: Thresholds and survivorship.
        citizens: Their present IDs.
        before: Citizen of a record in place of its present one, for hysteresis (an undone
            judgement must not hold together what it alone had joined).
        keep: A steward's word on who keeps the IDs of citizens that are split: see `reconcile`.
            None: an answer is taken back, so an ID that could go either way stays with its anchor.
        memo: See `read_records`.

    Raises:
        SplitHeldError: Neither rule nor `keep` says who keeps an ID.
    """
    # Nothing is decided of who is sealed, and nothing with them.
    citizens = open_citizens(session, citizens)
    if not citizens:
        return Redecided()
    memo = {} if memo is None else memo
    case = _read(session, citizens, memo)
    existing = case.homes if before is None else {**case.homes, **before}
    case.judgements = [*case.judgements, *ties_of(session, existing, case.judgements)]
    case.must_groups = _must_groups(case.judgements)
    apart = {r: name for r, name in homes_before_merges(session).items() if r in case.homes}
    _decide(case, rules.thresholds, {**case.homes, **apart, **(before or {})})
    events = _events(session, case, keep)
    apply_events(session, event_table(events))
    _level_pairs(session, case, rules.thresholds)
    level_questions(session, case.known.keys(), [_question(case, pair) for pair in case.review])
    moves = [event for event in events if isinstance(event, Move)]
    named = {name for move in moves for name in (move.from_id, move.municipal_id)}
    refresh_golden(session, rules.golden, named, memo)
    close_overlays(session, case.homes)
    return _counted(case.homes, events)


def model_in_use(session: ReadSession) -> str | None:
    """Folder of the model that the last applied plan was made with; None if none was named."""
    row = _plan_in_force(session)
    return None if row is None else as_text(json.loads(str(row["counts"])).get("model"))


def tolerance_in_use(session: ReadSession) -> Tolerance | None:
    """What error the last applied plan tolerates; None where its model's own threshold holds."""
    row = _plan_in_force(session)
    if row is None:
        return None
    return tolerated(json.loads(str(row["counts"])), str(row["model_version"]))


def _plan_in_force(session: ReadSession) -> Mapping[str, object] | None:
    return session.row(
        "SELECT counts, model_version FROM plan WHERE state = 'applied' "
        "ORDER BY plan_id DESC LIMIT 1"
    )


def _read(session: WriteSession, citizens: Collection[str], memo: Memo) -> _Case:
    homes = memberships(session, citizens)
    known = read_records(session, homes, today=date.fromisoformat(session.at[:10]), memo=memo)
    judgements = connected_judgements(session, homes)
    statuses = rows_of_numbers(
        session, "SELECT record_id, link_status FROM membership WHERE record_id IN ({keys})", homes
    )
    pairs = rows_of_numbers(
        session,
        "SELECT record_l, record_r, match_weight, outcome, guard FROM scored_pair "
        "WHERE record_l IN ({keys})",
        known,
    )
    gone = replaced_records(session, known)
    stored = {
        ScoredPair(
            as_int(row["record_l"]), as_int(row["record_r"]), float(str(row["match_weight"]))
        ): (str(row["outcome"]), as_text(row["guard"]))
        for row in pairs
        if row["record_r"] in known and gone.isdisjoint((row["record_l"], row["record_r"]))
    }
    return _Case(
        known=known,
        facts=facts_of(session, known),
        homes=homes,
        statuses={as_int(row["record_id"]): str(row["link_status"]) for row in statuses},
        pairs=stored,
        judgements=judgements,
    )


def _decide(case: _Case, thresholds: Thresholds, existing: Mapping[int, str]) -> None:
    """Cluster each component by itself."""
    components = _components(case)
    place = {record_id: n for n, component in enumerate(components) for record_id in component}
    pairs: dict[int, list[ScoredPair]] = {}
    for pair in case.pairs:
        pairs.setdefault(place[pair.record_l], []).append(pair)
    judged = _by_component(case.judgements, place)
    erased = [record_id for record_id in case.homes if record_id not in case.known]
    case.links |= {r: Link(LinkStatus(case.statuses[r])) for r in erased}
    for n, component in enumerate(components):
        decision = cluster_component(
            pairs.get(n, ()),
            {record_id: case.facts[record_id] for record_id in component},
            judged.get(n, ()),
            thresholds,
            existing,
        )
        case.clusters += decision.clusters
        case.links |= {r: Link(*link) for r, link in link_statuses(decision).items()}
        case.review += decision.review
    ordinary = {record_id for record_id, facts in case.facts.items() if not facts.restricted}
    closure = close(case.judgements)
    case.clusters = with_erased(case.clusters, case.homes, ordinary, erased, closure)


def _must_groups(judgements: Sequence[Judgement]) -> dict[int, int]:
    """Must-link groups; judgements that nothing connects are combined apart, which is quick."""
    sets = _connected(judgements)
    parts: dict[int, list[Judgement]] = {}
    for judgement in judgements:
        parts.setdefault(sets.find(judgement.record_l), []).append(judgement)
    return {r: group for part in parts.values() for r, group in close(part).groups.items()}


def _connected(judgements: Iterable[Judgement]) -> UnionFind:
    sets = UnionFind()
    for judgement in judgements:
        sets.union(*judgement.pair)
    return sets


def _by_component(
    judgements: Sequence[Judgement], place: Mapping[int, int]
) -> dict[int, list[Judgement]]:
    """The judgements on the records of each component, and those connected with them."""
    sets = _connected(judgements)
    touched: dict[int, set[int]] = {}
    for judgement in judgements:
        for record_id in judgement.pair:
            if record_id in place:
                touched.setdefault(sets.find(record_id), set()).add(place[record_id])
    found: dict[int, list[Judgement]] = {}
    for judgement in judgements:
        for n in touched.get(sets.find(judgement.record_l), ()):
            found.setdefault(n, []).append(judgement)
    return found


def _components(case: _Case) -> list[tuple[int, ...]]:
    edges = [(pair.record_l, pair.record_r) for pair in case.pairs]
    edges += [(group, record_id) for record_id, group in case.must_groups.items()]
    edges += [
        (record_id, facts.superseded_by)
        for record_id, facts in case.facts.items()
        if facts.superseded_by in case.facts
    ]
    found = connected_components(edges, case.facts)
    ours = (tuple(r for r in component if r in case.facts) for component in found)
    return [component for component in ours if len(component) > 0]


def _events(
    session: WriteSession, case: _Case, keep: Mapping[str, int | None] | None
) -> tuple[Event, ...]:
    """The events that make the clusters citizens; records that stay may be linked otherwise."""
    until = (date.fromisoformat(session.at[:10]) + timedelta(days=AMBIGUOUS_FOR.days)).isoformat()
    restricted = _restricted(session, case.homes)
    ids = ids_of_records(session, case.homes)
    by_record: dict[int, set[str]] = {record_id: set() for record_id in case.homes}
    for facts in ids.values():
        for record_id in (facts.anchor, facts.founder):
            by_record.setdefault(record_id, set()).add(facts.municipal_id)
    told: dict[str, list[tuple[int, frozenset[str]]]] = {}
    for (name, record_id), holders in told_holders(session, sorted(ids)).items():
        told.setdefault(name, []).append((record_id, holders))
    made: list[Event] = []
    for clusters in _knots(case):
        records = {record_id for cluster in clusters for record_id in cluster}
        ours = {
            name: ids[name]
            for record_id in sorted(records)
            for name in sorted(by_record[record_id])
        }
        touched = Touched(
            membership={r: case.homes[r] for r in sorted(records)},
            ids=ours,
            restricted=restricted & records,
            told={(name, r): holders for name in ours for r, holders in told.get(name, ())},
            must_groups={r: case.must_groups[r] for r in records if r in case.must_groups},
        )
        names = {*touched.membership.values()}
        changes = reconcile(
            clusters,
            touched,
            ambiguous_until=until,
            links=case.links,
            keep={name: record for name, record in (keep or {}).items() if name in names},
            hold=keep is not None,
        )
        if changes.held:
            raise SplitHeldError(HELD, where=changes.held[0].municipal_id)
        made += changes.events
    moved = {event.record_id for event in made if isinstance(event, Move)}
    relinked = [
        Relink(record_id, home, case.links[record_id])
        for record_id, home in sorted(case.homes.items())
        if record_id in case.links
        and record_id not in moved
        and case.links[record_id].status != LinkStatus(case.statuses[record_id])
    ]
    return with_drawn_ids(mints_first([*made, *relinked]), lambda: draw_id(session))


def _restricted(session: ReadSession, records: Iterable[int]) -> frozenset[int]:
    """Which records are restricted; an erased one stays so."""
    sql = "SELECT record_id FROM record WHERE restricted AND record_id IN ({keys})"
    return frozenset(as_int(row["record_id"]) for row in rows_of_numbers(session, sql, records))


def _knots(case: _Case) -> list[list[tuple[int, ...]]]:
    """Clusters that meet in no citizen are reconciled one knot at a time."""
    names = {name: -1 - n for n, name in enumerate(sorted({*case.homes.values()}))}
    knots = UnionFind()
    for place, cluster in enumerate(case.clusters):
        for record_id in cluster:
            knots.union(place, names[case.homes[record_id]])
    found: dict[int, list[tuple[int, ...]]] = {}
    for place, cluster in enumerate(case.clusters):
        found.setdefault(knots.find(place), []).append(cluster)
    return list(found.values())


def _level_pairs(session: WriteSession, case: _Case, thresholds: Thresholds) -> None:
    """What became of each stored pair among the records, as the volume plane would say."""
    cluster = {r: n for n, members in enumerate(case.clusters) for r in members}
    guards = {(pair.record_l, pair.record_r): pair.guard for pair in case.review}
    rows = []
    for pair, stored in case.pairs.items():
        key = (pair.record_l, pair.record_r)
        if cluster[pair.record_l] == cluster[pair.record_r]:
            outcome = "linked"
        elif key not in guards and pair.match_weight >= thresholds.link:
            outcome = "refused"
        else:
            outcome = "review"
        guard = guards.get(key)
        found = (outcome, None if guard is None else guard.value)
        if found != stored:
            names = ("record_l", "record_r", "outcome", "guard")
            rows.append(dict(zip(names, (*key, *found), strict=True)))
    session.update_rows("scored_pair", rows)


def _question(case: _Case, pair: ReviewPair) -> Question:
    left, right = case.known[pair.record_l], case.known[pair.record_r]
    return Question(
        kind=pair.reason.value,
        record_l=pair.record_l,
        record_r=pair.record_r,
        match_weight=pair.match_weight,
        guard=None if pair.guard is None else pair.guard.value,
        group=pair.group,
        content_hash=content_hash_of(left.content_hash, right.content_hash),
    )


def _counted(homes: Mapping[int, str], events: Iterable[Event]) -> Redecided:
    moved = [event for event in events if isinstance(event, Move)]
    left: dict[str, int] = {}
    for event in moved:
        left[event.from_id] = left.get(event.from_id, 0) + 1
    size: dict[str, int] = {}
    for home in homes.values():
        size[home] = size.get(home, 0) + 1
    whole = sum(count == size[home] for home, count in left.items())
    return Redecided(merged=whole, split=len(left) - whole, moved=len(moved))
