"""What holds a citizen together, as links and as sentences."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.services.citizen_path import CitizenPath, bridges, path_sentences
from mdm.services.weakest_link import HoldingLink, weakest_of_tree

LINKS = st.lists(
    st.tuples(st.integers(1, 7), st.integers(1, 7)).filter(lambda ends: ends[0] != ends[1]),
    max_size=12,
)


@given(LINKS)
def test_a_bridge_is_what_graph_theory_calls_one(links: list[tuple[int, int]]) -> None:
    graph = nx.Graph(links)

    assert bridges(links) == {(min(ends), max(ends)) for ends in nx.bridges(graph)}


def _path(*links: HoldingLink, around: tuple[tuple[int, int], ...] = ()) -> CitizenPath:
    ends = [(link.record_l, link.record_r) for link in links]
    return CitizenPath(links, weakest_of_tree(links), bridges([*ends, *around]))


AUTOMATIC = HoldingLink(1, 2, 31.26, "automatic")
WEAK = HoldingLink(2, 3, 8.04, "automatic")
CONFIRMED = HoldingLink(3, 4, None, "confirmed")


@pytest.mark.parametrize(
    ("path", "records", "said"),
    [
        (
            _path(),
            1,
            ("O cidadão tem um só registro.", "Não há vínculo entre registros a explicar."),
        ),
        (
            _path(AUTOMATIC, WEAK, CONFIRMED),
            4,
            (
                (
                    "Os 4 registros formam um só cidadão por 2 vínculos automáticos e um vínculo "
                    "confirmado pela curadoria."
                ),
                "O vínculo mais fraco tem +8,0 bits, e sem ele o cidadão se dividiria em dois.",
            ),
        ),
        (
            _path(AUTOMATIC, WEAK, around=((1, 3),)),
            3,
            (
                "Os 3 registros formam um só cidadão por 2 vínculos automáticos.",
                (
                    "O vínculo mais fraco tem +8,0 bits, e outros vínculos manteriam o cidadão "
                    "inteiro sem ele."
                ),
            ),
        ),
        (
            _path(CONFIRMED),
            2,
            (
                "Os 2 registros formam um só cidadão por um vínculo confirmado pela curadoria.",
                "O vínculo mais fraco nunca foi pesado pelo sistema: a curadoria o decidiu.",
            ),
        ),
        (
            _path(),
            2,
            (
                "Os 2 registros formam um só cidadão porque a própria origem os uniu.",
                "Nenhum deles depende da comparação dos dados.",
            ),
        ),
    ],
)
def test_the_path_is_told_in_two_sentences(
    path: CitizenPath, records: int, said: tuple[str, str]
) -> None:
    assert path_sentences(path, records) == said
