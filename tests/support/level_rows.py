"""Pairs of prepared records drawn for the conditions of the levels: equal, near, missing, other."""

import random
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from mdm.linkage.levels import AnyCommon, Condition
from mdm.linkage.person_model import COMPARISONS, MARKED, UNMARKED

_TOKENS: Final = ("MARIA", "MARIO", "ANA", "A", "JOAO", "JULIA", "CLARA", "SILVA", "SILVEIRA", "")
_LETTERS: Final = "AB1 "
_INTEGERS: Final = frozenset({"birth_exact", "birth_year", "given1_usual"})
Row = dict[str, object]


def conditions() -> list[tuple[str, Condition]]:
    """Every condition of the person model, with a name."""
    found: list[tuple[str, Condition]] = []
    for comparison in COMPARISONS:
        found.append((f"{comparison.name}.missing", comparison.missing))
        found += [
            (f"{comparison.name}.{level.label}", level.condition)
            for level in comparison.levels
            if level.condition is not None
        ]
    return found


def columns() -> tuple[frozenset[str], frozenset[str]]:
    """Columns that hold one value, and those that hold a list."""
    lists: set[str] = set()
    seen: set[str] = set()
    for _, condition in conditions():
        for part in _parts(condition):
            names = set(_texts(part))
            seen |= names
            if isinstance(part, AnyCommon):
                lists |= names
    return frozenset(seen - lists), frozenset(lists)


def _parts(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in getattr(condition, "parts", ()):
        yield from _parts(part)


def _texts(part: Condition) -> Iterator[str]:
    names: tuple[str, ...] = getattr(type(part), "__slots__")  # noqa: B009 - not of the protocol
    for name in names:
        value = getattr(part, name)
        if name == "value":  # of a column, not a column
            continue
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                yield text


def drawn_pairs(seed: int, number: int) -> list[tuple[Row, Row]]:
    """Pairs, the right one made of the left by keeping, changing, losing or redrawing values."""
    rng = random.Random(seed)
    plain, lists = columns()
    pairs = []
    for _ in range(number):
        left: Row = {name: _value(rng, name) for name in sorted(plain)}
        left |= {name: _list(rng) for name in sorted(lists)}
        right = {name: _other(rng, name, value) for name, value in left.items()}
        pairs.append((left, right))
    return pairs


def _value(rng: random.Random, name: str) -> object:
    if rng.random() < 0.1:
        return None
    if name == "twin_mark":
        return rng.choice((MARKED, UNMARKED))
    if name in _INTEGERS:
        return rng.randint(1, 3)
    text = " ".join(rng.choices(_TOKENS[:-1], k=rng.randint(1, 3)))
    short = "".join(rng.choices(_LETTERS, k=rng.randint(1, 9)))
    return text if rng.random() < 0.7 else short


def _list(rng: random.Random) -> list[str] | None:
    return None if rng.random() < 0.1 else rng.choices(_TOKENS[:-1], k=rng.randint(1, 3))


def _other(rng: random.Random, name: str, value: object) -> object:
    draw = rng.random()
    if draw < 0.45:
        return value
    if draw < 0.7 and isinstance(value, str):
        return _edited(rng, value)
    return _list(rng) if isinstance(value, list) else _value(rng, name)


def _edited(rng: random.Random, text: str) -> str:
    """One or two slips: a letter left out, put in, replaced, or exchanged with the next."""
    for _ in range(rng.randint(1, 2)):
        at = rng.randrange(len(text))
        letter = rng.choice(_LETTERS)
        text = (
            rng.choice(
                (
                    text[:at] + text[at + 1 :],
                    text[:at] + letter + text[at:],
                    text[:at] + letter + text[at + 1 :],
                    text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
                )
            )
            or letter
        )
    return text


def table_of(pairs: list[tuple[Row, Row]]) -> pa.Table:
    """Pairs as `column_l` and `column_r`."""
    plain, lists = columns()
    made = {}
    for side, suffix in ((0, "l"), (1, "r")):
        for name in sorted(plain | lists):
            kind = pa.int64() if name in _INTEGERS else pa.string()
            kind = pa.list_(pa.string()) if name in lists else kind
            made[f"{name}_{suffix}"] = pa.array([pair[side][name] for pair in pairs], kind)
    return pa.table(made)
