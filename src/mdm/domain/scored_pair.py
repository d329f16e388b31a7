"""A pair of records with its match weight, and the names of what may forbid joining two records."""

from dataclasses import dataclass
from enum import StrEnum


class Guard(StrEnum):
    """Why two records, or two clusters, must not be joined by the machine."""

    DIFFERENT_JUDGEMENT = "different_judgement"
    SAME_FAMILY = "same_family"
    SAME_CLASS = "same_class"
    TWO_CPFS = "two_cpfs"
    TWIN_PATTERN = "twin_pattern"
    OTHER_PERSON = "other_person"
    ACTIVITY_AFTER_DEATH = "activity_after_death"
    RESTRICTED_BRIDGE = "restricted_bridge"

    @property
    def asks_below_link(self) -> bool:
        """Whether a steward is asked about a pair below the link threshold that it forbids.

        The declared ones are answers already (a steward's *different*, a family, a class); about
        the others a person may know more than the machine.
        """
        return self in _OPEN_TO_DOUBT


_OPEN_TO_DOUBT = frozenset({Guard.TWO_CPFS, Guard.TWIN_PATTERN, Guard.ACTIVITY_AFTER_DEATH})


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """Two records and how strongly their values say that they are one person.

    Attributes:
        record_l: Smaller record ID of the two.
        record_r: Larger record ID.
        match_weight: Bits (log2 of the posterior odds), a pure function of two standardised
            records and a model version.
        pattern: Comparison levels packed into one integer by `mdm.linkage`.
        guard: Guard found for this very pair when it was scored, if any.
    """

    record_l: int
    record_r: int
    match_weight: float
    pattern: int = 0
    guard: Guard | None = None

    def __post_init__(self) -> None:
        if self.record_l >= self.record_r:
            raise ValueError("record_l must be smaller than record_r")
