from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.components import connected_components
from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import (
    AcceptedLink,
    Basis,
    ComponentDecision,
    RefusedLink,
    ReviewReason,
    Thresholds,
    link_statuses,
)
from mdm.clustering.guards import pair_guards
from mdm.domain.events import LinkStatus
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard
from mdm.errors import JudgementConflictError
from support.facts import LIMITS, by_id, guarded, judged, pairs, plain, record

Weights = dict[tuple[int, int], float]
TWO_CPFS = [record(1, cpf="1"), record(2), record(3, cpf="3")]


def decide(
    weights: Weights,
    facts: dict[int, RecordFacts] | list[RecordFacts],
    *judgements: Judgement,
    existing: dict[int, str] | None = None,
) -> ComponentDecision:
    known = by_id(facts) if isinstance(facts, list) else facts
    return cluster_component(pairs(weights), known, judgements, LIMITS, existing or {})


def test_links_at_the_threshold_join_and_below_it_are_asked() -> None:
    decision = decide({(1, 2): 10.0, (2, 3): 9.9, (3, 4): 3.9}, plain(1, 2, 3, 4))

    assert decision.clusters == ((1, 2), (3,), (4,))
    assert [(p.record_l, p.record_r, p.reason) for p in decision.review] == [
        (2, 3, ReviewReason.BETWEEN)
    ]


def test_nothing_is_asked_about_two_records_of_one_cluster() -> None:
    decision = decide({(1, 2): 12.0, (2, 3): 12.0, (1, 3): 7.0}, plain(1, 2, 3))

    assert decision.clusters == ((1, 2, 3),)
    assert decision.review == ()


def test_an_existing_citizen_holds_down_to_the_fracture_threshold() -> None:
    today = {1: "A", 2: "A", 3: "A", 4: "B"}
    weights = {(1, 2): 6.0, (2, 3): 5.9, (1, 4): 9.0}

    decision = decide(weights, plain(1, 2, 3, 4), existing=today)

    assert decision.clusters == ((1, 2), (3,), (4,))
    assert decision.accepted == (AcceptedLink(1, 2, 6.0, Basis.HELD),)


def test_the_stronger_link_wins_and_the_refused_one_names_its_guard() -> None:
    decision = decide({(1, 2): 20.0, (2, 3): 17.0}, TWO_CPFS)

    assert decision.clusters == ((1, 2), (3,))
    assert decision.refused == (RefusedLink(2, 3, 17.0, Guard.TWO_CPFS, 20.0),)
    assert [(p.reason, p.guard) for p in decision.review] == [
        (ReviewReason.REFUSED, Guard.TWO_CPFS)
    ]


def test_within_the_margin_neither_link_is_applied_and_both_are_asked() -> None:
    decision = decide({(1, 2): 20.0, (2, 3): 17.1}, TWO_CPFS)

    assert decision.clusters == ((1,), (2,), (3,))
    assert [(p.record_l, p.record_r, p.reason) for p in decision.review] == [
        (2, 3, ReviewReason.MARGIN),
        (1, 2, ReviewReason.MARGIN),
    ]


def test_the_margin_is_measured_at_the_weakest_link_to_the_guarded_record() -> None:
    facts = [record(1, cpf="1"), record(2), record(3), record(4, cpf="4")]
    weights = {(2, 3): 30.0, (1, 2): 20.0, (3, 4): 18.0}

    decision = decide(weights, facts)

    assert decision.clusters == ((1,), (2, 3), (4,))
    assert {(link.record_l, link.record_r) for link in decision.refused} == {(1, 2), (3, 4)}


def test_a_third_link_does_not_take_what_two_competing_ones_left_open() -> None:
    facts = [record(1, cpf="1"), record(2), record(3, cpf="3"), record(4, cpf="3")]
    weights = {(1, 2): 20.0, (2, 3): 18.0, (3, 4): 25.0, (2, 4): 12.0}

    decision = decide(weights, facts)

    assert decision.clusters == ((1,), (2,), (3, 4))


def test_a_guard_between_the_two_ends_leaves_no_competitor() -> None:
    decision = decide({(1, 3): 30.0}, TWO_CPFS)

    assert decision.refused == (RefusedLink(1, 3, 30.0, Guard.TWO_CPFS, None),)


