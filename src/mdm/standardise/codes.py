"""Coded values after a source's code map was applied: canonical codes, and what words say."""

from mdm.standardise.reasons import UNKNOWN_CODE, WORDS_FOR_MISSING, Problem
from mdm.standardise.text import clean, fold, word_table

_SEX = {
    "M": "M", "MASC": "M", "MASCULINO": "M", "MALE": "M", "HOMEM": "M",
    "F": "F", "FEM": "F", "FEMININO": "F", "FEMALE": "F", "MULHER": "F",
}  # fmt: skip
_RACE = {
    "01": "01", "1": "01", "BRANCA": "01", "BRANCO": "01",
    "02": "02", "2": "02", "PRETA": "02", "PRETO": "02",
    "03": "03", "3": "03", "PARDA": "03", "PARDO": "03",
    "04": "04", "4": "04", "AMARELA": "04", "AMARELO": "04",
    "05": "05", "5": "05", "INDIGENA": "05",
}  # fmt: skip
_UNDECLARED = word_table("undeclared_codes.txt")
_TRUE = frozenset(["1", "S", "SIM", "TRUE", "T", "Y", "YES", "V", "VERDADEIRO"])
_FALSE = frozenset(["0", "N", "NAO", "FALSE", "F", "NO", "FALSO"])
_ROLES = 11


def sex(text: str) -> str | Problem:
    """Sex, M or F. Digits are refused: sources disagree about them, so a code map must say."""
    return _coded(text, _SEX)


def race(text: str) -> str | Problem:
    """CadSUS code "01".."05" (01 branca, 02 preta, 03 parda, 04 amarela, 05 indígena)."""
    return _coded(text, _RACE)


def household_role(text: str) -> str | Problem:
    """Relation to the reference person, "01".."11"."""
    folded = fold(clean(text))
    if folded.isdigit() and len(folded) <= 2 and 1 <= int(folded) <= _ROLES:  # noqa: PLR2004
        return folded.zfill(2)
    return WORDS_FOR_MISSING if folded in _UNDECLARED else UNKNOWN_CODE


def flag(text: str) -> bool | Problem:
    """A yes or no."""
    folded = fold(clean(text))
    if folded in _TRUE:
        return True
    return False if folded in _FALSE else UNKNOWN_CODE


def _coded(text: str, table: dict[str, str]) -> str | Problem:
    known = table.get(text)
    if known is not None:
        return known
    folded = fold(clean(text))
    known = table.get(folded)
    if known is not None:
        return known
    return WORDS_FOR_MISSING if folded in _UNDECLARED else UNKNOWN_CODE
