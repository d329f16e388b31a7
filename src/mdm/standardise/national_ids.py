"""National identifiers: digits with agreed check digits, or the problem.

A check digit proves little (a random NIS passes one time in ten, a CPF one in a hundred), so the
numbers that people type to get past a form are refused by list.
"""

import re

from mdm.standardise.reasons import (
    CHECK_DIGIT,
    FILLER,
    LETTERS,
    OTHER_LENGTH,
    REPEATED_DIGITS,
    WORDS_FOR_MISSING,
    Problem,
    Reason,
    ValueClass,
)
from mdm.standardise.text import clean, fold, word_table

_MASKED = Problem(Reason.BAD_CHARACTERS, ValueClass.MASKED)
_SCIENTIFIC = Problem(Reason.BAD_CHARACTERS, ValueClass.SCIENTIFIC)
_PREFIX = Problem(Reason.BAD_CHECK_DIGIT, ValueClass.WRONG_PREFIX)
_OTHER_BOOK = Problem(Reason.UNUSABLE, ValueClass.NOT_A_BIRTH_BOOK)
_RANGE = Problem(Reason.BAD_CHECK_DIGIT, ValueClass.OUT_OF_RANGE)
_TOO_SHORT = Problem(Reason.TOO_SHORT, ValueClass.OTHER_LENGTH)
_TOO_LONG = OTHER_LENGTH

_SEPARATORS = str.maketrans("", "", " .-/\t")
_EXPONENT = re.compile(r"\d(?:[.,]\d+)?[Ee]\+?\d{1,2}")
_FLOAT_TAIL = re.compile(r"(?<=\d)[.,]0$")
CPF_FILLERS = frozenset({"12345678909", "01234567890"})
NIS_FILLERS = frozenset({"12345678900"})
CNS_FILLERS = frozenset({"999999999999997"})
_STATES = word_table("states.txt")
_CPF_LENGTH, _CNS_LENGTH, _NIS_LENGTH, _INEP_LENGTH, _DNV_LENGTH = 11, 15, 11, 12, 11
_VOTER_LENGTH, _CERTIFICATE_LENGTH = 12, 32
_ZERO = 48
_ISSUED_BY_SP_MG = frozenset({"01", "02"})
VOTER_STATES = 28


def cpf(text: str) -> str | Problem:
    """CPF of 11 digits; zeros lost in a spreadsheet are put back (down to 8 digits)."""
    digits = _digits(text)
    if isinstance(digits, Problem):
        return digits
    if len(digits) != _CPF_LENGTH:
        if not 8 <= len(digits) < _CPF_LENGTH:  # noqa: PLR2004 - three leading zeros at most
            return OTHER_LENGTH
        digits = digits.zfill(_CPF_LENGTH)
    a, b, c, d, e, f, g, h, i, j, k = digits.encode()
    first = (
        10 * a + 9 * b + 8 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i - 54 * _ZERO
    ) % 11
    second = (11 * a + 10 * b + 9 * c + 8 * d + 7 * e + 6 * f + 5 * g + 4 * h + 3 * i + 2 * j
              - 65 * _ZERO) % 11  # fmt: skip
    if j - _ZERO != (0 if first < 2 else 11 - first):  # noqa: PLR2004 - modulo 11
        return CHECK_DIGIT
    if k - _ZERO != (0 if second < 2 else 11 - second):  # noqa: PLR2004 - modulo 11
        return CHECK_DIGIT
    if digits == digits[0] * _CPF_LENGTH:
        return REPEATED_DIGITS
    return FILLER if digits in CPF_FILLERS else digits


def cns(text: str) -> str | Problem:
    """CNS of 15 digits: definitive (1, 2) or provisional (7, 8, 9).

    A 16th digit is the number of the card copy and is dropped.
    """
    digits = _digits(text)
    if isinstance(digits, Problem):
        return digits
    if len(digits) == _CNS_LENGTH + 1:
        digits = digits[:_CNS_LENGTH]
    if len(digits) != _CNS_LENGTH:
        return OTHER_LENGTH
    if digits[0] not in "12789":
        return REPEATED_DIGITS if digits == digits[0] * _CNS_LENGTH else _PREFIX
    definitive = digits[0] in "12"
    weighted = sum(map(int.__mul__, digits.encode(), range(15, 0, -1))) - 120 * _ZERO
    if weighted % 11 != 0 or (definitive and digits[11:14] not in {"000", "001"}):
        return REPEATED_DIGITS if digits == digits[0] * _CNS_LENGTH else CHECK_DIGIT
    return FILLER if digits in CNS_FILLERS else digits