def test_a_newcomer_within_the_margin_does_not_break_an_existing_citizen() -> None:
    decision = decide({(1, 2): 12.0, (2, 3): 30.0}, TWO_CPFS, existing={1: "A", 2: "A"})

    assert decision.clusters == ((1, 2), (3,))
    assert decision.review[0].guard is Guard.TWO_CPFS


def test_a_guard_found_when_the_pair_was_scored_counts() -> None:
    link = guarded(1, 2, 25.0, Guard.ACTIVITY_AFTER_DEATH)

    decision = cluster_component([link], plain(1, 2), (), LIMITS, {})

    assert decision.clusters == ((1,), (2,))


@pytest.mark.parametrize("guard", [Guard.DIFFERENT_JUDGEMENT, Guard.RESTRICTED_BRIDGE])
def test_what_depends_on_today_is_not_believed_of_a_stored_pair(guard: Guard) -> None:
    decision = cluster_component([guarded(1, 2, 25.0, guard)], plain(1, 2), (), LIMITS, {})

    assert decision.clusters == ((1, 2),)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (record(1, cpf="1"), record(2, cpf="2")),
        (record(1, family="f"), record(2, family="f")),
        (record(1, school_class="c"), record(2, school_class="c")),
        (record(1, "JOAO SILVA", mother="ANA"), record(2, "PEDRO SILVA", mother="ANA")),
    ],
)
def test_same_opens_every_guard_between_two_records(left: RecordFacts, right: RecordFacts) -> None:
    assert pair_guards(left, right) != ()

    decision = decide({}, [left, right], judged(1, "same", 1, 2))

    assert decision.clusters == ((1, 2),)
    assert decision.accepted == (AcceptedLink(1, 2, None, Basis.CONFIRMED),)


def test_who_agrees_with_one_of_two_joined_records_may_join_both() -> None:
    facts = [record(1, cpf="1"), record(2, cpf="2"), record(3, cpf="1"), record(4, cpf="4")]
    weights = {(1, 3): 15.0, (1, 4): 15.0}

    decision = decide(weights, facts, judged(1, "same", 1, 2))

    assert decision.clusters == ((1, 2, 3), (4,))


def test_different_holds_between_whole_clusters() -> None:
    weights = {(1, 2): 30.0, (3, 4): 30.0, (2, 3): 25.0}

    decision = decide(weights, plain(1, 2, 3, 4), judged(1, "different", 1, 4))

    assert decision.clusters == ((1, 2), (3, 4))
    assert [(p.record_l, p.record_r, p.guard) for p in decision.review] == [
        (2, 3, Guard.DIFFERENT_JUDGEMENT)
    ]


def test_a_chain_through_a_record_elsewhere_keeps_apart() -> None:
    judgements = judged(1, "same", 1, 9), judged(2, "different", 2, 9)

    decision = decide({(1, 2): 30.0}, plain(1, 2), *judgements)

    assert decision.clusters == ((1,), (2,))


def test_contradicting_judgements_are_refused() -> None:
    with pytest.raises(JudgementConflictError):
        decide({}, plain(1, 2), judged(1, "same", 1, 2), judged(2, "different", 1, 2))


def test_an_answered_pair_is_not_asked_again() -> None:
    different = decide({(1, 2): 30.0}, plain(1, 2), judged(1, "different", 1, 2))
    unsure = decide({(1, 2): 8.0}, plain(1, 2), judged(1, "unsure", 1, 2))

    assert different.review == ()
    assert unsure.review == ()


def test_unsure_makes_no_new_link_and_breaks_none() -> None:
    unsure = judged(1, "unsure", 1, 2)

    assert decide({(1, 2): 30.0}, plain(1, 2), unsure).clusters == ((1,), (2,))
    together = decide({(1, 2): 30.0}, plain(1, 2), unsure, existing={1: "A", 2: "A"})
    assert together.clusters == ((1, 2),)


def test_a_suspended_judgement_goes_on_holding_and_is_asked_first() -> None:
    suspended = judged(1, "same", 3, 4, JudgementState.SUSPENDED)

    decision = decide({(1, 2): 8.0}, plain(1, 2, 3, 4), suspended)

    assert decision.clusters == ((1,), (2,), (3, 4))
    assert [p.reason for p in decision.review] == [ReviewReason.SUSPENDED, ReviewReason.BETWEEN]


