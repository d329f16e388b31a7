"""The weakest link that holds a citizen together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mdm.clustering.components import UnionFind
from mdm.ports import ReadSession
from mdm.services.lists import as_int, rows_of_numbers


@dataclass(frozen=True, slots=True)
class HoldingLink:
    """A link of the tree that holds a citizen's records together.

    Attributes:
        record_l, record_r: The two records.
        match_weight: Bits; None where a steward joined a pair that was never scored.
        basis: `confirmed` by a steward, or `automatic`.
    """

    record_l: int
    record_r: int
    match_weight: float | None
    basis: str


def weakest_link(session: ReadSession, records: Collection[int]) -> HoldingLink | None:
    """The link without which the citizen would fall apart first.

    None for a citizen of one record, or where its source alone says that the records are one.
    """
    return weakest_of_tree(holding_tree(session, records))


def weakest_of_tree(tree: Iterable[HoldingLink]) -> HoldingLink | None:
    """The weakest link of a tree; one that stewards confirmed only where there is no other."""
    links = list(tree)
    automatic = [
        link for link in links if link.match_weight is not None and link.basis != "confirmed"
    ]
    return min(automatic or links, key=_strength, default=None)


def holding_tree(session: ReadSession, records: Collection[int]) -> list[HoldingLink]:
    """The tree of strongest links that holds records together, stewards' ones first."""
    sets = UnionFind(set(records))
    return [link for link in holding_links(session, records) if _joins(sets, link)]


def holding_links(session: ReadSession, records: Collection[int]) -> list[HoldingLink]:
    """All links between records: stewards' ones, then the scored ones, the strongest first."""
    members = set(records)
    return [*_confirmed(session, members), *_scored(session, members)]


def _joins(sets: UnionFind, link: HoldingLink) -> bool:
    if sets.find(link.record_l) == sets.find(link.record_r):
        return False
    sets.union(link.record_l, link.record_r)
    return True


def _strength(link: HoldingLink) -> float:
    return float("-inf") if link.match_weight is None else link.match_weight


def _confirmed(session: ReadSession, members: set[int]) -> list[HoldingLink]:
    sql = (
        "SELECT j.record_l, j.record_r, p.match_weight FROM judgement j LEFT JOIN scored_pair p "
        "ON p.record_l = j.record_l AND p.record_r = j.record_r "
        "WHERE j.verdict = 'same' AND j.state <> 'undone' AND j.record_l IN ({keys})"
    )
    return _links(session, sql, members, "confirmed")


def _scored(session: ReadSession, members: set[int]) -> list[HoldingLink]:
    sql = "SELECT record_l, record_r, match_weight FROM scored_pair WHERE record_l IN ({keys})"
    found = _links(session, sql, members, "automatic")
    return sorted(found, key=_strength, reverse=True)


def _links(session: ReadSession, sql: str, members: set[int], basis: str) -> list[HoldingLink]:
    return [
        HoldingLink(
            as_int(row["record_l"]),
            as_int(row["record_r"]),
            None if row["match_weight"] is None else float(str(row["match_weight"])),
            basis,
        )
        for row in rows_of_numbers(session, sql, members)
        if row["record_r"] in members
    ]
