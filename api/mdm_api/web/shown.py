"""Values as people write them in Brazil: names, dates, phones, postal codes, ages."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

CITY_TIME: Final = ZoneInfo("America/Sao_Paulo")
OWN_CITY: Final = ("4314902", "Porto Alegre")
_PARTICLES = frozenset({"da", "das", "de", "di", "do", "dos", "e", "del", "van", "von"})
_POSTAL_CODE, _LAND_LINE, _MOBILE = 8, 10, 11
_NEWBORN = "rn"
_UNITS = frozenset(
    {"US", "UBS", "UPA", "ESF", "CAPS", "CRAS", "CREAS", "EMEF", "EMEI", "EMEM", "EEEF", "EEEM"}
)
_STREET_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"R": "Rua", "AV": "Avenida", "TV": "Travessa", "PC": "Praça", "EST": "Estrada"}
)


def person_name(text: str) -> str:
    """A name that came in capitals, with capital initials; particles stay small.

    A name that came with small letters is shown as it was given.
    """
    if text != text.upper():
        return text
    first, *rest = text.lower().split() or [""]
    told = [word if word in _PARTICLES else _capital(word) for word in rest]
    return " ".join([first.upper() if first == _NEWBORN else _capital(first), *told])


def place(text: str) -> str:
    """A street with its first word spelled out, or a unit with the letters of its kind."""
    first, space, rest = text.partition(" ")
    word = _STREET_WORDS.get(first.rstrip(".").upper())
    if word is None and first in _UNITS:
        word = first
    if word is None:
        return person_name(text)
    return f"{word}{space}{person_name(rest)}"


def _capital(word: str) -> str:
    return "-".join(
        "'".join(part[:1].upper() + part[1:] for part in piece.split("'"))
        for piece in word.split("-")
    )


def day(value: date | str | None) -> str:
    """dd/mm/aaaa; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def month(value: date | str | None) -> str:
    """mm/aaaa: exact enough to say since when."""
    return day(value)[3:]


def moment(value: datetime | str | None) -> str:
    """dd/mm/aaaa hh:mm in the city's time."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    here = value.astimezone(CITY_TIME)
    return f"{day(here.date())} {here:%H:%M}"


def hour(value: datetime | str | None) -> str:
    """hh:mm in the city's time."""
    return moment(value)[11:]


def age(birth: date | str | None, today: date) -> int | None:
    """Full years."""
    if birth is None:
        return None
    if isinstance(birth, str):
        birth = date.fromisoformat(birth)
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def phone(digits: str) -> str:
    """(51) 99999-8888; what is no Brazilian number stays as it is."""
    if not digits.isdigit() or len(digits) not in {_LAND_LINE, _MOBILE}:
        return digits
    return f"({digits[:2]}) {digits[2:-4]}-{digits[-4:]}"


def postal_code(digits: str) -> str:
    """90020-005."""
    if not digits.isdigit() or len(digits) != _POSTAL_CODE:
        return digits
    return f"{digits[:5]}-{digits[5:]}"


def municipality(code: str) -> str:
    """The city's own name; of other municipalities their IBGE code, or the name as given."""
    if code == OWN_CITY[0]:
        return OWN_CITY[1]
    return f"código IBGE {code}" if code.isdigit() else person_name(code)


def cpf(digits: str) -> str:
    """529.982.247-25; a masked one stays as it is."""
    if not digits.isdigit() or len(digits) != _MOBILE:
        return digits
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def spoken(masked: str) -> str:
    """What of a masked value can be read, for a screen reader: "789"."""
    return "".join(letter for letter in masked if letter.isalnum())
