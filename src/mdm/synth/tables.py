"""The public tables of names, and the vocabulary of tokens that names are made of.

Inside the generator a name is a row of token numbers; it becomes text once, at the end.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import lists
from mdm.synth.streams import Floats, Ints, cumulative

OLD, MIDDLE, NEW = 0, 1, 2
NO_TOKEN = -1

# How much commoner a name of a cohort is among people born before 1965, in between, after 2000.
_COHORT_WEIGHT = {
    "o": (2.5, 0.6, 0.12),
    "m": (0.25, 1.6, 0.15),
    "n": (0.08, 0.9, 3.5),
    "b": (0.25, 0.35, 16.0),
    "-": (1.0, 1.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class NamePool:
    """Tokens to draw from: one row of cumulative shares for each cohort.

    Attributes:
        tokens: Token numbers.
        shares: Cumulative shares, one row for OLD, MIDDLE and NEW.
        neighbour: For each position the token next in the alphabet among the frequent names
            (parents of twins like names that sound alike).
    """

    tokens: Ints
    shares: tuple[Floats, Floats, Floats]
    neighbour: Ints


@dataclass(frozen=True, slots=True)
class ForeignPool:
    """Given names by sex and surnames of one country of origin."""

    country: str
    male: Ints
    female: Ints
    surnames: Ints


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All tokens, plain and with accents, and the pools drawn from them.

    Attributes:
        plain: Token number to upper-case ASCII text (surnames with their particle).
        accented: The same with Portuguese accents.
        without_particle: Token number to the number of the surname alone.
        first: Pools of first names: male, female.
        second: Pools of second given names: male, female.
        surnames: Pool of surnames.
        suffixes: FILHO, JUNIOR, NETO, SOBRINHO, SEGUNDO.
        compound: First names that mostly carry a second one (MARIA, ANA, JOAO, ...).
        foreign: Pools of foreign names.
    """

    plain: Any
    accented: Any
    without_particle: Ints
    first: tuple[NamePool, NamePool]
    second: tuple[NamePool, NamePool]
    surnames: NamePool
    suffixes: Ints
    compound: Ints
    foreign: tuple[ForeignPool, ...]


def rows(name: str) -> list[list[str]]:
    """Rows of a table in `data/`; lines that start with # say where it comes from."""
    text = files("mdm.synth").joinpath("data", name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


class _Tokens:
    def __init__(self) -> None:
        self.number: dict[str, int] = {}

    def add(self, text: str) -> int:
        return self.number.setdefault(text, len(self.number))

    def add_all(self, texts: list[str]) -> Ints:
        return np.asarray([self.add(text) for text in texts], dtype=np.int64)


def _pool(tokens: Ints, weights: Floats, cohorts: list[str], texts: list[str]) -> NamePool:
    factors = np.asarray([_COHORT_WEIGHT[cohort] for cohort in cohorts])
    old, middle, new = (cumulative(weights * factors[:, k]) for k in (OLD, MIDDLE, NEW))
    frequent = sorted(range(min(700, len(texts))), key=lambda i: texts[i])
    neighbour = tokens.copy()
    for here, there in zip(frequent, frequent[1:] + frequent[:1], strict=True):
        neighbour[here] = tokens[there]
    return NamePool(tokens, (old, middle, new), neighbour)


def _first_names(tokens: _Tokens, name: str) -> NamePool:
    table = rows(name)
    texts = [row[0] for row in table]
    weights = np.asarray([float(row[1]) for row in table])
    return _pool(tokens.add_all(texts), weights, [row[2] for row in table], texts)


def _second_names(tokens: _Tokens, *, women: bool) -> NamePool:
    table = rows("second_names.tsv")
    texts = [row[0] for row in table]
    share = np.asarray([float(row[2]) for row in table])
    # A second name that is all but never given to this sex is an error of the register.
    share = np.where(share < 0.03, 0.0, share) if women else np.where(share > 0.97, 0, 1 - share)
    weights = np.asarray([float(row[1]) for row in table]) * share
    return _pool(tokens.add_all(texts), weights, [row[3] for row in table], texts)


def _surnames(tokens: _Tokens, alone: dict[int, int]) -> NamePool:
    table = rows("surnames.tsv")
    texts = [row[0] if row[1] == "-" else f"{row[1]} {row[0]}" for row in table]
    numbers = tokens.add_all(texts)
    for number, row in zip(numbers.tolist(), table, strict=True):
        alone[number] = tokens.add(row[0])
    weights = np.asarray([float(row[2]) for row in table])
    return _pool(numbers, weights, ["-"] * len(table), texts)


def _foreign(tokens: _Tokens) -> tuple[ForeignPool, ...]:
    return tuple(
        ForeignPool(
            origin.country,
            tokens.add_all(origin.male.split()),
            tokens.add_all(origin.female.split()),
            tokens.add_all(origin.surnames.split()),
        )
        for origin in lists.FOREIGN_ORIGINS
    )


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Read the tables once."""
    tokens = _Tokens()
    alone: dict[int, int] = {}
    male = _first_names(tokens, "first_names_male.tsv")
    female = _first_names(tokens, "first_names_female.tsv")
    second = (_second_names(tokens, women=False), _second_names(tokens, women=True))
    surnames = _surnames(tokens, alone)
    suffixes = tokens.add_all(["FILHO", "JUNIOR", "NETO", "SOBRINHO", "SEGUNDO"])
    compound = tokens.add_all(
        ["MARIA", "ANA", "JOAO", "JOSE", "LUIZ", "LUIS", "CARLOS", "PAULO", "PEDRO"]
    )
    foreign = _foreign(tokens)
    plain = list(tokens.number)
    accents = lists.accents()
    accented = [" ".join(accents.get(word, word) for word in text.split()) for text in plain]
    bare = np.arange(len(plain), dtype=np.int64)
    bare[list(alone)] = list(alone.values())
    return Vocabulary(
        plain=pa.array(plain, pa.string()),
        accented=pa.array(accented, pa.string()),
        without_particle=bare,
        first=(male, female),
        second=second,
        surnames=surnames,
        suffixes=suffixes,
        compound=compound,
        foreign=foreign,
    )


def join_tokens(columns: list[Ints], words: Any) -> Any:
    """Names as text: the tokens of each row with one space between, absent tokens left out.

    Args:
        columns: Token numbers, NO_TOKEN where the row has none; one array for each place.
        words: `Vocabulary.plain` or `.accented`.
    """
    parts = [
        words.take(pa.array(np.where(column < 0, 0, column), mask=column < 0)) for column in columns
    ]
    return join_present(parts, " ")


def join_present(parts: list[Any], separator: str) -> Any:
    """Join the texts of each row that are there; "" where all are missing.

    Arrow's own join with skipped nulls loses the rows in which every part is null (seen in
    pyarrow 26), so such rows get an empty first part.
    """
    nothing = pc.is_null(parts[0])
    for part in parts[1:]:
        nothing = pc.and_(nothing, pc.is_null(part))
    first = pc.if_else(nothing, pa.scalar(""), parts[0])
    return pc.binary_join_element_wise(first, *parts[1:], separator, null_handling="skip")
