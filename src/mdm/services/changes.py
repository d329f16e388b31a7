"""The feed: changes of IDs in the order of their transactions, for subscribers who keep a copy.

Told from the ledger alone, so that it can be read again from any point and says the same. Within a
transaction the entries go by municipal ID; a cursor names the last one told, and thus neither
counts nor numbers what its reader may not know of.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mdm.domain.change import Change, ChangeKind, IdStanding, id_change, record_change
from mdm.domain.ledger import LedgerKind
from mdm.domain.municipal_id import LENGTH
from mdm.domain.told_sets import WITHOUT_RECORD
from mdm.errors import UsageError
from mdm.ports import ReadSession
from mdm.services.golden_changes import golden_digests_at
from mdm.services.lists import as_int, rows_of_texts
from mdm.services.sealed_changes import Unsaid, seal_changes
from mdm.services.standings import (
    ANCHORING,
    PLACING,
    id_standings,
    listed,
    placements_at,
    record_standings,
)

MOST = 100_000
"""Entries that one page holds at most; the records of one citizen stay together."""

_ON_RECORDS = (*PLACING, LedgerKind.RECORD_STATE)
_ON_IDS = (
    LedgerKind.ANCHOR,
    LedgerKind.WITHDRAW_ID,
    LedgerKind.REINSTATE_ID,
    LedgerKind.TOMBSTONE_ID,
    LedgerKind.AMBIGUOUS,
)
_TOLD = (*_ON_RECORDS, *_ON_IDS, LedgerKind.SEAL, LedgerKind.UNSEAL)
_AT_ONCE = 2_000
_TIME_LENGTH = len("2026-03-10T12:00:00.000000Z")

_TRANSACTIONS = f"""
SELECT t.tx_id, t.at FROM ledger_tx t WHERE t.at >= :at AND t.tx_id > :tx AND (EXISTS (
  SELECT 1 FROM ledger_event e WHERE e.tx_id = t.tx_id AND e.kind IN ({listed(_TOLD)}))
  OR EXISTS (SELECT 1 FROM golden_change g WHERE g.tx_id = t.tx_id))
