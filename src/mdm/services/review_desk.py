"""A steward's desk: list questions, claim or release one, decide it, take the decision back.

Who may not know of one of the two records is never asked about the pair, and finds no question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mdm.domain.access import Purpose, Reader, Role
from mdm.domain.judgement import Verdict
from mdm.domain.ledger import TxHeader
from mdm.errors import (
    ForbiddenError,
    JudgementConflictError,
    NotFoundError,
    ReviewTakenError,
    SplitHeldError,
    StaleContentError,
)
from mdm.ports import ReadSession, Store, WriteSession
from mdm.services.blind import blind_columns, shown_kind
from mdm.services.control_sample import note_held
from mdm.services.exports import ONE_A_PAIR
from mdm.services.judge_pair import outcome, take_back
from mdm.services.lists import as_int, as_text
from mdm.services.redecide import DecisionRules
from mdm.services.review_queue import Pair, content_hash_of
from mdm.services.sight import Sight, sight_of
from mdm.services.take_answers import Answer, take_answers

LEASE = timedelta(minutes=15)
DECIDERS = frozenset({Role.STEWARD, Role.SUPERVISOR})

_COLUMNS = """
v.review_id, v.kind, v.state, v.reason, v.group_id, v.priority, v.match_weight,
v.match_probability, v.record_l, v.record_r, v.claimed_by, v.lease_until, v.judgement_id,
l.source AS source_l, r.source AS source_r, l.local_id AS local_id_l, r.local_id AS local_id_r,
l.content_hash AS hash_l, r.content_hash AS hash_r, ml.municipal_id AS municipal_id_l,
mr.municipal_id AS municipal_id_r, j.actor AS judged_by, j.verdict AS verdict,
coalesce(gl.social_name, gl.name) AS name_l, coalesce(gr.social_name, gr.name) AS name_r,
{blind} AS is_blind, {said_l} AS said_l, {said_r} AS said_r
"""
_JOINS = """
JOIN record l ON l.record_id = v.record_l JOIN record r ON r.record_id = v.record_r
LEFT JOIN membership ml ON ml.record_id = l.record_id
LEFT JOIN membership mr ON mr.record_id = r.record_id
LEFT JOIN golden_record gl ON gl.municipal_id = ml.municipal_id
LEFT JOIN golden_record gr ON gr.municipal_id = mr.municipal_id
LEFT JOIN judgement j ON j.judgement_id = v.judgement_id
"""
_RANK = "CASE v.kind WHEN 'suspended_judgement' THEN 0 ELSE 1 END"
_PLACE = f"({_RANK}, -coalesce(v.priority, 0), coalesce(v.group_id, 0), v.review_id)"
_LIST = f"""
SELECT {_COLUMNS} FROM ({ONE_A_PAIR}) v {_JOINS}
WHERE v.place = 1 AND {{visible}} AND {{after}}
ORDER BY {_RANK}, -coalesce(v.priority, 0), coalesce(v.group_id, 0), v.review_id LIMIT {{limit}}
"""
_ONE = (
    f"SELECT {_COLUMNS} FROM review_item v {_JOINS} "
    "WHERE v.review_id = :id AND v.record_r IS NOT NULL AND {visible}"
)
_OF_PAIR = (
    "SELECT review_id, state, claimed_by, lease_until FROM review_item WHERE record_l = :l "
    "AND record_r = :r AND state IN ('open', 'claimed') ORDER BY review_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A question about a pair.

    Attributes:
        review_id: Its number.
        kind: Why it is asked.
        guard: What forbids the machine to join the two, if that is why.
        state: open, claimed (by somebody whose lease holds), decided or stale.
        match_weight: Bits, if the pair was scored.
        group_id: Questions of one doubt have one group.
        names: The names that the two citizens go by, as far as they are known.
        sources, local_ids: Of the two records; local IDs leave masked or not at all.
        municipal_ids: Of their citizens; None while a record belongs to nobody, or if it is blind.
        read_ids: The same for the trail of reads; they never leave.
        is_blind: Whether the steward is to judge by the two records alone: see
            `mdm.services.blind`.
        claimed_by, lease_until: Whose it is, and until when.
        first_steward: Who answered *same* across a guard, where another must as well.
        decided_by, verdict, judgement_id: The answer, once there is one.
        content_hash: Of what is compared now: the version that a decision must name.
        pair: Numbers of the two records; they never leave.
        cursor: Where it stands in the list.
    """

    review_id: int
    kind: str
    guard: str | None
    state: str
    match_weight: float | None
    match_probability: float | None
    group_id: int | None
    names: tuple[str | None, str | None]
    sources: tuple[str, str]
    local_ids: tuple[str, str]
    municipal_ids: tuple[str | None, str | None]
    read_ids: tuple[str | None, str | None]
    is_blind: bool
    claimed_by: str | None
    lease_until: str | None
    first_steward: str | None
    decided_by: str | None
    verdict: str | None
    judgement_id: int | None
    content_hash: str
    pair: Pair
    cursor: tuple[int, float, int, int]

    @property
    def needs_second(self) -> bool:
        """Whether one steward has answered and another must."""
        return self.first_steward is not None


