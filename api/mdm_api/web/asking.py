"""What was typed into the one box, understood: a number by its length and check digits, a name."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from mdm.domain.municipal_id import parse
from mdm.errors import InvalidMunicipalIdError
from mdm.services.find_citizens import Kind, Wanted
from mdm.standardise import national_ids
from mdm.standardise.reasons import Problem
from mdm_api.web.i18n import mark as _

_PUNCTUATION: Final = str.maketrans("", "", ".-/ ")
_DATE: Final = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\b")
_LIKE_AN_ID: Final = re.compile(r"(?=.*\d)[0-9A-Za-z]{5}[- ]?[0-9A-Za-z]{5}")
_SHORTEST_NAME: Final = 2
_KEY: Final = ":"

UNDERSTOOD: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.CPF: _("a CPF"),
        Kind.NIS: _("a NIS"),
        Kind.CNS: _("a CNS"),
        Kind.INEP_ID: _("an INEP ID"),
        Kind.MUNICIPAL_ID: _("a municipal ID"),
        Kind.LOCAL_ID: _("the key of a source"),
    }
)
A_NAME: Final = _("a name with a birth date")


class NotUnderstoodError(Exception):
    """The search cannot be made; `message` is a text of the catalogue."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the search page sends.

    Attributes:
        text: What stands in the one box.
        birth: What stands in the box for the birth date.
        mother: What stands in the box for the mother's name.
    """

    text: str
    birth: str = ""
    mother: str = ""


def understand(asked: Asked, sources: Collection[str], today: date) -> list[Wanted]:
    """What is looked for: the first that finds somebody counts.

    Args:
        asked: What was typed.
        sources: Names of the declared sources.
        today: The day that dates are measured against.

    Raises:
        NotUnderstoodError: It is nothing that can be looked for; the message says why.
    """
    text = asked.text.strip()
    digits = text.translate(_PUNCTUATION)
    if digits.isascii() and digits.isdigit():
        return _numbers(digits)
    source, colon, key = text.partition(_KEY)
    if colon == _KEY and source.strip().lower() in sources:
        return [_key(source.strip().lower(), key.strip())]
    if _LIKE_AN_ID.fullmatch(text):
        return [_municipal_id(text)]
    if any(letter.isdigit() for letter in _DATE.sub("", text)):
        return [_key(source, text) for source in sorted(sources)]
    return [_name(asked, text, today)]


def _numbers(digits: str) -> list[Wanted]:
    checks = _BY_LENGTH.get(len(digits))
    if checks is None:
        raise NotUnderstoodError(
            _("A number of this length is no CPF, CNS or NIS. Of a local ID, put the source first.")
        )
    found = [kind for kind, check in checks if not isinstance(check(digits), Problem)]
    if not found:
        raise NotUnderstoodError(_FAULTS[len(digits)])
    return [Wanted(kind=kind, value=digits, dormant=True) for kind in found]


_Check = Callable[[str], str | Problem]
_BY_LENGTH: Final[Mapping[int, tuple[tuple[Kind, _Check], ...]]] = MappingProxyType(
    {
        11: ((Kind.CPF, national_ids.cpf), (Kind.NIS, national_ids.nis)),
        12: ((Kind.INEP_ID, national_ids.inep_id),),
        15: ((Kind.CNS, national_ids.cns),),
    }
)
_FAULTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        11: _("The CPF or NIS given is not valid: check its digits."),
        12: _("The INEP ID given is not valid: check its digits."),
        15: _("The CNS given is not valid: check its digits."),
    }
)


def _municipal_id(text: str) -> Wanted:
    try:
        return Wanted(kind=Kind.MUNICIPAL_ID, value=parse(text), dormant=True)
    except InvalidMunicipalIdError:
        raise NotUnderstoodError(
            _("The municipal ID is not right: check its ten characters.")
        ) from None


def _key(source: str, key: str) -> Wanted:
    return Wanted(kind=Kind.LOCAL_ID, value=key, source=source, dormant=True)


def _name(asked: Asked, text: str, today: date) -> Wanted:
    inside = _DATE.search(text)
    name = _DATE.sub(" ", text).strip(" ,;")
    typed = asked.birth.strip() if inside is None else inside.group()
    if len(name) < _SHORTEST_NAME:
        raise NotUnderstoodError(_("Type a name, a document or a municipal ID."))
    if typed == "":
        raise NotUnderstoodError(
            _("To protect the citizens, a search by name needs the birth date as well.")
        )
    birth = _day(typed)
    if birth is None or birth > today:
        raise NotUnderstoodError(_("The birth date is not right: write it as dd/mm/yyyy."))
    mother = asked.mother.strip()
    return Wanted(name=name, birth_date=birth, mother=mother if mother != "" else None)


def _day(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    if found is None and re.fullmatch(r"\d{8}", text):
        found = _DATE.fullmatch(f"{text[:2]}/{text[2:4]}/{text[4:]}")
    if found is None:
        return None
    day, month, year = map(int, found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None