ORDER BY t.tx_id LIMIT 1
"""
# The citizen that an event on a record belongs to: the one it names, else the record's then.
_RECORDS = f"""
SELECT k.record_id, k.source, k.local_id, k.citizen FROM (
  SELECT e.record_id, r.source, r.local_id, coalesce(e.municipal_id, e.from_id, (
    SELECT p.municipal_id FROM ledger_event p WHERE p.record_id = e.record_id
    AND p.tx_id <= :tx AND p.kind IN ({listed(PLACING)}) ORDER BY p.seq DESC LIMIT 1)) AS citizen
  FROM ledger_event e JOIN record r ON r.record_id = e.record_id
  WHERE e.tx_id = :tx AND e.kind IN ({listed(_ON_RECORDS)}) AND r.state <> 'erased' AND {{known}}
  AND NOT EXISTS (SELECT 1 FROM ledger_event l WHERE l.record_id = e.record_id
    AND l.tx_id = :tx AND l.seq > e.seq AND l.kind IN ({listed(_ON_RECORDS)}))
) k WHERE k.citizen > :citizen ORDER BY k.citizen, k.source, k.local_id LIMIT :most
"""
# IDs that an event names, those anchored at a record that changed its citizen, and those with
# other golden values; of them those that one of the records has ever had. An ID that answers has
# its anchor in a citizen, so that a record placed brings only IDs that are minted or reinstated.
_IDS = f"""
SELECT k.municipal_id FROM (
  SELECT e.municipal_id FROM ledger_event e WHERE e.tx_id = :tx AND e.kind IN ({listed(_ON_IDS)})
  UNION
  SELECT a.municipal_id FROM ledger_event e JOIN ledger_event a ON a.record_id = e.record_id
  WHERE e.tx_id = :tx AND e.kind = '{LedgerKind.MOVE.value}' AND a.kind IN ({listed(ANCHORING)})
  UNION SELECT g.municipal_id FROM golden_change g WHERE g.tx_id = :tx
  UNION SELECT e.municipal_id FROM ledger_event e
  WHERE e.tx_id = :tx AND e.kind = '{LedgerKind.MINT.value}'
) k WHERE k.municipal_id > :citizen AND EXISTS (
  SELECT 1 FROM ledger_event p JOIN record r ON r.record_id = p.record_id
  WHERE p.municipal_id = k.municipal_id AND p.tx_id <= :tx AND p.kind IN ({listed(PLACING)})
  AND {{known}}
) ORDER BY k.municipal_id LIMIT :most
"""
_LAST_ID = "Z" * LENGTH
# Backwards until the first hit, which is near: nothing of the whole city is joined.
_LAST_EVENT = (
    "SELECT e.tx_id FROM ledger_event e JOIN record r ON r.record_id = e.record_id "
    f"WHERE e.kind IN ({listed(_ON_RECORDS)}) AND {{known}} ORDER BY e.seq DESC LIMIT 1"
)
_LAST_GOLDEN = (
    "SELECT g.tx_id FROM golden_change g JOIN membership m ON m.municipal_id = g.municipal_id "
    "JOIN record r ON r.record_id = m.record_id WHERE {known} ORDER BY g.tx_id DESC LIMIT 1"
)
_EVER = (
    "SELECT DISTINCT p.record_id FROM ledger_event p JOIN record r ON r.record_id = p.record_id "
    f"WHERE p.municipal_id IN ({{{{keys}}}}) AND p.kind IN ({listed(PLACING)}) AND {{known}}"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a subscriber has read: all of earlier transactions, and of one up to an ID.

    Attributes:
        at: Time of the transaction; empty before the first one.
        citizen: The last ID of it that was told.
    """

    at: str = ""
    citizen: str = ""

    def __str__(self) -> str:
        """As it leaves: the two parts, or nothing at the beginning."""
        return f"{self.at}.{self.citizen}" if self.at else ""

    @staticmethod
    def parse(text: str) -> "Cursor":
        """A cursor out of an earlier answer; empty for the beginning.

        Raises:
            UsageError: The text is no cursor.
        """
        if not text:
            return Cursor()
        at, _, citizen = text.rpartition(".")
        if len(at) != _TIME_LENGTH or not at.endswith("Z") or len(citizen) not in {0, LENGTH}:
            raise UsageError("not a cursor of an earlier answer")
        return Cursor(at, citizen)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose changes are told.

    Attributes:
        known: SQL condition on alias `r` of table `record`: those that the reader may know of.
        params: Its parameters.
        holder: The system that reads; None where nobody is told that an ID ended with a seal.
    """

    known: str
    params: Mapping[str, object]
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of the feed.

    Attributes:
        changes: In the order of their transactions.
        cursor: Where to go on.
        more: Whether there may be further ones now.
        told: (ID, record) of each record among them that has a citizen, and (ID,
            `WITHOUT_RECORD`) of citizens of whom the reader has no record but learns the ID.
    """

    changes: tuple[Change, ...]
    cursor: Cursor
    more: bool
    told: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """What a transaction, or a part of it, touched.

    Attributes:
        records: (record number, source, local ID, citizen).
        ids: IDs whose standing may have changed.
        last: The last citizen of the part; None where there is nothing after it.
    """

    records: Sequence[tuple[int, str, str, str]]
    ids: Sequence[str]
    last: str | None = None


