"""Clean text and folded text: the first step of every standardiser.

Called millions of times, so pure ASCII (most values) takes the short way out.
"""

import re
import unicodedata
from functools import cache
from importlib import resources

# Bytes 80-BF as cp1252 shows them, and as Latin-1 control characters; upper-casing turns the
# micro sign of a broken "õ" into a Greek capital.
_CONTINUATION = {
    character: byte
    for byte in range(0x80, 0xC0)
    for character in (chr(byte), bytes([byte]).decode("cp1252", "ignore"))
    if character
} | {"\u039c": 0xB5}
_NEXT = "".join(_CONTINUATION)
# Two bytes for Latin letters (lead C2-C5), three for typographic signs and the euro (E2 80, 82,
# 84), and what cp1252 makes of 83 and 88. Other leads are left alone: "É" before a quotation mark
# is Portuguese, not damage; so is "Ã" before a no-break space.
_ANY = f"[{re.escape(_NEXT)}]"
_AFTER_TILDE = f"[{re.escape(_NEXT.replace(chr(0xA0), ''))}]"
_MOJIBAKE = re.compile(f"[ÂÄÅ]{_ANY}|Ã{_AFTER_TILDE}|â[€‚„]{_ANY}|Æ’|Ë†")
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
_UNDECOMPOSED = {
    "Æ": "AE",
    "Œ": "OE",
    "Ø": "O",
    "Ł": "L",
    "Đ": "D",
    "Ð": "D",
    "Þ": "TH",
    "ẞ": "SS",
    "ı": "I",
    "’": "'",
    "‘": "'",
    "´": "'",
    "ʼ": "'",
    "–": "-",
    "—": "-",
}
_UNDECOMPOSED_TABLE = str.maketrans(_UNDECOMPOSED)
_UNDECOMPOSED_SET = frozenset(_UNDECOMPOSED)


def clean(text: str) -> str:
    """The text as a person should read it.

    Mojibake repaired (also doubly encoded), NFC, control characters out, single spaces.
    Idempotent; an empty string means that nothing readable was there.
    """
    if text.isascii():
        if not text.isprintable():
            text = text.translate(_CONTROLS)
        return " ".join(text.split())
    while True:
        step = _clean_once(text)
        if step == text:
            return step
        text = step


def fold(text: str) -> str:
    """Upper-case ASCII form of a clean text: "João da Conceição" is "JOAO DA CONCEICAO".

    Letters without a Latin base are dropped; a text of such letters folds to "".
    """
    upper = text.upper()
    if upper.isascii():
        return upper
    if not _UNDECOMPOSED_SET.isdisjoint(upper):
        upper = upper.translate(_UNDECOMPOSED_TABLE)
    plain = unicodedata.normalize("NFKD", upper).encode("ascii", "ignore").decode("ascii")
    return " ".join(plain.upper().translate(_CONTROLS).split())


@cache
def word_table(name: str) -> frozenset[str]:
    """Lines of a reference table in `data/`, without comments."""
    return frozenset(line.strip() for line in _lines(name))


@cache
def pair_table(name: str) -> dict[str, str]:
    """A reference table in `data/` whose lines hold a written form, a tab and its meaning."""
    rows = (line.split("\t") for line in _lines(name))
    return {row[0].strip(): row[1].strip() for row in rows}


def _lines(name: str) -> list[str]:
    path = resources.files("mdm.standardise").joinpath("data", name)
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _clean_once(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    # Damage goes out layer by layer before control characters do: a layer may consist of them.
    while _MOJIBAKE.search(text) is not None:
        text = unicodedata.normalize("NFC", _MOJIBAKE.sub(_repair, text))
    if not text.isprintable():
        text = "".join(map(_printable, text))
    return " ".join(text.split())


def _repair(match: re.Match[str]) -> str:
    run = match.group()
    rest = bytes(_CONTINUATION[character] for character in run[1:])
    return (run[0].encode("latin-1") + rest).decode("utf-8")


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    # Joiners, soft hyphens and lone surrogates vanish; anything that kept words apart still does.
    return " " if character.isspace() or unicodedata.category(character) == "Cc" else ""
