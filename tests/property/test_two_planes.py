"""The set-wise plane and the decision core come to the same result, world by world."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations

import duckdb
import pytest

from mdm.clustering.components import UnionFind
from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import ComponentDecision, Thresholds, link_statuses
from mdm.clustering.guards import pair_guards
from mdm.clustering.reconcile import reconcile
from mdm.clustering.splits import Touched
from mdm.domain.event_rows import to_row
from mdm.domain.events import Link, Move
from mdm.domain.judgement import close
from mdm.domain.told_sets import holders_by_id
from mdm.services.apply_events import event_table
from mdm.volume.decide import decide_clusters
from mdm.volume.identity import add_events, contested_groups, reconcile_uncontested
from support.small_worlds import FRACTURE, LINK, MARGIN, REVIEW, World, draw_world, write_worlds

LIMITS = Thresholds(review=REVIEW, link=LINK, fracture=FRACTURE, margin=MARGIN)
UNTIL = "2030-01-01"
SPACE = 1000
Event = tuple[str, int | None, str | None, str | None, str | None]


@dataclass(frozen=True)
class Run:
    """What the set-wise plane said about all worlds."""

    worlds: list[World]
    clusters: dict[int, tuple[int, str, float | None]]
    events: list[Event]
    questions: set[tuple[int, int, str]]
    contested: set[int]
    components: dict[int, int]


def set_wise(worlds: list[World], *, identity: bool = True) -> Run:
    """Decide over all worlds; without `identity` nobody gets an ID."""
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        write_worlds(con, worlds)
        judgements = tuple(j for world in worlds for j in world.judgements)
        decide_clusters(con, LIMITS, judgements)
        reconcile_uncontested(con)
        told = holders_by_id(
            {key: holders for world in worlds for key, holders in world.told.items()}
        )
        for group in contested_groups(con, close(judgements).groups) if identity else ():
            changes = reconcile(
                group.clusters, group.with_told(told), ambiguous_until=UNTIL, links=group.links
            )
            found = [*changes.events, *group.relinks(changes)]
            if found:
                add_events(con, event_table(found))
        rows = con.execute("SELECT record_id, cluster, link_status, weight FROM cluster").fetchall()
        events = con.execute(
            "SELECT kind, record_id, municipal_id, from_id, detail FROM plan_event"
        ).fetchall()
        questions = con.execute("SELECT record_l, record_r, kind FROM review_pair").fetchall()
        return Run(
            worlds,
            {row[0]: row[1:] for row in rows},
            [(str(row[0]), *row[1:]) for row in events],
            {(row[0], row[1], row[2]) for row in questions},
            {row[0] for row in con.execute("SELECT component FROM contested").fetchall()},
            dict(con.execute("SELECT record_id, component FROM component").fetchall()),
        )


def is_hidden(world: World, *records: int) -> bool:
    """Whether one of the records is restricted."""
    return any(world.facts[r].restricted for r in records if r in world.facts)


def components_of(world: World) -> list[list[int]]:
    """What links alone would make; a restricted record is alone."""
    sets = UnionFind(world.facts)
    for pair in world.pairs:
        ends = {world.membership.get(r) for r in (pair.record_l, pair.record_r)}
        together = len(ends) == 1 and None not in ends
        linked = pair.match_weight >= LINK or (together and pair.match_weight >= FRACTURE)
        if linked and not is_hidden(world, pair.record_l, pair.record_r):
            sets.union(pair.record_l, pair.record_r)
    first: dict[int, int] = {}
    for record_id, group in close(world.judgements).groups.items():
        if not is_hidden(world, record_id):
            sets.union(record_id, first.setdefault(group, record_id))
    for record_id, facts in world.facts.items():
        into = facts.superseded_by
        if into is not None and not is_hidden(world, record_id, into):
            sets.union(record_id, into)
    return [list(group) for group in sets.groups()]


def knots_of(world: World) -> list[list[int]]:
    """Components with the restricted records that are tied to them."""
    sets = UnionFind(world.facts)
    for members in components_of(world):
        for record_id in members:
            sets.union(members[0], record_id)
    ties = [(pair.record_l, pair.record_r) for pair in world.pairs]
    ties += [judgement.pair for judgement in world.judgements]
    ties += [(r, f.superseded_by) for r, f in world.facts.items() if f.superseded_by is not None]
    for left, right in ties:
        if is_hidden(world, left, right):
            sets.union(left, right)
    return [list(group) for group in sets.groups()]


def decisions_of(world: World) -> list[ComponentDecision]:
    return [decided(world, members) for members in knots_of(world)]


def decided(world: World, members: list[int]) -> ComponentDecision:
    facts = {r: world.facts[r] for r in members}
    inside = [p for p in world.pairs if {p.record_l, p.record_r} <= facts.keys()]
    existing = {r: i for r, i in world.membership.items() if r in facts}
    return cluster_component(inside, facts, world.judgements, LIMITS, existing)


def events_of(world: World, decisions: list[ComponentDecision]) -> tuple[list[Event], set[int]]:
    """All events by reconciling the whole world at once, and the records of held splits."""
    links = {
        r: Link(status, weight)
        for decision in decisions
        for r, (status, weight) in link_statuses(decision).items()
    }
    changes = reconcile(
        [cluster for decision in decisions for cluster in decision.clusters],
        Touched(
            membership=world.membership,
            ids=world.ids,
            restricted=frozenset(r for r, f in world.facts.items() if f.restricted),
            told=world.told,
            must_groups=close(world.judgements).groups,
        ),
        ambiguous_until=UNTIL,
        links=links,
    )
    frozen = {i for held in changes.held for i in held.frozen}
    moved = {event.record_id for event in changes.events if isinstance(event, Move)}
    rows = [to_row(event) for event in changes.events]
    found: list[Event] = [
        (row.kind.value, row.record_id, row.municipal_id, row.from_id, row.detail) for row in rows
    ]
    found += [
        ("relink", r, municipal_id, None, links[r].status.value)
        for r, municipal_id in world.membership.items()
        if municipal_id not in frozen
        and r not in moved
        and links[r].status.value != world.statuses[r]
    ]
    return found, {r for r, i in world.membership.items() if i in frozen}


@pytest.fixture(
    scope="module", params=[0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 9))]
)
def run(request: pytest.FixtureRequest) -> Run:
    """Four hundred worlds of two to nine records."""
    start = 400 * int(request.param)
    return set_wise([draw_world(start + n, SPACE * (n + 1)) for n in range(400)])


def test_both_planes_make_the_same_clusters_linked_alike(run: Run) -> None:
    for world in run.worlds:
        decisions = decisions_of(world)
        clusters = {cluster for decision in decisions for cluster in decision.clusters}
        found: dict[int, list[int]] = {}
        for record_id in sorted(world.facts):
            found.setdefault(run.clusters[record_id][0], []).append(record_id)
        assert {tuple(members) for members in found.values()} == clusters
        for name, members in found.items():
            ordinary = [r for r in members if not world.facts[r].restricted]
            assert name == (ordinary or members)[0]
        for decision in decisions:
            for record_id, (status, _) in link_statuses(decision).items():
                assert run.clusters[record_id][1] == status.value


def test_weights_are_those_of_the_strongest_link(run: Run) -> None:
    for world in run.worlds:
        for decision in decisions_of(world):
            for record_id, (_, weight) in link_statuses(decision).items():
                ours = run.clusters[record_id][2]
                if len(world.membership) == 0:
                    assert ours == weight
                # What holds a citizen together is tried first, so that the tree may do without
                # the strongest link of a record; the set-wise plane tells the strongest.
                assert (ours is None) == (weight is None)
                assert weight is None or (ours is not None and ours >= weight)


def test_both_planes_change_identity_by_the_same_events(run: Run) -> None:
    found: dict[int, list[Event]] = {}
    for event in run.events:
        found.setdefault(_world_of(event, run), []).append(event)
    for number, world in enumerate(run.worlds):
        expected, _ = events_of(world, decisions_of(world))
        assert Counter(found.get(number, [])) == Counter(expected)


def _world_of(event: Event, run: Run) -> int:
    if event[1] is not None:
        return event[1] // SPACE - 1
    name = str(event[2])
    return next(n for n, world in enumerate(run.worlds) if name in world.ids)


def test_what_is_not_contested_holds_no_guard_judgement_or_restriction(run: Run) -> None:
    calm = 0
    for world in run.worlds:
        judged = {r for judgement in world.judgements for r in judgement.pair}
        for members in components_of(world):
            assert {run.components[r] for r in members} == {min(members)}
            if min(members) in run.contested:
                continue
            facts = [world.facts[r] for r in members]
            assert all(len(pair_guards(a, b)) == 0 for a, b in combinations(facts, 2))
            assert len(members) == 1 or not any(f.restricted for f in facts)
            assert len(members) == 1 or judged.isdisjoint(members)
            calm += len(members) > 1
    assert calm > 20


def test_questions_within_a_component_are_those_of_the_core(run: Run) -> None:
    for world in run.worlds:
        components = components_of(world)
        within = [decided(world, m) for m in components if not is_hidden(world, *m)]
        expected = {
            (pair.record_l, pair.record_r, pair.reason.value)
            for decision in (*within, *decisions_of(world))
            for pair in decision.review
            if decision in within or is_hidden(world, pair.record_l, pair.record_r)
        }
        home = {r: n for n, members in enumerate(components) for r in members}
        found = {
            question
            for question in run.questions
            if question[0] in home
            and (home[question[0]] == home[question[1]] or is_hidden(world, *question[:2]))
            # What contradicts within one citizen is asked set-wise alone, like disputed numbers.
            and question[2] != "over_merge"
        }
        assert found == expected


def test_restricted_records_sway_nothing_of_the_others(run: Run) -> None:
    """Clusters, links and questions are those of the same worlds without them."""
    bare = set_wise([without_hidden(world) for world in run.worlds], identity=False)

    hidden = {r for world in run.worlds for r in world.facts if is_hidden(world, r)}
    judged = {r for w in run.worlds for j in w.judgements if is_hidden(w, *j.pair) for r in j.pair}
    assert hidden
    compared = 0
    for world, open_world in zip(run.worlds, bare.worlds, strict=True):
        # What a steward says of a restricted record is said of it with full knowledge.
        if not judged.isdisjoint(world.facts):
            continue
        compared += is_hidden(world, *world.facts)
        with_them = {r: run.clusters[r] for r in open_world.facts}
        assert parted(with_them) == parted({r: bare.clusters[r] for r in open_world.facts})
        assert {r: row[1:] for r, row in with_them.items()} == {
            r: bare.clusters[r][1:] for r in open_world.facts
        }
        assert of_world(run, open_world) == of_world(bare, open_world)
    assert compared > 20


def without_hidden(world: World) -> World:
    """The world without its restricted records and all that is said of them."""
    facts = {r: f for r, f in world.facts.items() if not f.restricted}
    kept = {
        r: f if f.superseded_by in facts else replace(f, superseded_by=None)
        for r, f in facts.items()
    }
    return World(
        facts=kept,
        pairs=[p for p in world.pairs if {p.record_l, p.record_r} <= facts.keys()],
        judgements=[j for j in world.judgements if {*j.pair} <= facts.keys()],
        membership={r: i for r, i in world.membership.items() if r in facts},
        statuses=world.statuses,
        ids={name: i for name, i in world.ids.items() if {i.anchor, i.founder} <= facts.keys()},
        told={key: holders for key, holders in world.told.items() if key[1] in {0, *facts}},
    )


def parted(clusters: dict[int, tuple[int, str, float | None]]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for record_id, row in clusters.items():
        found.setdefault(row[0], set()).add(record_id)
    return {frozenset(members) for members in found.values()}


def of_world(run: Run, world: World) -> set[tuple[int, int, str]]:
    """Questions about records of a world."""
    return {q for q in run.questions if q[0] in world.facts and q[1] in world.facts}


def test_no_two_clusters_that_a_steward_parted_are_asked_about(run: Run) -> None:
    for world in run.worlds:
        closure = close(world.judgements)
        cluster = {r: run.clusters[r][0] for r in world.facts}
        # What is said of a restricted record sways no question about others.
        said = [j for j in closure.different if not is_hidden(world, *j.pair)]
        apart = {frozenset((cluster[j.record_l], cluster[j.record_r])) for j in said}
        for left, right, kind in run.questions:
            if left in cluster and kind != "suspended_judgement":
                assert frozenset((cluster[left], cluster[right])) not in apart or kind in {
                    "refused_by_guard", "within_margin", "source_merge_refused",
                }  # fmt: skip


def test_every_suspended_judgement_is_asked_again(run: Run) -> None:
    asked = {(left, right) for left, right, kind in run.questions if kind == "suspended_judgement"}
    wanted = {
        j.pair for world in run.worlds for j in world.judgements if j.state.value == "suspended"
    }

    assert asked == wanted
