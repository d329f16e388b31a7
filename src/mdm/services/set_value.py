"""A steward sets a golden value until its source is corrected, or takes it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mdm.domain.events import SetValue
from mdm.domain.golden_record import Attribute, GoldenRecord
from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import parse
from mdm.errors import GoldenValueError, NotFoundError, OverrideStateError
from mdm.ports import ReadSession, Rows, Store, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.golden_values import BETWEEN_PARTS, Beside, read_value, settable
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.overrides import corrected, overrides_on, standing_overrides, undo_overrides
from mdm.services.refresh_golden import (
    GoldenRules,
    memberships,
    read_members,
    refresh_golden,
)
from mdm.services.resolve import present_citizen
from mdm.services.seals import sealed_among
from mdm.survivorship.build import Override, build_golden, holding, value_digest
from mdm.survivorship.member import MemberRecord

_LIST = """
SELECT o.override_id, m.municipal_id, o.attribute, r.source, r.local_id, o.actor, o.reason, o.at,
       o.state
FROM golden_override o JOIN record r ON r.record_id = o.record_id
LEFT JOIN membership m ON m.record_id = o.record_id
WHERE NOT r.restricted AND r.state <> 'erased' {chosen} ORDER BY o.override_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a steward sets.

    Attributes:
        municipal_id: The citizen, by any of their IDs.
        attribute: Name of a single attribute.
        value: As a source would give it; "" says that the citizen has none.
        reason: In the steward's words.
    """

    municipal_id: str
    attribute: str
    value: str
    reason: str


def set_value(
    store: Store, rules: GoldenRules, header: TxHeader, setting: Setting
) -> dict[str, object]:
    """Set a golden value; it holds while the record that it corrects says what it says now.

    That record is the one whose value the policy would take, or where there is none the anchor's.
    A value set before on the same attribute is undone; to set the same again changes nothing.

    Args:
        store: The registry.
        rules: Survivorship.
        header: Its actor is the steward.
        setting: What is set.

    Returns:
        override_id, municipal_id, attribute, state, replaced (numbers of the values undone).

    Raises:
        GoldenAttributeError: A steward cannot set such an attribute.
        GoldenValueError: The value is not usable, or only a restricted record says it.
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError: See `mdm.services.resolve.resolve`.
    """
    attribute = settable(setting.attribute)
    with store.writing(header) as session:
        today = date.fromisoformat(session.at[:10])
        home = present_citizen(session, parse(setting.municipal_id), today.isoformat())
        members = read_members(session, rules, [home], today=today).get(home, [])
        if not any(member.eligible for member in members):
            raise NotFoundError("no such municipal ID was issued", where=setting.municipal_id)
        every = overrides_on(session, [member.record_id for member in members])
        former = [one for one in every if one.attribute is attribute]
        rest = [one for one in every if one.attribute is not attribute]
        golden = build_golden(members, rules.policy, rest)
        judged = _judged(session, home, golden, members, attribute)
        fresh = _override(session, setting, golden, judged, attribute)
        if not holding(members, [fresh]):
            raise GoldenValueError("such a value may not be told here", where=attribute.value)
        same = [one for one in former if _says_the_same(one, fresh)]
        if same:
            return _outcome(same[-1].override_id, home, attribute, "active", [])
        replaced = [one.override_id for one in former]
        undo_overrides(session, replaced)
        _store(session, header, setting, fresh)
        refresh_golden(session, rules, [home])
        return _outcome(fresh.override_id, home, attribute, "active", replaced)


def undo_value(
    store: Store, rules: GoldenRules, header: TxHeader, override_id: int
) -> dict[str, object]:
    """Take a value back: the policy decides again.

    Returns:
        As `set_value`; municipal_id is None while the record belongs to nobody.

    Raises:
        NotFoundError: There is no such value.
        OverrideStateError: It is undone, or lapsed because its source was corrected.
    """
    with store.writing(header) as session:
        row = session.row(
            "SELECT o.record_id, o.attribute, o.state, m.municipal_id FROM golden_override o "
            "LEFT JOIN membership m ON m.record_id = o.record_id WHERE o.override_id = :id",
            {"id": override_id},
        )
        if row is None or sealed_among(session, [as_int(row["record_id"])]):
            raise NotFoundError("a steward set no such value", where=str(override_id))
        if row["state"] != "active":
            raise OverrideStateError(f"the value is {row['state']}", where=str(override_id))
        undo_overrides(session, [override_id])
        home = None if row["municipal_id"] is None else str(row["municipal_id"])
        if home is not None:
            refresh_golden(session, rules, [home])
        return _outcome(override_id, home, Attribute(str(row["attribute"])), "undone", [])


def list_values(session: ReadSession, municipal_id: str | None, *, today: date) -> Rows:
    """What stewards set, without the values: those stand in the golden record.

    One whose source was corrected is told as lapsed, also before an apply says so.

    Args:
        session: A snapshot.
        municipal_id: Only of this citizen; None for all.
        today: The day that dates are measured against.

    Raises:
        See `set_value`.
    """
    if municipal_id is None:
        rows = session.rows(_LIST.format(chosen=""))
    else:
        home = present_citizen(session, parse(municipal_id), today.isoformat())
        chosen = "AND o.record_id IN ({keys})"
        members = memberships(session, [home])
        rows = list(rows_of_numbers(session, _LIST.format(chosen=chosen), members))
    asked = {as_int(row["override_id"]) for row in rows if row["state"] == "active"}
    standing = [one for one in standing_overrides(session) if one.override_id in asked]
    for number in corrected(session, standing, today=today):
        next(row for row in rows if row["override_id"] == number)["state"] = "lapsed"
    return rows


def _judged(
    session: ReadSession,
    home: str,
    golden: GoldenRecord,
    members: Sequence[MemberRecord],
    attribute: Attribute,
) -> MemberRecord:
    """The record whose value is corrected: the policy's choice, else the anchor, else the first."""
    by_id = {member.record_id: member for member in members if member.eligible}
    anchor = session.value(
        "SELECT anchor_record_id FROM municipal_id WHERE municipal_id = :id", {"id": home}
    )
    found = golden.values.get(attribute)
    chosen = None if found is None else found.record_id
    if chosen is None and attribute is Attribute.DECEASED_ON and golden.deceased_reports:
        chosen = golden.deceased_reports[0].record_ids[0]
    candidates = (chosen, None if anchor is None else as_int(anchor), min(by_id))
    return next(by_id[number] for number in candidates if number in by_id)


