"""Overlays: an update after which a record is somebody else, and what holds until that is asked.

A source that writes a new person over an old local ID contradicts itself in everything that tells
people apart. A marriage, a correction or a slip changes one or two of these.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.ownership import same_birth, same_first_name


@dataclass(frozen=True, slots=True)
class Content:
    """What tells people apart in one version of a record.

    Attributes:
        name, mother: Folded tokens, space between; None when missing.
        birth_date: None when missing.
    """

    name: str | None
    mother: str | None
    birth_date: date | None


def is_overlay(before: Content, after: Content) -> bool:
    """Whether name, birth date and mother's name, all known before and after, all conflict."""
    if before.birth_date is None or after.birth_date is None:
        return False
    return (
        _conflict(before.name, after.name)
        and _conflict(before.mother, after.mother)
        and not same_birth(before.birth_date, after.birth_date)
    )


def _conflict(one: str | None, other: str | None) -> bool:
    """Whether two names are two people's: another first name, or no further token in common."""
    if one is None or other is None:
        return False
    if not same_first_name(one, other):
        return True
    rest, others = one.split()[1:], other.split()[1:]
    return len(rest) > 0 and len(others) > 0 and set(rest).isdisjoint(others)


@dataclass(frozen=True, slots=True)
class OpenOverlay:
    """An overlay that a steward is asked about.

    Attributes:
        record_id: The record that may be somebody else now.
        pair: It and another record of its citizen, the smaller number first.
        is_bridge: Whether it may hold others together; a restricted record may not.
    """

    record_id: int
    pair: tuple[int, int]
    is_bridge: bool = True


def ties(
    overlays: Iterable[OpenOverlay],
    citizens: Mapping[int, str],
    judgements: Iterable[Judgement],
) -> tuple[Judgement, ...]:
    """What keeps records of open overlays where they are, in the form of suspended judgements.

    Their numbers are negative: no steward gave them, and they are not asked again by themselves.

    Args:
        overlays: Those that wait for an answer.
        citizens: Record -> its citizen, of all records of the citizens concerned.
        judgements: All that stand. A record that a steward called different from another of its
            citizen is held by nothing.
    """
    apart = {
        judgement.pair
        for judgement in judgements
        if judgement.verdict is Verdict.DIFFERENT and judgement.state is JudgementState.ACTIVE
    }
    members: dict[str, list[int]] = {}
    for record_id in sorted(citizens):
        members.setdefault(citizens[record_id], []).append(record_id)
    pairs: set[tuple[int, int]] = set()
    for overlay in overlays:
        home = citizens.get(overlay.record_id)
        mine = [] if home is None else members[home]
        tied = {_ordered(overlay.record_id, r) for r in mine if r != overlay.record_id}
        if apart.isdisjoint(tied):
            pairs |= tied if overlay.is_bridge else tied & {overlay.pair}
    return tuple(
        Judgement(-n, Verdict.SAME, *pair, JudgementState.SUSPENDED)
        for n, pair in enumerate(sorted(pairs), 1)
    )


def _ordered(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
