"""Phones as area code and number, e-mail addresses in lower case."""

import re

from mdm.standardise.reasons import (
    FILLER,
    OTHER_LENGTH,
    REPEATED_DIGITS,
    WORDS_FOR_MISSING,
    Problem,
    Reason,
    ValueClass,
)
from mdm.standardise.text import clean, fold, word_table

DEFAULT_AREA = "51"
# Area codes in use (Anatel, Plano Geral de Códigos Nacionais).
AREAS = word_table("area_codes.txt")
_CARRIERS = word_table("carrier_codes.txt")
_SERVICE = Problem(Reason.BLOCKLISTED, ValueClass.SERVICE_NUMBER)
_ALTERNATING = Problem(Reason.BLOCKLISTED, ValueClass.ALTERNATING_DIGITS)
_SEQUENCE = Problem(Reason.BLOCKLISTED, ValueClass.SEQUENCE)
_UNKNOWN_AREA = Problem(Reason.UNUSABLE, ValueClass.UNKNOWN_AREA)
_RANGE = Problem(Reason.UNUSABLE, ValueClass.OUT_OF_RANGE)
_TOO_SHORT = Problem(Reason.TOO_SHORT, ValueClass.OTHER_LENGTH)
_NOT_EMAIL = Problem(Reason.UNUSABLE, ValueClass.NOT_AN_EMAIL)
_MASKED = Problem(Reason.BAD_CHARACTERS, ValueClass.MASKED)

_NOT_DIGIT = re.compile(r"[^0-9]+")
_SERVICE_START = re.compile(r"0?(?:800|300|500|900)\d{6,7}|(?:400[0-9]|3003)\d{4}")
_RUNS = "01234567890123456789 98765432109876543210"
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}"
)
# + and a country code that is not Brazil's.
_ABROAD = re.compile(r"\s*\+\s*(?!55)[1-9]")
_LONGEST_ABROAD = 15
_LOCAL, _MOBILE, _FULL, _FULL_MOBILE = 8, 9, 10, 11


def phone(text: str) -> str | Problem:
    """Area code and number: 10 digits (fixed) or 11 (mobile).

    A missing area code is Porto Alegre's 51; a mobile number of eight digits gets its 9. A number
    of another country, written with + and its code, keeps both; what is a Brazilian number as it
    stands is one, since + is typed before an area code, too.
    """
    digits = text if text.isascii() and text.isdigit() else _NOT_DIGIT.sub("", clean(text))
    if not digits:
        return _MASKED if "*" in text else WORDS_FOR_MISSING
    if digits == digits[0] * len(digits):
        return REPEATED_DIGITS
    if _SERVICE_START.fullmatch(digits):
        return _SERVICE
    number = _number_at_home(_national(digits))
    is_abroad = isinstance(number, Problem) and _ABROAD.match(text) is not None
    return _number_abroad(digits) if is_abroad else number


def _number_at_home(digits: str) -> str | Problem:
    """Area code and number of the digits of a Brazilian number."""
    if len(digits) in {_LOCAL, _MOBILE}:
        area, number = DEFAULT_AREA, digits
    elif len(digits) in {_FULL, _FULL_MOBILE}:
        area, number = digits[:2], digits[2:]
    else:
        return _TOO_SHORT if len(digits) < _LOCAL else OTHER_LENGTH
    if area not in AREAS:
        return _UNKNOWN_AREA
    return _number_of(area, number)


def email(text: str) -> str | Problem:
    """E-mail address in lower case."""
    lower = fold(clean(text)).lower().replace(" ", "").removeprefix("mailto:").strip("<>;,.")
    lower = lower.replace(",", ".")
    if "@" not in lower:
        return WORDS_FOR_MISSING
    if len(lower) > 254 or _EMAIL.fullmatch(lower) is None:  # noqa: PLR2004 - RFC 5321
        return _NOT_EMAIL
    local, _, domain = lower.partition("@")
    host = domain.partition(".")[0]
    fillers = word_table("email_fillers.txt")
    if local in fillers or host in fillers or len(set(local + host)) <= 1:
        return FILLER
    return lower


def _number_abroad(digits: str) -> str | Problem:
    """+ and the digits of a number with its country code (ITU-T E.164: at most 15)."""
    if len(set(digits[2:])) <= 1:
        return REPEATED_DIGITS
    if len(digits) < _LOCAL:
        return _TOO_SHORT
    return f"+{digits}" if len(digits) <= _LONGEST_ABROAD else OTHER_LENGTH


def _national(digits: str) -> str:
    """The digits without trunk zero, carrier code and country code."""
    stripped = digits.lstrip("0")
    trunk = stripped != digits
    if len(stripped) in {12, 13} and stripped.startswith("55"):
        return stripped[2:].lstrip("0")
    if trunk and len(stripped) in {12, 13} and stripped[:2] in _CARRIERS:
        return stripped[2:]
    return stripped


def _number_of(area: str, number: str) -> str | Problem:
    filler = _filler(number)
    if filler is not None:
        return filler
    if _SERVICE_START.fullmatch(number):
        return _SERVICE
    if len(number) == _LOCAL:
        if number[0] in "2345":
            return area + number
        return _RANGE if number[0] in "01" else f"{area}9{number}"
    return area + number if number[0] == "9" and number[1] != "0" else _RANGE


def _filler(number: str) -> Problem | None:
    last = number[-8:]
    if len(set(last)) == 1 or len(set(last[1:])) == 1:
        return REPEATED_DIGITS
    if last == last[:2] * 4:
        return _ALTERNATING
    return _SEQUENCE if last in _RUNS else _nines_and_zeros(number)


def _nines_and_zeros(number: str) -> Problem | None:
    return FILLER if re.fullmatch(r"9+0+|9+8", number) is not None else None
