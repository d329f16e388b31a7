"""Which system was told which municipal ID, for which record: noted whenever an ID leaves.

Who was told decides, at a split, which part keeps an ID and whether it is ambiguous. Told is
noted to the day, so that a system which asks all day writes once. Of an export it is noted what
it covered, in one row: `mdm.services.told_holders` knows which IDs that were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mdm.domain.told_sets import WITHOUT_RECORD, ToldKind, ToldSet
from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int, rows_of_texts

__all__ = [
    "WITHOUT_RECORD",
    "Days",
    "Telling",
    "is_told",
    "note",
    "note_sets",
    "noted_sets",
    "tell",
    "tell_all",
]

Days = tuple[str, str]
"""First and last day, ISO."""

_DAY = slice(0, 10)
_EVERY_SOURCE = ""
"""Stands in `told_set.source` for all sources."""


@dataclass(frozen=True, slots=True, order=True)
class Telling:
    """One ID that leaves.

    Attributes:
        municipal_id: The ID.
        record_id: For which record; `WITHOUT_RECORD` where it leaves without one.
    """

    municipal_id: str
    record_id: int = WITHOUT_RECORD


def is_told(session: ReadSession, telling: Telling, holder: str, at: str) -> bool:
    """Whether the telling is noted already for the day of `at` (UTC ISO text)."""
    last = _known(session, telling, holder)["last_at"]
    return last is not None and str(last) >= at[_DAY]


def tell(session: WriteSession, tellings: Iterable[Telling], holder: str) -> None:
    """Note that a system is told some IDs."""
    day = session.at[_DAY]
    note(session, holder, dict.fromkeys(tellings, (day, day)))


def note(session: WriteSession, holder: str, tellings: Mapping[Telling, Days]) -> None:
    """Note that a system was told some IDs on some days; what is noted already is not written.

    Args:
        session: The writer lane.
        holder: The system.
        tellings: First and last day of each.
    """
    known = _known_of(session, holder, tellings)
    rows = []
    for telling, days in sorted(tellings.items()):
        before = known.get(telling, days)
        first, last = _both(before, days)
        if telling not in known or (first, last) != before:
            rows.append(
                {
                    "municipal_id": telling.municipal_id,
                    "holder": holder,
                    "record_id": telling.record_id,
                    "first_at": first,
                    "last_at": last,
                }
            )
    session.upsert_rows("told", rows)


def tell_all(session: WriteSession, holder: str, kind: ToldKind) -> None:
    """Note that a system is told all that this transaction sees."""
    day = session.at[_DAY]
    note_sets(session, {(holder, ToldSet(None, session.tx_id, kind)): (day, day)})


def note_sets(session: WriteSession, told: Mapping[tuple[str, ToldSet], Days]) -> None:
    """Note exports: the system, what was told, first and last day.

    An export is noted at the last transaction that brought records or moved them, so that those
    between which nothing has changed are one row.
    """
    found: dict[tuple[str, ToldSet], Days] = {}
    for (holder, given), days in told.items():
        key = (holder, replace(given, tx_id=_last_change(session, given.tx_id)))
        found[key] = _both(found.get(key, days), days)
    rows = []
    for (holder, one), days in found.items():
        known = _known_set(session, holder, one)
        first, last = _both(days if known is None else known, days)
        if (first, last) != known:
            rows.append({**_set_row(holder, one), "first_at": first, "last_at": last})
    session.upsert_rows("told_set", rows)


def _both(one: Days, other: Days) -> Days:
    """The first and the last day of two spans."""
    return min(one[0], other[0]), max(one[1], other[1])


def noted_sets(session: ReadSession) -> list[tuple[str, ToldSet]]:
    """Every export that is noted: the system, and what it was told."""
    return [
        (
            str(row["holder"]),
            ToldSet(
                None if row["source"] == _EVERY_SOURCE else str(row["source"]),
                as_int(row["tx_id"]),
                ToldKind(str(row["kind"])),
            ),
        )
        for row in session.rows("SELECT holder, kind, source, tx_id FROM told_set")
    ]


def _last_change(session: ReadSession, tx_id: int) -> int:
    """The last transaction up to one that brought records or moved them."""
    seen = {"tx": tx_id}
    placed = session.number("SELECT MAX(tx_id) FROM ledger_event WHERE tx_id <= :tx", seen)
    return max(placed, session.number("SELECT MAX(tx_id) FROM load WHERE tx_id <= :tx", seen))


def _known_set(session: ReadSession, holder: str, told: ToldSet) -> Days | None:
    row = session.row(
        "SELECT first_at, last_at FROM told_set WHERE holder = :holder AND kind = :kind "
        "AND source = :source AND tx_id = :tx_id",
        _set_row(holder, told),
    )
    return None if row is None else (str(row["first_at"]), str(row["last_at"]))


def _set_row(holder: str, told: ToldSet) -> dict[str, object]:
    source = _EVERY_SOURCE if told.source is None else told.source
    return {"holder": holder, "kind": told.kind.value, "source": source, "tx_id": told.tx_id}


def _known(session: ReadSession, telling: Telling, holder: str) -> dict[str, object]:
    row = session.row(
        "SELECT first_at, last_at FROM told WHERE municipal_id = :id AND holder = :holder "
        "AND record_id = :record",
        {"id": telling.municipal_id, "holder": holder, "record": telling.record_id},
    )
    return {"first_at": None, "last_at": None} if row is None else row


def _known_of(
    session: ReadSession, holder: str, tellings: Iterable[Telling]
) -> dict[Telling, Days]:
    """First and last day of what a system was told already, of some IDs."""
    ids = sorted({telling.municipal_id for telling in tellings})
    rows = rows_of_texts(
        session,
        "SELECT municipal_id, record_id, first_at, last_at FROM told "
        "WHERE municipal_id IN ({keys}) AND holder = :holder",
        ids,
        {"holder": holder},
    )
    return {
        Telling(str(row["municipal_id"]), as_int(row["record_id"])): (
            str(row["first_at"]),
            str(row["last_at"]),
        )
        for row in rows
    }
