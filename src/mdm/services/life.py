"""The life of a citizen: what happened to its IDs and records, in order, told from the ledger."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mdm.domain.change import Change
from mdm.domain.events import LinkStatus
from mdm.domain.life import LifeEvent, Said, sentence
from mdm.domain.municipal_id import parse
from mdm.errors import NotFoundError
from mdm.ports import Clock, ReadSession, Store
from mdm.services.changes import Touched, changes_of
from mdm.services.history import told_ids
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts
from mdm.services.seals import sealed, sealed_ids, unsealed
from mdm.services.standings import ANCHORING, PLACING, id_standings, listed

_EVER_PLACED = f"""
SELECT DISTINCT r.record_id, r.source, r.local_id FROM ledger_event e
JOIN record r ON r.record_id = e.record_id WHERE e.municipal_id IN ({{keys}})
AND e.kind IN ({listed(PLACING)}) AND r.state <> 'erased' AND {{known}}
ORDER BY r.record_id
"""
_ANCHORED = f"""
SELECT DISTINCT municipal_id FROM ledger_event
WHERE record_id IN ({{keys}}) AND kind IN ({listed(ANCHORING)})
"""
_OF_RECORDS = "SELECT DISTINCT tx_id FROM ledger_event WHERE record_id IN ({keys})"
_OF_IDS = "SELECT DISTINCT tx_id FROM ledger_event WHERE municipal_id IN ({keys})"
_HEADERS = """
SELECT tx_id, at, kind, actor, purpose, cause, plan_id, model_version FROM ledger_tx
WHERE tx_id IN ({keys}) ORDER BY tx_id
"""
_LINK_WEIGHTS = f"""
SELECT tx_id, record_id, weight FROM ledger_event WHERE record_id IN ({{keys}})
AND kind IN ({listed(PLACING)}) AND weight IS NOT NULL ORDER BY seq
"""
_SIDES = "JOIN record l ON l.record_id = j.record_l JOIN record r ON r.record_id = j.record_r"
_JUDGED = f"""
SELECT j.tx_id, j.verdict, j.record_l, j.record_r, j.judgement_id FROM judgement j {_SIDES}
WHERE (j.record_l IN ({{keys}}) OR j.record_r IN ({{keys}})) AND """
_UNDONE = f"""
SELECT e.tx_id, j.record_l, j.record_r, j.judgement_id FROM judgement j {_SIDES}
JOIN ledger_event e ON e.detail = CAST(j.judgement_id AS TEXT) AND e.kind = 'judge_undo'
WHERE j.state = 'undone' AND (j.record_l IN ({{keys}}) OR j.record_r IN ({{keys}})) AND """
_SET = """
SELECT tx_id, record_id, attribute, override_id FROM golden_override
WHERE record_id IN ({keys}) ORDER BY override_id
"""
_Record = tuple[int, str, str]
Visible = Callable[[str], str]
"""SQL condition on an alias of table `record`: whether the reader may know of it."""


@dataclass(frozen=True, slots=True)
class _Citizen:
    """Whose life is told.

    Attributes:
        ids: The ID asked for, and those that name or named the same citizen.
        records: Number, source and local ID of every record that was ever theirs.
        visible: Which records the reader may know of.
    """

    ids: Sequence[str]
    records: Sequence[_Record]
    visible: Visible

    @property
    def numbers(self) -> list[int]:
        """The records' numbers."""
        return [record[0] for record in self.records]


