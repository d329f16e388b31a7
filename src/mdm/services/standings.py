"""How records and IDs stood after a transaction, for many at once, told from the ledger alone."""

from collections.abc import Collection, Iterable, Mapping

from mdm.domain.change import IdStanding, RecordStanding
from mdm.domain.events import RecordState
from mdm.domain.identity import IdState
from mdm.domain.ledger import LedgerKind
from mdm.ports import ReadSession
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts


def listed(kinds: Iterable[LedgerKind]) -> str:
    """Kinds of events as a list in SQL."""
    return ", ".join(f"'{kind.value}'" for kind in kinds)


PLACING = (LedgerKind.PLACE, LedgerKind.MOVE, LedgerKind.RELINK, LedgerKind.UNPLACE)
ANCHORING = (LedgerKind.MINT, LedgerKind.ANCHOR, LedgerKind.REINSTATE_ID)
_ON_STATE = {
    LedgerKind.MINT: IdState.ACTIVE,
    LedgerKind.REINSTATE_ID: IdState.ACTIVE,
    LedgerKind.WITHDRAW_ID: IdState.WITHDRAWN,
    LedgerKind.TOMBSTONE_ID: IdState.TOMBSTONE,
}
_LAST_OF_RECORD = """
SELECT e.record_id, e.kind, e.municipal_id, e.detail FROM ledger_event e JOIN
(SELECT record_id, MAX(seq) AS seq FROM ledger_event WHERE record_id IN ({{keys}})
 AND tx_id <= :tx AND kind IN ({kinds}) GROUP BY record_id) l ON l.seq = e.seq
"""
_LAST_OF_ID = """
SELECT e.municipal_id, e.kind, e.record_id, e.detail FROM ledger_event e JOIN
(SELECT municipal_id, MAX(seq) AS seq FROM ledger_event WHERE municipal_id IN ({{keys}})
 AND tx_id <= :tx AND kind IN ({kinds}) GROUP BY municipal_id) l ON l.seq = e.seq
"""


def placements_at(
    session: ReadSession, records: Collection[int], tx_id: int
) -> dict[int, tuple[str, str]]:
    """Record -> its citizen and link status after a transaction; a record of nobody is missing."""
    sql = _LAST_OF_RECORD.format(kinds=listed(PLACING))
    return {
        as_int(row["record_id"]): (str(row["municipal_id"]), str(row["detail"]))
        for row in rows_of_numbers(session, sql, records, {"tx": tx_id})
        if row["kind"] != LedgerKind.UNPLACE
    }


def record_standings(
    session: ReadSession, records: Collection[int], tx_id: int
) -> dict[int, RecordStanding]:
    """How records stood after a transaction."""
    placed = placements_at(session, records, tx_id)
    sql = _LAST_OF_RECORD.format(kinds=listed([LedgerKind.RECORD_STATE]))
    stated = {
        as_int(row["record_id"]): str(row["detail"])
        for row in rows_of_numbers(session, sql, records, {"tx": tx_id})
    }
    return {
        record_id: _standing(placed.get(record_id), stated.get(record_id)) for record_id in records
    }


def _standing(placed: tuple[str, str] | None, stated: str | None) -> RecordStanding:
    """A pending record that is placed is present; any other state was stated."""
    state = RecordState.PENDING if stated is None else RecordState(stated)
    if placed is None:
        # Unplaced, a present record is pending again.
        state = RecordState.PENDING if state is RecordState.PRESENT else state
        return RecordStanding(None, None, state.value)
    state = RecordState.PRESENT if state is RecordState.PENDING else state
    return RecordStanding(placed[0], placed[1], state.value)


def id_standings(session: ReadSession, ids: Collection[str], tx_id: int) -> dict[str, IdStanding]:
    """How IDs stood after a transaction; one that was not issued by then is missing."""
    states = _last_of_ids(session, ids, tx_id, _ON_STATE)
    anchors = {
        name: as_int(row["record_id"])
        for name, row in _last_of_ids(session, ids, tx_id, ANCHORING).items()
    }
    unclear = _last_of_ids(session, ids, tx_id, [LedgerKind.AMBIGUOUS])
    homes = placements_at(session, set(anchors.values()), tx_id)
    found = {}
    for name, row in states.items():
        state = _ON_STATE[LedgerKind(str(row["kind"]))]
        home = homes.get(anchors[name])
        found[name] = IdStanding(
            state=state,
            resolves_to=home[0] if home is not None and state is IdState.ACTIVE else None,
            ambiguous_until=as_text(unclear[name]["detail"]) if name in unclear else None,
        )
    return found


def _last_of_ids(
    session: ReadSession, ids: Collection[str], tx_id: int, kinds: Iterable[LedgerKind]
) -> Mapping[str, Mapping[str, object]]:
    sql = _LAST_OF_ID.format(kinds=listed(kinds))
    rows = rows_of_texts(session, sql, ids, {"tx": tx_id})
    return {str(row["municipal_id"]): row for row in rows}
