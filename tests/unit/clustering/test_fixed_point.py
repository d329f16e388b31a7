"""A first build and the run after it agree, also where a choice was left open."""

from datetime import date

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import ComponentDecision, link_statuses
from mdm.domain.record_facts import RecordFacts
from support.facts import LIMITS, by_id, pairs, record


def test_what_is_decided_is_decided_again_once_it_is_the_present() -> None:
    # Records 1 and 2 compete for 4; 2 is held off by 3, which joins 4: 1 has no competitor left.
    born = date(1950, 1, 1)
    facts = [
        record(1, died=born, seen=None),
        record(2, seen=date(2023, 9, 29)),
        record(3, died=born, seen=None),
        record(4),
    ]
    weights = {(1, 2): 70.0, (1, 3): 13.0, (1, 4): 43.2, (2, 3): 40.8, (2, 4): 43.7, (3, 4): 14.0}

    first = cluster_component(pairs(weights), by_id(facts), (), LIMITS, {})
    present = {r: str(n) for n, cluster in enumerate(first.clusters) for r in cluster}

    again = cluster_component(pairs(weights), by_id(facts), (), LIMITS, present)

    assert again.clusters == first.clusters


IDS = range(1, 8)
PAIR = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1])
WEIGHTS = st.dictionaries(PAIR, st.sampled_from([5.0, 7.0, 10.0, 12.0, 18.0]), max_size=14)


@st.composite
def guarded_records(draw: st.DrawFn) -> list[RecordFacts]:
    """Records that guards keep apart, that died, and that their source merged into another."""
    return [
        record(
            record_id,
            cpf=draw(st.sampled_from([None, None, None, "1", "2"])),
            family=draw(st.sampled_from([None, None, None, "f"])),
            died=draw(st.sampled_from([None, None, None, date(1950, 1, 1)])),
            seen=draw(st.sampled_from([None, date(2023, 9, 29)])),
            into=draw(st.sampled_from([None, None, None, 1, 2])) if record_id > 2 else None,
        )
        for record_id in IDS
    ]


def told(decision: ComponentDecision) -> tuple[object, ...]:
    """All that leaves a decision."""
    questions = [
        (q.record_l, q.record_r, q.match_weight, q.reason, q.guard, q.group, q.rank)
        for q in decision.review
    ]
    return decision.clusters, link_statuses(decision), questions


@given(WEIGHTS, guarded_records())
@settings(max_examples=300, deadline=None)
def test_without_a_refused_link_the_second_decision_is_the_first(
    weights: dict[tuple[int, int], float], facts: list[RecordFacts]
) -> None:
    first = cluster_component(pairs(weights), by_id(facts), (), LIMITS, {})
    assume(not first.refused)
    present = {r: str(n) for n, cluster in enumerate(first.clusters) for r in cluster}

    again = cluster_component(pairs(weights), by_id(facts), (), LIMITS, present)

    assert told(again) == told(first)
