"""Records loaded in any order end in the same citizens, as long as no rule is contested."""

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.components import connected_components
from support.registry_in_memory import InMemoryRegistry
from support.registry_under_test import THRESHOLDS, Content, Weights

ORDINARY = range(1, 6)
PAIRS = st.sampled_from([*combinations(ORDINARY, 2)])


def load_in_turn(batches: Sequence[Sequence[int]], weights: Weights) -> InMemoryRegistry:
    registry = InMemoryRegistry()
    loaded: set[int] = set()
    for batch in batches:
        for record in batch:
            registry.load(record, Content())
        loaded.update(batch)
        ours = {pair: weight for pair, weight in weights.items() if loaded >= {*pair}}
        registry.apply(registry.link(ours))
    return registry


@given(
    st.dictionaries(PAIRS, st.sampled_from([3.0, 7.0, 9.0, 10.0, 15.0]), max_size=8),
    st.permutations(ORDINARY),
    st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_insertions_in_any_order_end_in_the_same_citizens(
    weights: Weights, order: list[int], cut: int
) -> None:
    registry = load_in_turn([order[:cut], order[cut:]], weights)

    linked = [pair for pair, weight in weights.items() if weight >= THRESHOLDS.link]
    for cluster in connected_components(linked, ORDINARY):
        assert len({registry.resolve(record) for record in cluster}) == 1
    citizens = {registry.resolve(record) for record in ORDINARY}
    assert len(citizens) == len(connected_components(linked, ORDINARY))


@given(st.dictionaries(PAIRS, st.sampled_from([7.0, 10.0, 15.0]), max_size=8))
@settings(max_examples=60, deadline=None)
def test_linking_again_with_nothing_changed_changes_nothing(weights: Weights) -> None:
    registry = load_in_turn([list(ORDINARY)], weights)
    before = len(registry.log)

    registry.apply(registry.link(weights))

    assert len(registry.log) == before
