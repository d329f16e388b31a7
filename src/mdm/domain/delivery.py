"""A delivery of a source beside what the registry holds: what is new, and when to ask a person."""

from collections.abc import Sequence
from dataclasses import dataclass

WITHDRAWS_TOO_MUCH = "withdraws_too_much"


@dataclass(frozen=True, slots=True)
class ScopeLoss:
    """What a snapshot leaves out of one scope (a source, an installation, a school).

    Attributes:
        scope: Name of the scope.
        before: Records in force before the delivery.
        withdrawn: How many of them the delivery does not hold any more.
    """

    scope: str
    before: int
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A staged delivery against the registry, counted in records.

    Attributes:
        new: Local IDs never seen.
        changed: Known, in force, other content.
        unchanged: Known, in force, same content.
        reinstated: Known, withdrawn, replaced or stale, and here again.
        withdrawn: In force in a delivered scope, and not here.
        stale: In force, and here only as a row that could not be read.
        fresh: Records whose content was not in the registry.
        before: Records in force in the delivered scopes before; of a delta, which takes nothing
            away, those among them that it names.
        losses: The scopes that lose records.
    """

    new: int
    changed: int
    unchanged: int
    reinstated: int
    withdrawn: int
    stale: int
    fresh: int
    before: int
    losses: tuple[ScopeLoss, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldRule:
    """When a delivery waits for a person before it comes into force.

    Attributes:
        percent: Of the delivered scopes' records; to withdraw more holds the load.
        handful: To withdraw no more than this from one of several scopes is everyday life (a
            pupil leaves a school of thirty); the rule for the whole delivery knows no handful.
    """

    percent: int = 1
    handful: int = 5

    def holds(self, before: int, losses: Sequence[ScopeLoss]) -> bool:
        """Whether so much goes that the file is rather short than the people gone.

        Args:
            before: Records in force in all delivered scopes.
            losses: What goes, scope by scope.
        """
        if 100 * sum(loss.withdrawn for loss in losses) > self.percent * before:
            return True
        return any(
            loss.withdrawn > self.handful and 100 * loss.withdrawn > self.percent * loss.before
            for loss in losses
        )
