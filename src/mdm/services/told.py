"""Which system was told which municipal ID, for which record: noted whenever an ID leaves.

Who was told decides, at a split, which part keeps an ID and whether it is ambiguous. Told is
noted to the day, so that a system which asks all day writes once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from mdm.clustering.splits import WITHOUT_RECORD
from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int, rows_of_texts

__all__ = ["WITHOUT_RECORD", "Telling", "is_told", "tell", "tell_all"]

_DAY = slice(0, 10)
_TOLD = pa.schema(
    [
        ("municipal_id", pa.string()),
        ("holder", pa.string()),
        ("record_id", pa.int64()),
        ("first_at", pa.string()),
        ("last_at", pa.string()),
    ]
)
_KEY = pa.schema([("municipal_id", pa.string()), ("record_id", pa.int64())])
_UNTOLD = """
SELECT k.municipal_id, k.record_id FROM ({keys}) k
WHERE NOT EXISTS (SELECT 1 FROM told t WHERE t.municipal_id = k.municipal_id
                AND t.holder = :holder AND t.record_id = k.record_id)
ORDER BY k.municipal_id, k.record_id
"""
_STILL = """
holder = :holder AND EXISTS (SELECT 1 FROM ({keys}) k
  WHERE k.record_id = told.record_id AND k.municipal_id = told.municipal_id)
"""


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


def note(session: WriteSession, holder: str, tellings: Mapping[Telling, tuple[str, str]]) -> None:
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
        first, last = min(before[0], days[0]), max(before[1], days[1])
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


def tell_all(
    session: WriteSession,
    holder: str,
    keys: str,
    *,
    day: str | None = None,
    params: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Note, set-wise, that a system is told many IDs.

    Args:
        session: The writer lane.
        holder: The system.
        keys: SELECT of `municipal_id, record_id`.
        day: ISO day; None for that of the transaction.
        params: Values of the SELECT's parameters.
    """
    day = session.at[_DAY] if day is None else day
    params = {name: value for name, value in params.items() if f":{name}" in keys}
    values: dict[str, object] = {**params, "holder": holder}
    older = "SELECT 1 FROM told WHERE holder = :holder AND last_at < :day LIMIT 1"
    if session.value(older, {"holder": holder, "day": day}) is not None:
        still = f"last_at < '{day}' AND {_STILL.format(keys=keys)}"
        session.set_where("told", {"last_at": day}, still, values)
    # Read whole, 20 bytes a row, before it is written: a connection does one at a time.
    untold = session.read_table(_UNTOLD.format(keys=keys), values, schema=_KEY)
    if untold.num_rows > 0:
        session.insert_arrow("told", _rows(untold, holder, day))


def _known(session: ReadSession, telling: Telling, holder: str) -> dict[str, object]:
    row = session.row(
        "SELECT first_at, last_at FROM told WHERE municipal_id = :id AND holder = :holder "
        "AND record_id = :record",
        {"id": telling.municipal_id, "holder": holder, "record": telling.record_id},
    )
    return {"first_at": None, "last_at": None} if row is None else row


def _known_of(
    session: ReadSession, holder: str, tellings: Iterable[Telling]
) -> dict[Telling, tuple[str, str]]:
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


def _rows(keys: pa.Table, holder: str, day: str) -> pa.Table:
    def same(value: str) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), keys.num_rows)

    columns = [keys["municipal_id"], same(holder), keys["record_id"], same(day), same(day)]
    return pa.table(columns, schema=_TOLD)
