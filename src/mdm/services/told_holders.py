"""Who was told which ID for which record: what decides, at a split, which part keeps the ID."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from mdm.domain.ledger import LedgerKind
from mdm.domain.told_sets import Holders, RecordPast, holders_of_sets
from mdm.ports import ReadSession
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts
from mdm.services.told import noted_sets
from mdm.standardise.record import standardise_record

# A flag is read the same on any day.
_ANY_DAY = date(2000, 1, 1)
_PLACED = "('place', 'move', 'relink', 'unplace')"
_EVER = (
    "SELECT DISTINCT record_id FROM ledger_event WHERE municipal_id IN ({keys}) "
    f"AND kind IN {_PLACED}"
)
_RECORDS = "SELECT record_id, source, state, restricted FROM record WHERE record_id IN ({keys})"
_PLACINGS = (
    "SELECT record_id, tx_id, kind, municipal_id FROM ledger_event "
    f"WHERE record_id IN ({{keys}}) AND kind IN {_PLACED} ORDER BY seq"
)
_ERASED = (
    "SELECT record_id, tx_id FROM ledger_event WHERE record_id IN ({keys}) "
    "AND kind = 'record_state' AND detail = 'erased'"
)
_SEALED = (
    "SELECT record_id, tx_id, kind, municipal_id FROM ledger_event WHERE record_id IN ({keys}) "
    "AND kind IN ('seal', 'unseal') ORDER BY seq"
)
_FLAGS = """
SELECT v.record_id, l.tx_id, {flag} AS flag FROM record_version v
JOIN load l ON l.load_id = v.load_id WHERE v.record_id IN ({{keys}}) ORDER BY v.version
"""


def told_holders(session: ReadSession, ids: Sequence[str]) -> Holders:
    """Holders by (ID, record); record 0 stands for an ID told without one.

    Args:
        session: A snapshot of the registry.
        ids: The IDs asked for.
    """
    found: dict[tuple[str, int], set[str]] = {}
    sql = "SELECT municipal_id, record_id, holder FROM told WHERE municipal_id IN ({keys})"
    for row in rows_of_texts(session, sql, ids):
        key = (str(row["municipal_id"]), as_int(row["record_id"]))
        found.setdefault(key, set()).add(str(row["holder"]))
    sets = noted_sets(session)
    if sets:
        asked = set(ids)
        for key, holders in holders_of_sets(_pasts(session, asked), sets).items():
            if key[0] in asked:
                found.setdefault(key, set()).update(holders)
    return {key: frozenset(holders) for key, holders in found.items()}


def _pasts(session: ReadSession, ids: Collection[str]) -> Iterable[RecordPast]:
    """Every record that ever belonged to one of some citizens."""
    records = {as_int(row["record_id"]) for row in rows_of_texts(session, _EVER, ids)}
    placed: dict[int, list[tuple[int, str | None]]] = {}
    for row in rows_of_numbers(session, _PLACINGS, records):
        home = None if row["kind"] == LedgerKind.UNPLACE else as_text(row["municipal_id"])
        placed.setdefault(as_int(row["record_id"]), []).append((as_int(row["tx_id"]), home))
    # Nothing of a sealed record leaves: to who is told it is as one of nobody.
    for row in rows_of_numbers(session, _SEALED, records):
        home = None if row["kind"] == LedgerKind.SEAL else as_text(row["municipal_id"])
        placed[as_int(row["record_id"])].append((as_int(row["tx_id"]), home))
    erased = {
        as_int(row["record_id"]): as_int(row["tx_id"])
        for row in rows_of_numbers(session, _ERASED, records)
    }
    flags = _flags(session, records)
    for row in rows_of_numbers(session, _RECORDS, records):
        record_id = as_int(row["record_id"])
        # What an erased record said is gone: its flag is the one that it has kept.
        kept = [(0, bool(row["restricted"]))]
        yield RecordPast(
            record_id=record_id,
            source=str(row["source"]),
            placed=placed[record_id],
            restricted=kept if row["state"] == "erased" else flags.get(record_id, kept),
            erased=erased.get(record_id),
        )


def _flags(session: ReadSession, records: Collection[int]) -> dict[int, list[tuple[int, bool]]]:
    """From which transaction on each record was restricted, or not any more."""
    found: dict[int, list[tuple[int, bool]]] = {}
    sql = _FLAGS.format(flag=session.payload_sql("v", "restricted"))
    for row in rows_of_numbers(session, sql, records):
        said = as_text(row["flag"])
        found.setdefault(as_int(row["record_id"]), []).append(
            (as_int(row["tx_id"]), said is not None and _is_set(said))
        )
    return found


def _is_set(said: str) -> bool:
    record, _ = standardise_record({"restricted": said}, today=_ANY_DAY)
    return record.restricted