def nis(text: str) -> str | Problem:
    """NIS, PIS, PASEP or NIT: 11 digits."""
    digits = _digits(text)
    if isinstance(digits, Problem):
        return digits
    if len(digits) != _NIS_LENGTH:
        return OTHER_LENGTH
    if digits == digits[0] * _NIS_LENGTH:
        return REPEATED_DIGITS
    weights = (3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = (sum(map(int.__mul__, digits[:10].encode(), weights)) - 49 * _ZERO) % 11
    if int(digits[10]) != (0 if rest < 2 else 11 - rest):  # noqa: PLR2004 - modulo 11
        return CHECK_DIGIT
    return FILLER if digits in NIS_FILLERS else digits


def inep_id(text: str) -> str | Problem:
    """INEP pupil ID: 12 digits, without a public check digit."""
    return _plain_digits(text, _INEP_LENGTH)


def dnv(text: str) -> str | Problem:
    """Declaração de nascido vivo: 11 digits; the weights of its check digit are not published."""
    return _plain_digits(text, _DNV_LENGTH)


def voter_id(text: str) -> str | Problem:
    """Título de eleitor: 12 digits; lost zeros are put back.

    For São Paulo and Minas Gerais both readings of remainder 0 are accepted: Resolução TSE
    23.659/2021 dropped the old exception, the cards issued under it stay.
    """
    digits = _digits(text)
    if isinstance(digits, Problem):
        return digits
    if len(digits) > _VOTER_LENGTH:
        digits = digits[-_VOTER_LENGTH:] if not digits[:-_VOTER_LENGTH].strip("0") else digits
    if not 9 <= len(digits) <= _VOTER_LENGTH:  # noqa: PLR2004 - three leading zeros at most
        return OTHER_LENGTH
    digits = digits.zfill(_VOTER_LENGTH)
    if digits == digits[0] * _VOTER_LENGTH:
        return REPEATED_DIGITS
    state = digits[8:10]
    if not 1 <= int(state) <= VOTER_STATES:
        return _RANGE
    zeros = ("0", "1") if state in _ISSUED_BY_SP_MG else ("0",)
    return digits if any(_voter_checks(digits, zero) for zero in zeros) else CHECK_DIGIT


def rg(text: str) -> str | Problem:
    """RG: digits and X without leading zeros, after "UF:" where the state is named.

    No check digit exists for the country: 4 to 14 characters, not all the same.
    """
    folded = fold(clean(text))[:81]
    words = re.findall(r"[A-Z]+", folded)
    state = next((word for word in words if word in _STATES), None)
    groups = re.findall(r"\d[\d.\- /]*X?(?![A-Z0-9])|\d[\d.\- /]*", folded)
    if not groups or len(folded) > 80:  # noqa: PLR2004 - a document number with its issuer
        return OTHER_LENGTH if groups else WORDS_FOR_MISSING
    number = re.sub(r"[^0-9X]", "", max(groups, key=len)).lstrip("0")
    if len(number) < 4:  # noqa: PLR2004 - shorter numbers are codes, not documents
        return _TOO_SHORT
    if len(number) > 14:  # noqa: PLR2004 - CadSUS holds 15 characters at most
        return _TOO_LONG
    if number == number[0] * len(number):
        return REPEATED_DIGITS
    return number if state is None else f"{state}:{number}"


def birth_certificate(text: str) -> str | Problem:
    """Matrícula of a birth: 32 digits; an X in the check digits stands for ten, written 1.

    Matrículas of marriages and deaths (book type, digit 15) name an event of other people too.
    """
    folded = fold(clean(text)).translate(_SEPARATORS)
    if folded[-2:].strip("0123456789X") == "" and "X" in folded[-2:]:
        folded = folded[:-2] + folded[-2:].replace("X", "1")
    digits = _digits(folded)
    if isinstance(digits, Problem):
        return digits
    if len(digits) != _CERTIFICATE_LENGTH:
        return OTHER_LENGTH
    if digits == digits[0] * _CERTIFICATE_LENGTH:
        return REPEATED_DIGITS
    first = _certificate_digit(digits[:30], start=2)
    if digits[30:] != first + _certificate_digit(digits[:30] + first, start=1):
        return CHECK_DIGIT
    return _OTHER_BOOK if digits[14] in "23456" else digits


def foreign_document(text: str) -> str | Problem:
    """A document of another country: letters and digits, upper case."""
    kept = re.sub(r"[^A-Z0-9]", "", fold(clean(text)))
    if not any(map(str.isdigit, kept)):
        return WORDS_FOR_MISSING
    if len(kept) < 4:  # noqa: PLR2004 - shorter numbers are codes, not documents
        return _TOO_SHORT
    return REPEATED_DIGITS if kept == kept[0] * len(kept) else kept


def _plain_digits(text: str, length: int) -> str | Problem:
    digits = _digits(text)
    if isinstance(digits, Problem):
        return digits
    if len(digits) != length:
        return OTHER_LENGTH
    return REPEATED_DIGITS if digits == digits[0] * length else digits


def _digits(text: str) -> str | Problem:
    """The ASCII digits of a number written with separators, or why it is none."""
    if text.isascii() and text.isdigit():
        return text
    cleaned = clean(text)
    digits = _FLOAT_TAIL.sub("", cleaned).translate(_SEPARATORS)
    if digits.isascii() and digits.isdigit():
        return digits
    if "*" in digits:
        return _MASKED
    if _EXPONENT.fullmatch(cleaned) is not None:
        return _SCIENTIFIC
    return LETTERS if any("0" <= character <= "9" for character in digits) else WORDS_FOR_MISSING


def _voter_checks(digits: str, zero: str) -> bool:
    numbers = [int(character) for character in digits]
    first = _voter_digit(sum(map(int.__mul__, numbers[:8], range(2, 10))), zero)
    second = _voter_digit(numbers[8] * 7 + numbers[9] * 8 + int(first) * 9, zero)
    return digits[10:] == first + second


def _voter_digit(weighted: int, zero: str) -> str:
    rest = weighted % 11
    if rest == 0:
        return zero
    return "0" if rest == 10 else str(rest)  # noqa: PLR2004 - ten has no digit


def _certificate_digit(digits: str, *, start: int) -> str:
    """Weights rise from `start`; after 10 comes 0; the remainder is the digit, ten is written 1."""
    weighted = sum(int(digit) * ((start + place) % 11) for place, digit in enumerate(digits))
    rest = weighted % 11
    return "1" if rest == 10 else str(rest)  # noqa: PLR2004 - ten has no digit
