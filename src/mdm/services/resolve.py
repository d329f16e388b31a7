"""Resolve: a local ID, or a municipal ID, to the citizen that it names; now or as of then."""

from dataclasses import dataclass

from mdm.domain.change import RecordStanding
from mdm.domain.events import RecordState
from mdm.domain.ledger import TxHeader
from mdm.domain.lifecycle import CitizenStatus, citizen_status_of
from mdm.domain.municipal_id import parse
from mdm.errors import (
    AmbiguousIdError,
    IdErasedError,
    IdTombstoneError,
    IdWithdrawnError,
    NotFoundError,
)
from mdm.ports import Clock, ReadSession, Store
from mdm.services import history
from mdm.services.keys import MUNICIPAL, record_number
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.sealed_changes import Unsaid
from mdm.services.seals import refuse_sealed, sealed_among
from mdm.services.told import WITHOUT_RECORD, Telling, is_told, tell

_ID_FACTS = """
SELECT i.state, i.anchor_record_id, i.ambiguous_until, m.municipal_id AS citizen
FROM municipal_id i LEFT JOIN membership m ON m.record_id = i.anchor_record_id
WHERE i.municipal_id = :id
"""

_OPEN = "NOT r.restricted"
ERASED = "what was known under this ID was erased by law"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An answer.

    Attributes:
        municipal_id: The citizen's ID; None where the record belongs to nobody (yet).
        requested: What was asked for: the local ID, or the municipal ID without hyphen.
        as_of: The day or time asked for; None for now.
        status: `pending`: loaded and not yet placed. `active`: the citizen has a present record,
            and so is the record asked for. `withdrawn`, `superseded`: the record is no longer at
            its source, or replaced there; others keep the citizen active. `dormant`: the citizen
            has no present record; it comes back with one. A record that left its source before
            it was placed has the status `withdrawn` or `superseded` and no ID.
        link_status: How the record came to its citizen: `alone`, `automatic`, `confirmed`; None
            without a record.
    """

    municipal_id: str | None
    requested: str
    as_of: str | None
    status: str
    link_status: str | None
    record_id: int = WITHOUT_RECORD

    def as_dict(self) -> dict[str, object]:
        """The answer as the command line prints it."""
        return {
            "municipal_id": self.municipal_id,
            "requested": self.requested,
            "as_of": self.as_of,
            "status": self.status,
            "link_status": self.link_status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        source: A source, or `municipal`.
        local_id: Its local ID, or a municipal ID as people write it.
        as_of: A day (its end, UTC) or a time; None for now.
        holder: The system that is told the answer; None for the source itself, or for the actor
            where a municipal ID is asked for.
    """

    source: str
    local_id: str
    as_of: str | None = None
    holder: str | None = None


def resolve(store: Store, clock: Clock, header: TxHeader, question: Question) -> dict[str, object]:
    """Answer a question and note that the ID was told.

    Returns:
        municipal_id, requested, as_of, status, link_status.

    Raises:
        UnknownSourceError: The source is not declared.
        NotFoundError: There is no such record or ID (then).
        InvalidMunicipalIdError: The text is no municipal ID.
        IdWithdrawnError: The plan that minted the ID was reverted.
        IdTombstoneError: A steward decided that nobody keeps the ID.
        IdErasedError: Everything known under the ID was erased by law.
        AmbiguousIdError: The ID was told for both parts of a split: ask by source and local ID.
        UsageError: `as_of` is neither a day nor a time.
    """
    today = clock().date().isoformat()
    with store.reading() as session:
        answer = answer_of(session, question, today)
        if answer.municipal_id is None:
            return answer.as_dict()
        holder = _holder(question, header.actor)
        if is_told(session, _telling(answer, answer.municipal_id), holder, today):
            return answer.as_dict()
    with store.writing(header) as writing:
        answer = answer_of(writing, question, today)
        if answer.municipal_id is not None:
            tell(writing, [_telling(answer, answer.municipal_id)], holder)
    return answer.as_dict()


def answer_of(session: ReadSession, question: Question, today: str) -> Resolved:
    """The answer of one snapshot; nothing is noted. See `resolve`.

    Args:
        session: The snapshot.
        question: What is asked.
        today: ISO day of the question, for IDs that are ambiguous for a time.
    """
    view = view_of(session, question.as_of, today)
    if question.source == MUNICIPAL:
        return _by_id(view, question)
    return _by_record(view, question)


def _holder(question: Question, actor: str) -> str:
    if question.holder is not None:
        return question.holder
    return actor if question.source == MUNICIPAL else question.source


def _telling(answer: Resolved, municipal_id: str) -> Telling:
    return Telling(municipal_id, answer.record_id)


def view_of(session: ReadSession, as_of: str | None, today: str) -> "View":
    """The registry now, or as of a day (its end, UTC) or a time.

    Raises:
        UsageError: `as_of` is neither a day nor a time.
    """
    if as_of is None:
        return View(session, None, today)
    moment = history.moment_of(as_of)
    return View(session, history.transaction_at(session, moment), moment[: len(today)])


