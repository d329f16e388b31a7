"""Find citizens for a reader: by a number, a key, or a name together with a birth date.

Golden records are searched, so a restricted record is never found, ranked or counted. A name alone
finds nobody: it would list the city.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from mdm.domain.access import Reader
from mdm.domain.minority import is_child
from mdm.domain.municipal_id import parse
from mdm.domain.municipal_id import shown as written
from mdm.domain.number_list import DIGITS, NUMBERS_FOUND, nth_place
from mdm.domain.visibility import Field, Flag, Shown, Side
from mdm.errors import InvalidMunicipalIdError, MdmError, UsageError
from mdm.ports import ReadSession
from mdm.services.crosswalk import look_up
from mdm.services.lists import as_text, rows_of_texts
from mdm.services.masking import masked_cpf, masked_name
from mdm.services.minors import minors
from mdm.services.resolve import present_citizen
from mdm.services.sight import Sight, sight_of
from mdm.services.told import WITHOUT_RECORD
from mdm.standardise.phonetic import token_key
from mdm.standardise.record import standardise_record

MOST = 20
"""Citizens shown; whether there are more is told, how many never."""

_LENGTHS = {"cpf": 11, "nis": 11, "cns": 15, "inep_id": 12}
_PUNCTUATION = str.maketrans("", "", ".-/ ")
_SHOWN = (
    "SELECT municipal_id, name, social_name, mother, birth_date, cpf, deceased_status, sources "
    "FROM golden_record WHERE municipal_id IN ({keys})"
)
_PRESENT = (
    "SELECT DISTINCT m.municipal_id FROM membership m JOIN record r ON r.record_id = m.record_id "
    "WHERE r.state = 'present' AND NOT r.restricted AND m.municipal_id IN ({keys})"
)
_BORN = "SELECT municipal_id, name_key, social_name FROM golden_record WHERE birth_date = :born"


class Kind(StrEnum):
    """What an identifier is."""

    CPF = "cpf"
    CNS = "cns"
    NIS = "nis"
    INEP_ID = "inep_id"
    MUNICIPAL_ID = "municipal_id"
    LOCAL_ID = "local_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who is looked for: by an identifier, or by name and birth date.

    Attributes:
        kind, value: The identifier.
        source: Whose local ID it is.
        name: Civil or social name, as typed.
        birth_date: Day of birth.
        mother: Mother's name, which narrows a search by name.
        dormant: Also citizens whom no source holds at present.
    """

    kind: Kind | None = None
    value: str | None = None
    source: str | None = None
    name: str | None = None
    birth_date: date | None = None
    mother: str | None = None
    dormant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A citizen found.

    Attributes:
        name: The name they go by.
        mother: Masked.
        cpf: Masked; None where they have none, or it is hidden.
        sources: Sources that know them, as far as that is shown.
        status: active or dormant.
        matched: How they were found: the identifier's kind, `name`, `social_name`, `sounds_like`.
    """

    municipal_id: str
    shown: str
    name: str | None
    birth_date: str | None
    mother: str | None
    cpf: str | None
    sources: tuple[str, ...]
    status: str
    matched: str

    @property
    def told(self) -> tuple[str, int]:
        """(ID, record) for the trace."""
        return self.municipal_id, WITHOUT_RECORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Citizens found, best first; `more`: there are others beyond those shown."""

    hits: tuple[Hit, ...]
    more: bool


Matches = dict[str, str]
"""Municipal ID -> how it was found, best first."""


def find_citizens(session: ReadSession, reader: Reader, wanted: Wanted, *, today: date) -> Found:
    """Find citizens.

    Raises:
        ForbiddenError: The role may not read citizens for this purpose.
        UsageError: Neither an identifier nor a name with a birth date was given.
    """
    sight = sight_of(session, reader)
    matches = _matches(session, sight, wanted, today)
    present = {str(r["municipal_id"]) for r in rows_of_texts(session, _PRESENT, matches)}
    listed = [name for name in matches if wanted.dormant or name in present]
    rows = {
        str(row["municipal_id"]): row for row in rows_of_texts(session, _SHOWN, listed[: MOST + 1])
    }
    children = minors(session, rows, today)
    hits = []
    for name in (name for name in listed[: MOST + 1] if name in rows):
        flags = _flags(rows[name], today, is_minor=name in children)
        hit = _hit(sight, rows[name], matches[name], flags, present=name in present)
        if hit is not None:
            hits.append(hit)
    return Found(hits=tuple(hits[:MOST]), more=len(hits) > MOST)


