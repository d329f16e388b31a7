"""The crosswalk: from record keys to the citizens they belong to, one or ten thousand at a time.

The record is part of every answer, so an ID that is ambiguous alone is none here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdm.errors import NotFoundError
from mdm.ports import ReadSession
from mdm.services import history
from mdm.services.keys import record_number
from mdm.services.lists import as_int, as_text, rows_of_texts
from mdm.services.resolve import view_of
from mdm.services.sight import Sight

_NOW = """
SELECT r.record_id, r.local_id, r.state, m.municipal_id, m.link_status, m.linked_at
FROM record r LEFT JOIN membership m ON m.record_id = r.record_id
WHERE r.source = :source AND r.local_id IN ({keys}) AND r.state <> 'erased' AND
"""
_ACTIVE = """
SELECT DISTINCT m.municipal_id FROM membership m JOIN record r ON r.record_id = m.record_id
WHERE m.municipal_id IN ({keys}) AND r.state = 'present' AND
"""
Key = tuple[str, str]
"""Source and local ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosswalkEntry:
    """The citizen that a record belongs to.

    Attributes:
        municipal_id: None where the record belongs to nobody (yet).
        status: `pending`, `active`, `withdrawn`, `superseded` or `dormant`; see
            `mdm.services.resolve.Resolved`.
        link_status: How the record came to its citizen: alone, automatic, confirmed.
        linked_at: When.
        record_id: The record's number, for the trace; it never leaves.
    """

    source: str
    local_id: str
    municipal_id: str | None
    status: str
    link_status: str | None
    linked_at: str | None
    record_id: int

    @property
    def told(self) -> tuple[tuple[str, int], ...]:
        """(ID, record) if an ID leaves."""
        return () if self.municipal_id is None else ((self.municipal_id, self.record_id),)


def look_up(session: ReadSession, sight: Sight, keys: Iterable[Key]) -> dict[Key, CrosswalkEntry]:
    """The citizens of records, as of now; keys that name no record are left out.

    Args:
        session: The snapshot.
        sight: The reader; records that they may not know of are not found.
        keys: Sources and local IDs.
    """
    by_source: dict[str, list[str]] = {}
    for source, local_id in keys:
        by_source.setdefault(source, []).append(local_id)
    condition = sight.visible("r")
    rows = [
        (source, row)
        for source, local_ids in by_source.items()
        for row in rows_of_texts(session, _NOW + condition, local_ids, {"source": source})
    ]
    active = _active(session, rows, condition)
    return {(source, str(row["local_id"])): _entry(source, row, active) for source, row in rows}


def _active(
    session: ReadSession, rows: Sequence[tuple[str, Mapping[str, object]]], condition: str
) -> set[str]:
    """The citizens that have a present record, of those whose record asked for is not."""
    asked = {
        str(row["municipal_id"])
        for _, row in rows
        if row["state"] != "present" and row["municipal_id"] is not None
    }
    found = rows_of_texts(session, _ACTIVE + condition, asked)
    return {str(row["municipal_id"]) for row in found}


def _entry(source: str, row: Mapping[str, object], active: set[str]) -> CrosswalkEntry:
    municipal_id, state = as_text(row["municipal_id"]), str(row["state"])
    status = "active" if state == "present" else state
    if status != "active" and municipal_id is not None and municipal_id not in active:
        status = "dormant"
    return CrosswalkEntry(
        source=source,
        local_id=str(row["local_id"]),
        municipal_id=municipal_id,
        status=status,
        link_status=as_text(row["link_status"]),
        linked_at=as_text(row["linked_at"]),
        record_id=as_int(row["record_id"]),
    )


def look_up_then(
    session: ReadSession, sight: Sight, key: Key, *, as_of: str, today: str
) -> CrosswalkEntry:
    """The citizen that a record belonged to at a past moment.

    Raises:
        NotFoundError: There is no such record, or it was not known then.
        UsageError: `as_of` is neither a day nor a time.
    """
    view = view_of(session, as_of, today)
    assert view.tx_id is not None
    if key not in look_up(session, sight, [key]):
        raise unknown_record(key[0])
    record_id = record_number(session, *key)
    if not history.was_known(session, record_id, view.tx_id):
        raise unknown_record(key[0])
    state, belongs = view.state(record_id), view.membership(record_id)
    status = "active" if state == "present" else state
    if belongs is not None and view.is_dormant(belongs[0], sight.visible("r")):
        status = "dormant"
    return CrosswalkEntry(
        source=key[0],
        local_id=key[1],
        municipal_id=None if belongs is None else belongs[0],
        status=status,
        link_status=None if belongs is None else belongs[1],
        linked_at=None,
        record_id=record_id,
    )


def unknown_record(source: str) -> NotFoundError:
    """The refusal of a key that names no record, or none that the reader may know of."""
    return NotFoundError("the source has no such record", where=source)
