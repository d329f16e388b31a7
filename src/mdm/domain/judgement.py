"""Stewards' judgements: what was answered about pairs, and what follows from it for groups.

*Same* is transitive, *different* holds between whole groups, *unsure* binds nothing. A suspended
judgement (the content judged has changed) goes on holding until it is asked again, and yields to
any active one.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mdm.errors import JudgementConflictError


class Verdict(StrEnum):
    """What a steward answered about two records."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


class JudgementState(StrEnum):
    """Whether an answer stands."""

    ACTIVE = "active"
    UNDONE = "undone"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer about one pair.

    Attributes:
        judgement_id: Number of the judgement; larger is later. A negative one was given by nobody:
            it stands for what is to stay as it is until an overlay is settled.
        verdict: The answer.
        record_l: Smaller record ID.
        record_r: Larger record ID.
        state: Whether it stands.
    """

    judgement_id: int
    verdict: Verdict
    record_l: int
    record_r: int
    state: JudgementState = JudgementState.ACTIVE

    def __post_init__(self) -> None:
        if self.record_l >= self.record_r:
            raise ValueError("record_l must be smaller than record_r")

    @property
    def pair(self) -> tuple[int, int]:
        """The two record IDs, smaller first."""
        return self.record_l, self.record_r

    @property
    def is_given(self) -> bool:
        """Whether a steward gave it."""
        return self.judgement_id > 0

    @property
    def stands(self) -> bool:
        """Whether it binds the machine: active, or suspended until it is asked again."""
        return self.state is not JudgementState.UNDONE


@dataclass(frozen=True, slots=True)
class Closure:
    """Everything that standing judgements imply.

    Attributes:
        groups: Record -> smallest record of its must-link group; only records that were judged
            *same* with another.
        same: Standing *same* judgements that hold.
        different: Standing *different* judgements that hold, each between two whole groups.
        yielded: Suspended judgements that active ones contradict: they bind nothing.
    """

    groups: Mapping[int, int]
    same: tuple[Judgement, ...] = ()
    different: tuple[Judgement, ...] = ()
    yielded: tuple[Judgement, ...] = ()

    def group_of(self, record_id: int) -> int:
        """Smallest record of the must-link group; the record itself if it is in none."""
        return self.groups.get(record_id, record_id)

    def must_link(self, record_l: int, record_r: int) -> bool:
        """Whether the answers make one person of the two."""
        return self.group_of(record_l) == self.group_of(record_r)

    def cannot_link(self, record_l: int, record_r: int) -> Judgement | None:
        """The *different* judgement between the groups of the two, if there is one."""
        ends = {self.group_of(record_l), self.group_of(record_r)}
        for judgement in self.different:
            if {self.group_of(judgement.record_l), self.group_of(judgement.record_r)} == ends:
                return judgement
        return None


NO_JUDGEMENTS = Closure({})


def close(judgements: Iterable[Judgement]) -> Closure:
    """Combine judgements into must-link groups and cannot-links between groups.

    Args:
        judgements: In any order; undone and *unsure* ones bind nothing.

    Raises:
        JudgementConflictError: Two active judgements contradict each other, directly or through
            other records; the earlier one is named.
    """
    standing = sorted(
        (j for j in judgements if j.stands and j.verdict is not Verdict.UNSURE),
        key=_precedence,
    )
    same: list[Judgement] = []
    different: list[Judgement] = []
    yielded: list[Judgement] = []
    groups: dict[int, int] = {}
    for judgement in standing:
        against = _contradicted_by(judgement, groups, same, different)
        if against is None:
            if judgement.verdict is Verdict.SAME:
                same.append(judgement)
                _join(groups, judgement)
            else:
                different.append(judgement)
        elif judgement.state is JudgementState.SUSPENDED:
            yielded.append(judgement)
        else:
            raise JudgementConflictError(_text(judgement, against), where=_name(against[-1]))
    return Closure(groups, tuple(same), tuple(different), tuple(yielded))


def _precedence(judgement: Judgement) -> tuple[bool, int]:
    """Active before suspended ones; of these the latest, which was given knowing the others."""
    suspended = judgement.state is JudgementState.SUSPENDED
    return suspended, -judgement.judgement_id if suspended else judgement.judgement_id


def refuse_contradiction(new: Judgement, standing: Iterable[Judgement]) -> None:
    """Check a new judgement against those that stand.

    Args:
        new: The active judgement about to be stored.
        standing: All judgements on records connected with its two by judgements.

    Raises:
        JudgementConflictError: It contradicts an active judgement, which is named: the answer to
            the same pair, a *different* between the two groups, or the chain of *same* ones from
            one record to the other.
    """
    active = [j for j in standing if j.state is JudgementState.ACTIVE]
    closure = close(active)
    against = _contradicted_by(new, closure.groups, closure.same, closure.different)
    for known in active:
        if known.pair == new.pair and known.verdict not in {new.verdict, Verdict.UNSURE}:
            against = [known]
    if against is not None:
        raise JudgementConflictError(_text(new, against), where=_name(against[-1]))


def replaced_by(new: Judgement, standing: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The judgements that a new one takes the place of; they are undone with the new answer.

    Those are, on the same pair, what was to be asked again (suspended) or was left open
    (*unsure*), and every suspended one that the new answer contradicts through other records. So
    judgements that stand never contradict each other, whichever of them are suspended later.
    """
    known = [*standing]
    yielded = close([*known, new]).yielded
    return tuple(
        j
        for j in known
        if j in yielded
        or (
            j.pair == new.pair
            and j.stands
            and (j.state is JudgementState.SUSPENDED or j.verdict is Verdict.UNSURE)
        )
    )


