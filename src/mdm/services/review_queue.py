"""Questions for stewards: list them, open new ones, close those that an answer settles."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdm.clustering.decision import ReviewReason
from mdm.ports import ReadSession, Rows, WriteSession
from mdm.services.blind import shown_kind, shown_weight
from mdm.services.exports import ONE_A_PAIR, QUESTION_ORDER
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.publish_review import (
    asked,
    match_probability,
    question_numbers,
    reason_text,
)

SUSPENDED = ReviewReason.SUSPENDED.value
SECOND_STEWARD = "second_steward"
"""Kind of a question that no plan asked: a guarded answer waits for a second steward."""

_OF_CLUSTERING = frozenset(reason.value for reason in ReviewReason) - {SUSPENDED}
_WAITING = (
    "SELECT v.review_id, v.kind, v.record_l, v.record_r, v.state, v.reason, v.judgement_id, "
    "j.actor AS first_steward FROM review_item v "
    "LEFT JOIN judgement j ON j.judgement_id = v.judgement_id "
    "WHERE v.state IN ('open', 'claimed') AND v.record_r IS NOT NULL AND "
)
_LIST = f"""
SELECT v.review_id, v.kind, v.state, l.source AS source_l, l.local_id AS local_id_l,
       r.source AS source_r, r.local_id AS local_id_r,
       {shown_weight("match_weight")} AS match_weight,
       {shown_weight("match_probability")} AS match_probability,
       v.reason, v.group_id, v.priority, v.claimed_by, v.judgement_id
FROM ({ONE_A_PAIR}) v JOIN record l ON l.record_id = v.record_l
JOIN record r ON r.record_id = v.record_r
WHERE v.place = 1 AND NOT l.restricted AND NOT r.restricted
ORDER BY {QUESTION_ORDER}
"""
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a pair.

    Attributes:
        kind: Why it is asked.
        record_l, record_r: Smaller and larger record number.
        match_weight: Bits, if the pair was scored.
        guard: What forbids the join, if anything does.
        group: Questions of one doubt have one group.
        content_hash: `content_hash_of` the two records.
    """

    kind: str
    record_l: int
    record_r: int
    match_weight: float | None
    guard: str | None = None
    group: int
    content_hash: str

    @property
    def pair(self) -> Pair:
        """The two records."""
        return self.record_l, self.record_r


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A question that waits.

    Attributes:
        review_id: Its number.
        kind: Why it is asked.
        pair: The two records.
        state: `open` or `claimed`.
        guard: What forbids the join, if the question names a guard.
        first_steward: Who gave the first of two answers that it needs, if anyone did.
        judgement_id: That answer.
    """

    review_id: int
    kind: str
    pair: Pair
    state: str
    guard: str | None
    first_steward: str | None
    judgement_id: int | None


def list_questions(session: ReadSession, limit: int | None = None) -> Rows:
    """Pairs in question in the order in which to answer them, all or the first ones.

    `needs_second`: one steward has answered *same* across a guard, another must as well.
    Questions about restricted records are not among them.
    """
    rows = session.rows(_LIST if limit is None else f"{_LIST} LIMIT {limit:d}")
    for row in rows:
        row["needs_second"] = row.pop("judgement_id") is not None
        for name in ("kind", "reason"):
            row[name] = shown_kind(str(row[name]))
    return rows


def content_hash_of(hash_l: str, hash_r: str) -> str:
    """Hash of the content that a question is about; the same as the volume plane's."""
    return hashlib.md5(f"{hash_l}{hash_r}".encode(), usedforsecurity=False).hexdigest()


def waiting_on(session: ReadSession, records: Iterable[int]) -> dict[Pair, list[Waiting]]:
    """The questions that wait with their smaller record among the given ones, by pair."""
    found: dict[Pair, list[Waiting]] = {}
    for row in rows_of_numbers(session, _WAITING + "v.record_l IN ({keys})", records):
        waiting = _waiting(row)
        found.setdefault(waiting.pair, []).append(waiting)
    return {pair: sorted(rows, key=lambda w: w.review_id) for pair, rows in sorted(found.items())}


def _waiting(row: Mapping[str, object]) -> Waiting:
    _, _, guard = str(row["reason"]).partition(":")
    number = row["judgement_id"]
    return Waiting(
        review_id=as_int(row["review_id"]),
        kind=str(row["kind"]),
        pair=(as_int(row["record_l"]), as_int(row["record_r"])),
        state=str(row["state"]),
        guard=None if guard == "" else guard,
        first_steward=None if number is None else str(row["first_steward"]),
        judgement_id=None if number is None else as_int(number),
    )


