"""Components of arrays of links are those that links give one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.components import connected_components
from mdm.volume.components import label_components

_LINKS = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=60)


@given(_LINKS, st.lists(st.integers(-3, 40) | st.integers(10**9, 10**9 + 3), unique=True))
@settings(max_examples=200, deadline=None)
def test_each_record_is_labelled_with_the_smallest_of_its_component(
    links: list[tuple[int, int]], records: list[int]
) -> None:
    ends = np.array(links, np.int64).reshape(-1, 2)

    labels = label_components(np.array(records, np.int64), ends[:, 0], ends[:, 1])

    known = {r: group[0] for group in connected_components(links) for r in group}
    assert labels.tolist() == [known.get(r, r) for r in records]


def test_a_long_chain_in_any_order_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(5000)
    links = order.astype(np.int64)

    labels = label_components(np.arange(5001), links, links + 1)

    assert set(labels.tolist()) == {0}
