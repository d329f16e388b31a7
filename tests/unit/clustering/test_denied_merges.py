"""A merge that a source states joins its records, unless they show that they are two people."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import AcceptedLink, Basis, ComponentDecision, ReviewReason
from mdm.clustering.guards import is_given_name_conflict, is_twin_pattern, merge_guard
from mdm.domain.judgement import Judgement
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard
from support.facts import BORN, LIMITS, by_id, judged, pairs, record

OTHER_DAY = date(2012, 6, 4)
MOTHER = "ROSA LIMA"
# Far below the review threshold, between the thresholds, above the link threshold.
WEIGHTS = (None, -20.0, 7.0, 25.0)


def merged(
    names: tuple[str, str],
    days: tuple[date | None, date | None] = (BORN, OTHER_DAY),
    mothers: tuple[str, str] = (MOTHER, MOTHER),
) -> tuple[RecordFacts, RecordFacts]:
    """A record, and the one that its source says replaces it."""
    old = record(1, names[0], born=days[0], mother=mothers[0], into=2, active=False)
    return old, record(2, names[1], born=days[1], mother=mothers[1])


def decide(
    facts: tuple[RecordFacts, ...],
    *judgements: Judgement,
    weight: float | None = None,
    existing: dict[int, str] | None = None,
) -> ComponentDecision:
    scored = [] if weight is None else pairs({(1, 2): weight})
    return cluster_component(scored, by_id(facts), judgements, LIMITS, existing or {})


@pytest.mark.parametrize(
    ("facts", "guard"),
    [
        (merged(("ANA LIMA", "BEATRIZ LIMA")), Guard.OTHER_PERSON),
        (merged(("MARIA JULIA LIMA", "MARIA CLARA LIMA")), Guard.OTHER_PERSON),
        (merged(("ANA LIMA", "BEATRIZ LIMA"), mothers=(MOTHER, "EVA SOUZA")), Guard.OTHER_PERSON),
        (merged(("ANA LIMA", "BEATRIZ LIMA"), (BORN, BORN)), Guard.TWIN_PATTERN),
        # A marriage, a name cut off, a slip, a wrong date: what duplicates are merged for.
        (merged(("ANA LIMA", "ANA SOUZA")), None),
        (merged(("ANA LIMA", "ANA PAULA LIMA")), None),
        (merged(("LUISA LIMA", "LUIZA LIMA")), None),
        (merged(("ANA LIMA", "ANA LIMA")), None),
        # Another name alone, or one that nobody wrote yet: a newborn has none of its own.
        (merged(("ANA LIMA", "BEATRIZ LIMA"), (BORN, BORN), (MOTHER, "EVA SOUZA")), None),
        (merged(("ANA LIMA", "BEATRIZ LIMA"), (BORN, None)), None),
        (merged(("", "BEATRIZ LIMA")), None),
    ],
)
def test_a_merge_is_denied_by_two_given_names_with_two_birth_dates_or_twins(
    facts: tuple[RecordFacts, RecordFacts], guard: Guard | None
) -> None:
    assert merge_guard(*facts) is guard
    assert merge_guard(*reversed(facts)) is guard


_NAMES = st.sampled_from(
    (
        "",
        "ANA LIMA",
        "ANA PAULA LIMA",
        "LUISA LIMA",
        "LUIZA LIMA",
        "BEATRIZ LIMA",
        "MARIA JULIA LIMA",
        "RUI SOUZA",
    )
)
_DAYS = st.sampled_from((None, BORN, OTHER_DAY))
_MOTHERS = st.sampled_from(("", MOTHER, "EVA SOUZA"))


@given(
    st.tuples(_NAMES, _NAMES),
    st.tuples(_DAYS, _DAYS),
    st.tuples(_MOTHERS, _MOTHERS),
    st.sampled_from(WEIGHTS[:3]),
)
@settings(max_examples=200, deadline=None)
def test_a_merge_joins_or_is_asked_about(
    names: tuple[str, str],
    days: tuple[date | None, date | None],
    mothers: tuple[str, str],
    weight: float | None,
) -> None:
    """Where the weight links nothing by itself, the source's word and the content decide."""
    old, new = merged(names, days, mothers)
    two_days = None not in days and days[0] != days[1]
    denied = is_twin_pattern(old, new) or (two_days and is_given_name_conflict(old, new))

    decision = decide((old, new), weight=weight)

    if denied:
        assert decision.clusters == ((1,), (2,))
        assert [p.reason for p in decision.review] == [ReviewReason.SOURCE_MERGE]
    else:
        assert decision.clusters == ((1, 2),)
        assert decision.accepted == (AcceptedLink(1, 2, weight, Basis.SOURCE_MERGE),)
        assert decision.review == ()


def test_evidence_of_their_own_joins_two_records_whose_merge_is_denied() -> None:
    """The source's word counts for nothing then, but not against them either."""
    decision = decide(merged(("ANA LIMA", "BEATRIZ LIMA")), weight=WEIGHTS[3])

    assert decision.accepted == (AcceptedLink(1, 2, WEIGHTS[3], Basis.AUTOMATIC),)
    assert decision.review == ()


def test_a_denied_merge_of_twins_is_asked_once_whatever_their_weight() -> None:
    decision = decide(merged(("ANA LIMA", "BEATRIZ LIMA"), (BORN, BORN)), weight=WEIGHTS[3])

    assert decision.clusters == ((1,), (2,))
    assert [(p.reason, p.guard) for p in decision.review] == [
        (ReviewReason.SOURCE_MERGE, Guard.TWIN_PATTERN)
    ]


def test_what_a_steward_said_stands_above_source_and_content() -> None:
    facts = merged(("ANA LIMA", "BEATRIZ LIMA"))

    same = decide(facts, judged(1, "same", 1, 2))
    assert same.accepted == (AcceptedLink(1, 2, None, Basis.CONFIRMED),)
    for verdict in ("different", "unsure"):
        decision = decide(facts, judged(1, verdict, 1, 2))
        assert decision.clusters == ((1,), (2,))
        assert decision.review == ()


def test_a_merge_denied_by_a_correction_leaves_no_citizen_held_by_it() -> None:
    decision = decide(merged(("ANA LIMA", "BEATRIZ LIMA")), existing={1: "A", 2: "A"})

    assert decision.clusters == ((1,), (2,))
    assert [p.reason for p in decision.review] == [ReviewReason.SOURCE_MERGE]
