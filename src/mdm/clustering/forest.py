"""Clusters under construction: a forest of accepted links, and the weakest link on a way."""

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdm.domain.record_facts import RecordFacts

UNBREAKABLE = math.inf


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """The link of the forest that would have to go: weight in bits, steps from the start, ends."""

    weight: float
    steps: int
    link: tuple[int, int]


class Forest:
    """Clusters as trees of links; a link is broken only by building anew.

    Attributes:
        cluster_of: Record -> name of its cluster (one of its records).
        members: Name of a cluster -> its records.
    """

    __slots__ = ("_links", "_ordinary", "cluster_of", "members")

    def __init__(self, facts: Mapping[int, RecordFacts]) -> None:
        self.cluster_of = {record_id: record_id for record_id in facts}
        self.members = {record_id: [record_id] for record_id in facts}
        self._ordinary = {r: not known.restricted for r, known in facts.items()}
        self._links: dict[int, list[tuple[int, float]]] = {}

    def join(self, left: int, right: int, weight: float) -> None:
        """Join the clusters of two records by a link; `UNBREAKABLE` if no rule may cut it."""
        self._links.setdefault(left, []).append((right, weight))
        self._links.setdefault(right, []).append((left, weight))
        kept, gone = self.cluster_of[left], self.cluster_of[right]
        if len(self.members[kept]) < len(self.members[gone]):
            kept, gone = gone, kept
        moved = self.members.pop(gone)
        self.members[kept] += moved
        for record_id in moved:
            self.cluster_of[record_id] = kept

    def has_ordinary(self, cluster: int) -> bool:
        """Whether a cluster holds a record that is not restricted."""
        return any(self._ordinary[record_id] for record_id in self.members[cluster])

    def nearest_ordinary(self, start: int) -> int:
        """The ordinary record fewest links away in the same cluster (there must be one)."""
        return next(
            here for here, _ in self._walk(start, restricted_only=False) if self._ordinary[here]
        )

    def cuts_from(self, start: int, *, restricted_only: bool) -> dict[int, Cut | None]:
        """For each record of the cluster the weakest link between it and `start`.

        Args:
            start: Where the ways begin; itself it has None.
            restricted_only: Links between two ordinary records count as unbreakable.
        """
        return dict(self._walk(start, restricted_only=restricted_only))

    def _walk(self, start: int, *, restricted_only: bool) -> Iterator[tuple[int, Cut | None]]:
        queue: deque[tuple[int, int | None, int, Cut | None]] = deque([(start, None, 0, None)])
        while queue:
            here, origin, steps, cut = queue.popleft()
            yield here, cut
            for there, weight in self._links.get(here, ()):
                if there != origin:
                    both_ordinary = self._ordinary[here] and self._ordinary[there]
                    held = restricted_only and both_ordinary
                    link = (here, there) if here < there else (there, here)
                    step = Cut(UNBREAKABLE if held else weight, steps, link)
                    queue.append((there, here, steps + 1, step if cut is None else min(cut, step)))