@dataclass(frozen=True, slots=True)
class View:
    """The registry now (`tx_id` None) or after a past transaction.

    Attributes:
        session: The snapshot.
        tx_id: The last transaction that counts.
        day: ISO day of the question.
    """

    session: ReadSession
    tx_id: int | None
    day: str

    def membership(self, record_id: int) -> tuple[str, str] | None:
        """The citizen that a record belongs to, and its link status."""
        if self.tx_id is not None:
            then = history.membership_at(self.session, record_id, self.tx_id)
            # What is sealed now was never told; a sealed record is read by who may know of it.
            if then is None or sealed_among(self.session, [record_id]):
                return then
            unsaid = Unsaid(self.session)
            if then[0] in unsaid.ids():
                return None
            stood = {record_id: RecordStanding(*then, RecordState.PRESENT)}
            return then[0], str(unsaid.standings(stood, self.tx_id)[record_id].link_status)
        row = self.session.row(
            "SELECT municipal_id, link_status FROM membership WHERE record_id = :record",
            {"record": record_id},
        )
        return None if row is None else (str(row["municipal_id"]), str(row["link_status"]))

    def state(self, record_id: int) -> str:
        """The state of a record."""
        if self.tx_id is not None:
            return history.state_at(self.session, record_id, self.tx_id).value
        state = self.session.value(
            "SELECT state FROM record WHERE record_id = :record", {"record": record_id}
        )
        return str(state)

    def is_dormant(self, municipal_id: str, visible: str = _OPEN) -> bool:
        """Whether no record of a citizen is present; see `citizen_status`."""
        return self.citizen_status(municipal_id, visible) is CitizenStatus.DORMANT

    def citizen_status(self, municipal_id: str, visible: str = _OPEN) -> CitizenStatus:
        """Where a citizen stands; who is erased now is told as erased of every moment.

        Args:
            municipal_id: The citizen.
            visible: SQL condition on `r`: the records that count, where there are any.
        """
        sql = f"SELECT r.record_id, r.state, {visible} AS visible FROM record r "
        if self.tx_id is None:
            joined = "JOIN membership m ON m.record_id = r.record_id WHERE m.municipal_id = :id"
            rows = [*self.session.rows(sql + joined, {"id": municipal_id})]
        else:
            members = history.members_at(self.session, municipal_id, self.tx_id)
            rows = [*rows_of_numbers(self.session, sql + "WHERE r.record_id IN ({keys})", members)]
        counted = [row for row in rows if row["visible"]] or rows
        now = citizen_status_of(RecordState(str(row["state"])) for row in counted)
        if self.tx_id is None or now is CitizenStatus.ERASED:
            return now
        return citizen_status_of(
            RecordState(self.state(as_int(row["record_id"]))) for row in counted
        )

    def id_facts(self, municipal_id: str) -> dict[str, object] | None:
        """State, anchor, `ambiguous_until` of an ID and the citizen of its anchor, if any.

        None where the ID was not issued.
        """
        if self.tx_id is None:
            return self.session.row(_ID_FACTS, {"id": municipal_id})
        facts = history.id_at(self.session, municipal_id, self.tx_id)
        if facts is None:
            return None
        belongs = self.membership(as_int(facts["anchor_record_id"]))
        return {**facts, "citizen": None if belongs is None else belongs[0]}


def _by_record(view: View, question: Question) -> Resolved:
    record_id = record_number(view.session, question.source, question.local_id)
    if view.tx_id is not None and not history.was_known(view.session, record_id, view.tx_id):
        raise NotFoundError("the record was not known then", where=question.source)
    state = view.state(record_id)
    belongs = view.membership(record_id)
    status = "active" if state == "present" else state
    if belongs is not None and view.is_dormant(belongs[0]):
        status = "dormant"
    return Resolved(
        municipal_id=None if belongs is None else belongs[0],
        requested=question.local_id,
        as_of=question.as_of,
        status=status,
        link_status=None if belongs is None else belongs[1],
        record_id=record_id,
    )


def _by_id(view: View, question: Question) -> Resolved:
    requested = parse(question.local_id)
    if not history.told_ids(view.session, [requested], "NOT r.restricted"):
        raise NotFoundError("no such municipal ID was issued", where=requested)
    refuse_sealed(view.session, requested)
    municipal_id = named(view, requested)
    status = view.citizen_status(municipal_id)
    if status is CitizenStatus.ERASED:
        raise IdErasedError(ERASED, where=requested)
    return Resolved(
        municipal_id=municipal_id,
        requested=requested,
        as_of=question.as_of,
        status=status.value,
        link_status=None,
    )


def present_citizen(session: ReadSession, municipal_id: str, today: str) -> str:
    """The present ID of the citizen that an ID ever issued names alone.

    Raises:
        NotFoundError, IdWithdrawnError, IdTombstoneError, AmbiguousIdError: See `resolve`.
    """
    refuse_sealed(session, municipal_id)
    return named(View(session, None, today), municipal_id)


def named(view: View, municipal_id: str) -> str:
    """The citizen that an ID names: that of its anchor, one hop away.

    Raises:
        NotFoundError, IdWithdrawnError, IdTombstoneError, AmbiguousIdError: See `resolve`.
    """
    facts = view.id_facts(municipal_id)
    if facts is None:
        raise NotFoundError("no such municipal ID was issued", where=municipal_id)
    if facts["state"] == "withdrawn":
        raise IdWithdrawnError("the plan that minted this ID was reverted", where=municipal_id)
    if facts["state"] == "tombstone":
        raise IdTombstoneError("a steward decided that nobody keeps this ID", where=municipal_id)
    until = facts["ambiguous_until"]
    if until is not None and str(until) > view.day:
        raise AmbiguousIdError(
            f"told for both parts of a split; until {until} ask by source and local ID",
            where=municipal_id,
        )
    if facts["citizen"] is None:
        # The anchor of an active ID is placed: then with somebody who is sealed now.
        raise NotFoundError("no such municipal ID was issued", where=municipal_id)
    return str(facts["citizen"])
