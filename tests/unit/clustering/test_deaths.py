"""A death that one record reports, and activity after it that another one proves."""

from datetime import date

from mdm.clustering.constrained import cluster_component
from mdm.domain.scored_pair import Guard
from support.facts import LIMITS, by_id, pairs, record


def test_a_death_reported_of_a_citizen_splits_nobody() -> None:
    """The report may be wrong; two who were not one citizen before are never joined across it."""
    facts = by_id([record(1, died=date(2026, 3, 1)), record(2, seen=date(2026, 6, 1))])
    one = {1: "A", 2: "A"}

    first = cluster_component(pairs({(1, 2): 25.0}), facts, (), LIMITS, {})
    later = cluster_component(pairs({(1, 2): 25.0}), facts, (), LIMITS, one)
    weak = cluster_component(pairs({(1, 2): 1.0}), facts, (), LIMITS, one)

    assert first.clusters == weak.clusters == ((1,), (2,))
    assert [pair.guard for pair in first.review] == [Guard.ACTIVITY_AFTER_DEATH]
    assert later.clusters == ((1, 2),)