def _override(
    session: WriteSession,
    setting: Setting,
    golden: GoldenRecord,
    judged: MemberRecord,
    attribute: Attribute,
) -> Override:
    today = date.fromisoformat(session.at[:10])
    value = key = None
    if setting.value.strip(f"{BETWEEN_PARTS} ") != "":
        beside = _beside(golden, attribute)
        offered = read_value(attribute, setting.value, today=today, beside=beside)
        value, key = offered.value, offered.key
    return Override(
        attribute,
        value,
        key,
        judged.record_id,
        value_digest(judged, attribute),
        override_id=session.next_ids("golden_override"),
        on=today,
    )


def _beside(golden: GoldenRecord, attribute: Attribute) -> Beside:
    """A nome social that repeats the civil or the mother's name is none."""
    if attribute is not Attribute.SOCIAL_NAME:
        return {}
    known = {
        "full_name": golden.shown(Attribute.NAME),
        "mother_name": golden.shown(Attribute.MOTHER),
    }
    return {column: str(value) for column, value in known.items() if value is not None}


def _says_the_same(one: Override, other: Override) -> bool:
    return (one.value, one.key, one.record_id, one.judged) == (
        other.value, other.key, other.record_id, other.judged,
    )  # fmt: skip


def _store(session: WriteSession, header: TxHeader, setting: Setting, fresh: Override) -> None:
    session.insert_rows(
        "golden_override",
        [
            {
                "override_id": fresh.override_id,
                "record_id": fresh.record_id,
                "attribute": fresh.attribute.value,
                "value": None if fresh.value is None else setting.value,
                "judged": fresh.judged,
                "actor": header.actor,
                "reason": setting.reason,
                "at": session.at,
                "state": "active",
                "tx_id": session.tx_id,
            }
        ],
    )
    session.append_events(event_table([SetValue(fresh.override_id)]))


def _outcome(
    override_id: int,
    home: str | None,
    attribute: Attribute,
    state: str,
    replaced: Sequence[int],
) -> dict[str, object]:
    return {
        "override_id": override_id,
        "municipal_id": home,
        "attribute": attribute.value,
        "state": state,
        "replaced": list(replaced),
    }
