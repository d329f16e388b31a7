"""Judge a number of a record: its own, or another person's; and what follows from the answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from mdm.domain.events import (
    Event,
    JudgeIdentifier,
    JudgeIdentifierSuspend,
    JudgeIdentifierUndo,
)
from mdm.domain.identifier_judgement import IdentifierJudgement, identifier_hash, numbers_of
from mdm.domain.judgement import JudgementState
from mdm.domain.ledger import TxHeader
from mdm.domain.ownership import Ownership
from mdm.errors import JudgementConflictError, NotFoundError, UsageError
from mdm.ports import ReadSession, Rows, Store, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.citizen_facts import KnownRecord, read_records
from mdm.services.judged_identifiers import identifiers_on
from mdm.services.judgements import next_judgement_ids
from mdm.services.keys import record_number
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.refresh_golden import GoldenRules, refresh_golden
from mdm.services.seals import sealed_among, unsealed

_LIST = """
SELECT j.judgement_id, j.identifier, j.verdict, r.source, r.local_id, j.actor, j.reason, j.at,
       CASE WHEN j.state = 'active' AND r.content_hash <> j.content_hash THEN 'suspended'
            ELSE j.state END AS state
FROM identifier_judgement j JOIN record r ON r.record_id = j.record_id
WHERE NOT r.restricted AND r.state <> 'erased' AND j.state <> 'undone'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A steward's answer about a number.

    Attributes:
        verdict: `OWN` or `NOT_THEIRS`.
        key: Source and local ID of the record.
        identifier: "cpf", "cns" or "nis".
        number: Which one, of a record that carries several CNS; else None.
        reason: In the steward's words.
    """

    verdict: Ownership
    key: tuple[str, str]
    identifier: str
    number: str | None
    reason: str


def judge_identifier(
    store: Store, rules: GoldenRules, header: TxHeader, said: Said
) -> dict[str, object]:
    """Judge a number of a record; to give the same answer again changes nothing.

    Its citizen's golden record follows at once, pairs and other people's records with the next
    link run. The same answer by another steward is one more judgement: where two stewards call
    two CPFs own, the guard between them is open.

    Args:
        store: The registry.
        rules: Survivorship.
        header: Its actor is the steward.
        said: The answer.

    Returns:
        judgement_id, verdict, identifier, state, municipal_id (None while the record is pending),
        replaced (numbers of suspended judgements that it takes the place of).

    Raises:
        JudgementConflictError: Another judgement, which is named, says the contrary.
        NotFoundError, UnknownSourceError: There is no such record, or it has no such number.
        UsageError: It carries several and none was named.
    """
    with store.writing(header) as session:
        record_id = record_number(session, *said.key)
        today = date.fromisoformat(session.at[:10])
        known = read_records(session, [record_id], today=today)[record_id]
        value_hash = identifier_hash(said.identifier, _number(known, said))
        standing = [
            one
            for one in identifiers_on(session, [record_id]).get(record_id, ())
            if one.value_hash == value_hash
        ]
        home = _home(session, record_id)
        repeated = _repeated(standing, said, header.actor)
        if repeated is not None:
            return _outcome(repeated.judgement_id, said, home, [])
        replaced = [one.judgement_id for one in standing if one.state is JudgementState.SUSPENDED]
        _undo(session, replaced)
        number = next_judgement_ids(session)
        _store(session, header, said, known, (number, value_hash))
        refresh_golden(session, rules, [] if home is None else [home])
        return _outcome(number, said, home, replaced)


def take_back_identifier(
    session: WriteSession, rules: GoldenRules, judgement_id: int
) -> dict[str, object]:
    """Take a judgement about a number back, inside a transaction.

    What a link run did by it meanwhile stays until the next one.

    Returns:
        As `mdm.services.judge_pair.undo_judgement`; nothing is merged, split or moved.

    Raises:
        NotFoundError: There is no such judgement.
        JudgementConflictError: It is undone already.
    """
    row = session.row(
        "SELECT record_id, verdict, state FROM identifier_judgement WHERE judgement_id = :id",
        {"id": judgement_id},
    )
    if row is None:
        raise NotFoundError("there is no such judgement", where=str(judgement_id))
    if sealed_among(session, [as_int(row["record_id"])]):
        raise NotFoundError("there is no such judgement", where=str(judgement_id))
    if row["state"] == "undone":
        raise JudgementConflictError(
            "the judgement is undone already", where=f"judgement {judgement_id}"
        )
    _undo(session, [judgement_id])
    home = _home(session, as_int(row["record_id"]))
    homes = [] if home is None else [home]
    refresh_golden(session, rules, homes)
    return {
        "judgement_id": judgement_id,
        "verdict": row["verdict"],
        "state": "undone",
        **dict.fromkeys(("merged", "split", "moved"), 0),
        "municipal_ids": homes,
    }


def list_identifiers(session: ReadSession) -> Rows:
    """The judgements about numbers that stand; those to be asked again, suspended, come first."""
    rows = session.rows(_LIST)
    return sorted(rows, key=lambda row: (row["state"] != "suspended", as_int(row["judgement_id"])))


def suspend_changed_identifiers(session: WriteSession) -> int:
    """Suspend every active judgement whose record has other content now.

    It goes on counting while the record carries the number. To be called in the transaction of an
    apply.

    Returns:
        How many were suspended.
    """
    rows = session.rows(
        "SELECT j.judgement_id FROM identifier_judgement j JOIN record r "
        f"ON r.record_id = j.record_id WHERE j.state = 'active' AND {unsealed('j')} "
        "AND r.content_hash <> j.content_hash ORDER BY j.judgement_id"
    )
    numbers = [as_int(row["judgement_id"]) for row in rows]
    _set_states(session, numbers, "suspended", JudgeIdentifierSuspend)
    return len(numbers)


def forget_identifier_judgements(session: WriteSession, record_ids: Iterable[int]) -> None:
    """Empty what stewards said of the numbers of records that are erased, and undo it."""
    rows = list(
        rows_of_numbers(
            session,
            "SELECT judgement_id, state FROM identifier_judgement WHERE record_id IN ({keys})",
            record_ids,
        )
    )
    _undo(session, [as_int(r["judgement_id"]) for r in rows if r["state"] != "undone"])
    session.update_rows(
        "identifier_judgement",
        [{"judgement_id": r["judgement_id"], "value_hash": None, "reason": None} for r in rows],
    )


def _number(known: KnownRecord, said: Said) -> str:
    carried = [number for kind, number in numbers_of(known.record) if kind == said.identifier]
    if said.number is not None:
        digits = "".join(char for char in said.number if char.isdigit())
        carried = [number for number in carried if number == digits]
    if not carried:
        raise NotFoundError(f"the record carries no such {said.identifier}", where=said.key[0])
    if len(carried) > 1:
        raise UsageError(f"the record carries {len(carried)} {said.identifier}: name one")
    return carried[0]


def _repeated(
    standing: Sequence[IdentifierJudgement], said: Said, actor: str
) -> IdentifierJudgement | None:
    """The same answer that the steward gave before.

    Raises:
        JudgementConflictError: An active judgement says the contrary.
    """
    active = [one for one in standing if one.state is JudgementState.ACTIVE]
    for one in active:
        if one.verdict is not said.verdict:
            name = f"judgement {one.judgement_id}"
            raise JudgementConflictError(
                f"'{said.verdict}' contradicts {name} ('{one.verdict}'); undo that first",
                where=name,
            )
    return next((one for one in active if one.actor == actor), None)


def _home(session: ReadSession, record_id: int) -> str | None:
    found = session.value(
        "SELECT municipal_id FROM membership WHERE record_id = :record", {"record": record_id}
    )
    return None if found is None else str(found)


def _store(
    session: WriteSession,
    header: TxHeader,
    said: Said,
    known: KnownRecord,
    numbered: tuple[int, str],
) -> None:
    number, value_hash = numbered
    session.insert_rows(
        "identifier_judgement",
        [
            {
                "judgement_id": number,
                "record_id": known.record_id,
                "identifier": said.identifier,
                "value_hash": value_hash,
                "verdict": said.verdict.value,
                "content_hash": known.content_hash,
                "actor": header.actor,
                "reason": said.reason,
                "at": session.at,
                "state": "active",
                "tx_id": session.tx_id,
            }
        ],
    )
    session.append_events(event_table([JudgeIdentifier(number)]))


def _undo(session: WriteSession, numbers: Sequence[int]) -> None:
    _set_states(session, numbers, "undone", JudgeIdentifierUndo)


def _set_states(
    session: WriteSession,
    numbers: Sequence[int],
    state: str,
    event: type[JudgeIdentifierUndo] | type[JudgeIdentifierSuspend],
) -> None:
    if not numbers:
        return
    rows = [{"judgement_id": number, "state": state} for number in numbers]
    session.update_rows("identifier_judgement", rows)
    events: list[Event] = [event(number) for number in numbers]
    session.append_events(event_table(events))


def _outcome(
    number: int, said: Said, home: str | None, replaced: Sequence[int]
) -> dict[str, object]:
    return {
        "judgement_id": number,
        "verdict": said.verdict.value,
        "identifier": said.identifier,
        "state": "active",
        "municipal_id": home,
        "replaced": list(replaced),
    }
