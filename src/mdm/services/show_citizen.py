"""One citizen as a person reads it: golden values with their origin, records, links, doubts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from datetime import date

from mdm.domain.golden_record import (
    DECEASED_SHOWN,
    LISTED,
    Attribute,
    Document,
    GoldenRecord,
    GoldenValue,
    Value,
)
from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import parse, shown
from mdm.errors import NotFoundError
from mdm.ports import Clock, ReadSession, Rows, Store
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.masking import masked, masked_cpf
from mdm.services.refresh_golden import UNKNOWN_STANDING, GoldenRules, read_members
from mdm.services.resolve import present_citizen
from mdm.services.told import Telling, is_told, tell
from mdm.services.weakest_link import weakest_link
from mdm.survivorship.build import build_golden

_MEMBERS = """
SELECT m.record_id, r.source, r.local_id, r.state AS status, m.link_status,
       m.weight AS match_weight, m.linked_at, r.restricted
FROM membership m JOIN record r ON r.record_id = m.record_id
WHERE m.municipal_id = :id AND r.state <> 'erased' ORDER BY m.record_id
"""
_IDS = """
SELECT i.municipal_id, i.state, i.anchor_record_id FROM municipal_id i
WHERE i.state = 'active' AND i.anchor_record_id IN ({keys})
"""
_DOUBTS = """
SELECT v.review_id, v.kind, v.record_l, v.record_r, l.source AS source_l, l.local_id AS local_id_l,
       r.source AS source_r, r.local_id AS local_id_r, v.match_weight, v.match_probability,
       v.reason, l.restricted OR r.restricted AS restricted
FROM review_item v JOIN record l ON l.record_id = v.record_l
JOIN record r ON r.record_id = v.record_r
WHERE v.state IN ('open', 'claimed') AND v.record_{end} IN ({{keys}})
"""
_NUMBERS = frozenset({Attribute.CNS, Attribute.NIS, Attribute.INEP_ID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How somebody looks at a citizen.

    Attributes:
        municipal_id: The ID, as people write it.
        holder: The system that is told the ID; None for the actor.
        reveal: Show documents whole; it is written to the ledger with the purpose of the header.
        restricted: Show restricted records, too.
    """

    municipal_id: str
    holder: str | None = None
    reveal: bool = False
    restricted: bool = False


def show_citizen(
    store: Store, clock: Clock, rules: GoldenRules, header: TxHeader, look: Look
) -> dict[str, object]:
    """Show the citizen that an ID names now.

    Returns:
        municipal_id, shown, requested, status, golden, deceased, members, ids, weakest_link,
        doubts, revealed.

    Raises:
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError: See `mdm.services.resolve.resolve`.
    """
    requested = parse(look.municipal_id)
    today = clock().date()
    holder = header.actor if look.holder is None else look.holder
    if not look.reveal:
        with store.reading() as session:
            found = _read(session, rules, look, requested, today)
            if is_told(session, Telling(str(found["municipal_id"])), holder, today.isoformat()):
                return found
    cause = f"municipal_id {requested}" if look.reveal else header.cause
    with store.writing(replace(header, cause=cause)) as writing:
        found = _read(writing, rules, look, requested, today)
        tell(writing, [Telling(str(found["municipal_id"]))], holder)
    return found


def _read(
    session: ReadSession, rules: GoldenRules, look: Look, requested: str, today: date
) -> dict[str, object]:
    municipal_id = present_citizen(session, requested, today.isoformat())
    rows = session.rows(_MEMBERS, {"id": municipal_id})
    members = [row for row in rows if look.restricted or not row["restricted"]]
    if not members:
        # Who may not see a restricted record is not told that there is one.
        raise NotFoundError("no such municipal ID was issued", where=requested)
    known = read_members(session, rules, [municipal_id], today=today).get(municipal_id, [])
    golden = build_golden(known, rules.policy)
    records = {as_int(row["record_id"]): row for row in members}
    keys = {
        number: {"source": row["source"], "local_id": _local_id(row, "source", "local_id", rules,
                                                                reveal=look.reveal)}
        for number, row in records.items()
    }  # fmt: skip
    dormant = all(row["status"] != "present" for row in members)
    return {
        "municipal_id": municipal_id,
        "shown": shown(municipal_id),
        "requested": requested,
        "status": "dormant" if dormant else "active",
        "golden": _golden(golden, keys, reveal=look.reveal),
        "deceased": _deceased(golden),
        "members": [_member(row, keys[number]) for number, row in records.items()],
        "ids": _ids(session, keys),
        "weakest_link": _weakest(session, keys),
        "doubts": _doubts(session, rules, look, keys),
        "revealed": look.reveal,
    }


