"""The table of golden values that stewards set: read what stands, end what has lapsed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from mdm.domain.events import LapseValue, UnsetValue
from mdm.domain.golden_record import Attribute
from mdm.errors import GoldenValueError
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.citizen_facts import KnownRecord, read_records
from mdm.services.golden_values import read_value
from mdm.services.lists import as_int, rows_of_numbers
from mdm.survivorship.build import Override, value_digest
from mdm.survivorship.member import MemberRecord

_COLUMNS = "override_id, record_id, attribute, value, judged, at"
_ON = f"SELECT {_COLUMNS} FROM golden_override WHERE state = 'active' AND record_id IN ({{keys}})"
# What the ledger had not ended by then; `state` tells of today.
_ON_THEN = (
    f"SELECT {_COLUMNS} FROM golden_override o WHERE tx_id <= :tx AND record_id IN ({{keys}}) "
    "AND NOT EXISTS (SELECT 1 FROM ledger_event e WHERE e.tx_id <= :tx "
    "AND e.kind IN ('override_undo', 'override_lapse') "
    "AND e.detail = CAST(o.override_id AS TEXT))"
)


def overrides_on(
    session: ReadSession, record_ids: Iterable[int], *, as_of: int | None = None
) -> list[Override]:
    """The values that stewards set on records, in the order of their numbers.

    Args:
        session: A snapshot of the registry.
        record_ids: The records.
        as_of: The last transaction that counts; None for now.
    """
    sql, params = (_ON, {}) if as_of is None else (_ON_THEN, {"tx": as_of})
    return _read(rows_of_numbers(session, sql, record_ids, params))


def standing_overrides(session: ReadSession) -> list[Override]:
    """All values that stewards set and nobody took back, in the order of their numbers."""
    return _read(session.rows(f"SELECT {_COLUMNS} FROM golden_override WHERE state = 'active'"))


def by_citizen(
    overrides: Iterable[Override], homes: Mapping[int, str]
) -> dict[str, list[Override]]:
    """Overrides by the citizen that their record belongs to now; others are left out.

    Args:
        overrides: In the order of their numbers.
        homes: Record -> ID of its citizen.
    """
    found: dict[str, list[Override]] = {}
    for override in overrides:
        if override.record_id in homes:
            found.setdefault(homes[override.record_id], []).append(override)
    return found


def _read(rows: Iterable[Mapping[str, object]]) -> list[Override]:
    found = (_override(row) for row in rows)
    return sorted((one for one in found if one is not None), key=lambda one: one.override_id)


def _override(row: Mapping[str, object]) -> Override | None:
    """None where the value, good when it was set, says nothing to the standardiser of today."""
    attribute, on = Attribute(str(row["attribute"])), date.fromisoformat(str(row["at"])[:10])
    value = key = None
    if row["value"] is not None:
        try:
            offered = read_value(attribute, str(row["value"]), today=on)
        except GoldenValueError:
            return None
        value, key = offered.value, offered.key
    return Override(
        attribute,
        value,
        key,
        as_int(row["record_id"]),
        str(row["judged"]),
        override_id=as_int(row["override_id"]),
        on=on,
    )


def undo_overrides(session: WriteSession, numbers: Iterable[int]) -> None:
    """Take values back, with their events."""
    ordered = sorted(set(numbers))
    if ordered:
        rows = [{"override_id": number, "state": "undone"} for number in ordered]
        session.update_rows("golden_override", rows)
        session.append_events(event_table([UnsetValue(number) for number in ordered]))


def lapse_corrected(session: WriteSession) -> int:
    """End every override whose record says something else now: the policy decides again.

    To be called in the transaction of an apply.

    Returns:
        How many have lapsed.
    """
    today = date.fromisoformat(session.at[:10])
    gone = corrected(session, standing_overrides(session), today=today)
    session.update_rows(
        "golden_override", [{"override_id": number, "state": "lapsed"} for number in gone]
    )
    if gone:
        session.append_events(event_table([LapseValue(number) for number in gone]))
    return len(gone)


def corrected(session: ReadSession, overrides: Sequence[Override], *, today: date) -> list[int]:
    """Numbers of the overrides whose record, erased perhaps, says something else now."""
    known = read_records(session, {one.record_id for one in overrides}, today=today)
    gone: list[int] = []
    for one in overrides:
        said = known.get(one.record_id)
        if said is None or value_digest(_as_member(said), one.attribute) != one.judged:
            gone.append(one.override_id)
    return gone


def _as_member(known: KnownRecord) -> MemberRecord:
    return MemberRecord(record_id=known.record_id, source=known.source, record=known.record)


def forget_overrides(session: WriteSession, record_ids: Iterable[int]) -> None:
    """Empty what stewards set on records that are erased; those that stood are undone."""
    rows = list(
        rows_of_numbers(
            session,
            "SELECT override_id, state FROM golden_override WHERE record_id IN ({keys})",
            record_ids,
        )
    )
    undo_overrides(session, (as_int(r["override_id"]) for r in rows if r["state"] == "active"))
    session.update_rows(
        "golden_override",
        [
            {"override_id": r["override_id"], "value": None, "judged": "", "reason": None}
            for r in rows
        ],
    )
