"""What the registry machine asks of a registry: services on a database, or the core in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from mdm.clustering.decision import Thresholds
from mdm.domain.judgement import Verdict

THRESHOLDS = Thresholds(review=4.0, link=10.0, fracture=6.0, margin=3.0)
Pair = tuple[int, int]
Weights = Mapping[Pair, float]


@dataclass(frozen=True, slots=True)
class Content:
    """What a test record says: few values, so that they collide.

    Attributes:
        cpf: Number of an own CPF, None if it has none.
        family: Number of a declared family of the record's source, None if it has none.
        merged_into: Record of the same source that replaces this one, None if it stands.
    """

    cpf: int | None = None
    family: int | None = None
    merged_into: int | None = None


class RegistryUnderTest(Protocol):
    """A registry of numbered test records.

    Record n is of source `n % 2`; the records for which `is_restricted` holds are restricted.
    A registry links with `THRESHOLDS` and takes the match weights as they are given.
    """

    def load(self, record: int, content: Content) -> None:
        """Load one record, new or changed; it is present at its source then, or superseded."""
        ...

    def withdraw(self, record: int) -> None:
        """The source holds a placed record no longer."""
        ...

    def link(self, weights: Weights) -> int:
        """Make a plan over all loaded records; returns its number."""
        ...

    def apply(self, plan: int) -> None:
        """Apply it.

        Raises:
            PlanStaleError: Too much changed since; never when nothing did.
        """
        ...

    def revert(self, plan: int) -> None:
        """Revert an applied plan.

        Raises:
            LaterChangesError: Later work touched its citizens.
        """
        ...

    def judge(self, verdict: Verdict, left: int, right: int) -> int:
        """Answer about two loaded records; returns the number of the judgement that stands.

        Raises:
            JudgementConflictError: It contradicts an active judgement.
        """
        ...

    def undo(self, judgement: int) -> None:
        """Take a standing judgement back."""
        ...

    def resolve(self, record: int, system: str | None = None) -> str | None:
        """Present municipal ID, None while the record is pending; a named system is told it."""
        ...

    def resolve_id(self, municipal_id: str) -> str:
        """Present ID of the citizen that an ID names.

        Raises:
            AmbiguousIdError: Told to holders of both parts of a split.
            IdWithdrawnError: Minted by a plan that was reverted.
            NotFoundError: Never issued, or a tombstone.
        """
        ...

    def broken(self) -> list[str]:
        """What its own verification finds wrong, first of all: the fold of the log."""
        ...


def is_restricted(record: int) -> bool:
    """Records 6 and 7 of the eight are restricted."""
    return record in {6, 7}


@dataclass(frozen=True, slots=True)
class Stated:
    """A source says, or says no longer, that another record replaces one of its own.

    Attributes:
        at: When, counted in commands.
        into: The other record; None where the record stands.
        member: Who belonged to whom until then.
    """

    at: int
    into: int | None
    member: Mapping[int, object]


def parted(
    stated: Mapping[int, list[Stated]], since: int, now: Mapping[int, object]
) -> dict[int, str]:
    """Who counts as a citizen apart, because a merge at the source was taken back since.

    Args:
        stated: What sources said of each record, in order.
        since: When the last plan that stands was applied.
        now: Who belongs to whom.
    """
    found: dict[int, str] = {}
    for record, said in sorted(stated.items()):
        gone = [a for a, b in pairwise(said) if a.into is not None and b.at > since]
        if not gone or record not in now:
            continue
        home = gone[0].member.get(record)
        # What a record named last before what it names now.
        others = [one.into for one in said if one.into not in {None, said[-1].into}]
        if home is not None and others and gone[0].member.get(others[-1]) == home:
            continue
        mates = [r for r in now if now[r] == now[record] and gone[0].member.get(r) == home]
        found |= dict.fromkeys([record, *(mates if home is not None else [])], f"apart:{record}")
    return found
