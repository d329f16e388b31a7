"""What the registry holds of one citizen, now or then, before anybody reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from mdm.domain.events import RecordState
from mdm.domain.golden_record import GoldenRecord
from mdm.domain.ledger import LedgerKind
from mdm.domain.lifecycle import CitizenStatus, citizen_status_of
from mdm.domain.municipal_id import parse
from mdm.errors import (
    AmbiguousIdError,
    IdErasedError,
    IdTombstoneError,
    IdWithdrawnError,
    NotFoundError,
)
from mdm.ports import ReadSession
from mdm.services import history
from mdm.services.citizen_facts import (
    CONTENT,
    KNOWN,
    KnownRecord,
    known_records,
    read_records,
)
from mdm.services.lists import as_int, as_text, rows_of_numbers
from mdm.services.overrides import overrides_on
from mdm.services.past_numbers import numbers_then
from mdm.services.refresh_golden import GoldenRules, listed_cns, member_of
from mdm.services.resolve import ERASED, View, named, view_of
from mdm.services.seals import Hidden, hidden, hidden_of, is_sealed, sealed
from mdm.survivorship.build import Override, build_golden, holding
from mdm.survivorship.member import MemberRecord

_NAMED = (
    "(SELECT string_agg(i.municipal_id, ' ') FROM municipal_id i "
    "WHERE i.anchor_record_id = r.record_id AND i.state = 'active') AS ids"
)
_MEMBERS = f"""
SELECT m.link_status, m.weight AS match_weight, m.linked_at, {_NAMED}, {KNOWN}, {CONTENT},
       {sealed("r")} AS sealed
FROM membership m JOIN record r ON r.record_id = m.record_id
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE m.municipal_id = :id ORDER BY m.record_id
"""
_THEN = f"""
SELECT r.record_id, r.source, r.local_id, {hidden("r")}, e.weight AS match_weight,
       e.detail AS link_status, t.at AS linked_at, NULL AS ids
FROM record r JOIN ledger_event e ON e.record_id = r.record_id
JOIN ledger_tx t ON t.tx_id = e.tx_id
WHERE r.record_id IN ({{keys}}) AND r.state <> 'erased' AND e.seq = (
  SELECT MAX(o.seq) FROM ledger_event o WHERE o.record_id = r.record_id AND o.tx_id <= :tx
  AND o.kind IN ('place', 'move', 'relink'))
ORDER BY r.record_id
"""
_MOVED = """
SELECT e.kind, e.from_id, e.municipal_id, t.at, t.kind AS command, t.plan_id
FROM ledger_event e JOIN ledger_tx t ON t.tx_id = e.tx_id
WHERE e.record_id = :anchor AND e.kind = 'move' AND e.municipal_id = :id AND e.tx_id <= :tx
ORDER BY e.seq DESC LIMIT 1
"""
_PLACED_UNDER = f"""
SELECT DISTINCT r.source, {hidden("r")} FROM ledger_event e JOIN record r
ON r.record_id = e.record_id WHERE e.municipal_id = :id AND e.kind IN ('place', 'move')
"""
_ALWAYS = 2**62
MaySee = Callable[[str, Hidden], bool]
"""Whether the reader may know of a record: its source, from whom it is hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which citizen is asked for.

    Attributes:
        municipal_id: The ID, as people write it.
        as_of: A day (its end, UTC) or a time; None for now.
        about: Source and local ID of the record that the caller means, which settles what an
            ambiguous ID alone does not.
    """

    municipal_id: str
    as_of: str | None = None
    about: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A record of a citizen.

    Attributes:
        status: Its state: present, withdrawn, superseded.
        link_status: alone, automatic, confirmed.
        match_weight: Bits of the link that brought it here, if one did.
        linked_at: Time of that.
        ids: The IDs that it anchors.
    """

    record_id: int
    source: str
    local_id: str
    status: str
    link_status: str
    match_weight: float | None
    linked_at: str
    hidden: Hidden
    ids: tuple[str, ...]

    @property
    def restricted(self) -> bool:
        """Flagged by its source or by a steward, or sealed."""
        return self.hidden is not Hidden.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenState:
    """A citizen, now or then.

    Attributes:
        municipal_id: The ID that they have.
        requested: The ID that was asked for, without hyphen.
        as_of: The moment asked for; None for now.
        day: The day that dates are measured against: today, or that of the moment.
        members: Records that the reader may know of, in the order of their numbers.
        known: Content of those records.
        golden: The common golden record: restricted records have no part in it, unless there are
            no others.
        event: How the requested ID came to name this citizen, where it is another one.
    """

    municipal_id: str
    requested: str
    as_of: str | None
    day: date
    members: tuple[Member, ...]
    known: Mapping[int, KnownRecord]
    golden: GoldenRecord
    event: dict[str, object] | None

    @property
    def status(self) -> CitizenStatus:
        """Where the citizen stands, by the records that the reader may know of."""
        states = [RecordState(member.status) for member in self.members]
        return citizen_status_of(states, sealed=self.sealed)

    @property
    def sealed(self) -> bool:
        """Whether the citizen is sealed, now."""
        return any(member.hidden is Hidden.SEALED for member in self.members)


