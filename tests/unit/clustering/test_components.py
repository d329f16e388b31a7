import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.clustering.components import UnionFind, connected_components

RECORDS = st.integers(1, 30)


@given(st.lists(st.tuples(RECORDS, RECORDS), max_size=40), st.sets(RECORDS))
@settings(max_examples=60, deadline=None)
def test_components_are_those_of_networkx(edges: list[tuple[int, int]], lone: set[int]) -> None:
    graph = nx.Graph(edges)
    graph.add_nodes_from(lone)

    expected = sorted(tuple(sorted(component)) for component in nx.connected_components(graph))
    assert connected_components(edges, lone) == expected


def test_the_root_is_the_smallest_member() -> None:
    sets = UnionFind([9, 4])

    sets.union(9, 4)
    sets.union(4, 7)

    assert [sets.find(member) for member in (4, 7, 9)] == [4, 4, 4]