def desk_sight(session: ReadSession, reader: Reader) -> Sight:
    """The reader at the desk.

    Raises:
        ForbiddenError: They do not decide pairs, or not for this purpose.
    """
    sight = sight_of(session, reader)
    if reader.role not in DECIDERS or reader.purpose is not Purpose.STEWARDSHIP:
        raise ForbiddenError("only stewards and supervisors decide pairs, for stewardship")
    return sight


def list_reviews(
    session: ReadSession,
    sight: Sight,
    *,
    now: str,
    limit: int,
    after: tuple[int, float, int, int] | None = None,
) -> list[ReviewItem]:
    """Questions that wait, in the order in which to answer them.

    Args:
        session: The snapshot.
        sight: From `desk_sight`.
        now: UTC ISO time, for leases.
        limit: At most so many.
        after: Cursor of the last question seen.
    """
    sql = _LIST.format(
        **blind_columns(session),
        visible=_both(sight),
        after="true" if after is None else f"{_PLACE} > (:rank, :priority, :group, :review)",
        limit=int(limit),
    )
    names = ("rank", "priority", "group", "review")
    params = {} if after is None else dict(zip(names, after, strict=True))
    return [_item(row, now) for row in session.rows(sql, params)]


def read_review(session: ReadSession, sight: Sight, review_id: int, *, now: str) -> ReviewItem:
    """One question, in whatever state.

    Raises:
        NotFoundError: There is none, or the reader may not know of one of its records.
    """
    sql = _ONE.format(**blind_columns(session), visible=_both(sight))
    row = session.row(sql, {"id": review_id})
    if row is None:
        raise NotFoundError("there is no such question", where=str(review_id))
    return _item(row, now)


def claim_review(store: Store, header: TxHeader, reader: Reader, review_id: int) -> ReviewItem:
    """Reserve a pair for a steward, for `LEASE`; to claim it again prolongs that.

    Raises:
        NotFoundError: There is no such question.
        ReviewTakenError: It is decided, another steward holds it, or this one answered first.
    """
    with store.writing(header) as session:
        sight = desk_sight(session, reader)
        item = read_review(session, sight, review_id, now=session.at)
        _refuse_taken(item, reader)
        if item.first_steward == reader.actor:
            raise _taken(item, reader.actor, "the first answer is yours: another steward decides")
        until = datetime.fromisoformat(session.at) + LEASE
        lease = until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        _hold(session, item, reader.actor, lease)
        return read_review(session, sight, review_id, now=session.at)


def release_review(store: Store, header: TxHeader, reader: Reader, review_id: int) -> None:
    """Let go of a pair that a steward holds; where they hold none, nothing changes.

    Raises:
        NotFoundError: There is no such question.
    """
    with store.writing(header) as session:
        item = read_review(session, desk_sight(session, reader), review_id, now=session.at)
        if item.claimed_by == reader.actor:
            _hold(session, item, None, None)


def decide_review(
    store: Store,
    rules: DecisionRules,
    header: TxHeader,
    reader: Reader,
    review_id: int,
    *,
    said: tuple[Verdict, str],
    content_hash: str,
) -> dict[str, object]:
    """Answer a question.

    Args:
        store: The registry.
        rules: Thresholds and survivorship.
        header: Its actor is the steward.
        reader: The same, as a reader.
        review_id: The question.
        said: The answer and the reason for it.
        content_hash: What was compared, as it was read.

    Returns:
        review_id, judgement_id, verdict, state (`active`, or `needs_second`), merged, split,
        moved, municipal_ids.

    Raises:
        NotFoundError: There is no such question.
        ReviewTakenError: Another steward decided it or holds it.
        StaleContentError: The records say something else now.
        JudgementConflictError: The answer contradicts a judgement, which is named.
        SplitHeldError: It splits a citizen, and no rule says which part keeps the municipal ID.
    """
    try:
        return _decide(store, rules, header, reader, review_id, said=said, version=content_hash)
    except SplitHeldError:
        if said[0] is Verdict.DIFFERENT:
            note_held(store, header, review_id)
        raise


def _decide(
    store: Store,
    rules: DecisionRules,
    header: TxHeader,
    reader: Reader,
    review_id: int,
    *,
    said: tuple[Verdict, str],
    version: str,
) -> dict[str, object]:
    verdict, reason = said
    with store.writing(header) as session:
        item = read_review(session, desk_sight(session, reader), review_id, now=session.at)
        _refuse_taken(item, reader)
        if item.content_hash != version:
            raise StaleContentError("the records were changed: read them again")
        answer = Answer(verdict=verdict, pair=item.pair, actor=reader.actor, reason=reason)
        (taken,), changed = take_answers(session, rules, [answer])
        if isinstance(taken, JudgementConflictError):
            raise taken
        return {
            "review_id": review_id,
            "judgement_id": taken.judgement_id,
            "verdict": verdict.value,
            "state": taken.state,
            **outcome(session, item.pair, changed),
        }