def read_changes(session: ReadSession, scope: Scope, after: Cursor, limit: int) -> Page:
    """The changes after a cursor.

    Args:
        session: The snapshot.
        scope: Whose changes.
        after: Where to begin.
        limit: How many are wanted; up to the end of one citizen more are told.
    """
    changes: list[Change] = []
    told: list[tuple[str, int]] = []
    cursor, tx_id = after, 0
    for tx_id, at, start in _transactions(session, after):
        for part in _parts(session, scope, tx_id, start):
            named: set[str] = set()
            for citizen, change, record_id in changes_of(session, part, tx_id, at):
                changes.append(change)
                named |= {change.resolves_to or citizen} - {citizen}
                cursor = Cursor(at, max(citizen, cursor.citizen if cursor.at == at else ""))
                if record_id is not None and change.municipal_id is not None:
                    told.append((change.municipal_id, record_id))
            # Whom an ID names now leaves, too: to who has none of their records it is told without.
            strangers = named - _held(session, scope, sorted(named), tx_id)
            told += [(name, WITHOUT_RECORD) for name in sorted(strangers)]
            for change in _of_citizens(session, scope, part, (tx_id, at, start)):
                changes.append(change)
                citizen = str(change.municipal_id)
                cursor = Cursor(at, max(citizen, cursor.citizen if cursor.at == at else ""))
            if len(changes) >= limit:
                end = Cursor(at, cursor.citizen if part.last is None else part.last)
                return Page(tuple(changes), end, more=True, told=tuple(told))
    return Page(tuple(changes), cursor, more=False, told=tuple(told))


def _of_citizens(
    session: ReadSession, scope: Scope, part: Touched, where: tuple[int, str, str]
) -> Iterator[Change]:
    """What is told of citizens as a whole: golden values, and seals with the last part."""
    tx_id, at, start = where
    yield from golden_changes_of(session, scope, part, tx_id, at)
    if part.last is None and scope.holder is not None:
        yield from seal_changes(session, scope.holder, tx_id, at, start)


def level_cursor(session: ReadSession, scope: Scope) -> Cursor:
    """The cursor that a reader of all that is in force now is level with.

    What comes after it is news; entries before it are shown by the present state. It names the
    last transaction that changed something of the scope, so that it tells of no other.

    Args:
        session: The snapshot that is read.
        scope: Whose changes.
    """
    found = [
        session.value(sql.format(known=scope.known), scope.params)
        for sql in (_LAST_EVENT, _LAST_GOLDEN)
    ]
    last = max((as_int(tx_id) for tx_id in found if tx_id is not None), default=None)
    if last is None:
        return Cursor()
    at = session.value("SELECT at FROM ledger_tx WHERE tx_id = :tx", {"tx": last})
    return Cursor(str(at), _LAST_ID)


def _transactions(session: ReadSession, after: Cursor) -> Iterator[tuple[int, str, str]]:
    """Number and time of each transaction with changes, and the ID after which to begin in it."""
    tx_id = 0
    while True:
        row = session.row(_TRANSACTIONS, {"at": after.at, "tx": tx_id})
        if row is None:
            return
        tx_id, at = as_int(row["tx_id"]), str(row["at"])
        yield tx_id, at, after.citizen if at == after.at else ""


def _parts(session: ReadSession, scope: Scope, tx_id: int, start: str) -> Iterator[Touched]:
    """What a transaction touched, some thousand citizens at a time."""
    last: str | None = start
    while last is not None:
        part = _touched(session, scope, tx_id, last)
        yield part
        last = part.last


def _touched(session: ReadSession, scope: Scope, tx_id: int, start: str) -> Touched:
    values = {**scope.params, "tx": tx_id, "citizen": start, "most": _AT_ONCE}
    records = [
        (as_int(r["record_id"]), str(r["source"]), str(r["local_id"]), str(r["citizen"]))
        for r in session.rows(_RECORDS.format(known=scope.known), values)
    ]
    ids = [str(r["municipal_id"]) for r in session.rows(_IDS.format(known=scope.known), values)]
    unsaid = Unsaid(session).ids()
    bounds = [
        known[-1] for known in ([record[3] for record in records], ids) if len(known) == _AT_ONCE
    ]
    said = [name for name in ids if name not in unsaid]
    if not bounds:
        return Touched(records, said)
    # The last citizen of a list that was cut may have further records: it comes next time.
    bound = min(bounds)
    before = [name for name in (*(r[3] for r in records), *ids) if name < bound]
    assert before  # no citizen has as many records as are read at once
    last = max(before)
    return Touched(
        [record for record in records if record[3] <= last],
        [name for name in said if name <= last],
        last,
    )


