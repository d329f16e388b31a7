"""Constrained clustering once more: slow, written for eight records, and only to be compared."""

import math
from collections.abc import Iterable, Mapping
from itertools import combinations, pairwise

from support.registry_under_test import THRESHOLDS, Content, Pair, Weights, is_restricted

Partition = set[frozenset[int]]


class Case:
    """One decision: which records, what they say, what was judged, who is together today."""

    def __init__(
        self,
        records: Iterable[int],
        contents: Mapping[int, Content],
        active: set[int],
        same: Iterable[Pair],
        different: Iterable[Pair],
        *,
        base: Partition | None = None,
    ) -> None:
        self.records = sorted(records)
        self.said = active, list(same), list(different)
        self.base = base
        self.contents = contents
        self.active = active
        self.different = list(different)
        self.judged = merged({r: {r} for r in contents}, self.said[1])
        self.groups = {r: set(group) for r, group in self.judged.items()}
        if base is not None:
            self.groups = {r: {r} for r in contents}
            self.groups |= {r: set(cluster) for cluster in base for r in cluster}
            for record in self.records:
                for other in sorted(self.judged[record] & set(self.records)):
                    self._join(record, other)
        for record in self.records:
            target = contents[record].merged_into
            if target in self.records:
                self._join(record, target)

    def _join(self, record: int, other: int) -> None:
        """Join two groups, unless a steward forbids it or a restricted record would bridge."""
        mine, theirs = self.groups[record], self.groups[other]
        joined = mine | theirs
        bridged = self.base is not None and ordinary(mine) and ordinary(theirs)
        if mine is not theirs and not bridged and not self.parted(joined):
            self.groups |= dict.fromkeys(joined, joined)

    def parted(self, joined: set[int]) -> bool:
        """Whether a group holds two that stewards called different, also through others."""
        return any(
            joined & self.judged[left] and joined & self.judged[right]
            for left, right in self.different
        )

    def partition(
        self, weights: Weights, unsure: set[Pair], today: Mapping[int, object]
    ) -> Partition:
        """Who is one person: decided again as if it held today, until nothing more is settled.

        Ordinary records first, as if there were no others.
        """
        open_records = ordinary(self.records)
        if self.base is None and 0 < len(open_records) < len(self.records):
            plain = Case(open_records, self.contents, *self.said).partition(weights, unsure, today)
            whole = Case(self.records, self.contents, *self.said, base=plain)
            return whole.partition(weights, unsure, today)
        while True:
            clusters, is_open = self._settled(self._edges(weights, unsure, today))
            found = {r: n for n, cluster in enumerate(clusters) for r in cluster}
            again, _ = self._settled(self._edges(weights, unsure, found))
            if not is_open or again == clusters:
                return clusters
            today = found

    def _settled(self, edges: list[tuple[bool, bool, float, int, int]]) -> tuple[Partition, bool]:
        """Clusters once no further choice is close, and whether a close one is left open."""
        apart: set[frozenset[int]] = set()
        while True:
            clusters, new, is_open = self._build(edges, apart)
            if new <= apart:
                return clusters, is_open
            apart |= new

    def _edges(
        self, weights: Weights, unsure: set[Pair], today: Mapping[int, object]
    ) -> list[tuple[bool, bool, float, int, int]]:
        """(restricted, not held, -weight, left, right), in the order of trying."""
        edges = []
        for (left, right), weight in weights.items():
            if left not in self.records or right not in self.records:
                continue
            held = left in today and today.get(left) == today.get(right)
            held = held and weight >= THRESHOLDS.fracture
            if held or (weight >= THRESHOLDS.link and (left, right) not in unsure):
                restricted = is_restricted(left) or is_restricted(right)
                if self.base is not None and not restricted:
                    continue
                edges.append((restricted, not held, -weight, left, right))
        return sorted(edges)

    def _build(
        self, edges: list[tuple[bool, bool, float, int, int]], apart: set[frozenset[int]]
    ) -> tuple[Partition, set[frozenset[int]], bool]:
        clusters = {frozenset(self.groups[r]) & frozenset(self.records) for r in self.records}
        tree: dict[Pair, float] = {}
        for group in clusters:
            ordered = sorted(group)
            tree |= dict.fromkeys(pairwise(ordered), math.inf)
        doubtful: set[frozenset[int]] = set()
        is_open = False
        for restricted, not_held, minus, left, right in edges:
            mine = next(c for c in clusters if left in c)
            other = next(c for c in clusters if right in c)
            if mine == other:
                continue
            if any(frozenset({x, y}) in apart for x in mine for y in other):
                is_open = True
                continue
            against = [(x, y) for x in mine for y in other if self._conflict(x, y)]
            if restricted and ordinary(mine) and ordinary(other):
                against.append((self._door(tree, left), self._door(tree, right)))
            if not against:
                clusters = clusters - {mine, other} | {mine | other}
                tree[left, right] = -minus if not_held else math.inf
                continue
            cuts = [self._cut(tree, left, right, pair, restricted=restricted) for pair in against]
            if None in cuts:
                continue
            found = [cut for cut in cuts if cut is not None]
            lost_to = max(weight for weight, _, _ in found)
            close = lost_to + minus < THRESHOLDS.margin
            if lost_to < math.inf and close and -minus >= THRESHOLDS.link:
                doubtful.add(frozenset({left, right}))
                doubtful |= {frozenset(pair) for _, _, pair in found}
        return clusters, doubtful, is_open

    def _cut(
        self, tree: Mapping[Pair, float], left: int, right: int, pair: Pair, *, restricted: bool
    ) -> tuple[float, int, Pair] | None:
        """The weakest link of the two ways, the nearest of several; None if there is none."""
        steps = []
        for start, end in ((left, pair[0]), (right, pair[1])):
            for number, link in enumerate(way(tree, start, end)):
                fixed = restricted and not is_restricted(link[0]) and not is_restricted(link[1])
                steps.append((math.inf if fixed else tree[link], number, link))
        return min(steps, default=None)

    def _door(self, tree: Mapping[Pair, float], start: int) -> int:
        reachable = [r for r in self.records if not is_restricted(r) and linked(tree, start, r)]
        return min(reachable, key=lambda r: (len(way(tree, start, r)), r))

    def _conflict(self, x: int, y: int) -> bool:
        for left, right in self.different:
            one, two = self.judged[left], self.judged[right]
            if (x in one and y in two) or (y in one and x in two):
                return True
        if y in self.groups[x]:
            return False
        mine, other = self.contents[x], self.contents[y]
        family = {x, y} <= self.active and x % 2 == y % 2 and mine.family is not None
        if family and mine.family == other.family:
            return True
        if mine.cpf is None or other.cpf is None or mine.cpf == other.cpf:
            return False
        ours = {self.contents[z].cpf for z in self.groups[x] if z in self.records}
        theirs = {self.contents[z].cpf for z in self.groups[y] if z in self.records}
        return other.cpf not in ours and mine.cpf not in theirs


