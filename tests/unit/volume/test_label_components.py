"""Components of arrays of links are those that links give one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.components import connected_components
from mdm.volume.components import label_components

_LINKS = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=60)


@given(_LINKS)
@settings(max_examples=200, deadline=None)
def test_each_record_is_labelled_with_the_smallest_of_its_component(
    links: list[tuple[int, int]],
) -> None:
    ends = np.array(links, np.int64).reshape(-1, 2)

    records, labels = label_components(ends[:, 0], ends[:, 1])

    expected = {r: group[0] for group in connected_components(links) for r in group}
    assert dict(zip(records.tolist(), labels.tolist(), strict=True)) == expected
    assert records.tolist() == sorted(expected)


def test_a_long_chain_in_any_order_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(5000)
    links = order.astype(np.int64)

    records, labels = label_components(links, links + 1)

    assert len(records) == 5001
    assert set(labels.tolist()) == {0}
