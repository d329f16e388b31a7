"""Where two texts differ, as pieces that a template can mark."""

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    Attributes:
        text: The stretch.
        differs: Whether the other text has something else here.
    """

    text: str
    differs: bool


def pieces(left: str, right: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut two texts where they differ; case and accents are no difference.

    Numbers and dates are compared place by place. Texts without much in common are marked whole:
    single letters in common say nothing.
    """
    if len(left) == len(right) and not any(letter.isalpha() for letter in left + right):
        return _by_place(left, right), _by_place(right, left)
    matcher = SequenceMatcher(None, _folded(left), _folded(right), autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (Piece(left, differs=True),), (Piece(right, differs=True),)
    one, other = [], []
    for tag, from_l, to_l, from_r, to_r in matcher.get_opcodes():
        differs = tag != "equal"
        if from_l < to_l:
            one.append(Piece(left[from_l:to_l], differs))
        if from_r < to_r:
            other.append(Piece(right[from_r:to_r], differs))
    return tuple(one), tuple(other)


_ALIKE = 0.5


def _by_place(text: str, other: str) -> tuple[Piece, ...]:
    pairs = groupby(zip(text, other, strict=True), key=lambda both: both[0] != both[1])
    return tuple(
        Piece("".join(letter for letter, _ in letters), differs) for differs, letters in pairs
    )


def _folded(text: str) -> list[str]:
    """Each letter without case and accent; as many as the text has."""
    return [unicodedata.normalize("NFD", letter)[0].casefold() for letter in text]
