"""What the oracle of the registry machine keeps."""

from dataclasses import dataclass, field

from support.registry_under_test import Content, Pair


@dataclass(slots=True)
class Issued:
    """One ID: the record it was minted on, the one it follows, and how it answers."""

    founder: int
    anchor: int
    alive: bool = True
    ambiguous: bool = False
    sealed: bool = False


@dataclass(slots=True)
class Judged:
    """One judgement."""

    verdict: str
    pair: Pair
    state: str = "active"
    was: dict[int, int] = field(default_factory=dict)
    ids_before: dict[int, Issued] = field(default_factory=dict)
    ids_after: dict[int, Issued] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a sealed record for the day the seal is taken off."""

    content: Content
    citizen: int
    is_active: bool


@dataclass(slots=True)
class Identity:
    """All that a plan changes."""

    member: dict[int, int] = field(default_factory=dict)
    ids: dict[int, Issued] = field(default_factory=dict)
