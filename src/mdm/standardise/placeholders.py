"""Texts that stand for a missing name: lexicon, misspellings, repeated letters, descriptions."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from mdm.standardise.reasons import WORDS_FOR_MISSING, Problem, Reason, ValueClass
from mdm.standardise.text import word_table

_REPEATED = Problem(Reason.PLACEHOLDER, ValueClass.REPEATED_LETTERS)
DESCRIPTION = Problem(Reason.PLACEHOLDER, ValueClass.DESCRIPTION)
_SINGLE_LETTER = Problem(Reason.TOO_SHORT, ValueClass.SINGLE_LETTER)

# What follows NAO or SEM in a statement that a value is missing; also as first letters.
_STATED = (
    "INFORMADO",
    "INFORMADA",
    "INFORMACAO",
    "INFORMACOES",
    "INFORMOU",
    "INFORMA",
    "DECLARADO",
    "DECLARADA",
    "DECLARAR",
    "DECLAROU",
    "IDENTIFICADO",
    "IDENTIFICADA",
    "IDENTIFICACAO",
    "CONSTA",
    "CONTA",
    "COSTA",
    "POSSUI",
    "TEM",
    "HA",
    "SABE",
    "SEI",
    "LEMBRA",
    "TROUXE",
    "RESIDE",
    "REGISTRADO",
    "REGISTRO",
    "NOME",
    "DOC",
    "DOCUMENTO",
    "FILIACAO",
    "MAE",
    "PAI",
    "CONHECIDO",
    "CONHECIDA",
    "CADASTRADO",
    "CADASTRADA",
    "PREENCHIDO",
    "FUTURO",
    "INF",
    "DECL",
    "IDENT",
    "DADOS",
    "SE",
    "QUIS",
    "EXISTE",
    "APLICA",
    "DISPONIVEL",
)
_STATED_SET = frozenset(_STATED)
# Shorter words are near too many names.
_LONG_STATED = tuple(word for word in _STATED if len(word) > 7)  # noqa: PLR2004
_LONE = ("DESCONHECIDO", "DESCONHECIDA", "IGNORADO", "IGNORADA", "IDENTIFICADO")
_LONE_SET = frozenset(_LONE[:4])
_FUSED = re.compile(r"(NAO|SEM)(?=INF|DEC|IDENT|CONST|POSSUI|NOME$|SABE|TEM$|MAE$|PAI$|REG)")
_PERSON_WORDS = frozenset({"HOMEM", "MULHER", "PACIENTE", "FULANO", "FULANA", "MENOR", "XX", "XXX"})


def stands_for_missing(words: Sequence[str]) -> Problem | None:
    """Why the words of a folded name are no name, or None for a name.

    Args:
        words: The folded text in words of A-Z and digits, at least one.
    """
    text = " ".join(words)
    if text in word_table("name_placeholders.txt"):
        return WORDS_FOR_MISSING
    letters = set(text)
    letters.discard(" ")
    if len(letters) == 1:
        return _SINGLE_LETTER if len(text) == 1 else _REPEATED
    if not word_table("name_descriptions.txt").isdisjoint(words):
        return DESCRIPTION
    if not _LONE_SET.isdisjoint(words):
        return WORDS_FOR_MISSING
    if words[0] in _PERSON_WORDS and len(words) > 1:
        return DESCRIPTION
    return WORDS_FOR_MISSING if states_missing(words) else None


def states_missing(words: Sequence[str]) -> bool:
    """Whether the words say "not informed", "without registration" and the like, also misspelt."""
    words = _FUSED.sub(r"\1 ", words[0]).split() + list(words[1:])
    if len(words) == 1:
        return _near(words[0], _LONE)
    if words[0] in {"MAE", "PAI", "NOME", "GENITOR", "GENITORA", "DADO"} and len(words) > 1:
        words = words[1:]
    if words[0] not in {"NAO", "SEM", "N", "NAP", "NA"}:
        return len(words) == 1 and _near(words[0], _LONE)
    return len(words) > 1 and (words[1] in _STATED_SET or _near(words[1], _LONG_STATED))


def _near(word: str, targets: tuple[str, ...]) -> bool:
    if len(word) < 6:  # noqa: PLR2004 - shorter words are near too many names
        return False
    return any(Levenshtein.distance(word, target, score_cutoff=2) <= 2 for target in targets)  # noqa: PLR2004 - two slips of the finger