Keys = Mapping[int, Mapping[str, object]]


def _member(row: Mapping[str, object], key: Mapping[str, object]) -> dict[str, object]:
    names = ("status", "link_status", "match_weight", "linked_at")
    return {**key, **{name: row[name] for name in names}}


def _local_id(
    row: Mapping[str, object], source: str, local_id: str, rules: GoldenRules, *, reveal: bool
) -> str:
    """The local ID; masked where it is itself the number of a document."""
    text = str(row[local_id])
    standing = rules.standings.get(str(row[source]), UNKNOWN_STANDING)
    if reveal or standing.local_id_is == "opaque":
        return text
    return masked_cpf(text) if standing.local_id_is == "cpf" else masked(text)


def _golden(golden: GoldenRecord, keys: Keys, *, reveal: bool) -> dict[str, object]:
    told: dict[str, object] = {}
    for attribute in Attribute:
        if attribute in LISTED:
            entries = golden.lists.get(attribute, ())
            told[attribute.value] = [_value(attribute, e, keys, reveal=reveal) for e in entries]
        else:
            found = golden.values.get(attribute)
            told[attribute.value] = (
                None if found is None else _value(attribute, found, keys, reveal=reveal)
            )
    return told


def _value(
    attribute: Attribute, found: GoldenValue, keys: Keys, *, reveal: bool
) -> dict[str, object]:
    """A value with its origin, and the values of other records that lost."""
    origin = keys.get(found.record_id, {"source": None, "local_id": None})
    told: dict[str, object] = {
        "value": _shown(attribute, found.value, reveal=reveal),
        **origin,
        "rule": found.rule,
        "as_of": None if found.as_of is None else found.as_of.isoformat(),
    }
    if attribute not in LISTED:
        told["rivals"] = [
            {
                "value": _shown(attribute, rival.value, reveal=reveal),
                "records": [dict(keys[r]) for r in rival.record_ids if r in keys],
            }
            for rival in found.rivals
        ]
    return told


def _shown(attribute: Attribute, value: Value, *, reveal: bool) -> object:
    if not reveal:
        if attribute is Attribute.CPF:
            return masked_cpf(str(value))
        if attribute in _NUMBERS:
            return masked(str(value))
        if isinstance(value, Document):
            value = replace(value, number=masked(value.number))
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        fields = {name: _plain(cell) for name, cell in asdict(value).items()}
        fields.pop("record_id", None)
        return fields
    return value


def _plain(cell: object) -> object:
    return cell.isoformat() if isinstance(cell, date) else cell


def _deceased(golden: GoldenRecord) -> dict[str, object] | None:
    if golden.deceased_status is None:
        return None
    reported = [r.value.isoformat() for r in golden.deceased_reports if isinstance(r.value, date)]
    return {
        "status": golden.deceased_status.value,
        "shown": DECEASED_SHOWN[golden.deceased_status],
        "rule": golden.deceased_rule,
        "reported": reported,
    }


def _ids(session: ReadSession, keys: Keys) -> Rows:
    """All IDs that name this citizen, oldest records first, with the record each follows."""
    rows = [row for row in rows_of_numbers(session, _IDS, keys) if row["anchor_record_id"] in keys]
    rows.sort(key=lambda row: (as_int(row["anchor_record_id"]), str(row["municipal_id"])))
    return [
        {"municipal_id": row["municipal_id"], **keys[as_int(row["anchor_record_id"])]}
        for row in rows
    ]


def _weakest(session: ReadSession, keys: Keys) -> dict[str, object] | None:
    link = weakest_link(session, keys.keys())
    if link is None:
        return None
    left, right = keys[link.record_l], keys[link.record_r]
    return {
        "source_l": left["source"],
        "local_id_l": left["local_id"],
        "source_r": right["source"],
        "local_id_r": right["local_id"],
        "match_weight": link.match_weight,
        "basis": link.basis,
    }


def _doubts(session: ReadSession, rules: GoldenRules, look: Look, keys: Keys) -> Rows:
    found: dict[int, dict[str, object]] = {}
    for end in ("l", "r"):
        for row in rows_of_numbers(session, _DOUBTS.format(end=end), keys):
            if look.restricted or not row["restricted"]:
                found[as_int(row["review_id"])] = row
    told = []
    for _, row in sorted(found.items()):
        ends = {
            f"local_id_{end}": _local_id(row, f"source_{end}", f"local_id_{end}", rules,
                                         reveal=look.reveal)
            for end in ("l", "r")
        }  # fmt: skip
        names = ("kind", "source_l", "local_id_l", "source_r", "local_id_r", "match_weight",
                 "match_probability", "reason")  # fmt: skip
        told.append({name: ends.get(name, row[name]) for name in names})
    return told