def citizen_state(
    session: ReadSession, rules: GoldenRules, question: Question, *, sees: MaySee, today: date
) -> CitizenState:
    """Read the citizen that an ID names.

    Args:
        session: The snapshot.
        rules: Survivorship.
        question: Which citizen.
        sees: What the reader may know of.
        today: The day that dates are measured against.

    Raises:
        InvalidMunicipalIdError: The text is no municipal ID.
        NotFoundError: No such ID was issued (then), or the reader may not know of it.
        IdWithdrawnError, IdTombstoneError, AmbiguousIdError: See `mdm.services.resolve.resolve`.
        IdErasedError: Everything under the ID was erased by law.
        UsageError: `as_of` is neither a day nor a time.
    """
    requested = parse(question.municipal_id)
    view = view_of(session, question.as_of, today.isoformat())
    day = date.fromisoformat(view.day)
    municipal_id = _named(view, requested, question, sees)
    everyone, read = _members(view, municipal_id, day)
    if any(m.hidden is Hidden.SEALED and not sees(m.source, m.hidden) for m in everyone):
        raise NotFoundError("no such municipal ID was issued", where=requested)
    if everyone and all(member.status == "erased" for member in everyone):
        raise IdErasedError(ERASED, where=requested)
    members = tuple(
        member
        for member in everyone
        if member.status != "erased" and sees(member.source, member.hidden)
    )
    if not members:
        raise NotFoundError("no such municipal ID was issued", where=requested)
    known = {member.record_id: read[member.record_id] for member in members}
    listed = _listed_cns(view, municipal_id, known)
    records = [member_of(one, rules, listed) for one in known.values()]
    if not any(record.eligible for record in records):
        # Who may know of somebody of whom all is restricted reads what the records say.
        records = [opened(record) for record in records]
    unseen = [one for record_id, one in read.items() if record_id not in known]
    overrides = _overrides(view, rules, known, records, unseen)
    golden = build_golden(records, rules.policy, overrides)
    return CitizenState(
        municipal_id=municipal_id,
        requested=requested,
        as_of=question.as_of,
        day=day,
        members=members,
        known=known,
        golden=golden,
        event=None if requested == municipal_id else _event(view, requested, municipal_id),
    )


def _listed_cns(view: View, municipal_id: str, known: Mapping[int, KnownRecord]) -> frozenset[str]:
    """The CNS that are the citizen's own, as far as the last plan found."""
    if view.tx_id is None:
        return listed_cns(view.session, known.values(), [municipal_id])
    then = numbers_then(view.session, known, view.tx_id)
    own = (then.own_cns(record_id, one.record) for record_id, one in known.items())
    return frozenset().union(*own)


def _overrides(
    view: View,
    rules: GoldenRules,
    known: Mapping[int, KnownRecord],
    records: list[MemberRecord],
    unseen: list[KnownRecord],
) -> list[Override]:
    """The values that stewards set on the visible records, as far as they count.

    What only a restricted record says must not be told in another's name: also the records that
    the reader may not know of are looked at for that.
    """
    corrected = [record_id for record_id, one in known.items() if one.corrected]
    found = overrides_on(view.session, corrected, as_of=view.tx_id)
    if not found:
        return []
    others = [member_of(one, rules, frozenset()) for one in unseen]
    return holding([*records, *others], found)


