"""Streets, numbers, districts, postal codes and municipalities."""

import re
from dataclasses import dataclass
from functools import cache

from mdm.standardise.placeholders import states_missing
from mdm.standardise.reasons import (
    CHECK_DIGIT,
    FILLER,
    OTHER_LENGTH,
    REPEATED_DIGITS,
    WORDS_FOR_MISSING,
    Problem,
    Reason,
    ValueClass,
)
from mdm.standardise.text import clean, fold, pair_table, word_table

PORTO_ALEGRE = "4314902"
_RANGE = Problem(Reason.UNUSABLE, ValueClass.OUT_OF_RANGE)
_UNKNOWN_STATE = Problem(Reason.UNKNOWN_CODE, ValueClass.NO_CODE)
_MISSING = word_table("address_placeholders.txt")
_NOT_WORD = re.compile(r"[^A-Z0-9]+")
_NUMBER_SIGN = re.compile(r"N(?:[O.]{1,2}|UMERO)?")
_NUMBER_HEAD = re.compile(r"\s*(?:N(?:[O.]{1,2}|UMERO)?\s*)?(\d{1,5})(?!\d)")
_NOT_HOUSE = frozenset(["KM", "QUADRA", "QD", "LOTE", "LT", "CASA", "BLOCO", "AP", "APTO", "SALA"])
_NUMBER = re.compile(r"\d+")
# Municipalities whose published check digit departs from the rule (IBGE's own exceptions).
_IRREGULAR = frozenset(
    "2201919 2201988 2202251 2611533 3117836 3152131 4305871 5203939 5203962".split()  # noqa: SIM905
)
_STATES = word_table("state_codes.txt")
_CEP, _MUNICIPALITY = 8, 7
# Two letters of a country (ISO 3166) and a hyphen; behind a Brazilian state's letters stands a CEP.
_CODE_ABROAD = re.compile(r"(?!BR)([A-Z]{2}) ?- ?(?!\d{5}-?\d{3}$)([A-Z0-9][A-Z0-9 -]*)")
_LONGEST_ABROAD = 10
CEP_FILLERS = frozenset({"12345678", "87654321", "99999000", "90000900"})


@dataclass(frozen=True, slots=True)
class Street:
    """A street with its type, folded and spelt out, and a house number written behind it."""

    name: str
    number: str | None


def street(text: str) -> Street | Problem:
    """Read a street; "R. dos Andradas, 1001 ap 5" is RUA DOS ANDRADAS and number 1001."""
    folded = fold(clean(text))
    words, number = _without_number(folded)
    words = _spelt_out(words)
    if not words or _is_missing(words):
        return WORDS_FOR_MISSING
    if not any(map(str.isalpha, "".join(words))):
        return Problem(Reason.BAD_CHARACTERS, ValueClass.DIGITS)
    return Street(" ".join(words), number)


def street_number(text: str) -> str | Problem | None:
    """House number without leading zeros; None for "S/N" and 0, which state that there is none."""
    folded = fold(clean(text))
    match = _NUMBER.search(folded)
    if match is None:
        return None
    number = match.group().lstrip("0")
    if len(number) > 6:  # noqa: PLR2004 - no street is that long
        return OTHER_LENGTH
    return number if number != "" else None


def district(text: str) -> str | Problem:
    """District (bairro), folded and spelt out."""
    words = _spelt_out(_NOT_WORD.sub(" ", fold(clean(text))).split())
    if not words or _is_missing(words) or not any(map(str.isalpha, "".join(words))):
        return WORDS_FOR_MISSING
    return " ".join(words)


def postal_code(text: str) -> str | Problem:
    """CEP of 8 digits.

    Of a code with a damaged suffix (5 to 7 digits) the area stays, with suffix 000; a doubled
    prefix is taken off; a zero lost before a code of São Paulo is put back. A code of another
    country, written behind that country's letters and a hyphen, keeps them: AU-4223.
    """
    abroad = _CODE_ABROAD.fullmatch(fold(clean(text)))
    if abroad is not None:
        return _code_abroad(abroad[1], re.sub(r"[^A-Z0-9]", "", abroad[2]))
    digits = re.sub(r"[^0-9]", "", clean(text))
    if not digits:
        return WORDS_FOR_MISSING
    if digits == digits[0] * len(digits):
        return REPEATED_DIGITS
    if len(digits) == 13 and digits[:5] == digits[5:10]:  # noqa: PLR2004 - prefix typed twice
        digits = digits[5:]
    if len(digits) == _CEP - 1 and digits[0] != "9":
        digits = "0" + digits
    elif 5 <= len(digits) < _CEP:  # noqa: PLR2004 - the area is five digits
        digits = digits[:5] + "000"
    if len(digits) != _CEP:
        return OTHER_LENGTH
    if digits in CEP_FILLERS:
        return FILLER
    return _RANGE if digits < "01000000" else digits


