"""Seal a citizen, and take the seal off: see `mdm.domain.seal`.

All that the registry held stays: memberships, anchors, versions, judgements. What would show it
goes: golden values, open questions, weights of pairs, the text of rows in quarantine.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mdm.domain.events import Seal, Unseal
from mdm.domain.municipal_id import parse
from mdm.domain.seal import SealReason, SealState, freed_local_id
from mdm.errors import NotFoundError, SealError
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.erase_records import empty_quarantine, forget_pairs, what_goes
from mdm.services.keys import MUNICIPAL, Key, check_source
from mdm.services.lists import as_int, as_text, rows_of_numbers
from mdm.services.municipal_ids import ids_of_records
from mdm.services.refresh_golden import GoldenRules, refresh_golden
from mdm.services.seals import sealed
from mdm.services.told_holders import told_holders
from mdm.standardise.record import standardise_record

_HOME_OF_RECORD = f"""
SELECT m.municipal_id, {sealed("r")} AS sealed FROM record r
LEFT JOIN membership m ON m.record_id = r.record_id
WHERE r.source = :source AND r.local_id = :local_id AND r.state <> 'erased'
"""
_HOME_OF_ID = f"""
SELECT m.municipal_id, {sealed("m")} AS sealed FROM municipal_id i
JOIN membership m ON m.record_id = i.anchor_record_id
WHERE i.municipal_id = :id AND i.state = 'active'
"""
_MEMBERS = """
SELECT r.record_id, r.source, r.local_id, r.state FROM membership m
JOIN record r ON r.record_id = m.record_id WHERE m.municipal_id = :id ORDER BY r.record_id
"""
_CONTENT = """
SELECT r.record_id, v.payload FROM record r
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.record_id IN ({keys}) AND r.state <> 'erased'
"""
# A flag is read the same on any day.
_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What sealing a citizen would take.

    Attributes:
        municipal_id: The citizen.
        keys: Record -> its source and local ID.
        freed: Records whose local ID their source goes on to use for who begins anew.
        told: Systems that were told an ID of theirs.
    """

    municipal_id: str
    keys: Mapping[int, Key]
    freed: frozenset[int]
    told: Sequence[str]

    def as_dict(self) -> dict[str, object]:
        """What is told of it."""
        return {
            "municipal_id": self.municipal_id,
            "records": len(self.keys),
            "freed": len(self.freed),
            "told": list(self.told),
        }


def what_is_sealed(session: ReadSession, key: Key, anew: Collection[Key]) -> Sealing:
    """What sealing the citizen of a record, or of a municipal ID, would take.

    Args:
        session: A snapshot.
        key: Source and local ID; or `municipal` and a municipal ID.
        anew: Records of the citizen whose local ID the source goes on to use for who begins anew.

    Raises:
        InvalidMunicipalIdError: The text is no municipal ID.
        UnknownSourceError: The source is not declared.
        NotFoundError: There is no such record or ID, or it is sealed.
        SealError: The record belongs to nobody yet, or `anew` names one that is not the citizen's.
    """
    municipal_id = _home(session, key, is_sealed=False)
    keys = {
        as_int(row["record_id"]): (str(row["source"]), str(row["local_id"]))
        for row in session.rows(_MEMBERS, {"id": municipal_id})
    }
    freed = {record_id for record_id, own in keys.items() if own in set(anew)}
    if len(freed) < len(set(anew)):
        raise SealError("only a record of the citizen can begin anew", where=municipal_id)
    ids = sorted({municipal_id, *ids_of_records(session, keys)})
    told = {holder for of in told_holders(session, ids).values() for holder in of}
    return Sealing(municipal_id=municipal_id, keys=keys, freed=frozenset(freed), told=sorted(told))


