"""Splits of present citizens: who may keep the ID, and who does by rule or by a steward's word."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mdm.domain.identity import IdFacts, IdState, citizen_id
from mdm.domain.told_sets import Holders


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Everything that is known of the records and citizens at stake.

    Attributes:
        membership: Placed record -> ID of its citizen now. For every citizen that it names it
            holds all records; a record of the clusters that it lacks is pending.
        ids: Every ID that a record of the clusters anchors or has founded, in any state.
        restricted: Which of the records are restricted.
        told: Who was told which of the IDs for which record; record 0 for an ID told without one.
        must_groups: Record -> its must-link group, for records in one (see `Closure.groups`).
    """

    membership: Mapping[int, str]
    ids: Mapping[str, IdFacts]
    restricted: frozenset[int] = frozenset()
    told: Holders = field(default_factory=dict)
    must_groups: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A split that waits for a steward, because it is open which part keeps the ID.

    Attributes:
        municipal_id: The ID.
        parts: The parts of its citizen that the split would make, each sorted; restricted records
            count only where the citizen has no others.
        holders: For each part how many systems were told the ID for one of its records.
        frozen: All present IDs whose records stay as they are until this is decided.
    """

    municipal_id: str
    parts: tuple[tuple[int, ...], ...]
    holders: tuple[int, ...]
    frozen: tuple[str, ...]


class Case:
    """The clusters, seen from the IDs that are anchored in them.

    Attributes:
        clusters: The clusters; a place is an index into them.
        touched: See `Touched`.
        keep: Stewards' answers, see `reconcile`.
        home: Record -> place of its cluster.
        members: Present ID -> the records of its citizen.
        anchored: Place of a cluster -> active IDs anchored there.
    """

    __slots__ = ("anchored", "clusters", "home", "keep", "members", "touched")

    def __init__(
        self,
        clusters: Sequence[tuple[int, ...]],
        touched: Touched,
        keep: Mapping[str, int | None],
    ) -> None:
        self.clusters = clusters
        self.touched = touched
        self.keep = keep
        self.home = {r: place for place, cluster in enumerate(clusters) for r in cluster}
        self.members: dict[str, list[int]] = {}
        for record_id in sorted(touched.membership):
            self.members.setdefault(touched.membership[record_id], []).append(record_id)
        self.anchored: dict[int, list[IdFacts]] = {}
        for facts in touched.ids.values():
            # An ID that a record here founded may be anchored elsewhere by now.
            if facts.state is IdState.ACTIVE and facts.anchor in self.home:
                self.anchored.setdefault(self.home[facts.anchor], []).append(facts)

    def is_ordinary(self, record_id: int) -> bool:
        """Whether a record is not restricted."""
        return record_id not in self.touched.restricted

    def parts(self, municipal_id: str) -> dict[int, list[int]]:
        """Place of a cluster -> the records of a present citizen that it holds."""
        found: dict[int, list[int]] = {}
        for record_id in self.members.get(municipal_id, ()):
            found.setdefault(self.home[record_id], []).append(record_id)
        return found

    def holders(self, municipal_id: str, part: Iterable[int]) -> set[str]:
        """The systems that were told an ID for one of the records."""
        told = self.touched.told
        return {system for r in part for system in told.get((municipal_id, r), ())}

    def has_own_id(self, place: int, but: str) -> bool:
        """Whether a cluster keeps an ID other than `but`, so that it needs none from a split."""
        rest = [facts for facts in self.anchored.get(place, ()) if facts.municipal_id != but]
        return citizen_id(self.clusters[place], rest, self.touched.restricted) is not None


@dataclass(frozen=True, slots=True)
class Split:
    """Where the ID of a present citizen may stay.

    Attributes:
        parts: Place of a cluster -> records of the citizen that may anchor the ID there. Parts
            whose cluster has an ID of its own are left out, but for the anchor's; restricted
            records count only where the citizen has no others.
        anchor: Place of the anchor's cluster; None where that is none of the parts.
    """

    parts: dict[int, list[int]]
    anchor: int | None


def find_split(case: Case, facts: IdFacts) -> Split | None:
    """Where the ID of a present citizen may stay; None where it simply stays."""
    parts = case.parts(facts.municipal_id)
    ordinary = {
        place: ours
        for place, part in parts.items()
        if len(ours := [r for r in part if case.is_ordinary(r)]) > 0
    }
    eligible = ordinary if len(ordinary) > 0 else parts
    home = case.home[facts.anchor]
    candidates = {
        place: part
        for place, part in eligible.items()
        if place == home or not case.has_own_id(place, facts.municipal_id)
    }
    stays = facts.anchor in candidates.get(home, ())
    if len(candidates) == 0 or (stays and len(candidates) == 1):
        return None
    return Split(candidates, home if home in candidates else None)


def keeper(case: Case, facts: IdFacts, split: Split) -> int | None:
    """Place of the cluster that keeps the ID by rule; None where a steward must say.

    The part to which most systems were told the ID, if it is also the larger one; nobody told:
    the larger one. A tie goes to the part with the anchor.
    """
    holders = {place: len(case.holders(facts.municipal_id, p)) for place, p in split.parts.items()}
    largest = _most({place: len(part) for place, part in split.parts.items()})
    if max(holders.values()) == 0:
        candidates = largest
        if len(candidates) > 1 and split.anchor is not None:
            return split.anchor
    else:
        candidates = largest & _most(holders)
    if split.anchor in candidates:
        return split.anchor
    return next(iter(candidates)) if len(candidates) == 1 else None


def _most(counts: Mapping[int, int]) -> set[int]:
    most = max(counts.values())
    return {place for place, count in counts.items() if count == most}


def present_ids(case: Case) -> list[IdFacts]:
    """The IDs that name a citizen now, oldest first."""
    named = (case.touched.ids[municipal_id] for municipal_id in case.members)
    return sorted(named, key=lambda facts: facts.minted_seq)


def open_questions(case: Case) -> list[Held]:
    """The splits that no rule and no answer decides."""
    found: list[Held] = []
    for facts in present_ids(case):
        split = None if facts.municipal_id in case.keep else find_split(case, facts)
        if split is None or keeper(case, facts, split) is not None:
            continue
        parts = _shown_parts(case, facts.municipal_id)
        holders = tuple(len(case.holders(facts.municipal_id, part)) for part in parts)
        found.append(Held(facts.municipal_id, tuple(parts), holders, ()))
    return found


def _shown_parts(case: Case, municipal_id: str) -> list[tuple[int, ...]]:
    parts = case.parts(municipal_id).values()
    ordinary = [tuple(filter(case.is_ordinary, part)) for part in parts]
    return sorted([part for part in ordinary if part] or [tuple(part) for part in parts])