def _code_abroad(country: str, code: str) -> str | Problem:
    if not code.strip("0"):
        return WORDS_FOR_MISSING
    if len(code) > 1 and len(set(code)) == 1:
        return REPEATED_DIGITS
    return f"{country}-{code}" if len(code) <= _LONGEST_ABROAD else OTHER_LENGTH


def municipality(text: str) -> str | Problem:
    """IBGE code of 7 digits (a missing check digit is added), or a folded name."""
    folded = fold(clean(text)).removesuffix(".0")
    if not folded.isdigit():
        return _municipality_name(folded)
    if not folded.strip("0"):
        return WORDS_FOR_MISSING
    if folded[:2] not in _STATES:
        return _UNKNOWN_STATE
    if len(folded) == _MUNICIPALITY - 1:
        irregular = next((code for code in _IRREGULAR if code[:6] == folded), None)
        return folded + municipality_digit(folded) if irregular is None else irregular
    if len(folded) != _MUNICIPALITY:
        return OTHER_LENGTH
    agrees = folded[6] == municipality_digit(folded[:6]) or folded in _IRREGULAR
    return folded if agrees else CHECK_DIGIT


def municipality_digit(six: str) -> str:
    """IBGE's check digit: digits times 1 and 2 in turn, digit sums added, up to the next ten."""
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(six))
    return str(-sum(product // 10 + product % 10 for product in products) % 10)


def _without_number(folded: str) -> tuple[list[str], str | None]:
    """Words of the street, and the house number behind a comma, behind "N." or at the end."""
    head, comma, tail = folded.partition(",")
    match = _NUMBER_HEAD.match(tail) if comma and any(map(str.isalpha, head)) else None
    number = None if match is None else match[1]
    words = _NOT_WORD.sub(" ", folded if match is None else head).split()
    for place in range(2, len(words) - 1):
        if _NUMBER_SIGN.fullmatch(words[place]) and words[place + 1].isdigit():
            words, number = words[:place], words[place + 1]
            break
    while _ends_in_number(words):
        number = words.pop()
    return words, None if number is None else number.lstrip("0")[:5] or None


def _ends_in_number(words: list[str]) -> bool:
    """A type, a name and a number: "RUA 12" and "KM 7" are no house numbers."""
    if len(words) < 3 or not words[-1].isdigit() or len(words[-1]) > 5:  # noqa: PLR2004
        return False
    before = words[-2]
    return before.isdigit() or (before.isalpha() and len(before) > 1 and before not in _NOT_HOUSE)


def _municipality_name(folded: str) -> str | Problem:
    words = _NOT_WORD.sub(" ", folded).split()
    if not any(map(str.isalpha, folded)) or _is_missing(words):
        return WORDS_FOR_MISSING
    name = " ".join(words)
    return PORTO_ALEGRE if name in {"PORTO ALEGRE", "PORTO ALEGRE RS", "POA"} else name


def _is_missing(words: list[str]) -> bool:
    text = " ".join(words)
    if text in _MISSING or states_missing(words):
        return True
    return len(text) > 1 and len(set(text)) == 1


def _spelt_out(words: list[str]) -> list[str]:
    if not words:
        return words
    first, anywhere = _street_words()
    head = first.get(words[0]) or anywhere.get(words[0], words[0])
    return [head, *(anywhere.get(word, word) for word in words[1:])]


@cache
def _street_words() -> tuple[dict[str, str], dict[str, str]]:
    table = pair_table("street_words.txt")
    first = {form[1:]: meaning for form, meaning in table.items() if form.startswith("^")}
    return first, {form: meaning for form, meaning in table.items() if not form.startswith("^")}
