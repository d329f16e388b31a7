"""Restricted records follow: nothing that is told of the others changes with them."""

from mdm.clustering.constrained import attach_restricted, cluster_component
from mdm.clustering.decision import link_statuses
from mdm.clustering.reconcile import reconcile
from mdm.clustering.splits import Touched
from mdm.domain.events import Ambiguous, LinkStatus, Move
from mdm.domain.identity import IdFacts
from mdm.domain.told_sets import WITHOUT_RECORD
from support.facts import LIMITS, by_id, judged, pairs, record

DAY = "2027-03-01"


def id_of(name: str, record_id: int, seq: int) -> IdFacts:
    return IdFacts(municipal_id=name, founder=record_id, anchor=record_id, minted_seq=seq)


def test_a_record_with_a_restricted_one_alone_is_alone() -> None:
    facts = by_id([record(1), record(2, restricted=True)])

    decision = cluster_component(pairs({(1, 2): 20.0}), facts, (), LIMITS, {})

    assert decision.clusters == ((1, 2),)
    assert link_statuses(decision) == {
        1: (LinkStatus.ALONE, None),
        2: (LinkStatus.AUTOMATIC, 20.0),
    }


def test_a_question_about_others_is_asked_whatever_restricted_records_join() -> None:
    """The doubt about 1 and 2 stands, though 3 is strongly tied to both."""
    ordinary = [record(1), record(2)]
    weights = {(1, 2): 8.0}
    alone = cluster_component(pairs(weights), by_id(ordinary), (), LIMITS, {})
    facts = by_id([*ordinary, record(3, restricted=True)])

    decision = cluster_component(
        pairs({**weights, (1, 3): 9.0, (2, 3): 9.5}), facts, (), LIMITS, {}
    )

    asked = [pair for pair in decision.review if {pair.record_l, pair.record_r} == {1, 2}]
    assert asked == list(alone.review)


def test_merges_at_a_source_join_no_two_through_a_restricted_record() -> None:
    facts = by_id([record(1, into=3), record(2, into=3), record(3, restricted=True)])

    decision = cluster_component((), facts, (), LIMITS, {})

    assert decision.clusters == ((1, 3), (2,))


def test_restricted_records_are_attached_to_clusters_as_they_stand() -> None:
    facts = by_id([record(1), record(2), record(3), record(4, restricted=True)])
    weights = {(1, 2): 30.0, (3, 4): 20.0, (2, 4): 12.0}

    decision = attach_restricted(
        pairs(weights), facts, [judged(1, "different", 1, 4)], LIMITS, {}, clusters=[(1,), (2, 3)]
    )

    assert decision.clusters == ((1,), (2, 3, 4))
    assert {(link.record_l, link.record_r) for link in decision.accepted} == {(3, 4)}


def test_a_restricted_record_that_leaves_makes_no_id_ambiguous() -> None:
    """Though the ID was told without a record."""
    touched = Touched(
        membership={1: "A", 2: "A", 3: "B"},
        ids={"A": id_of("A", 1, 1), "B": id_of("B", 3, 2)},
        restricted=frozenset({2}),
        told={("A", WITHOUT_RECORD): frozenset({"portal"})},
    )

    changes = reconcile([(1,), (2, 3)], touched, ambiguous_until=DAY)

    assert [type(event) for event in changes.events] == [Move]
    assert not any(isinstance(event, Ambiguous) for event in changes.events)


def test_a_held_split_names_no_restricted_record() -> None:
    touched = Touched(
        membership=dict.fromkeys((1, 2, 3, 4, 5), "A"),
        ids={"A": id_of("A", 3, 1)},
        restricted=frozenset({1, 5}),
        told={("A", 3): frozenset({"portal", "crm"})},
    )

    changes = reconcile([(1, 2, 4), (3, 5)], touched, ambiguous_until=DAY)

    assert [held.parts for held in changes.held] == [((2, 4), (3,))]
    assert changes.events == ()


def test_a_held_split_freezes_no_citizen_for_a_restricted_record() -> None:
    """Record 5 would go over from the held citizen to B: it stays, and B goes on."""
    touched = Touched(
        membership={2: "A", 3: "A", 4: "A", 5: "A", 6: "B", 7: "C"},
        ids={"A": id_of("A", 3, 1), "B": id_of("B", 6, 2), "C": id_of("C", 7, 3)},
        restricted=frozenset({5}),
        told={("A", 3): frozenset({"portal", "crm"})},
    )

    changes = reconcile([(2, 4), (3,), (5, 6, 7)], touched, ambiguous_until=DAY)

    assert [held.frozen for held in changes.held] == [("A",)]
    moved = [event.record_id for event in changes.events if isinstance(event, Move)]
    assert moved == [7]