def ordinary(cluster: Iterable[int]) -> list[int]:
    """The records of a cluster that are not restricted, smallest first."""
    return sorted(r for r in cluster if not is_restricted(r))


def merged(groups: dict[int, set[int]], pairs: Iterable[Pair]) -> dict[int, set[int]]:
    """Record -> everybody it is the same as."""
    for left, right in pairs:
        joined = groups[left] | groups[right]
        for record in joined:
            groups[record] = joined
    return groups


def way(tree: Mapping[Pair, float], start: int, end: int) -> list[Pair]:
    """The links from one record to another in a forest (there must be a way)."""
    stack: list[tuple[int, list[Pair]]] = [(start, [])]
    while True:
        here, links = stack.pop()
        if here == end:
            return links
        onward = [link for link in tree if here in link and link not in links]
        stack += [(link[0] + link[1] - here, [*links, link]) for link in onward]


def linked(tree: Mapping[Pair, float], start: int, end: int) -> bool:
    """Whether a forest joins two records."""
    nodes = {r for link in tree for r in link} | {start, end}
    return end in merged({r: {r} for r in nodes}, tree)[start]


def consistent(
    judged: Iterable[tuple[int, str, Pair, str]],
) -> tuple[list[Pair], list[Pair], list[int]]:
    """Same pairs, different pairs, and the judgements that contradict those before them.

    Active ones come first, then of the suspended ones the latest.

    Args:
        judged: (number, verdict, pair, "active" or "suspended").
    """
    same: list[Pair] = []
    different: list[Pair] = []
    refused: list[int] = []
    judged = sorted(judged)
    ordered = [j for j in judged if j[3] == "active"]
    ordered += [j for j in reversed(judged) if j[3] == "suspended"]
    for number, verdict, pair, _ in ordered:
        new_same = [*same, pair] if verdict == "same" else same
        new_different = [*different, pair] if verdict == "different" else different
        groups = merged({r: {r} for r in range(1, 100)}, new_same)
        if any(y in groups[x] for x, y in new_different):
            refused.append(number)
        else:
            same, different = new_same, new_different
    return same, different, refused


def all_pairs(records: Iterable[int]) -> list[Pair]:
    """Every pair of records, smaller first."""
    return list(combinations(sorted(records), 2))
