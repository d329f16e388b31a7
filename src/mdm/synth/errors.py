"""What goes wrong between a person and a form: text, digits and dates.

Text errors work on one value with a seed of its own; digits and dates on whole arrays.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from mdm.synth import lists, numbers
from mdm.synth.population import REFERENCE_DAY
from mdm.synth.streams import Flags, Ints

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Neighbours on the keyboard that clerks use.
_NEAR = dict(
    zip(
        _LETTERS,
        "SVXSWDFJUKJLNBIOAEDRYCEZTA",
        strict=True,
    )
)
TextError = Callable[[str, Random], str]


def typo(name: str, rng: Random) -> str:
    """One letter wrong, lost, doubled or exchanged with the next."""
    place = rng.randrange(len(name)) if name else 0
    if len(name) < 4 or name[place] == " ":
        return name + rng.choice(_LETTERS)
    kind = rng.random()
    if kind < 0.4:
        return name[:place] + _NEAR.get(name[place], "A") + name[place + 1 :]
    if kind < 0.65:
        return name[:place] + name[place + 1 :]
    if kind < 0.8:
        return name[:place] + name[place] + name[place:]
    other = min(place + 1, len(name) - 1)
    if name[other] == " " or other == place:
        return name[:place] + name[place + 1 :]
    return name[:place] + name[other] + name[place] + name[other + 1 :]


def spelling(name: str, rng: Random) -> str:
    """Another spelling of the same sound; a typo where no rule fits."""
    rules = [pair for pair in lists.SPELLINGS if pair[0] in name or (pair[1] and pair[1] in name)]
    if not rules:
        return typo(name, rng)
    written, other = rng.choice(rules)
    if written in name:
        return name.replace(written, other, 1)
    return name.replace(other, written, 1)


def misspelt(name: str, rng: Random) -> str:
    """A typo or another spelling, sometimes two."""
    once = typo(name, rng) if rng.random() < 0.5 else spelling(name, rng)
    return typo(once, rng) if rng.random() < 0.12 else once


def abbreviated(name: str, rng: Random) -> str:
    """One word in the middle cut to its initial or its usual short form."""
    words = name.split(" ")
    places = [i for i, word in enumerate(words) if i > 0 and len(word) > 3]
    if len(places) > 1 and rng.random() < 0.85:
        places = places[:-1]
    if not places:
        return name
    place = rng.choice(places)
    short = lists.ABBREVIATIONS.get(lists.fold(words[place]))
    use_list = short is not None and rng.random() < 0.6
    words[place] = rng.choice(short) if use_list and short is not None else words[place][0]
    return " ".join(words)


def truncated(name: str, rng: Random) -> str:
    """The end cut off."""
    keep = max(6, int(len(name) * rng.uniform(0.6, 0.92)))
    return name[:keep].rstrip()


def mojibake(name: str, rng: Random) -> str:
    """UTF-8 read as Latin-1; a name without accents gets one first."""
    if name.isascii():
        place = next((i for i, letter in enumerate(name) if letter in "AEOC" and i > 1), -1)
        if place < 0:
            return name
        accented = {"A": "Ã", "E": "É", "O": "Ó", "C": "Ç"}[name[place]]
        name = name[:place] + accented + name[place + 1 :]
    broken = name.encode("utf-8").decode("latin-1")
    # Control characters of that reading are lost on the way through a form.
    cleaned = "".join(letter for letter in broken if letter.isprintable())
    return cleaned if rng.random() < 0.9 else cleaned.lower()


def titled(name: str, _rng: Random) -> str:
    """Written in small letters with capitals."""
    small = {"da", "de", "do", "das", "dos", "e"}
    return " ".join(
        word if word in small else word.capitalize() for word in name.lower().split(" ")
    )


def spoil(values: Any, rows: Ints, seeds: Ints, error: TextError) -> Any:
    """Replace the texts at `rows` by their erroneous form.

    Args:
        values: Arrow text.
        rows: Ascending row numbers.
        seeds: One seed for each of them; equal seeds make equal errors.
        error: What happens to the text.
    """
    if not len(rows):
        return values
    taken = values.take(pa.array(rows)).to_pylist()
    wrong = [
        None if text is None else error(text, Random(seed))
        for text, seed in zip(taken, seeds.tolist(), strict=True)
    ]
    return put(values, rows, wrong)


def put(values: Any, rows: Ints, texts: Sequence[str | None]) -> Any:
    """The same Arrow text with other values at these ascending rows."""
    import pyarrow.compute as pc

    if not len(rows):
        return values
    mask = np.zeros(len(values), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(values, pa.array(mask), pa.array(texts, pa.string()))


def mistyped(rng: np.random.Generator, values: Ints, width: int) -> Ints:
    """Numbers with one digit wrong (two thirds) or two neighbours exchanged."""
    columns = numbers.digits(values, width)
    rows = np.arange(len(values))
    place = rng.integers(0, width - 1, len(values))
    exchanged = rng.random(len(values)) < 0.33
    exchanged &= columns[rows, place] != columns[rows, place + 1]
    shifted = (columns[rows, place] + rng.integers(1, 10, len(values))) % 10
    left = np.where(exchanged, columns[rows, place + 1], shifted)
    right = np.where(exchanged, columns[rows, place], columns[rows, place + 1])
    columns[rows, place], columns[rows, place + 1] = left, right
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    result: Ints = columns @ powers
    return result


def calendar(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of the month."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (dates - months).astype(np.int64) + 1
    return year, month, day


def days_of(year: Ints, month: Ints, day: Ints) -> Ints:
    """Days since 1970-01-01; the day is cut to 28 where the month may be shorter."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    start = months.astype("datetime64[D]").astype(np.int64)
    return start + np.where(day > 30, np.minimum(day, 28), day) - 1


