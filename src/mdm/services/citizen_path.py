"""The path that holds a citizen together: the links of its tree, the weakest, the bridges."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mdm.clustering.components import UnionFind
from mdm.ports import ReadSession
from mdm.services.weakest_link import HoldingLink, holding_links, holding_tree, weakest_of_tree

Ends = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CitizenPath:
    """How a citizen's records hang together.

    Attributes:
        tree: The links that hold them, one fewer than records; the strongest first, stewards'
            before them.
        weakest: The link without which the citizen would fall apart first.
        bridges: Links that no other way leads around: without one, the citizen is two.
    """

    tree: tuple[HoldingLink, ...]
    weakest: HoldingLink | None
    bridges: frozenset[Ends]


def citizen_path(session: ReadSession, records: Collection[int], fracture: float) -> CitizenPath:
    """Read the path of a citizen.

    Args:
        session: A snapshot.
        records: The citizen's records.
        fracture: Bits down to which a pair holds an existing citizen together.
    """
    tree = holding_tree(session, records)
    strong = [
        link
        for link in holding_links(session, records)
        if link.basis == "confirmed" or link.match_weight is None or link.match_weight >= fracture
    ]
    ends = [(link.record_l, link.record_r) for link in (*tree, *strong)]
    return CitizenPath(tuple(tree), weakest_of_tree(tree), bridges(ends))


def bridges(links: Iterable[Ends]) -> frozenset[Ends]:
    """Links whose loss parts what they connect: citizens are small, so each is tried."""
    distinct = sorted({(min(ends), max(ends)) for ends in links})
    return frozenset(ends for ends in distinct if not _is_joined(distinct, ends))


def _is_joined(links: list[Ends], without: Ends) -> bool:
    sets = UnionFind({record for ends in links for record in ends})
    for ends in links:
        if ends != without:
            sets.union(*ends)
    return sets.find(without[0]) == sets.find(without[1])


def path_sentences(path: CitizenPath, records: int) -> tuple[str, str]:
    """The path in two plain Portuguese sentences.

    Args:
        path: As read.
        records: How many records the citizen has.
    """
    if records == 1:
        return "O cidadão tem um só registro.", "Não há vínculo entre registros a explicar."
    confirmed = sum(link.basis == "confirmed" for link in path.tree)
    automatic = len(path.tree) - confirmed
    parts = [*_counted(automatic, _AUTOMATIC), *_counted(confirmed, _CONFIRMED)]
    first = f"Os {records} registros formam um só cidadão por {' e '.join(parts)}."
    if not parts:
        first = f"Os {records} registros formam um só cidadão porque a própria origem os uniu."
    return first, _weakest(path)


_AUTOMATIC: Final = ("um vínculo automático", "{} vínculos automáticos")
_CONFIRMED: Final = (
    "um vínculo confirmado pela curadoria",
    "{} vínculos confirmados pela curadoria",
)


def _counted(number: int, forms: tuple[str, str]) -> Iterator[str]:
    if number > 0:
        yield forms[0] if number == 1 else forms[1].format(number)


def _weakest(path: CitizenPath) -> str:
    link = path.weakest
    if link is None:
        return "Nenhum deles depende da comparação dos dados."
    if link.match_weight is None:
        return "O vínculo mais fraco nunca foi pesado pelo sistema: a curadoria o decidiu."
    bits = f"{link.match_weight:+.1f}".replace(".", ",").replace("-", "−")
    told = (
        "sem ele o cidadão se dividiria em dois"
        if (link.record_l, link.record_r) in path.bridges
        else "outros vínculos manteriam o cidadão inteiro sem ele"
    )
    return f"O vínculo mais fraco tem {bits} bits, e {told}."
