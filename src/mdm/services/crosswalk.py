"""The crosswalk: from record keys to the citizens they belong to, one or ten thousand at a time.

The record is part of every answer, so an ID that is ambiguous alone is none here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mdm.errors import NotFoundError
from mdm.ports import ReadSession
from mdm.services import history
from mdm.services.keys import record_number
from mdm.services.lists import as_int, as_text, rows_of_texts
from mdm.services.resolve import view_of
from mdm.services.sight import Sight

_NOW = """
SELECT r.record_id, r.local_id, r.state, m.municipal_id, m.link_status, m.linked_at,
  CASE WHEN r.state = 'present' OR m.municipal_id IS NULL THEN false ELSE NOT EXISTS (
    SELECT 1 FROM membership o JOIN record p ON p.record_id = o.record_id
    WHERE o.municipal_id = m.municipal_id AND p.state = 'present' AND {others}) END AS dormant
FROM record r LEFT JOIN membership m ON m.record_id = r.record_id
WHERE r.source = :source AND r.local_id IN ({keys}) AND r.state <> 'erased' AND {visible}
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

    One key is one statement.

    Args:
        session: The snapshot.
        sight: The reader; records that they may not know of are not found.
        keys: Sources and local IDs.
    """
    by_source: dict[str, list[str]] = {}
    for source, local_id in keys:
        by_source.setdefault(source, []).append(local_id)
    sql = _NOW.replace("{visible}", sight.visible("r")).replace("{others}", sight.visible("p"))
    return {
        (source, str(row["local_id"])): _entry(source, row)
        for source, local_ids in by_source.items()
        for row in rows_of_texts(session, sql, local_ids, {"source": source})
    }


def _entry(source: str, row: Mapping[str, object]) -> CrosswalkEntry:
    state = str(row["state"])
    status = "active" if state == "present" else state
    return CrosswalkEntry(
        source=source,
        local_id=str(row["local_id"]),
        municipal_id=as_text(row["municipal_id"]),
        status="dormant" if row["dormant"] else status,
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
