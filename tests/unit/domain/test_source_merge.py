"""Which marks of merges lead back to themselves."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from mdm.domain.source_merge import on_circles


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 9)))
def test_the_records_on_circles_are_those_that_a_graph_finds(targets: dict[int, int]) -> None:
    graph = nx.DiGraph(targets.items())
    expected = {node for circle in nx.simple_cycles(graph) for node in circle}

    assert on_circles(targets) == expected


def test_who_only_leads_into_a_circle_is_not_on_it() -> None:
    assert on_circles({"a": "b", "b": "c", "c": "b", "d": "d", "e": "f"}) == {"b", "c", "d"}


def test_a_long_chain_is_followed_once() -> None:
    assert on_circles({n: n + 1 for n in range(200_000)}) == frozenset()
