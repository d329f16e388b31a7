"""Store stewards' answers, many at once: what they contradict, what they replace, what follows.

Answers are read set-wise and taken one after the other, each against the judgements that are
connected with its records. *Same* across a guard needs two stewards: the first answer is stored
without effect (given and taken back), and its question waits for another steward.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from mdm.clustering.components import UnionFind
from mdm.clustering.guards import pair_guards
from mdm.clustering.scope import citizens_to_redecide
from mdm.domain.judgement import (
    Closure,
    Judgement,
    JudgementState,
    Verdict,
    close,
    refuse_contradiction,
    replaced_by,
)
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard
from mdm.errors import JudgementConflictError
from mdm.ports import ReadSession, WriteSession
from mdm.services.citizen_facts import KnownRecord, Memo, facts_of, read_records
from mdm.services.judgements import (
    Given,
    connected_judgements,
    next_judgement_ids,
    store_judgements,
    undo_judgements,
)
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.overlays import settled_overlays
from mdm.services.redecide import DecisionRules, Redecided, redecide
from mdm.services.review_queue import (
    SECOND_STEWARD,
    Pair,
    Question,
    Waiting,
    claim,
    content_hash_of,
    open_questions,
    settle,
    waiting_on,
)

TWO_STEWARDS = frozenset({Guard.TWO_CPFS, Guard.TWIN_PATTERN, Guard.ACTIVITY_AFTER_DEATH})
"""Guards that *same* overrules only by two stewards."""

ACTIVE, NEEDS_SECOND = "active", "needs_second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A steward's answer.

    Attributes:
        verdict: The answer.
        pair: The two records, the smaller number first.
        actor: The steward.
        reason: In the steward's words.
    """

    verdict: Verdict
    pair: Pair
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an answer.

    Attributes:
        judgement_id: The judgement that holds it.
        state: `active`; `needs_second`: it waits for a second steward.
        is_new: False where the same had been answered before.
    """

    judgement_id: int
    state: str
    is_new: bool


def take_answers(
    session: WriteSession,
    rules: DecisionRules,
    answers: Sequence[Answer],
    keep: Mapping[str, int | None] | None = None,
) -> tuple[list[Taken | JudgementConflictError], Redecided]:
    """Store answers and decide anew what they touch; nothing is written if one is refused.

    Args:
        session: The writer lane.
        rules: Thresholds and survivorship.
        answers: The answers.
        keep: Who keeps the IDs of citizens that the answers split: ID -> a record of the part
            that keeps it, or None where nobody does.

    Returns:
        For each answer what became of it, or why it is refused; and what changed.

    Raises:
        SplitHeldError: A citizen is split, and neither rule nor `keep` says who keeps the ID.
    """
    memo: Memo = {}
    case = _read(session, answers, memo)
    taken: list[Taken | JudgementConflictError] = []
    for answer in answers:
        try:
            taken.append(_take(case, answer))
        except JudgementConflictError as conflict:
            taken.append(conflict)
    if any(isinstance(one, JudgementConflictError) for one in taken):
        return taken, Redecided()
    _write(session, case)
    said = {} if keep is None else keep
    return taken, redecide(session, rules, _citizens(session, case), keep=said, memo=memo)


def home_of(session: ReadSession, records: Sequence[int]) -> dict[int, str]:
    """Record -> ID of its citizen; pending records are left out."""
    sql = "SELECT record_id, municipal_id FROM membership WHERE record_id IN ({keys})"
    return {
        as_int(row["record_id"]): str(row["municipal_id"])
        for row in rows_of_numbers(session, sql, records)
    }


@dataclass(slots=True)
class _Group:
    """Records connected by judgements, old and new.

    Attributes:
        before: What stood before the answers.
        standing: What stands after those taken so far.
        pairs: The pairs answered.
    """

    before: list[Judgement] = field(default_factory=list)
    standing: list[Judgement] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Case:
    """Everything read, and what is to be written.

    Attributes:
        known, facts: The records of all groups.
        sets: Records connected by judgements; `groups` go by the root.
        waiting: Questions on the pairs.
        firsts: First answers that wait for a second steward -> the content they were about.
        next_id: Number of the next judgement.
        given: Judgements to store, by number.
        undone: Stored judgements to take back.
        claims: Pair -> the first answer that its question is to wait with.
        settled: Pair -> the judgement that settles its questions.
    """

    known: Mapping[int, KnownRecord]
    facts: Mapping[int, RecordFacts]
    sets: UnionFind
    groups: Mapping[int, _Group]
    waiting: Mapping[Pair, Sequence[Waiting]]
    firsts: Mapping[int, tuple[str, str]]
    next_id: int
    given: dict[int, Given] = field(default_factory=dict)
    undone: list[int] = field(default_factory=list)
    claims: dict[Pair, int] = field(default_factory=dict)
    settled: dict[Pair, int] = field(default_factory=dict)

    def hashes(self, pair: Pair) -> tuple[str, str]:
        """Content of the two records."""
        return self.known[pair[0]].content_hash, self.known[pair[1]].content_hash


def _read(session: WriteSession, answers: Sequence[Answer], memo: Memo) -> _Case:
    pairs = {answer.pair for answer in answers}
    standing = connected_judgements(session, {record for pair in pairs for record in pair})
    sets = UnionFind()
    for left, right in [*pairs, *(judgement.pair for judgement in standing)]:
        sets.union(left, right)
    groups: dict[int, _Group] = {sets.find(left): _Group() for left, _ in pairs}
    for judgement in standing:
        group = groups[sets.find(judgement.record_l)]
        group.before.append(judgement)
        group.standing.append(judgement)
    records = [record for members in sets.groups() for record in members]
    today = date.fromisoformat(session.at[:10])
    known = read_records(session, records, today=today, memo=memo)
    waiting = waiting_on(session, (left for left, _ in pairs))
    return _Case(
        known=known,
        facts=facts_of(session, known),
        sets=sets,
        groups=groups,
        waiting=waiting,
        firsts=_first_answers(session, waiting),
        next_id=next_judgement_ids(session, len(answers)),
    )


def _first_answers(
    session: ReadSession, waiting: Mapping[Pair, Sequence[Waiting]]
) -> dict[int, tuple[str, str]]:
    numbers = [w.judgement_id for several in waiting.values() for w in several]
    sql = (
        "SELECT judgement_id, content_hash_l, content_hash_r FROM judgement "
        "WHERE verdict = 'same' AND judgement_id IN ({keys})"
    )
    return {
        as_int(row["judgement_id"]): (str(row["content_hash_l"]), str(row["content_hash_r"]))
        for row in rows_of_numbers(session, sql, (n for n in numbers if n is not None))
    }


def _take(case: _Case, answer: Answer) -> Taken:
    group = case.groups[case.sets.find(answer.pair[0])]
    for known in group.standing:
        same = known.pair == answer.pair and known.verdict is answer.verdict
        if same and known.state is JudgementState.ACTIVE:
            return Taken(known.judgement_id, ACTIVE, is_new=False)
    new = Judgement(case.next_id, answer.verdict, *answer.pair)
    refuse_contradiction(new, group.standing)
    if answer.verdict is Verdict.SAME and _is_guarded(case, answer.pair, group):
        first = _first_answer(case, answer)
        if first is not None:
            return first
    replaced = {judgement.judgement_id for judgement in replaced_by(new, group.standing)}
    for number in replaced:
        if number in case.given:
            case.given[number] = _taken_back(case.given[number])
        else:
            case.undone.append(number)
    group.standing = [j for j in group.standing if j.judgement_id not in replaced]
    group.standing.append(new)
    group.pairs.append(answer.pair)
    _give(case, answer, new)
    case.claims.pop(answer.pair, None)
    case.settled[answer.pair] = new.judgement_id
    return Taken(new.judgement_id, ACTIVE, is_new=True)


def _is_guarded(case: _Case, pair: Pair, group: _Group) -> bool:
    """Whether *same* would overrule a guard, between the judged groups or that was asked about."""
    asked = {waiting.guard for waiting in case.waiting.get(pair, ())}
    if not asked.isdisjoint(guard.value for guard in TWO_STEWARDS):
        return True
    closure = close(group.standing)
    left, right = (_tied(case, closure, record_id) for record_id in pair)
    return any(
        not TWO_STEWARDS.isdisjoint(pair_guards(one, other)) for one in left for other in right
    )


def _tied(case: _Case, closure: Closure, record_id: int) -> list[RecordFacts]:
    """The records that stewards called the same as one, with itself."""
    root = closure.group_of(record_id)
    tied = {r for r, group in closure.groups.items() if group == root} | {record_id}
    return [case.facts[r] for r in sorted(tied) if r in case.facts]


def _first_answer(case: _Case, answer: Answer) -> Taken | None:
    """The answer as the first of two; None where it is the second."""
    if answer.pair in case.claims:
        return Taken(case.claims[answer.pair], NEEDS_SECOND, is_new=False)
    for waiting in case.waiting.get(answer.pair, ()):
        number = waiting.judgement_id
        if number is not None and case.firsts.get(number) == case.hashes(answer.pair):
            if waiting.first_steward != answer.actor:
                return None
            return Taken(number, NEEDS_SECOND, is_new=False)
    first = Judgement(case.next_id, answer.verdict, *answer.pair, JudgementState.UNDONE)
    _give(case, answer, first)
    case.claims[answer.pair] = first.judgement_id
    return Taken(first.judgement_id, NEEDS_SECOND, is_new=True)


def _give(case: _Case, answer: Answer, judgement: Judgement) -> None:
    case.given[judgement.judgement_id] = Given(
        judgement=judgement,
        content_hashes=case.hashes(answer.pair),
        actor=answer.actor,
        reason=answer.reason,
    )
    case.next_id += 1


def _taken_back(given: Given) -> Given:
    return replace(given, judgement=replace(given.judgement, state=JudgementState.UNDONE))


def _write(session: WriteSession, case: _Case) -> None:
    undo_judgements(session, case.undone)
    store_judgements(session, list(case.given.values()))
    different = {
        given.judgement.pair: number
        for number, given in case.given.items()
        if given.judgement.stands and given.judgement.verdict is Verdict.DIFFERENT
    }
    settle(session, {**settled_overlays(session, different), **case.settled})
    lacking = [pair for pair in case.claims if not case.waiting.get(pair)]
    open_questions(
        session,
        [
            Question(
                kind=SECOND_STEWARD,
                record_l=pair[0],
                record_r=pair[1],
                match_weight=None,
                group=pair[0],
                content_hash=content_hash_of(*case.hashes(pair)),
            )
            for pair in lacking
        ],
    )
    waiting = {**case.waiting, **waiting_on(session, (pair[0] for pair in lacking))}
    for pair, number in case.claims.items():
        claim(session, waiting[pair][0].review_id, case.given[number].actor, number)


def _citizens(session: ReadSession, case: _Case) -> set[str]:
    """The citizens whose grouping the answers may change."""
    changed = [group for group in case.groups.values() if group.pairs]
    closures = [(close(group.before), close(group.standing)) for group in changed]
    records = {
        record_id
        for group, both in zip(changed, closures, strict=True)
        for record_id in (
            *(r for pair in group.pairs for r in pair),
            *(r for closure in both for r in closure.groups),
        )
    }
    homes = home_of(session, sorted(records))
    return {
        name
        for group, both in zip(changed, closures, strict=True)
        for pair in group.pairs
        for name in citizens_to_redecide(pair, both, homes)
    }
