"""The municipal ID: nine random Crockford base-32 characters and one check character.

The check character is ISO 7064 MOD 37,36 over the alphabet 0-9A-Z. A draw whose check character
falls outside the Crockford alphabet (I, L, O, U) is drawn again, so an ID never holds a letter
that people confuse. Nothing about the person goes into it.
"""

import secrets
from typing import NewType

import numpy as np

from mdm.errors import InvalidMunicipalIdError

MunicipalId = NewType("MunicipalId", str)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ISO = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {char: value for value, char in enumerate(_ISO)}
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
LENGTH = 10


def check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 check character of nine characters."""
    product = 36
    for char in body:
        total = (product + _VALUE[char]) % 36 or 36
        product = total * 2 % 37
    return _ISO[(37 - product) % 36]


def mint() -> MunicipalId:
    """Draw a new ID; the caller makes sure that it was never issued."""
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        check = check_character(body)
        if check in ALPHABET:
            return MunicipalId(body + check)


def mint_many(count: int) -> list[MunicipalId]:
    """Draw many different IDs at once; the caller makes sure that none was ever issued."""
    found: dict[MunicipalId, None] = {}
    while len(found) < count:
        wanted = count - len(found) + count // 8 + 8
        drawn = np.frombuffer(secrets.token_bytes(wanted * (LENGTH - 1)), np.uint8)
        found.update(dict.fromkeys(_complete(drawn.reshape(wanted, LENGTH - 1) % 32)))
    return list(found)[:count]


_ALPHABET_ISO = np.array([_VALUE[char] for char in ALPHABET])
_LETTERS = np.frombuffer(ALPHABET.encode(), "S1")


def _complete(places: np.ndarray) -> list[MunicipalId]:
    """IDs of drawn places in the alphabet, without those whose check character is outside it."""
    product = np.full(len(places), 36)
    for column in range(LENGTH - 1):
        total = (product + _ALPHABET_ISO[places[:, column]]) % 36
        product = np.where(total == 0, 36, total) * 2 % 37
    check = np.searchsorted(_ALPHABET_ISO, (37 - product) % 36).clip(max=31)
    valid = _ALPHABET_ISO[check] == (37 - product) % 36
    chars = _LETTERS[np.column_stack([places, check])[valid]]
    return [MunicipalId(text) for text in chars.view(f"S{LENGTH}").ravel().astype(str).tolist()]


def parse(text: str) -> MunicipalId:
    """Read an ID as people write it: forgives case, hyphen, space, O for 0, I and L for 1.

    Raises:
        InvalidMunicipalIdError: Wrong length, foreign character or wrong check character.
    """
    cleaned = text.upper().translate(_FORGIVEN)
    if len(cleaned) != LENGTH or any(char not in ALPHABET for char in cleaned):
        raise InvalidMunicipalIdError("not a municipal ID: ten characters are needed")
    if check_character(cleaned[:-1]) != cleaned[-1]:
        raise InvalidMunicipalIdError("the check character disagrees: a character is mistyped")
    return MunicipalId(cleaned)


def shown(municipal_id: str) -> str:
    """The ID as printed for people: XXXXX-XXXXX."""
    return f"{municipal_id[:5]}-{municipal_id[5:]}"