def opened(record: MemberRecord) -> MemberRecord:
    """A record without its flag, for who may know of it."""
    return replace(record, restricted=False, record=replace(record.record, restricted=False))


def _named(view: View, requested: str, question: Question, sees: MaySee) -> str:
    if is_sealed(view.session, requested):
        _refuse_unknown(view, requested, sees)
    try:
        found = named(view, requested)
    except AmbiguousIdError:
        _refuse_unknown(view, requested, sees)
        if question.about is None:
            raise
    except (IdWithdrawnError, IdTombstoneError):
        _refuse_unknown(view, requested, sees)
        raise
    else:
        if found != requested:
            _refuse_unknown(view, requested, sees)
        return found
    return _settled(view, requested, question.about, sees)


def _refuse_unknown(view: View, requested: str, sees: MaySee) -> None:
    """An ID under which the reader may know of no record says nothing to them.

    Raises:
        NotFoundError: It is one.
    """
    rows = view.session.rows(_PLACED_UNDER, {"id": requested})
    if is_sealed(view.session, requested):
        rows = [row for row in rows if row["sealed"]]
    if rows and not any(sees(str(row["source"]), hidden_of(row)) for row in rows):
        raise NotFoundError("no such municipal ID was issued", where=requested)


def _settled(view: View, requested: str, about: tuple[str, str], sees: MaySee) -> str:
    """The citizen of the record that was meant, if the ID ever stood for it."""
    row = view.session.row(
        f"SELECT r.record_id, r.source, {hidden('r')} FROM record r WHERE r.source = :source "
        "AND r.local_id = :local_id AND r.state <> 'erased' AND EXISTS (SELECT 1 "
        "FROM ledger_event e WHERE e.record_id = r.record_id AND e.municipal_id = :id)",
        {"source": about[0], "local_id": about[1], "id": requested},
    )
    belongs = None
    if row is not None and sees(str(row["source"]), hidden_of(row)):
        belongs = view.membership(as_int(row["record_id"]))
    if belongs is None:
        raise NotFoundError("the ID never stood for such a record", where=requested)
    return belongs[0]


def _members(
    view: View, municipal_id: str, day: date
) -> tuple[list[Member], dict[int, KnownRecord]]:
    """The records of a citizen, erased ones too, and the content of those that are not."""
    session = view.session
    if view.tx_id is None:
        rows = session.rows(_MEMBERS, {"id": municipal_id})
        members = [_member(row, str(row["state"])) for row in rows]
        return members, known_records(session, rows, today=day)
    then = history.members_at(session, municipal_id, view.tx_id)
    anchored = history.anchored_at(session, then, view.tx_id)
    members = [
        replace(
            _member(row, view.state(as_int(row["record_id"]))),
            ids=anchored.get(as_int(row["record_id"]), ()),
        )
        for row in rows_of_numbers(session, _THEN, then, {"tx": view.tx_id})
    ]
    states = {member.record_id: member.status for member in members}
    read = read_records(session, states, today=day, as_of=view.tx_id)
    return members, {number: replace(one, state=states[number]) for number, one in read.items()}


def _member(row: Mapping[str, object], status: str) -> Member:
    weight = row["match_weight"]
    return Member(
        record_id=as_int(row["record_id"]),
        source=str(row["source"]),
        local_id=str(row["local_id"]),
        status=status,
        link_status=str(row["link_status"]),
        match_weight=None if weight is None else float(str(weight)),
        linked_at=str(row["linked_at"]),
        hidden=hidden_of(row),
        ids=tuple(sorted(str(row["ids"]).split())) if row["ids"] else (),
    )


def _event(view: View, requested: str, municipal_id: str) -> dict[str, object] | None:
    """The merge that brought the requested ID's anchor to this citizen."""
    facts = view.id_facts(requested)
    assert facts is not None
    row = view.session.row(
        _MOVED,
        {
            "anchor": facts["anchor_record_id"],
            "id": municipal_id,
            "tx": _ALWAYS if view.tx_id is None else view.tx_id,
        },
    )
    if row is None:
        return None
    return {
        "kind": "merge" if row["kind"] == LedgerKind.MOVE else as_text(row["kind"]),
        "at": str(row["at"]),
        "from_id": as_text(row["from_id"]),
        "municipal_id": municipal_id,
        "command": str(row["command"]),
        "plan_id": row["plan_id"],
    }