def test_a_merge_at_the_source_joins_without_a_weight() -> None:
    facts = [record(1, cpf="1", into=2, active=False), record(2, cpf="2")]

    decision = decide({}, facts)

    assert decision.accepted == (AcceptedLink(1, 2, None, Basis.SOURCE_MERGE),)


def test_a_merge_at_the_source_yields_to_different_and_is_asked() -> None:
    facts = [record(1, into=2, active=False), record(2), record(3)]
    judgements = judged(1, "same", 2, 3), judged(2, "different", 1, 3)

    decision = decide({}, facts, *judgements)

    assert decision.clusters == ((1,), (2, 3))
    assert [p.reason for p in decision.review] == [ReviewReason.SOURCE_MERGE]


def test_a_restricted_record_attaches_to_the_best_cluster_and_bridges_none() -> None:
    facts = [record(1), record(2), record(3, restricted=True)]

    decision = decide({(1, 3): 20.0, (2, 3): 16.0}, facts)

    assert decision.clusters == ((1, 3), (2,))
    assert decision.refused == (RefusedLink(2, 3, 16.0, Guard.RESTRICTED_BRIDGE, 20.0),)


def test_a_restricted_record_between_two_near_equals_attaches_to_none() -> None:
    facts = [record(1), record(2), record(3, restricted=True)]

    decision = decide({(1, 3): 20.0, (2, 3): 18.0}, facts)

    assert decision.clusters == ((1,), (2,), (3,))


def test_two_restricted_records_do_not_bridge() -> None:
    facts = [record(1), record(2), record(3, restricted=True), record(4, restricted=True)]

    decision = decide({(1, 3): 30.0, (2, 4): 29.0, (3, 4): 20.0}, facts)

    assert decision.clusters == ((1, 3), (2, 4))


def test_a_restricted_record_changes_nothing_for_ordinary_ones() -> None:
    ordinary = [record(1), record(2, cpf="2")]
    hidden = record(3, cpf="3", restricted=True)

    with_it = decide({(1, 2): 11.0, (1, 3): 40.0}, [*ordinary, hidden])

    assert with_it.clusters == ((1, 2), (3,))


def test_what_a_declaration_answers_is_asked_only_at_the_link_threshold() -> None:
    facts = [record(1, family="f"), record(2, family="f")]

    assert decide({(1, 2): 9.0}, facts).review == ()
    assert decide({(1, 2): 11.0}, facts).review[0].guard is Guard.SAME_FAMILY


def test_a_doubt_of_k_clusters_is_asked_in_k_minus_1_pairs_the_weakest_first() -> None:
    weights = {(1, 2): 12.0, (2, 3): 9.0, (1, 3): 8.0, (3, 4): 7.0, (1, 4): 5.0, (5, 6): 6.0}

    decision = decide(weights, plain(*range(1, 7)))

    asked = [(p.record_l, p.record_r, p.group, p.rank) for p in decision.review]
    assert asked == [(3, 4, 1, 0), (2, 3, 1, 1), (5, 6, 5, 0)]


def test_every_record_tells_how_it_is_linked() -> None:
    weights = {(1, 2): 12.0, (2, 3): 15.0}

    decision = decide(weights, plain(*range(1, 7)), judged(1, "same", 4, 5))

    assert link_statuses(decision) == {
        1: (LinkStatus.AUTOMATIC, 12.0),
        2: (LinkStatus.AUTOMATIC, 15.0),
        3: (LinkStatus.AUTOMATIC, 15.0),
        4: (LinkStatus.CONFIRMED, None),
        5: (LinkStatus.CONFIRMED, None),
        6: (LinkStatus.ALONE, None),
    }


@pytest.mark.parametrize(
    ("review", "link", "fracture", "margin"),
    [(11.0, 10.0, 6.0, 3.0), (4.0, 10.0, 11.0, 3.0), (4.0, 10.0, 6.0, -1.0)],
)
def test_thresholds_out_of_order_are_refused(
    review: float, link: float, fracture: float, margin: float
) -> None:
    with pytest.raises(ValueError, match="needed"):
        Thresholds(review=review, link=link, fracture=fracture, margin=margin)