def seal_citizen(
    session: WriteSession,
    rules: GoldenRules,
    sealing: Sealing,
    reason: SealReason,
    people: tuple[str, str],
) -> int:
    """Seal what `what_is_sealed` found in this transaction; returns the number of the seal.

    Args:
        session: The writer lane.
        rules: How golden records are built.
        sealing: What to seal.
        reason: On what ground.
        people: Who seals, and the second person who answers for it.

    Raises:
        SealError: The two are one.
    """
    actor, second = people
    _check_people(people)
    numbers = sorted(sealing.keys)
    home = sealing.municipal_id
    forget_pairs(session, numbers)
    _empty_quarantine(session, sealing)
    session.update_rows("record", [{"record_id": n, "restricted": True} for n in numbers])
    session.update_rows(
        "record",
        [{"record_id": n, "local_id": freed_local_id(n)} for n in sorted(sealing.freed)],
    )
    seal_id = session.next_ids("seal")
    session.insert_rows(
        "seal",
        [
            {
                "seal_id": seal_id,
                "municipal_id": home,
                "reason": reason.value,
                "actor": actor,
                "second": second,
                "at": session.at,
                "state": SealState.ACTIVE.value,
                "tx_id": session.tx_id,
            }
        ],
    )
    rows = [{"record_id": n, "seal_id": seal_id} for n in numbers]
    session.insert_rows("sealed_record", rows)
    session.append_events(event_table([Seal(n, home, seal_id) for n in numbers]))
    refresh_golden(session, rules, [home])
    return seal_id


def unseal_citizen(
    session: WriteSession, rules: GoldenRules, key: Key, people: tuple[str, str]
) -> dict[str, object]:
    """Take the seal off a citizen; what sources delivered meanwhile of them was not stored.

    Args:
        session: The writer lane.
        rules: How golden records are built.
        key: As of `what_is_sealed`.
        people: Who takes it off, and the second person who answers for it.

    Returns:
        seal_id, municipal_id, records.

    Raises:
        InvalidMunicipalIdError, UnknownSourceError: See `what_is_sealed`.
        NotFoundError: Nobody of that key is sealed.
        SealError: The two people are one.
    """
    _check_people(people)
    home = _home(session, key, is_sealed=True)
    numbers = [as_int(row["record_id"]) for row in session.rows(_MEMBERS, {"id": home})]
    seal_id = session.number(
        "SELECT MAX(seal_id) FROM seal WHERE municipal_id = :id AND state = 'active'", {"id": home}
    )
    flags = {
        as_int(row["record_id"]): _is_restricted(row)
        for row in rows_of_numbers(session, _CONTENT, numbers)
    }
    session.update_rows(
        "record", [{"record_id": n, "restricted": flag} for n, flag in sorted(flags.items())]
    )
    session.update_rows("seal", [{"seal_id": seal_id, "state": SealState.UNDONE.value}])
    gone = pa.table({"record_id": pa.array(numbers, pa.int64())})
    session.delete_arrow("sealed_record", gone)
    session.append_events(event_table([Unseal(n, home, seal_id) for n in numbers]))
    refresh_golden(session, rules, [home])
    return {"seal_id": seal_id, "municipal_id": home, "records": len(numbers)}


def _check_people(people: tuple[str, str]) -> None:
    actor, second = (one.strip() for one in people)
    if not second or actor == second:
        raise SealError("a seal is put on and taken off by two people: name the second one")


def _home(session: ReadSession, key: Key, *, is_sealed: bool) -> str:
    source, local_id = key
    if source == MUNICIPAL:
        requested = parse(local_id)
        row = session.row(_HOME_OF_ID, {"id": requested})
        missing = NotFoundError("no such municipal ID was issued", where=requested)
    else:
        check_source(session, source)
        row = session.row(_HOME_OF_RECORD, {"source": source, "local_id": local_id})
        missing = NotFoundError("the source has no such record", where=source)
    if row is None or bool(row["sealed"]) is not is_sealed:
        raise missing
    home = as_text(row["municipal_id"])
    if home is None:
        raise SealError("the record belongs to nobody yet: link first", where=source)
    return home


def _is_restricted(row: Mapping[str, object]) -> bool:
    """Whether the source itself flags the record."""
    record, _ = standardise_record(json.loads(str(row["payload"])), today=_ANY_DAY)
    return record.restricted


def _empty_quarantine(session: WriteSession, sealing: Sealing) -> None:
    """Rows that could not be read and are theirs lose their text, as at an erasure."""

    def kept(_source: str, local_id: str) -> str:
        return local_id

    going = what_goes(session, sealing.keys, kept)
    for source, gone in sorted(going.gone.items()):
        empty_quarantine(session, source, gone, going.traces[source])