def changes_of(
    session: ReadSession, part: Touched, tx_id: int, at: str
) -> Iterator[tuple[str, Change, int | None]]:
    """What a transaction changed of some records and IDs.

    Returns:
        The citizen that each change goes by, the change, and the number of its record.
    """
    numbers = [record[0] for record in part.records]
    unsaid = Unsaid(session)
    before = unsaid.standings(record_standings(session, numbers, tx_id - 1), tx_id - 1)
    after = unsaid.standings(record_standings(session, numbers, tx_id), tx_id)
    homes = {s.municipal_id for s in (*before.values(), *after.values())} - {None}
    ids: Collection[str] = {name for name in homes if name is not None} | set(part.ids)
    ids_before = unsaid.answers(id_standings(session, ids, tx_id - 1))
    ids_after = unsaid.answers(id_standings(session, ids, tx_id))
    for record_id, source, local_id, citizen in part.records:
        was, now = before[record_id], after[record_id]
        kind = record_change(was, now, ids_before, ids_after)
        if kind is not None:
            yield (
                citizen,
                Change(
                    at=at,
                    change=kind,
                    municipal_id=now.municipal_id,
                    source=source,
                    local_id=local_id,
                    former_id=None if was.municipal_id == now.municipal_id else was.municipal_id,
                    record_status=now.status,
                    link_status=now.link_status,
                ),
                record_id,
            )
    for name in part.ids:
        if name not in ids_after:
            # Asked for by somebody who knows it from later: it was not issued yet.
            continue
        kind = id_change(ids_before.get(name), ids_after[name], name)
        if kind is not None:
            yield name, _id_entry(at, kind, name, ids_after[name]), None


def golden_changes_of(
    session: ReadSession, scope: Scope, part: Touched, tx_id: int, at: str
) -> Iterator[Change]:
    """Of the IDs of a part those whose citizens have other golden values after a transaction.

    Told to who has a record of the citizen.
    """
    ours = _held(session, scope, part.ids, tx_id)
    unsaid = Unsaid(session)
    before = _digests_at(session, unsaid, ours, tx_id - 1)
    after = _digests_at(session, unsaid, ours, tx_id)
    for name in part.ids:
        if before.get(name) != after.get(name):
            yield Change(
                at=at,
                change=ChangeKind.GOLDEN_CHANGED,
                municipal_id=name,
                golden_digest=told_digest(session, after.get(name)),
            )


def _digests_at(
    session: ReadSession, unsaid: Unsaid, ids: Collection[str], tx_id: int
) -> dict[str, str]:
    """Digests after a transaction, of citizens as they were without what is sealed now."""
    by_clear: dict[int, list[str]] = {}
    for name in ids:
        by_clear.setdefault(unsaid.clear_at(name, tx_id), []).append(name)
    found: dict[str, str] = {}
    for clear, names in by_clear.items():
        found |= golden_digests_at(session, names, clear)
    return found


def _held(session: ReadSession, scope: Scope, ids: Sequence[str], tx_id: int) -> set[str]:
    """Of some citizens those who had a record of the scope before a transaction, or after it."""
    rows = rows_of_texts(session, _EVER.format(known=scope.known), ids, scope.params)
    numbers = [as_int(row["record_id"]) for row in rows]
    homes = [placements_at(session, numbers, tx) for tx in (tx_id - 1, tx_id)]
    return {home for placed in homes for home, _ in placed.values()}.intersection(ids)


def told_digest(session: ReadSession, digest: str | None) -> str | None:
    """The digest as it leaves: hashed with what no reader knows, so that no value can be guessed.

    What nobody but the registry knows is the digest of its first transaction.
    """
    if digest is None:
        return None
    salt = session.value("SELECT content_digest FROM ledger_tx ORDER BY tx_id LIMIT 1")
    return hashlib.sha256(f"{salt}|{digest}".encode()).hexdigest()[:32]


def _id_entry(at: str, kind: ChangeKind, name: str, now: IdStanding) -> Change:
    return Change(
        at=at,
        change=kind,
        municipal_id=name,
        id_state=now.state.value,
        resolves_to=now.resolves_to,
        ambiguous_until=now.ambiguous_until,
    )