IDS = range(1, 9)
PAIR = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1])
WEIGHTS = st.dictionaries(PAIR, st.sampled_from([5.0, 7.0, 10.0, 12.0, 14.0, 18.0]), max_size=16)


@st.composite
def components(
    draw: st.DrawFn,
) -> tuple[Weights, dict[int, RecordFacts], list[Judgement], dict[int, str]]:
    facts = [
        record(
            record_id,
            cpf=draw(st.sampled_from([None, None, "1", "2"])),
            family=draw(st.sampled_from([None, None, "f"])),
            restricted=draw(st.sampled_from([False, False, False, True])),
        )
        for record_id in IDS
    ]
    answers = draw(st.dictionaries(PAIR, st.sampled_from(["same", "unsure"]), max_size=2))
    judgements = [judged(n, verdict, *pair) for n, (pair, verdict) in enumerate(answers.items())]
    apart = draw(st.none() | PAIR)
    groups = connected_components([j.pair for j in judgements if j.verdict is Verdict.SAME], IDS)
    if apart is not None and not any(set(apart) <= set(group) for group in groups):
        judgements = [j for j in judgements if j.pair != apart]
        judgements.append(judged(9, "different", *apart))
    existing = draw(st.dictionaries(st.sampled_from(IDS), st.sampled_from("AB"), max_size=6))
    return draw(WEIGHTS), by_id(facts), judgements, existing


@given(components(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_input_does_not_matter(
    case: tuple[Weights, dict[int, RecordFacts], list[Judgement], dict[int, str]],
    random: Random,
) -> None:
    weights, facts, judgements, existing = case
    shuffled = pairs(weights)
    random.shuffle(shuffled)
    records = list(facts.items())
    random.shuffle(records)

    again = cluster_component(shuffled, dict(records), judgements[::-1], LIMITS, existing)

    assert again == cluster_component(pairs(weights), facts, judgements, LIMITS, existing)


@given(components())
@settings(max_examples=50, deadline=None)
def test_the_answer_refines_the_components_and_keeps_every_rule(
    case: tuple[Weights, dict[int, RecordFacts], list[Judgement], dict[int, str]],
) -> None:
    weights, facts, judgements, existing = case

    decision = cluster_component(pairs(weights), facts, judgements, LIMITS, existing)

    same = [j.pair for j in judgements if j.verdict is Verdict.SAME]
    whole = connected_components([*weights, *same], facts)
    home = {r: cluster for cluster in decision.clusters for r in cluster}
    assert sorted(home) == sorted(facts)
    assert all(any(set(c) <= set(component) for component in whole) for c in decision.clusters)
    assert all(home[left] == home[right] for left, right in same)
    for judgement in judgements:
        if judgement.verdict is Verdict.DIFFERENT:
            assert home[judgement.record_l] != home[judgement.record_r]
    if same == []:
        for cluster in decision.clusters:
            assert all(
                pair_guards(facts[left], facts[right]) == ()
                for left in cluster
                for right in cluster
                if left < right
            )


@given(components())
@settings(max_examples=50, deadline=None)
def test_links_make_the_clusters_and_nothing_strong_is_dropped_silently(
    case: tuple[Weights, dict[int, RecordFacts], list[Judgement], dict[int, str]],
) -> None:
    weights, facts, judgements, existing = case

    decision = cluster_component(pairs(weights), facts, judgements, LIMITS, existing)

    links = [(link.record_l, link.record_r) for link in decision.accepted]
    assert tuple(connected_components(links, facts)) == decision.clusters
    assert len(links) == len(facts) - len(decision.clusters)
    home = {r: cluster for cluster in decision.clusters for r in cluster}
    answered = {j.pair for j in judgements}
    refused = {(link.record_l, link.record_r) for link in decision.refused}
    settles = connected_components(
        [(home[p.record_l][0], home[p.record_r][0]) for p in decision.review], facts
    )
    for pair, weight in weights.items():
        if weight >= LIMITS.link and home[pair[0]] != home[pair[1]] and pair not in answered:
            assert pair in refused
            ends = {home[pair[0]][0], home[pair[1]][0]}
            assert any(ends <= set(doubt) for doubt in settles)
