"""Search: few citizens by name, document, municipal ID or local ID; documents masked."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import parse, shown
from mdm.errors import InvalidMunicipalIdError, MdmError, UsageError
from mdm.ports import Clock, ReadSession, Rows, Store
from mdm.services.lists import as_int, rows_of_numbers, rows_of_texts
from mdm.services.masking import masked_cpf
from mdm.services.resolve import present_citizen
from mdm.services.told import Telling, is_told, tell
from mdm.standardise.record import standardise_record

SHOWN = 20
_LOOKED_AT = 400
_NUMBER_LENGTHS = frozenset({11, 15})
_PUNCTUATION = str.maketrans("", "", ".-/ ")

Hits = list[tuple[int, str]]
"""Record and how it was found, best first."""


class Finder(Protocol):
    """Finds records by what they say; restricted ones never."""

    def by_name(self, tokens: Sequence[str], keys: Sequence[str], limit: int) -> Hits:
        """By folded tokens of a name, or their phonetic keys."""
        ...

    def by_number(self, digits: str, limit: int) -> Hits:
        """By an own CPF, NIS or CNS."""
        ...


OpenFinder = Callable[[], AbstractContextManager[Finder]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for.

    Attributes:
        text: A name or part of one, digits of a document, a municipal ID or a local ID.
        dormant: Also citizens without present records.
        limit: At most so many citizens.
    """

    text: str
    dormant: bool = False
    limit: int = SHOWN


def search_citizens(
    store: Store, finder: OpenFinder, clock: Clock, header: TxHeader, search: Search
) -> Rows:
    """Find citizens; the IDs found are noted as told to the actor.

    A name is found in civil names, social names and nicknames, as typed or as it sounds; a number
    only where it is the citizen's own. Pending and restricted records are never found.

    Returns:
        municipal_id, shown, name, social_name, birth_date, mother, cpf (masked), status, sources,
        matched: best first.

    Raises:
        UsageError: The text is blank.
        LaneBusyError: A load or link run is using the index of names and numbers.
    """
    if search.text.strip() == "":
        raise UsageError("say whom to look for: a name, a document, an ID")
    today = clock().date()
    with store.reading() as session:
        hits = _by_keys(session, search.text.strip(), today.isoformat())
    if not hits:
        hits = _by_content(finder, search, today)
    with store.reading() as session:
        found = _citizens(session, hits, search)
        fresh = [
            telling
            for telling in (Telling(str(row["municipal_id"])) for row in found)
            if not is_told(session, telling, header.actor, today.isoformat())
        ]
    if fresh:
        with store.writing(header) as writing:
            tell(writing, fresh, header.actor)
    return found


def _by_keys(session: ReadSession, text: str, today: str) -> Hits:
    """By municipal ID or by local ID, from the registry alone."""
    hits: Hits = []
    try:
        home = present_citizen(session, parse(text), today)
    except InvalidMunicipalIdError:
        pass
    except MdmError:
        # Withdrawn, ambiguous, unknown: a search says that it found nothing.
        return []
    else:
        row = session.row(
            "SELECT MIN(m.record_id) AS record_id FROM membership m JOIN record r "
            "ON r.record_id = m.record_id WHERE m.municipal_id = :id AND NOT r.restricted",
            {"id": home},
        )
        if row is not None and row["record_id"] is not None:
            hits.append((as_int(row["record_id"]), "municipal_id"))
    for source in session.rows("SELECT name FROM source ORDER BY name"):
        found = session.value(
            "SELECT record_id FROM record WHERE source = :source AND local_id = :text "
            "AND state <> 'erased' AND NOT restricted",
            {"source": source["name"], "text": text},
        )
        if found is not None:
            hits.append((as_int(found), "local_id"))
    return hits


def _by_content(finder: OpenFinder, search: Search, today: date) -> Hits:
    digits = search.text.translate(_PUNCTUATION)
    if digits.isascii() and digits.isdigit():
        if len(digits) not in _NUMBER_LENGTHS:
            return []
        with finder() as found:
            return found.by_number(digits, _LOOKED_AT)
    record, _ = standardise_record({"full_name": search.text}, today=today)
    if record.name is None:
        return []
    keys = "" if record.name_phonetic is None else record.name_phonetic
    with finder() as found:
        return found.by_name(record.name.split(), keys.split(), _LOOKED_AT)


def _citizens(session: ReadSession, hits: Hits, search: Search) -> Rows:
    """The citizens of the records found, each once, best first."""
    matched = dict(reversed(hits))
    homes = {
        as_int(row["record_id"]): str(row["municipal_id"])
        for row in rows_of_numbers(
            session,
            "SELECT record_id, municipal_id FROM membership WHERE record_id IN ({keys})",
            matched,
        )
    }
    how: dict[str, str] = {}
    for record_id, reason in hits:
        if record_id in homes:
            how.setdefault(homes[record_id], reason)
    present = {
        str(row["municipal_id"])
        for row in rows_of_texts(
            session,
            "SELECT DISTINCT m.municipal_id FROM membership m JOIN record r "
            "ON r.record_id = m.record_id WHERE r.state = 'present' AND NOT r.restricted "
            "AND m.municipal_id IN ({keys})",
            how,
        )
    }
    wanted = [name for name in how if search.dormant or name in present][: search.limit]
    golden = {
        str(row["municipal_id"]): row
        for row in rows_of_texts(
            session,
            "SELECT municipal_id, name, social_name, birth_date, mother, cpf, sources "
            "FROM golden_record WHERE municipal_id IN ({keys})",
            wanted,
        )
    }
    return [
        _told(golden[name], "active" if name in present else "dormant", how[name])
        for name in wanted
        if name in golden
    ]


def _told(row: dict[str, object], status: str, matched: str) -> dict[str, object]:
    municipal_id = str(row["municipal_id"])
    cpf = row["cpf"]
    return {
        "municipal_id": municipal_id,
        "shown": shown(municipal_id),
        "name": row["name"],
        "social_name": row["social_name"],
        "birth_date": row["birth_date"],
        "mother": row["mother"],
        "cpf": None if cpf is None else masked_cpf(str(cpf)),
        "status": status,
        "sources": json.loads(str(row["sources"])),
        "matched": matched,
    }
