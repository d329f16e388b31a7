"""The table of judgements: read what stands, store what is new, suspend what has changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdm.domain.events import Event, Judge, JudgeSuspend, JudgeUndo
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.overlays import all_ties
from mdm.services.review_queue import (
    SUSPENDED,
    Question,
    ask_no_more,
    content_hash_of,
    open_questions,
)
from mdm.services.seals import unsealed

_BOTH_OPEN = f"{unsealed('l')} AND {unsealed('r')}"
_STANDING = f"""
SELECT j.judgement_id, j.verdict, j.record_l, j.record_r, j.state,
       l.content_hash <> j.content_hash_l OR r.content_hash <> j.content_hash_r AS changed
FROM judgement j JOIN record l ON l.record_id = j.record_l JOIN record r ON r.record_id = j.record_r
WHERE j.state <> 'undone' AND {_BOTH_OPEN} AND
"""
_SUSPENDED = f"""
SELECT j.judgement_id, j.state, j.record_l, j.record_r, p.match_weight,
       l.content_hash AS hash_l, r.content_hash AS hash_r
FROM judgement j JOIN record l ON l.record_id = j.record_l JOIN record r ON r.record_id = j.record_r
LEFT JOIN scored_pair p ON p.record_l = j.record_l AND p.record_r = j.record_r
WHERE l.state <> 'erased' AND r.state <> 'erased' AND {_BOTH_OPEN}
  AND (j.state = 'suspended' OR j.state = 'active'
  AND (l.content_hash <> j.content_hash_l OR r.content_hash <> j.content_hash_r))
ORDER BY j.judgement_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A judgement about to be stored.

    Attributes:
        judgement: What was answered.
        content_hashes: Of the two records, smaller number first, as the steward saw them.
        actor: The steward.
        reason: In the steward's words.
    """

    judgement: Judgement
    content_hashes: tuple[str, str]
    actor: str
    reason: str


def next_judgement_ids(session: WriteSession, count: int = 1) -> int:
    """Reserve numbers that neither a judgement about a pair nor one about an identifier has."""
    tables = ("judgement", "identifier_judgement")
    return max(session.next_ids(table, count) for table in tables)


def connected_judgements(session: ReadSession, records: Iterable[int]) -> list[Judgement]:
    """Every standing judgement on the records and on those that judgements connect them with.

    One whose content has changed since counts as suspended, also before an apply says so.
    """
    found: dict[int, Judgement] = {}
    seen: set[int] = set()
    reached = set(records)
    while reached - seen:
        asked, seen = reached - seen, seen | reached
        for end in ("record_l", "record_r"):
            for row in rows_of_numbers(session, f"{_STANDING} j.{end} IN ({{keys}})", asked):
                judgement = _judgement(row)
                found[judgement.judgement_id] = judgement
                reached |= {*judgement.pair}
    return [found[number] for number in sorted(found)]


def standing_judgements(session: ReadSession) -> tuple[Judgement, ...]:
    """Every judgement that stands; one whose content has changed counts as suspended.

    Open overlays are among them as ties: see `mdm.domain.overlay.ties`.
    """
    rows = session.rows(f"{_STANDING} j.record_l > 0 ORDER BY j.judgement_id")
    standing = tuple(_judgement(row) for row in rows)
    return (*standing, *all_ties(session, standing))


def _judgement(row: dict[str, object]) -> Judgement:
    state = JudgementState(str(row["state"]))
    if bool(row["changed"]) and state is JudgementState.ACTIVE:
        state = JudgementState.SUSPENDED
    return Judgement(
        as_int(row["judgement_id"]),
        Verdict(str(row["verdict"])),
        as_int(row["record_l"]),
        as_int(row["record_r"]),
        state,
    )


def store_judgements(session: WriteSession, given: Sequence[Given]) -> None:
    """Write judgements with their events; undone ones were given and did not come into force."""
    session.insert_rows(
        "judgement",
        [
            {
                "judgement_id": one.judgement.judgement_id,
                "verdict": one.judgement.verdict.value,
                "record_l": one.judgement.record_l,
                "record_r": one.judgement.record_r,
                "content_hash_l": one.content_hashes[0],
                "content_hash_r": one.content_hashes[1],
                "actor": one.actor,
                "reason": one.reason,
                "at": session.at,
                "state": one.judgement.state.value,
                "tx_id": session.tx_id,
            }
            for one in given
        ],
    )
    events: list[Event] = []
    for one in given:
        made = one.judgement
        events.append(Judge(made.judgement_id, made.verdict, made.record_l, made.record_r))
        if made.state is JudgementState.UNDONE:
            events.append(JudgeUndo(made.judgement_id))
    if events:
        session.append_events(event_table(events))


def undo_judgements(session: WriteSession, numbers: Iterable[int]) -> None:
    """Take judgements back, with their events; those suspended are asked no more."""
    ordered = sorted(set(numbers))
    if not ordered:
        return
    session.update_rows("judgement", [{"judgement_id": n, "state": "undone"} for n in ordered])
    session.append_events(event_table([JudgeUndo(number) for number in ordered]))
    pairs = rows_of_numbers(
        session,
        "SELECT record_l, record_r FROM judgement WHERE judgement_id IN ({keys})",
        ordered,
    )
    ask_no_more(session, [(as_int(row["record_l"]), as_int(row["record_r"])) for row in pairs])


def suspend_changed(session: WriteSession) -> int:
    """Suspend every active judgement whose records have other content now, and ask it again first.

    The grouping stays as judged until it is answered. To be called in the transaction of an
    apply.

    Returns:
        How many were suspended.
    """
    rows = session.rows(_SUSPENDED)
    fresh = [as_int(row["judgement_id"]) for row in rows if row["state"] == "active"]
    session.update_rows(
        "judgement", [{"judgement_id": number, "state": "suspended"} for number in fresh]
    )
    if fresh:
        session.append_events(event_table([JudgeSuspend(number) for number in fresh]))
    open_questions(session, [_again(row) for row in rows])
    return len(fresh)


def _again(row: Mapping[str, object]) -> Question:
    weight = row["match_weight"]
    return Question(
        kind=SUSPENDED,
        record_l=as_int(row["record_l"]),
        record_r=as_int(row["record_r"]),
        match_weight=None if weight is None else float(str(weight)),
        group=as_int(row["record_l"]),
        content_hash=content_hash_of(str(row["hash_l"]), str(row["hash_r"])),
    )
