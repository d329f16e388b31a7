"""What the registry held at a past moment, told from the ledger alone."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time

from mdm.domain.events import RecordState
from mdm.domain.ledger import LedgerKind
from mdm.errors import UsageError
from mdm.ports import ReadSession
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts
from mdm.services.standings import ANCHORING, PLACING, listed, placements_at

_STATES = (LedgerKind.PLACE, LedgerKind.UNPLACE, LedgerKind.RECORD_STATE)
_DAY_LENGTH = len("2026-01-01")


def moment_of(text: str) -> str:
    """A day (its end, UTC) or a time as the registry writes times.

    Raises:
        UsageError: It is neither.
    """
    try:
        if len(text) == _DAY_LENGTH:
            at = datetime.combine(date.fromisoformat(text), time.max, UTC)
        else:
            at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError("not a date (2026-03-10) or a time (2026-03-10T12:00:00Z)") from None
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def transaction_at(session: ReadSession, moment: str) -> int:
    """The last transaction committed by then; 0 where there was none."""
    return session.number("SELECT MAX(tx_id) FROM ledger_tx WHERE at <= :at", {"at": moment})


def was_known(session: ReadSession, record_id: int, tx_id: int) -> bool:
    """Whether a record had been loaded."""
    found = session.value(
        "SELECT 1 FROM record_version v JOIN load l ON l.load_id = v.load_id "
        "WHERE v.record_id = :record AND l.tx_id <= :tx LIMIT 1",
        {"record": record_id, "tx": tx_id},
    )
    return found is not None


def membership_at(session: ReadSession, record_id: int, tx_id: int) -> tuple[str, str] | None:
    """The citizen that a record belonged to, and its link status; None while it was pending."""
    row = session.row(
        "SELECT kind, municipal_id, detail FROM ledger_event WHERE record_id = :record "
        f"AND tx_id <= :tx AND kind IN ({listed(PLACING)}) ORDER BY seq DESC LIMIT 1",
        {"record": record_id, "tx": tx_id},
    )
    if row is None or row["kind"] == LedgerKind.UNPLACE:
        return None
    return str(row["municipal_id"]), str(row["detail"])


def state_at(session: ReadSession, record_id: int, tx_id: int) -> RecordState:
    """The state of a record."""
    state = RecordState.PENDING
    for row in session.rows(
        "SELECT kind, detail FROM ledger_event WHERE record_id = :record AND tx_id <= :tx "
        f"AND kind IN ({listed(_STATES)}) ORDER BY seq",
        {"record": record_id, "tx": tx_id},
    ):
        if row["kind"] == LedgerKind.RECORD_STATE:
            state = RecordState(str(row["detail"]))
        elif row["kind"] == LedgerKind.PLACE and state is RecordState.PENDING:
            state = RecordState.PRESENT
        elif row["kind"] == LedgerKind.UNPLACE and state is RecordState.PRESENT:
            state = RecordState.PENDING
    return state


def members_at(session: ReadSession, municipal_id: str, tx_id: int) -> list[int]:
    """The records of a citizen."""
    rows = session.rows(
        "SELECT DISTINCT record_id FROM ledger_event WHERE municipal_id = :id AND tx_id <= :tx "
        f"AND kind IN ({listed(PLACING)}) ORDER BY record_id",
        {"id": municipal_id, "tx": tx_id},
    )
    found = []
    for row in rows:
        record_id = as_int(row["record_id"])
        belonged = membership_at(session, record_id, tx_id)
        if belonged is not None and belonged[0] == municipal_id:
            found.append(record_id)
    return found


def told_ids(session: ReadSession, ids: Collection[str], known: str) -> set[str]:
    """Of some IDs those that a record ever had which a reader may know of.

    Args:
        session: A snapshot of the registry.
        ids: Municipal IDs.
        known: SQL condition on alias `r` of table `record`.
    """
    sql = (
        "SELECT DISTINCT e.municipal_id FROM ledger_event e JOIN record r "
        "ON r.record_id = e.record_id WHERE e.municipal_id IN ({keys}) "
        f"AND e.kind IN ({listed(PLACING)}) AND {known}"
    )
    return {str(row["municipal_id"]) for row in rows_of_texts(session, sql, ids)}


def anchored_at(
    session: ReadSession, records: Collection[int], tx_id: int
) -> dict[int, tuple[str, ...]]:
    """The IDs that each of some records anchored and that answered."""
    sql = (
        "SELECT DISTINCT municipal_id FROM ledger_event WHERE record_id IN ({keys}) "
        f"AND tx_id <= :tx AND kind IN ({listed(ANCHORING)})"
    )
    rows = rows_of_numbers(session, sql, records, {"tx": tx_id})
    found: dict[int, list[str]] = {}
    for name in sorted({str(row["municipal_id"]) for row in rows}):
        facts = id_at(session, name, tx_id)
        if facts is not None and facts["state"] == "active":
            found.setdefault(as_int(facts["anchor_record_id"]), []).append(name)
    return {record_id: tuple(names) for record_id, names in found.items() if record_id in records}


def id_at(session: ReadSession, municipal_id: str, tx_id: int) -> dict[str, object] | None:
    """State, anchor and `ambiguous_until` of an ID; None where it was not issued yet."""
    found: dict[str, object] = {"state": None, "anchor_record_id": None, "ambiguous_until": None}
    for row in session.rows(
        "SELECT kind, record_id, detail FROM ledger_event WHERE municipal_id = :id "
        "AND tx_id <= :tx ORDER BY seq",
        {"id": municipal_id, "tx": tx_id},
    ):
        kind = LedgerKind(str(row["kind"]))
        if kind in ANCHORING:
            found["anchor_record_id"] = row["record_id"]
        if kind in {LedgerKind.MINT, LedgerKind.REINSTATE_ID}:
            found["state"] = "active"
        elif kind is LedgerKind.WITHDRAW_ID:
            found["state"] = "withdrawn"
        elif kind is LedgerKind.TOMBSTONE_ID:
            found["state"] = "tombstone"
        elif kind is LedgerKind.AMBIGUOUS:
            found["ambiguous_until"] = as_text(row["detail"])
    return None if found["state"] is None else found


def past_members(session: ReadSession, citizens: Iterable[str], tx_id: int) -> list[int]:
    """All records that some citizens ever held before a transaction."""
    sql = (
        "SELECT DISTINCT record_id FROM ledger_event WHERE municipal_id IN ({keys}) "
        f"AND tx_id < :tx AND kind IN ({listed(PLACING)})"
    )
    rows = rows_of_texts(session, sql, citizens, {"tx": tx_id})
    return sorted({as_int(row["record_id"]) for row in rows})


def memberships_before(session: ReadSession, records: list[int], tx_id: int) -> dict[int, str]:
    """Of some records, the citizen that each belonged to before a transaction, if to any."""
    placed = placements_at(session, records, tx_id - 1)
    return {record_id: home for record_id, (home, _) in placed.items()}