def wrong_digit(rng: np.random.Generator, days: Ints) -> Ints:
    """Birth dates with a part wrong: half the time the day alone, as in two real registers."""
    year, month, day = calendar(days)
    size = len(days)
    kind = rng.random(size)
    other_day = np.where(rng.random(size) < 0.5, day + 10, day + rng.integers(1, 4, size))
    other_day = np.where(other_day > 28, np.maximum(day - 10, 1), other_day)
    other_day = np.where(other_day == day, day % 28 + 1, other_day)
    other_month = (month - 1 + rng.integers(1, 12, size)) % 12 + 1
    other_year = year + np.where(rng.random(size) < 0.5, 1, 10) * rng.choice([-1, 1], size)
    both = kind > 0.88
    new_day = np.where((kind < 0.55) | both, other_day, np.minimum(day, 28))
    new_month = np.where(((kind >= 0.55) & (kind < 0.73)) | both, other_month, month)
    new_year = np.where((kind >= 0.73) & (kind < 0.88), other_year, year)
    return _not_in_future(days_of(new_year, new_month, new_day), days)


def swapped(days: Ints) -> Ints:
    """Day and month exchanged where the day can be a month."""
    year, month, day = calendar(days)
    possible = (day <= 12) & (day != month)
    return _not_in_future(np.where(possible, days_of(year, day, month), days), days)


def year_off(rng: np.random.Generator, days: Ints) -> Ints:
    """The year before or after."""
    year, month, day = calendar(days)
    moved = days_of(year + rng.choice([-1, 1], len(days)), month, np.minimum(day, 28))
    return _not_in_future(moved, days)


def first_january(days: Ints) -> Ints:
    """1 January of the same year."""
    year, _, _ = calendar(days)
    one = np.ones(len(days), dtype=np.int64)
    return days_of(year, one, one)


def _not_in_future(days: Ints, instead: Ints) -> Ints:
    late: Flags = days > REFERENCE_DAY
    return np.where(late, instead, days)