def life_of(
    store: Store, clock: Clock, municipal_id: str, *, restricted: bool = False
) -> dict[str, object]:
    """What happened to the citizen that an ID ever issued names, from its minting on.

    Told are records and IDs, times and who acted; no name, date or document. IDs that were
    retired have a life, too.

    Args:
        store: The registry.
        clock: Gives the present day.
        municipal_id: As people write it.
        restricted: Whether restricted records are told of.

    Returns:
        municipal_id, requested, state, ids, events with a sentence each.

    Raises:
        InvalidMunicipalIdError: The text is no municipal ID.
        NotFoundError: The ID was not issued, or all that it had is restricted.
    """

    def visible(record: str) -> str:
        return unsealed(record) if restricted else f"NOT {record}.restricted"

    with store.reading() as session:
        life = read_life(session, municipal_id, visible, today=clock().date().isoformat())
    return {
        "municipal_id": life.municipal_id,
        "requested": life.requested,
        "state": life.state,
        "ids": list(life.ids),
        "events": [_told(event, life.requested) for event in life.events],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The life of the citizen that an ID names.

    Attributes:
        municipal_id: The citizen's ID now; None where the ID asked for names nobody.
        requested: The ID asked for.
        state: active, withdrawn, tombstone or ambiguous.
        ids: Those that name or named the citizen.
        events: In their order.
        records: Numbers of the records that are told of.
    """

    municipal_id: str | None
    requested: str
    state: str
    ids: tuple[str, ...]
    events: tuple[LifeEvent, ...]
    records: tuple[int, ...]


def read_life(session: ReadSession, municipal_id: str, visible: Visible, *, today: str) -> Life:
    """The life of a citizen as far as a reader may know of its records; see `life_of`.

    Args:
        session: The snapshot.
        municipal_id: As people write it.
        visible: Which records the reader may know of.
        today: ISO day.
    """
    requested = parse(municipal_id)
    last = session.number("SELECT MAX(tx_id) FROM ledger_tx")
    now = id_standings(session, [requested], last).get(requested)
    if now is None:
        raise NotFoundError("no such municipal ID was issued", where=requested)
    citizen = _citizen(session, requested, now.resolves_to, visible)
    if requested not in citizen.ids or not citizen.records:
        raise NotFoundError("no such municipal ID was issued", where=requested)
    unclear = now.ambiguous_until is not None and now.ambiguous_until > today
    return Life(
        municipal_id=now.resolves_to,
        requested=requested,
        state="ambiguous" if unclear else now.state.value,
        ids=tuple(citizen.ids),
        events=tuple(_events(session, citizen)),
        records=tuple(citizen.numbers),
    )


def _citizen(
    session: ReadSession, requested: str, resolves_to: str | None, visible: Visible
) -> _Citizen:
    """The records that were ever theirs, and the IDs that these anchored and that named them."""
    ids = {requested} | ({resolves_to} if resolves_to is not None else set())
    members = rows_of_texts(
        session,
        "SELECT record_id FROM membership WHERE municipal_id IN ({keys})",
        [] if resolves_to is None else [resolves_to],
    )
    present = [as_int(row["record_id"]) for row in members]
    ids |= {str(r["municipal_id"]) for r in rows_of_numbers(session, _ANCHORED, present)}
    known = visible("r")
    secret = sealed_ids(session)
    if requested in secret:
        # The life of who is sealed tells of nobody else, and no other life of them.
        known, secret = f"{known} AND {sealed('r')}", frozenset()
    ids = told_ids(session, ids, known) - secret
    rows = rows_of_texts(session, _EVER_PLACED.replace("{known}", known), ids)
    records = {
        as_int(r["record_id"]): (as_int(r["record_id"]), str(r["source"]), str(r["local_id"]))
        for r in rows
    }
    return _Citizen(sorted(ids), [records[number] for number in sorted(records)], visible)


def _events(session: ReadSession, citizen: _Citizen) -> Iterator[LifeEvent]:
    """All that happened, transaction by transaction."""
    said = _said(session, citizen)
    weights = {
        (as_int(r["tx_id"]), as_int(r["record_id"])): float(str(r["weight"]))
        for r in rows_of_numbers(session, _LINK_WEIGHTS, citizen.numbers)
    }
    numbers = {as_int(r["tx_id"]) for r in rows_of_numbers(session, _OF_RECORDS, citizen.numbers)}
    numbers |= {as_int(r["tx_id"]) for r in rows_of_texts(session, _OF_IDS, citizen.ids)}
    for row in rows_of_numbers(session, _HEADERS, numbers | said.keys()):
        tx_id, at, actor = as_int(row["tx_id"]), str(row["at"]), str(row["actor"])
        how = as_text(row["model_version"])
        for one in said.get(tx_id, ()):
            yield LifeEvent(at=at, actor=actor, said=one)
        touched = Touched([(*record, "") for record in citizen.records], citizen.ids)
        for _, change, record_id in changes_of(session, touched, tx_id, at):
            if _concerns(change, citizen.ids):
                weight = None
                # Alone it is linked with nobody, also where it was with one who is sealed now.
                if record_id is not None and change.link_status != LinkStatus.ALONE:
                    weight = weights.get((tx_id, record_id))
                yield LifeEvent(at=at, actor=actor, change=change, weight=weight, model_version=how)


def _concerns(change: Change, ids: Collection[str]) -> bool:
    """Whether a change is one of this citizen's: its records may since have had other ones."""
    return change.municipal_id in ids or change.former_id in ids


def _said(session: ReadSession, citizen: _Citizen) -> dict[int, list[Said]]:
    """What stewards said, by transaction."""
    keys = {record[0]: record[1:] for record in citizen.records}
    found: dict[int, list[Said]] = {}

    def pair(row: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
        sides = (as_int(row["record_l"]), as_int(row["record_r"]))
        return tuple(keys[side] for side in sides if side in keys)

    # Who may not know of one of two records may not know that they were compared.
    both = f"{citizen.visible('l')} AND {citizen.visible('r')}"
    judged = rows_of_numbers(session, _JUDGED + both, citizen.numbers)
    for row in sorted(judged, key=lambda row: as_int(row["judgement_id"])):
        one = Said(verdict=str(row["verdict"]), records=pair(row))
        found.setdefault(as_int(row["tx_id"]), []).append(one)
    for row in rows_of_numbers(session, _UNDONE + both, citizen.numbers):
        one = Said(verdict="undone", records=pair(row))
        found.setdefault(as_int(row["tx_id"]), []).append(one)
    for row in rows_of_numbers(session, _SET, citizen.numbers):
        spoken_of = (keys[as_int(row["record_id"])],)
        one = Said(attribute=str(row["attribute"]), records=spoken_of)
        found.setdefault(as_int(row["tx_id"]), []).append(one)
    return found


def _told(event: LifeEvent, requested: str) -> dict[str, object]:
    """An event as it leaves."""
    return {**event.as_dict(), "sentence": sentence(event, requested)}