def _matches(session: ReadSession, sight: Sight, wanted: Wanted, today: date) -> Matches:
    if wanted.kind is not None and wanted.value is not None:
        return _by_identifier(session, sight, wanted.kind, wanted, today)
    if wanted.name is not None and wanted.birth_date is not None:
        return _by_name(session, wanted, today)
    raise UsageError("an identifier is needed, or a name with the birth date: never a name alone")


def _by_identifier(
    session: ReadSession, sight: Sight, kind: Kind, wanted: Wanted, today: date
) -> Matches:
    text = str(wanted.value).strip()
    if kind is Kind.MUNICIPAL_ID:
        return _by_municipal_id(session, text, today)
    if kind is Kind.LOCAL_ID:
        if wanted.source is None:
            raise UsageError("a local ID needs its source")
        if sight.shown(wanted.source, (), Field.RECORDS) is Shown.HIDDEN:
            return {}
        entries = look_up(session, sight, [(wanted.source, text)]).values()
        return {e.municipal_id: kind.value for e in entries if e.municipal_id is not None}
    return dict.fromkeys(citizens_by_number(session, kind, text), kind.value)


def _by_municipal_id(session: ReadSession, text: str, today: date) -> Matches:
    try:
        found = present_citizen(session, parse(text), today.isoformat())
    except InvalidMunicipalIdError:
        raise
    except MdmError:
        # Withdrawn, ambiguous, unknown: a search says that it found nothing.
        return {}
    return {found: Kind.MUNICIPAL_ID.value}


def citizens_by_number(session: ReadSession, kind: Kind, text: str) -> list[str]:
    """The citizens whose own number it is, by municipal ID.

    Args:
        session: The snapshot.
        kind: cpf, cns, nis or inep_id.
        text: The number, with or without punctuation.
    """
    digits = text.translate(_PUNCTUATION)
    if not digits.isascii() or not digits.isdigit() or len(digits) != _LENGTHS[kind]:
        return []
    if kind in NUMBERS_FOUND:
        places = [nth_place(kind, n) for n in range(NUMBERS_FOUND[kind])]
        sql = " UNION ".join(
            f"SELECT municipal_id FROM golden_record WHERE length({kind.value}) > {place} "
            f"AND substr({kind.value}, {place}, {DIGITS[kind]}) = :digits"
            for place in places
        )
    else:
        sql = f"SELECT municipal_id FROM golden_record WHERE {kind.value} = :digits"
    rows = session.rows(sql, {"digits": digits})
    return sorted(str(row["municipal_id"]) for row in rows)


def _by_name(session: ReadSession, wanted: Wanted, today: date) -> Matches:
    assert wanted.name is not None
    assert wanted.birth_date is not None
    asked = _Name.of(wanted.name, today)
    if asked is None:
        return {}
    rows = session.rows(_BORN, {"born": wanted.birth_date.isoformat()})
    ranked = sorted(_ranked(rows, asked, today))
    found = {name: _RANKS[rank] for rank, _, name in ranked}
    if wanted.mother is None:
        return found
    mother = _Name.of(wanted.mother, today)
    return {} if mother is None else _with_mother(session, found, mother, today)


_RANKS = ("name", "social_name", "sounds_like")


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as tokens, and as they sound."""

    tokens: frozenset[str]
    keys: frozenset[str]

    @classmethod
    def of(cls, text: str, today: date) -> "_Name | None":
        """As typed or shown."""
        record, _ = standardise_record({"full_name": text}, today=today)
        return None if record.name is None else cls.of_tokens(record.name.split())

    @classmethod
    def of_tokens(cls, tokens: Iterable[str]) -> "_Name":
        """Of comparable tokens."""
        known = frozenset(tokens)
        return cls(known, frozenset(_sound(token) for token in known))

    def within(self, other: "_Name") -> bool:
        """Whether the other name holds all of this one's tokens."""
        return self.tokens <= other.tokens

    def sounds_within(self, other: "_Name") -> bool:
        """The same by sound."""
        return self.keys <= other.keys


