"""Where two texts differ, as pieces that a template can mark."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

_ALIKE = 0.5
_LIKE_WORDS = 0.6
_WORDS = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    Attributes:
        text: The stretch.
        differs: Whether the other text has something else here.
    """

    text: str
    differs: bool


Pieces = tuple[Piece, ...]


def pieces(left: str, right: str) -> tuple[Pieces, Pieces]:
    """Cut two texts where they differ; case and accents are no difference.

    Numbers and dates are compared place by place; names word by word, and letter by letter only
    within words that are alike. Texts without much in common are marked whole: single letters in
    common say nothing.
    """
    if len(left) == len(right) and not any(letter.isalpha() for letter in left + right):
        return _by_place(left, right), _by_place(right, left)
    if SequenceMatcher(None, folded(left), folded(right), autojunk=False).ratio() < _ALIKE:
        return (Piece(left, differs=True),), (Piece(right, differs=True),)
    both = [*_by_word(_WORDS.findall(left), _WORDS.findall(right))]
    return _joined(one for one, _ in both), _joined(other for _, other in both)


def folded(text: str) -> str:
    """Each letter without case and accent; as many as the text has."""
    return "".join(
        unicodedata.normalize("NFD", letter)[0].casefold()[:1] or letter for letter in text
    )


def _by_place(text: str, other: str) -> Pieces:
    pairs = groupby(zip(text, other, strict=True), key=lambda both: both[0] != both[1])
    return tuple(
        Piece("".join(letter for letter, _ in letters), differs) for differs, letters in pairs
    )


def _by_word(
    left: Sequence[str], right: Sequence[str]
) -> Iterator[tuple[Sequence[Piece], Sequence[Piece]]]:
    one, other = [folded(word) for word in left], [folded(word) for word in right]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for tag, from_l, to_l, from_r, to_r in matcher.get_opcodes():
        words_l, words_r = left[from_l:to_l], right[from_r:to_r]
        if tag == "equal":
            yield (
                [Piece(word, differs=False) for word in words_l],
                [Piece(word, differs=False) for word in words_r],
            )
        elif len(words_l) == len(words_r):
            for word_l, word_r in zip(words_l, words_r, strict=True):
                yield _by_letter(word_l, word_r)
        else:
            yield [Piece("".join(words_l), differs=True)], [Piece("".join(words_r), differs=True)]


def _by_letter(left: str, right: str) -> tuple[Sequence[Piece], Sequence[Piece]]:
    matcher = SequenceMatcher(None, folded(left), folded(right), autojunk=False)
    if matcher.ratio() < _LIKE_WORDS:
        return [Piece(left, differs=True)], [Piece(right, differs=True)]
    codes = matcher.get_opcodes()
    return (
        [Piece(left[a:b], differs=tag != "equal") for tag, a, b, _, _ in codes],
        [Piece(right[c:d], differs=tag != "equal") for tag, _, _, c, d in codes],
    )


def _joined(parts: Iterator[Sequence[Piece]]) -> Pieces:
    """Neighbours of one kind put together; empty stretches left out."""
    stretches = [piece for part in parts for piece in part if piece.text != ""]
    return tuple(
        Piece("".join(piece.text for piece in run), differs)
        for differs, run in groupby(stretches, key=lambda piece: piece.differs)
    )
