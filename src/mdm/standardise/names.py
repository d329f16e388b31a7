"""What a name field says: the name in comparable tokens, a newborn's mother, a twin's order.

Order of the reading: clean, fold, take notes and marks out, recognise newborns ("RN DE <mother>")
and placeholders, drop particles, expand the contractions that can mean only one name, and take the
generational suffix off the end. Most names hold no mark and leave after a few set look-ups.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from rapidfuzz.distance import Levenshtein

from mdm.standardise.placeholders import DESCRIPTION, stands_for_missing, states_missing
from mdm.standardise.reasons import Problem, Reason, ValueClass
from mdm.standardise.text import clean, fold, pair_table, word_table

_NO_LETTERS = Problem(Reason.BAD_CHARACTERS, ValueClass.NO_LETTERS)
_DIGITS = Problem(Reason.BAD_CHARACTERS, ValueClass.DIGITS)

PARTICLES = word_table("particles.txt")
_LETTER_PARTICLES = frozenset("EDY")
_GIVEN_NAMES_TOO = frozenset(["VAN", "DEL"])
SUFFIXES = {
    "FILHO": "FILHO",
    "FILHA": "FILHA",
    "JUNIOR": "JUNIOR",
    "JR": "JUNIOR",
    "NETO": "NETO",
    "NETTO": "NETO",
    "NETA": "NETA",
    "SOBRINHO": "SOBRINHO",
    "SOB": "SOBRINHO",
    "SOBRINHA": "SOBRINHA",
    "BISNETO": "BISNETO",
    "BISNETA": "BISNETA",
    "SEGUNDO": "SEGUNDO",
    "II": "SEGUNDO",
    "TERCEIRO": "TERCEIRO",
    "III": "TERCEIRO",
    "QUARTO": "QUARTO",
    "IV": "QUARTO",
}
_ORDERS = {
    "I": 1,
    "1": 1,
    "1O": 1,
    "1A": 1,
    "01": 1,
    "PRIMEIRO": 1,
    "PRIMEIRA": 1,
    "PRIM": 1,
    "A": 1,
    "II": 2,
    "2": 2,
    "2O": 2,
    "2A": 2,
    "02": 2,
    "SEGUNDO": 2,
    "SEGUNDA": 2,
    "SEG": 2,
    "B": 2,
    "III": 3,
    "3": 3,
    "3O": 3,
    "3A": 3,
    "03": 3,
    "TERCEIRO": 3,
    "TERCEIRA": 3,
    "C": 3,
}
_NUMBER_ORDERS = {word: order for word, order in _ORDERS.items() if word[0] in "0123I"}
_TWIN_MARKS = frozenset(
    ["GEMELAR", "GEMELARES", "GEMEL", "GEMELA", "GEMEO", "GEMEA", "GEMEOS", "GEMEAS", "GEM"]
)
_NEWBORN_FIRST = frozenset(["RN", "RNM", "RNF", "BEBE", "NENEM", "NATIMORTO", "NATIMORTA", "FETO"])
_RECENT = frozenset(["RECEM", "RECENTE"])
_CHILD_OF = frozenset(["FILHO", "FILHA", "FILHOS"])
_OF = frozenset(["DE", "DA", "DO", "DAS", "DOS"])
_NUMBERED_MARK = re.compile(r"\b(RN|GEM|GEMELAR|GEMEO|GEMEA)[ -]?(\d|I{1,3})\b")
_NOTE = re.compile(r"\([^)]*\)?|\[[^\]]*\]?")
# As the first word D'Angelo is a name of its own, written Dangelo too.
_ELISION = re.compile(r"(?<=\s)D['`]\s*")
_NOT_NAME = re.compile(r"[^A-Z0-9 ]+")
_TYPED_DIGIT = str.maketrans({"0": "O", "1": "I"} | dict.fromkeys("23456789"))
_TWO_WORDS = 2


class NameKind(StrEnum):
    """Whose name the field holds."""

    CIVIL = "civil"
    NEWBORN = "newborn"


@dataclass(frozen=True, slots=True)
class Name:
    """A name as read.

    Attributes:
        tokens: Words without particles and suffix, one space between; None for a newborn.
        suffix: Generational suffix, canonical spelling.
        kind: The person's own name, or a newborn named by the mother.
        twin_order: 1, 2, 3; 0 for an unnumbered mark of a twin; None without a mark.
        mother: Folded words of the mother that a newborn's text names.
    """

    tokens: str | None
    suffix: str | None = None
    kind: NameKind = NameKind.CIVIL
    twin_order: int | None = None
    mother: str | None = None


def read_name(text: str) -> Name | Problem:
    """Read the text of a name field; never raises, whatever the text."""
    folded = fold(clean(text))
    words = folded.split()
    if len(words) > 1 and folded.replace(" ", "").isalpha():
        suffix = SUFFIXES.get(words[-1])
        body = words if suffix is None else words[:-1]
        if marked_words().isdisjoint(body):
            kept = [word for word in body if word not in PARTICLES]
            if len(kept) > 1 and len(set(kept[0])) > 1:
                return Name(" ".join(kept), suffix)
    return _read_until_stable(folded)


def nearly_same(left: str, right: str) -> bool:
    """Whether two names of tokens are one name: equal, cut short, or one typing slip apart.

    A slip at the end of the first word is none: Paulo and Paula, Daniel and Daniela are two names.
    """
    if left == right:
        return True
    first, other = left.split(), right.split()
    if first[0] != other[0] and _ending_differs(first[0], other[0]):
        return False
    shorter, longer = sorted((left, right), key=len)
    if longer.startswith(shorter) and (longer[len(shorter)] == " " or " " in shorter):
        return True
    return Levenshtein.distance(left, right, score_cutoff=1) <= 1


def _ending_differs(left: str, right: str) -> bool:
    if left[-1] == right[-1]:
        return False
    return left[:-1] == right[:-1] or left in right or right in left


@cache
def marked_words() -> frozenset[str]:
    """Words that call for the careful reading."""
    return (
        _TWIN_MARKS
        | _NEWBORN_FIRST
        | _GIVEN_NAMES_TOO
        | _RECENT
        | frozenset(SUFFIXES)
        | frozenset(_ORDERS)
        | word_table("name_notes.txt")
        | word_table("name_descriptions.txt")
        | frozenset(pair_table("abbreviations.txt"))
        | frozenset(pair_table("fused_particles.txt"))
        | frozenset(["NAO", "SEM", "N", "NAP", "NA", "MAE", "PAI", "NOME", "E", "D", "Y"])
        | frozenset(
            word
            for line in word_table("name_placeholders.txt")
            for word in line.split()
            if word not in PARTICLES
        )
        | frozenset(["HOMEM", "MULHER", "PACIENTE", "MENOR", "XX", "XXX"])
    )


def _read_until_stable(folded: str) -> Name | Problem:
    """Read again what the reading left, until nothing changes: marks may hide other marks."""
    read = _read_marked(folded)
    order: int | None = None
    while isinstance(read, Name) and read.tokens is not None:
        order = read.twin_order if order is None else order
        written = read.tokens if read.suffix is None else f"{read.tokens} {read.suffix}"
        if written == folded:
            break
        folded, read = written, _read_marked(written)
    if isinstance(read, Name) and read.twin_order is None and order is not None:
        return replace(read, twin_order=order)
    return read


def _read_marked(folded: str) -> Name | Problem:
    if not any(map(str.isalpha, folded)):
        return _DIGITS if any(map(str.isdigit, folded)) else _NO_LETTERS
    if not word_table("name_descriptions.txt").isdisjoint(_NOT_NAME.sub(" ", folded).split()):
        return DESCRIPTION
    words = _words(folded)
    if not words:
        return _NO_LETTERS
    newborn = _newborn(words)
    if newborn is not None:
        return newborn
    words, twin_order = _without_twin_mark(words)
    words = _letters_only(words)
    if not words:
        return _NO_LETTERS
    words = _without_notes(words)
    problem = stands_for_missing(words)
    return _civil(words, twin_order) if problem is None else problem


def _words(folded: str) -> list[str]:
    text = _NOTE.sub(_twin_note, folded)
    if not any(map(str.isalpha, text)):
        text = folded
    text = _ELISION.sub("", text).replace("'", "").replace("`", "")
    text = _NUMBERED_MARK.sub(r"\1 \2", _NOT_NAME.sub(" ", text))
    return text.split()


def _twin_note(note: re.Match[str]) -> str:
    """Notes in brackets go, unless they say that the person is a twin."""
    inside = _NOT_NAME.sub(" ", note.group())
    return f" {inside} " if not _TWIN_MARKS.isdisjoint(inside.split()) else " "


def _newborn(words: list[str]) -> Name | None:
    rest = _after_newborn_mark(words)
    if rest is None:
        return None
    rest, twin_order = _without_twin_mark(rest)
    if twin_order is None and rest:
        for position in (0, -1):
            if rest and rest[position] in _NUMBER_ORDERS:
                twin_order = _NUMBER_ORDERS[rest.pop(position)]
                break
    rest = _letters_only(rest)
    while rest and rest[0] in PARTICLES:
        rest = rest[1:]
    missing = not rest or stands_for_missing(rest) is not None
    mother = None if missing else " ".join(rest)
    return Name(None, kind=NameKind.NEWBORN, twin_order=twin_order, mother=mother)


def _after_newborn_mark(words: list[str]) -> list[str] | None:
    """The words beside the newborn mark, or None where there is no such mark."""
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _TWIN_MARKS or (first in _ORDERS and (second in _TWIN_MARKS or second == "G")):
        return words
    if first in _NEWBORN_FIRST or first == "RECEMNASCIDO":
        return words[1:]
    named_by_two = (
        (first in _RECENT and second.startswith("NASC"))
        or (first in _CHILD_OF and second in _OF)
        or (first, second) in {("R", "N"), ("OBITO", "FETAL")}
    )
    if named_by_two:
        return words[2:]
    return words[:-1] if words[-1] == "RN" and len(words) > _TWO_WORDS else None


def _without_twin_mark(words: list[str]) -> tuple[list[str], int | None]:
    """The words without twin marks and the number beside one; 0 for a mark without number."""
    found: int | None = None
    rest = list(words)
    position = 0
    while position < len(rest):
        if not _is_twin_mark(rest, position):
            position += 1
            continue
        del rest[position]
        found = found or 0
        for beside in (position, position - 1):
            order = _ORDERS.get(rest[beside]) if 0 <= beside < len(rest) else None
            if order is not None and not (beside < position and rest[beside] in "ABC"):
                del rest[beside]
                found = order
                position = min(position, beside)
                break
    return rest, found


def _is_twin_mark(words: list[str], position: int) -> bool:
    word = words[position]
    if word == "GEM":  # also a rare name: a mark only at either end or beside a number
        beside = words[position + 1 : position + 2] + words[max(position - 1, 0) : position]
        return position in {0, len(words) - 1} or any(near in _ORDERS for near in beside)
    if word == "G":
        return position > 0 and words[position - 1] in {"PRIMEIRO", "SEGUNDO", "PRIM", "SEG"}
    return word in _TWIN_MARKS


def _letters_only(words: list[str]) -> list[str]:
    """Words without digits; a 0 or 1 inside a word was meant as O or I."""
    kept = (word if word.isalpha() else _typed(word) for word in words)
    return [word for word in kept if word]


def _typed(word: str) -> str:
    return word.translate(_TYPED_DIGIT) if any(map(str.isalpha, word)) else ""


def _without_notes(words: list[str]) -> list[str]:
    kept = [word for word in words if word not in word_table("name_notes.txt")]
    for position in range(1, len(kept)):
        if kept[position] in {"NAO", "SEM"} and states_missing(kept[position:]):
            return kept[:position]
    return kept if len(kept) >= _TWO_WORDS else words


def _civil(words: list[str], twin_order: int | None) -> Name:
    kept = [word for place, word in enumerate(words) if not _is_particle(words, place)] or words
    suffix: str | None = None
    while len(kept) > _TWO_WORDS and kept[-1] in SUFFIXES:
        last = kept.pop()
        suffix = SUFFIXES[last] if suffix is None else suffix
    return Name(" ".join(_expanded(kept)), suffix, NameKind.CIVIL, twin_order)


def _is_particle(words: list[str], place: int) -> bool:
    """Lone E, D and Y join two words ("LIMA E SILVA"); elsewhere they are initials."""
    word = words[place]
    if word not in PARTICLES or (place == 0 and word in _GIVEN_NAMES_TOO):
        return False
    if word not in _LETTER_PARTICLES:
        return True
    inner = 0 < place < len(words) - 1
    return inner and len(words[place - 1]) > 1 and len(words[place + 1]) > 1


def _expanded(words: list[str]) -> list[str]:
    short, fused = pair_table("abbreviations.txt"), pair_table("fused_particles.txt")
    first = short.get(words[0], words[0])
    return [first, *(short.get(word) or fused.get(word, word) for word in words[1:])]
