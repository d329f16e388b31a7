"""A first build and the run after it agree, also where a choice was left open."""

from datetime import date

from mdm.clustering.constrained import cluster_component
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
