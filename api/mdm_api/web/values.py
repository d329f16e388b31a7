"""Values of a citizen or a record, as text."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mdm_api.web import shown, words
from mdm_api.web.i18n import Translate


def text_of(attribute: str, value: object, translate: Translate) -> str:
    """A value as people read it.

    Args:
        attribute: Of the golden record.
        value: Text, or an object as `mdm.services.citizen_parts.plain` makes it.
        translate: For coded values.
    """
    if value is None:
        return ""
    if isinstance(value, dict):
        return _object(attribute, value)
    read = _READ.get(attribute)
    if read is not None:
        return read(str(value))
    table = _CODES.get(attribute)
    return str(value) if table is None else words.word(table, str(value), translate)


_READ: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "name": shown.person_name,
        "social_name": shown.person_name,
        "mother": shown.person_name,
        "father": shown.person_name,
        "nicknames": shown.person_name,
        "birth_date": shown.day,
        "deceased_on": shown.day,
        "birth_municipality": shown.municipality,
        "cpf": shown.cpf,
    }
)
_CODES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {"sex": words.SEXES, "race": words.RACES}
)


def _object(attribute: str, value: dict[str, object]) -> str:
    if attribute == "address":
        return address(
            value["street"], value["street_number"], value["district"], value["postal_code"]
        )
    if attribute == "phones":
        return shown.phone(str(value["value"]))
    return str(value["number"] if attribute == "documents" else value["value"])


def address(*parts: object) -> str:
    """Street, number, district and postal code in one line; what is missing is left out."""
    street, number, district, code = ("" if part is None else str(part) for part in parts)
    told = [
        shown.place(street),
        number,
        shown.person_name(district),
        shown.postal_code(code),
    ]
    return ", ".join(part for part in told if part != "")