def undo_review(
    store: Store, rules: DecisionRules, header: TxHeader, reader: Reader, review_id: int
) -> dict[str, object]:
    """Take the answer to a question back: whoever gave it, or a supervisor.

    Returns:
        As `decide_review`, with the state `undone`.

    Raises:
        NotFoundError: There is no such question.
        JudgementConflictError: It was not answered.
        ForbiddenError: Somebody else answered it.
    """
    with store.writing(header) as session:
        item = read_review(session, desk_sight(session, reader), review_id, now=session.at)
        if item.judgement_id is None:
            raise JudgementConflictError("the question is not answered", where=str(review_id))
        given_by = item.decided_by if item.first_steward is None else item.first_steward
        if given_by != reader.actor and reader.role is not Role.SUPERVISOR:
            raise ForbiddenError("only who answered, or a supervisor, takes an answer back")
        return {"review_id": review_id, **take_back(session, rules, item.judgement_id)}


def _both(sight: Sight) -> str:
    return f"{sight.visible('l')} AND {sight.visible('r')}"


def _refuse_taken(item: ReviewItem, reader: Reader) -> None:
    """Refuse what another steward decided or holds, or what is asked no more."""
    if item.state == "decided" and item.decided_by != reader.actor:
        raise _taken(item, str(item.decided_by), "another steward decided this pair")
    if item.state == "stale":
        raise _taken(item, "", "the question fell away")
    if item.claimed_by is not None and item.claimed_by != reader.actor:
        raise _taken(item, item.claimed_by, "another steward holds this pair")


def _taken(item: ReviewItem, steward: str, message: str) -> ReviewTakenError:
    said: dict[str, object] = {
        "steward": steward if steward != "" else None,
        "state": item.state,
        "verdict": item.verdict,
        "judgement_id": item.judgement_id,
        "lease_until": item.lease_until,
    }
    conflict = {name: value for name, value in said.items() if value is not None}
    return ReviewTakenError(message, conflict_with=conflict, where=str(item.review_id))


def _hold(session: WriteSession, item: ReviewItem, steward: str | None, lease: str | None) -> None:
    """Lease every question that waits about the pair, or none: one answer settles them all."""
    rows = session.rows(_OF_PAIR, {"l": item.pair[0], "r": item.pair[1]})
    session.update_rows(
        "review_item",
        [
            {
                "review_id": row["review_id"],
                "state": "open" if steward is None else "claimed",
                "claimed_by": steward,
                "lease_until": lease,
            }
            for row in rows
        ],
    )


def _item(row: Mapping[str, object], now: str) -> ReviewItem:
    lease, state = as_text(row["lease_until"]), str(row["state"])
    waits = state in {"open", "claimed"}
    held = waits and lease is not None and lease > now
    judged = row["judgement_id"] is not None
    judged_by = as_text(row["judged_by"])
    _, _, guard = str(row["reason"]).partition(":")
    priority = row["priority"]
    blind = as_int(row["is_blind"]) == 1
    ids = (as_text(row["municipal_id_l"]), as_text(row["municipal_id_r"]))
    called = "said" if blind else "name"
    return ReviewItem(
        review_id=as_int(row["review_id"]),
        kind=shown_kind(str(row["kind"])),
        guard=None if guard == "" else guard,
        state=("claimed" if held else "open") if waits else state,
        match_weight=None if blind else _number(row["match_weight"]),
        match_probability=None if blind else _number(row["match_probability"]),
        group_id=None if row["group_id"] is None else as_int(row["group_id"]),
        names=(as_text(row[f"{called}_l"]), as_text(row[f"{called}_r"])),
        sources=(str(row["source_l"]), str(row["source_r"])),
        local_ids=(str(row["local_id_l"]), str(row["local_id_r"])),
        municipal_ids=(None, None) if blind else ids,
        read_ids=ids,
        is_blind=blind,
        claimed_by=as_text(row["claimed_by"]) if held else None,
        lease_until=lease if held else None,
        first_steward=judged_by if waits and judged else None,
        decided_by=judged_by if state == "decided" else None,
        verdict=as_text(row["verdict"]) if state == "decided" else None,
        judgement_id=as_int(row["judgement_id"]) if judged else None,
        content_hash=content_hash_of(str(row["hash_l"]), str(row["hash_r"])),
        pair=(as_int(row["record_l"]), as_int(row["record_r"])),
        cursor=(
            0 if row["kind"] == "suspended_judgement" else 1,
            -(_number(priority) or 0.0),
            0 if row["group_id"] is None else as_int(row["group_id"]),
            as_int(row["review_id"]),
        ),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
