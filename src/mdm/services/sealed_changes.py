"""What the feed tells of sealed citizens: to who was told their IDs, that these are retired.

Everything else that the feed ever said of a sealed citizen is said no more. To who was told an ID
before the seal it is retired without a successor, as one that a steward decided nobody keeps;
whoever was not learns nothing. Once the seal is off the ID is reinstated for the same systems.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mdm.domain.change import Change, ChangeKind, IdStanding, RecordStanding
from mdm.domain.identity import IdState
from mdm.domain.ledger import LedgerKind
from mdm.ports import ReadSession
from mdm.services.lists import rows_of_numbers
from mdm.services.seals import sealed_ids
from mdm.services.told_holders import told_holders

_OF_TX = (
    "SELECT DISTINCT record_id, municipal_id, kind FROM ledger_event "
    "WHERE tx_id = :tx AND kind IN ('seal', 'unseal')"
)
_TOLD_IDS = "SELECT municipal_id FROM municipal_id WHERE anchor_record_id IN ({keys})"


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
    """IDs that are sealed now, and what is left of past standings without them."""

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

    def standings(self, found: Mapping[int, RecordStanding]) -> Mapping[int, RecordStanding]:
        """Standings of records: one that was under such an ID was under none.

        A sealed record is told of to who may know of it alone, as it stood.
        """
        if not self._ids:
            return found
        rows = rows_of_numbers(
            self._session, "SELECT record_id FROM sealed_record WHERE record_id IN ({keys})", found
        )
        sealed = {int(str(row["record_id"])) for row in rows}
        return {
            record_id: replace(one, municipal_id=None, link_status=None)
            if one.municipal_id in self._ids and record_id not in sealed
            else one
            for record_id, one in found.items()
        }
