"""What the feed tells of sealed citizens: to who was told their IDs, that these are retired.

Everything else that the feed ever said of a sealed citizen is said no more. To who was told an ID
before the seal it is retired without a successor, as one that a steward decided nobody keeps;
whoever was not learns nothing. Once the seal is off the ID is reinstated for the same systems.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mdm.domain.change import Change, ChangeKind, IdStanding, RecordStanding
from mdm.domain.identity import IdState
from mdm.domain.ledger import LedgerKind
from mdm.ports import ReadSession
from mdm.services.lists import as_int, as_text, rows_of_numbers
from mdm.services.seals import SEALED_IDS, sealed_ids
from mdm.services.standings import PLACING, listed, record_standings
from mdm.services.told_holders import told_holders

_OF_TX = (
    "SELECT DISTINCT record_id, municipal_id, kind FROM ledger_event "
    "WHERE tx_id = :tx AND kind IN ('seal', 'unseal')"
)
_TOLD_IDS = "SELECT municipal_id FROM municipal_id WHERE anchor_record_id IN ({keys})"
# Where the records were that are sealed now, and those that were ever under a sealed ID.
_PLACED = f"""
SELECT e.record_id, e.tx_id, e.kind, e.municipal_id, e.detail,
       s.record_id IS NOT NULL AS sealed
FROM ledger_event e LEFT JOIN sealed_record s ON s.record_id = e.record_id
WHERE e.kind IN ({listed(PLACING)}) AND e.record_id IN (
  SELECT record_id FROM sealed_record
  UNION SELECT p.record_id FROM ledger_event p
  WHERE p.municipal_id IN ({SEALED_IDS}) AND p.kind IN ({listed(PLACING)}))
ORDER BY e.record_id, e.seq
"""


@dataclass(frozen=True, slots=True)
class _Stay:
    """How long a record was where it was: from one transaction to before another, if it left."""

    record_id: int
    home: str | None
    link: str | None
    begin: int
    end: int | None
    is_sealed: bool


def seal_changes(
    session: ReadSession, holder: str, tx_id: int, at: str, after: str
) -> Iterator[Change]:
    """What a system is told of a seal that a transaction put on, or took off.

    Args:
        session: The snapshot.
        holder: The system.
        tx_id: The transaction.
        at: Its time.
        after: IDs up to this one were told before.
    """
    rows = session.rows(_OF_TX, {"tx": tx_id})
    if not rows:
        return
    numbers = [int(str(row["record_id"])) for row in rows]
    names = {str(r["municipal_id"]) for r in rows_of_numbers(session, _TOLD_IDS, numbers)}
    told = told_holders(session, sorted(names))
    mine = {name for (name, _), holders in told.items() if holder in holders}
    home = str(rows[0]["municipal_id"])
    is_off = rows[0]["kind"] == LedgerKind.UNSEAL
    for name in sorted(mine):
        if name > after:
            yield Change(
                at=at,
                change=ChangeKind.REINSTATED if is_off else ChangeKind.RETIRED,
                municipal_id=name,
                id_state=(IdState.ACTIVE if is_off else IdState.TOMBSTONE).value,
                resolves_to=home if is_off else None,
            )


class Unsaid:
    """IDs and records that are sealed now, and what is left of past standings without them.

    An ordinary record that was under a sealed ID had stayed where it was before; of a citizen that
    held such a record, or one that is sealed, it is told how it stood once that was over. So
    nothing is told to have come or gone, nor to have been linked otherwise.
    """

    def __init__(self, session: ReadSession) -> None:
        self._ids = sealed_ids(session)
        self._session = session

    def ids(self) -> frozenset[str]:
        """The IDs."""
        return self._ids

    def answers(self, found: Mapping[str, IdStanding]) -> Mapping[str, IdStanding]:
        """Standings of IDs: one that named a sealed citizen had never left its own."""
        return {
            name: replace(one, resolves_to=name)
            if one.resolves_to in self._ids and name not in self._ids
            else one
            for name, one in found.items()
        }

    def standings(
        self, found: Mapping[int, RecordStanding], tx_id: int
    ) -> Mapping[int, RecordStanding]:
        """Standings of records after a transaction.

        A sealed record is told of to who may know of it alone, as it stood.
        """
        if not self._ids:
            return found
        told = {
            record_id: self._apart(record_id, one, tx_id)
            if one.municipal_id in self._ids and record_id not in self._sealed
            else one
            for record_id, one in found.items()
        }
        later: dict[int, list[int]] = {}
        for record_id, one in told.items():
            clear = tx_id if one.municipal_id is None else self.clear_at(one.municipal_id, tx_id)
            if clear != tx_id and record_id not in self._sealed:
                later.setdefault(clear, []).append(record_id)
        for clear, numbers in later.items():
            for record_id, then in record_standings(self._session, numbers, clear).items():
                if then.municipal_id == told[record_id].municipal_id:
                    told[record_id] = replace(told[record_id], link_status=then.link_status)
        return told

    def clear_at(self, municipal_id: str, tx_id: int) -> int:
        """From which transaction on nothing of a citizen was sealed, at the earliest `tx_id`."""
        if not self._ids or municipal_id in self._ids:
            return tx_id
        for begin, end in sorted(self._spans.get(municipal_id, ())):
            if begin <= tx_id < end:
                tx_id = end
        return tx_id

    def _apart(self, record_id: int, one: RecordStanding, tx_id: int) -> RecordStanding:
        """Where an ordinary record stood before it came under a sealed ID."""
        before = self._before(record_id, tx_id)
        if before is None:
            return replace(one, municipal_id=None, link_status=None)
        return replace(one, municipal_id=before.home, link_status=before.link)

    def _before(self, record_id: int, tx_id: int) -> _Stay | None:
        stays = [
            stay
            for stay in self._stays.get(record_id, ())
            if stay.begin <= tx_id and stay.home not in self._ids
        ]
        return stays[-1] if stays else None

    @cached_property
    def _sealed(self) -> frozenset[int]:
        return frozenset(number for number, stays in self._stays.items() if stays[0].is_sealed)

    @cached_property
    def _stays(self) -> Mapping[int, list[_Stay]]:
        found: dict[int, list[_Stay]] = {}
        for row in self._session.rows(_PLACED):
            stays = found.setdefault(as_int(row["record_id"]), [])
            begin, is_gone = as_int(row["tx_id"]), row["kind"] == LedgerKind.UNPLACE
            if stays:
                stays[-1] = replace(stays[-1], end=begin)
            stays.append(
                _Stay(
                    record_id=as_int(row["record_id"]),
                    home=None if is_gone else as_text(row["municipal_id"]),
                    link=None if is_gone else as_text(row["detail"]),
                    begin=begin,
                    end=None,
                    is_sealed=bool(row["sealed"]),
                )
            )
        return found

    @cached_property
    def _spans(self) -> Mapping[str, list[tuple[int, int]]]:
        """Citizen -> (first transaction, the one that ended it) of what was not its own alone."""
        found: dict[str, list[tuple[int, int]]] = {}
        for stays in self._stays.values():
            for stay in stays:
                home = stay.home
                if not stay.is_sealed:
                    before = self._before(stay.record_id, stay.begin)
                    home = before.home if before is not None and home in self._ids else None
                if home is not None and home not in self._ids and stay.end is not None:
                    found.setdefault(home, []).append((stay.begin, stay.end))
        return found
