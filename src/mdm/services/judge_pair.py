"""Judge two records, or take a judgement back: in one transaction with all that follows."""

from collections.abc import Sequence

from mdm.clustering.scope import citizens_to_redecide
from mdm.domain.judgement import Judgement, Verdict, close
from mdm.domain.ledger import TxHeader
from mdm.errors import JudgementConflictError, NotFoundError, UsageError
from mdm.ports import ReadSession, Store, WriteSession
from mdm.services.history import memberships_before, past_members
from mdm.services.judge_identifier import take_back_identifier
from mdm.services.judgements import connected_judgements, undo_judgements
from mdm.services.keep_ids import SAID_BY_RULE, Keep, kept_ids, restore_ids, restore_tombstones
from mdm.services.keys import Key, record_number
from mdm.services.lists import as_int
from mdm.services.redecide import DecisionRules, Redecided, redecide
from mdm.services.refresh_golden import memberships
from mdm.services.review_queue import Pair, release, reopen
from mdm.services.seals import sealed_among
from mdm.services.take_answers import Answer, home_of, take_answers


def judge_pair(
    store: Store,
    rules: DecisionRules,
    header: TxHeader,
    keys: tuple[Key, Key],
    said: tuple[Verdict, str],
    *,
    keep: Keep = SAID_BY_RULE,
) -> dict[str, object]:
    """Judge two records; to give the same answer again changes nothing.

    Args:
        store: The registry.
        rules: Thresholds and survivorship.
        header: Its actor is the steward.
        keys: The two records.
        said: The answer and the reason for it.
        keep: Who keeps the ID of a citizen that the answer splits.

    Returns:
        judgement_id, verdict, state (`active`, or `needs_second`: *same* across a guard waits
        for a second steward), merged, split, moved, municipal_ids (of the two records).

    Raises:
        JudgementConflictError: It contradicts a judgement, which is named.
        NotFoundError, UnknownSourceError: There is no such record.
        SplitHeldError: No rule says which part keeps the ID, and `keep` does not either.
        UsageError: It is one record twice, or `keep` names a record that keeps nothing.
    """
    verdict, reason = said
    with store.writing(header) as session:
        pair = ordered_pair([record_number(session, *key) for key in keys])
        answer = Answer(verdict=verdict, pair=pair, actor=header.actor, reason=reason)
        (taken,), changed = take_answers(session, rules, [answer], kept_ids(session, pair, keep))
        if isinstance(taken, JudgementConflictError):
            raise taken
        return {
            "judgement_id": taken.judgement_id,
            "verdict": verdict.value,
            "state": taken.state,
            **outcome(session, pair, changed),
        }


def undo_judgement(
    store: Store, rules: DecisionRules, header: TxHeader, judgement_id: int
) -> dict[str, object]:
    """Take a judgement back; its citizens are grouped as if it had never been given.

    Of two answers that overrule a guard, the first can be taken back while it waits. The number
    may be that of a judgement about an identifier: see `take_back_identifier`.

    Returns:
        As `judge_pair`, with the state `undone`.

    Raises:
        NotFoundError: There is no such judgement.
        JudgementConflictError: It is undone already.
    """
    with store.writing(header) as session:
        return take_back(session, rules, judgement_id)


def take_back(session: WriteSession, rules: DecisionRules, judgement_id: int) -> dict[str, object]:
    """The same inside a transaction; see `undo_judgement`."""
    row = session.row("SELECT * FROM judgement WHERE judgement_id = :id", {"id": judgement_id})
    if row is None:
        return take_back_identifier(session, rules.golden, judgement_id)
    pair = (as_int(row["record_l"]), as_int(row["record_r"]))
    if sealed_among(session, pair):
        raise NotFoundError("there is no such judgement", where=str(judgement_id))
    changed = Redecided()
    if row["state"] != "undone":
        changed = _undo(session, rules, judgement_id, pair, as_int(row["tx_id"]))
    elif release(session, judgement_id) == 0:
        raise JudgementConflictError(
            "the judgement is undone already", where=f"judgement {judgement_id}"
        )
    return {
        "judgement_id": judgement_id,
        "verdict": row["verdict"],
        "state": "undone",
        **outcome(session, pair, changed),
    }


def ordered_pair(records: Sequence[int]) -> Pair:
    """Two records, the smaller number first.

    Raises:
        UsageError: They are one.
    """
    left, right = sorted(records)
    if left == right:
        raise UsageError("a record cannot be judged against itself")
    return left, right


def _undo(
    session: WriteSession, rules: DecisionRules, judgement_id: int, pair: Pair, tx_id: int
) -> Redecided:
    standing = connected_judgements(session, pair)
    rest = [judgement for judgement in standing if judgement.judgement_id != judgement_id]
    undo_judgements(session, [judgement_id])
    reopen(session, judgement_id)
    closures = [close(standing), close(rest)]
    near = {*pair, *(record_id for closure in closures for record_id in closure.groups)}
    citizens = citizens_to_redecide(pair, closures, home_of(session, sorted(near)))
    before = _homes_before(session, pair, standing, tx_id)
    # What the judgement drove apart comes together again: all records that it concerned.
    citizens |= {*home_of(session, sorted(before)).values()}
    members = memberships(session, citizens)
    was = {record_id: home for record_id, home in before.items() if record_id in members}
    restore_tombstones(session, tx_id)
    changed = redecide(session, rules, citizens, before=was)
    restore_ids(session, tx_id, before)
    return changed


def _homes_before(
    session: ReadSession, pair: Pair, standing: Sequence[Judgement], tx_id: int
) -> dict[int, str]:
    """The citizen that each record had when the judgement was given, of those it concerned.

    What only the judgement joined must not hold by hysteresis when it is gone.
    """
    closure = close(standing)
    ends = {closure.group_of(record_id) for record_id in pair}
    tied = {*pair, *(r for r, group in closure.groups.items() if group in ends)}
    concerned = {*memberships_before(session, sorted(tied), tx_id).values()}
    past = memberships_before(session, past_members(session, concerned, tx_id), tx_id)
    return {record_id: home for record_id, home in past.items() if home in concerned}


def outcome(session: ReadSession, pair: Pair, changed: Redecided) -> dict[str, object]:
    """merged, split, moved; municipal_ids of the two records."""
    homes = home_of(session, pair)
    return {
        "merged": changed.merged,
        "split": changed.split,
        "moved": changed.moved,
        "municipal_ids": list(dict.fromkeys(homes[r] for r in pair if r in homes)),
    }