def open_questions(session: WriteSession, questions: Sequence[Question]) -> None:
    """Open questions that do not wait yet (kind and pair)."""
    known = waiting_on(session, (question.record_l for question in questions))
    fresh = [q for q in questions if q.kind not in {w.kind for w in known.get(q.pair, ())}]
    numbers = question_numbers(session, [question.pair for question in fresh])
    session.insert_rows(
        "review_item", [_row(*numbered) for numbered in zip(fresh, numbers, strict=True)]
    )


def _row(question: Question, review_id: int) -> dict[str, object]:
    said = {
        "kind": question.kind,
        "guard": question.guard,
        "match_weight": question.match_weight,
        "group_id": question.group,
        "content_hash": question.content_hash,
    }
    return {
        "review_id": review_id,
        "kind": question.kind,
        "record_l": question.record_l,
        "record_r": question.record_r,
        "state": "open",
        "match_probability": match_probability(question.match_weight),
        "reason": reason_text(said),
        **asked(said),
    }


def settle(session: WriteSession, answers: Mapping[Pair, int]) -> None:
    """Close the questions about pairs that were answered.

    Args:
        session: The writer lane.
        answers: Pair -> its judgement.
    """
    known = waiting_on(session, (pair[0] for pair in answers))
    session.update_rows(
        "review_item",
        [
            {
                "review_id": waiting.review_id,
                "state": "decided",
                "judgement_id": judgement_id,
                "claimed_by": None,
            }
            for pair, judgement_id in sorted(answers.items())
            for waiting in known.get(pair, ())
        ],
    )


def reopen(session: WriteSession, judgement_id: int) -> None:
    """Ask again what a judgement, now undone, had settled."""
    rows = session.rows(
        "SELECT review_id, kind, record_l, record_r FROM review_item "
        "WHERE judgement_id = :id AND state = 'decided' ORDER BY review_id",
        {"id": judgement_id},
    )
    known = waiting_on(session, (as_int(row["record_l"]) for row in rows))
    asked_now = {(w.kind, pair) for pair, waiting in known.items() for w in waiting}
    changes = []
    for row in rows:
        key = (str(row["kind"]), (as_int(row["record_l"]), as_int(row["record_r"])))
        if key not in asked_now and key[0] not in {SECOND_STEWARD, SUSPENDED}:
            asked_now.add(key)
            changes.append({"review_id": row["review_id"], "state": "open", "judgement_id": None})
    session.update_rows("review_item", changes)


def ask_no_more(session: WriteSession, pairs: Collection[Pair]) -> None:
    """Close the questions about suspended judgements on some pairs."""
    known = waiting_on(session, (left for left, _ in pairs))
    gone = [
        waiting.review_id
        for pair in set(pairs)
        for waiting in known.get(pair, ())
        if waiting.kind == SUSPENDED
    ]
    session.update_rows(
        "review_item", [{"review_id": review_id, "state": "stale"} for review_id in sorted(gone)]
    )


def claim(session: WriteSession, review_id: int, steward: str, judgement_id: int) -> None:
    """Make a question wait for a second steward."""
    change = {
        "review_id": review_id,
        "state": "claimed",
        "claimed_by": steward,
        "lease_until": None,
        "judgement_id": judgement_id,
    }
    session.update_rows("review_item", [change])


def release(session: WriteSession, judgement_id: int) -> int:
    """Take back a first answer: its question is open again, or falls away if no plan asked it.

    Returns:
        How many questions waited for a second steward.
    """
    rows = session.rows(
        "SELECT review_id, kind FROM review_item WHERE judgement_id = :id AND state = 'claimed'",
        {"id": judgement_id},
    )
    session.update_rows(
        "review_item",
        [
            {
                "review_id": row["review_id"],
                "state": "stale" if row["kind"] == SECOND_STEWARD else "open",
                "claimed_by": None,
                "judgement_id": None,
            }
            for row in rows
        ],
    )
    return len(rows)


def level_questions(
    session: WriteSession, records: Collection[int], questions: Sequence[Question]
) -> None:
    """After records were decided anew, ask what is open among them and nothing else.

    Args:
        session: The writer lane.
        records: All that were decided together.
        questions: What is open among them.
    """
    members = set(records)
    asked_now = [question for question in questions if question.kind in _OF_CLUSTERING]
    wanted = {(question.kind, question.pair) for question in asked_now}
    gone = [
        waiting.review_id
        for pair, several in waiting_on(session, members).items()
        for waiting in several
        if pair[1] in members
        and waiting.kind in _OF_CLUSTERING
        and waiting.judgement_id is None
        and (waiting.kind, pair) not in wanted
    ]
    session.update_rows(
        "review_item", [{"review_id": review_id, "state": "stale"} for review_id in sorted(gone)]
    )
    open_questions(session, asked_now)