@lru_cache(maxsize=50_000)
def _sound(token: str) -> str:
    return token_key(token)


def _ranked(
    rows: Sequence[Mapping[str, object]], asked: _Name, today: date
) -> Iterator[tuple[int, int, str]]:
    """Rank, number of tokens and ID of those that match."""
    for row in rows:
        municipal_id, key = str(row["municipal_id"]), as_text(row["name_key"])
        social = as_text(row["social_name"])
        named = None if key is None else _Name.of_tokens(key.split())
        other = None if social is None else _Name.of(social, today)
        size = 0 if named is None else len(named.tokens)
        if named is not None and asked.within(named):
            yield 0, size, municipal_id
        elif other is not None and asked.within(other):
            yield 1, len(other.tokens), municipal_id
        elif any(one is not None and asked.sounds_within(one) for one in (named, other)):
            yield 2, size, municipal_id


def _with_mother(session: ReadSession, found: Matches, mother: _Name, today: date) -> Matches:
    sql = "SELECT municipal_id, mother FROM golden_record WHERE municipal_id IN ({keys})"
    kept = set()
    for row in rows_of_texts(session, sql, found):
        other = None if row["mother"] is None else _Name.of(str(row["mother"]), today)
        if other is not None and (mother.within(other) or mother.sounds_within(other)):
            kept.add(str(row["municipal_id"]))
    return {name: how for name, how in found.items() if name in kept}


def _hit(
    sight: Sight,
    row: Mapping[str, object],
    matched: str,
    flags: frozenset[Flag],
    *,
    present: bool,
) -> Hit | None:
    """A citizen as a list may show them; None where the reader may not see them at all."""
    sources = tuple(json.loads(str(row["sources"])))
    sides = {sight.side(source) for source in sources}
    shown = _best(sight, sides, flags)
    if shown[Field.NAME] is Shown.HIDDEN:
        return None
    municipal_id = str(row["municipal_id"])
    mother, cpf = as_text(row["mother"]), as_text(row["cpf"])
    return Hit(
        municipal_id=municipal_id,
        shown=written(municipal_id),
        name=as_text(row["name"] if row["social_name"] is None else row["social_name"]),
        birth_date=as_text(row["birth_date"]) if shown[Field.BIRTH] is Shown.SHOWN else None,
        mother=None
        if mother is None or shown[Field.PARENTS] is Shown.HIDDEN
        else masked_name(mother),
        cpf=None if cpf is None or shown[Field.CPF] is Shown.HIDDEN else masked_cpf(cpf),
        sources=tuple(
            source
            for source in sources
            if sight.shown(source, flags, Field.SERVICES) is not Shown.HIDDEN
        ),
        status="active" if present else "dormant",
        matched=matched,
    )


def _best(sight: Sight, sides: Iterable[Side], flags: frozenset[Flag]) -> dict[Field, Shown]:
    """How a list shows fields of a citizen known on some sides: as the strictest side allows."""
    order = tuple(Shown)
    levels = {}
    for field in (Field.NAME, Field.BIRTH, Field.PARENTS, Field.CPF):
        found = [sight.shown_on(side, flags, field) for side in sides]
        # Whoever may see the citizen on one side may see them; details need all sides.
        pick = max if field is Field.NAME else min
        levels[field] = pick(found, key=order.index, default=Shown.HIDDEN)
    return levels


def _flags(row: Mapping[str, object], today: date, *, is_minor: bool) -> frozenset[Flag]:
    flags = set()
    born = as_text(row["birth_date"])
    if is_minor or (born is not None and is_child(date.fromisoformat(born), today)):
        flags.add(Flag.CHILD)
    if row["deceased_status"] == "confirmed":
        flags.add(Flag.DECEASED)
    return frozenset(flags)