def _join(groups: dict[int, int], judgement: Judgement) -> None:
    left = groups.setdefault(judgement.record_l, judgement.record_l)
    right = groups.setdefault(judgement.record_r, judgement.record_r)
    if left != right:
        low, high = min(left, right), max(left, right)
        for record_id, root in groups.items():
            if root == high:
                groups[record_id] = low


def _contradicted_by(
    judgement: Judgement,
    groups: Mapping[int, int],
    same: Iterable[Judgement],
    different: Iterable[Judgement],
) -> list[Judgement] | None:
    """The judgements that forbid this one, in the order of their numbers, or None."""
    if judgement.verdict is Verdict.UNSURE:
        return None
    ends = {groups.get(record_id, record_id) for record_id in judgement.pair}
    if judgement.verdict is Verdict.DIFFERENT:
        return _chain(judgement, same) if len(ends) == 1 else None
    if len(ends) == 1:
        return None
    for other in different:
        if {groups.get(record_id, record_id) for record_id in other.pair} == ends:
            return [other]
    return None


def _chain(judgement: Judgement, same: Iterable[Judgement]) -> list[Judgement]:
    """The shortest chain of *same* judgements from one end to the other."""
    links: dict[int, list[tuple[int, Judgement]]] = {}
    for link in same:
        links.setdefault(link.record_l, []).append((link.record_r, link))
        links.setdefault(link.record_r, []).append((link.record_l, link))
    trail: dict[int, list[Judgement]] = {judgement.record_l: []}
    queue = deque([judgement.record_l])
    while judgement.record_r not in trail:
        here = queue.popleft()
        for there, link in links[here]:
            if there not in trail:
                trail[there] = [*trail[here], link]
                queue.append(there)
    return sorted(trail[judgement.record_r], key=lambda j: j.judgement_id)


def _name(judgement: Judgement) -> str:
    return f"judgement {judgement.judgement_id}"


def _text(new: Judgement, against: list[Judgement]) -> str:
    names = ", ".join(_name(judgement) for judgement in against)
    return f"'{new.verdict}' contradicts {names} ('{against[0].verdict}'); undo that first"
