"""The municipal ID: nine random Crockford base-32 characters and one check character.

The check character is ISO 7064 MOD 37,36 over the alphabet 0-9A-Z. A draw whose check character
falls outside the Crockford alphabet (I, L, O, U) is drawn again, so an ID never holds a letter
that people confuse. MOD 37,36 finds every wrong character but misses one swap of neighbours in
six hundred; an ID with such a pair is drawn again too, and refused when read, so that no swap in
an issued ID reads as another. Nothing about the person goes into it.
"""

import secrets
from itertools import pairwise
from typing import NewType, TypeAlias

import numpy as np
import numpy.typing as npt

from mdm.errors import InvalidMunicipalIdError

MunicipalId = NewType("MunicipalId", str)
Column: TypeAlias = npt.NDArray[np.bytes_]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ISO = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUE = {char: value for value, char in enumerate(_ISO)}
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
LENGTH = 10


def _after(product: int, value: int) -> int:
    """State of ISO 7064 MOD 37,36 after one more character; it starts at 36."""
    return ((product + value) % 36 or 36) * 2 % 37


def check_character(body: str) -> str:
    """ISO 7064 MOD 37,36 check character of nine characters."""
    product = 36
    for char in body:
        product = _after(product, _VALUE[char])
    return _ISO[(37 - product) % 36]


def _hides_a_swap(complete: str) -> bool:
    """Whether two neighbours can change places without the check character noticing."""
    product = 36
    values = [_VALUE[char] for char in complete]
    for left, right in pairwise(values):
        after = _after(product, left)
        if left != right and _after(after, right) == _after(_after(product, right), left):
            return True
        product = after
    return False


def mint() -> MunicipalId:
    """Draw a new ID; the caller makes sure that it was never issued."""
    return mint_many(1)[0]


def mint_many(count: int) -> list[MunicipalId]:
    """Draw many different IDs at once; the caller makes sure that none was ever issued."""
    found: dict[MunicipalId, None] = {}
    while len(found) < count:
        drawn = mint_column(count - len(found)).astype(str).tolist()
        found.update(dict.fromkeys(map(MunicipalId, drawn)))
    return list(found)


def mint_column(count: int) -> Column:
    """Draw IDs as ten bytes each; the caller makes sure that they differ and none was issued."""
    parts = [np.empty(0, dtype=_ID)]
    left = count
    while left > 0:
        # One in nine has no check character of the alphabet.
        wanted = min(left + left // 8 + 8, _AT_ONCE)
        drawn = np.frombuffer(secrets.token_bytes(wanted * (LENGTH - 1)), np.uint8)
        parts.append(_complete(drawn.reshape(LENGTH - 1, wanted) % 32)[:left])
        left -= len(parts[-1])
    return np.concatenate(parts)


_AT_ONCE = 16_384
"""IDs drawn together: what fits the processor's cache."""
_ID = np.dtype(f"S{LENGTH}")
_Places = npt.NDArray[np.int64]
_ALPHABET_ISO: _Places = np.array([_VALUE[char] for char in ALPHABET])
_LETTERS = np.frombuffer(ALPHABET.encode(), np.uint8)
_AFTER: _Places = np.array(
    [[_after(product, value) for value in range(36)] for product in range(37)]
)


def _complete(places: npt.NDArray[np.integer]) -> Column:
    """IDs of drawn places in the alphabet, without those that `parse` would refuse.

    Args:
        places: Nine rows, a column for each ID.
    """
    values = _ALPHABET_ISO[places]
    product = _states(values)[-1]
    check = np.searchsorted(_ALPHABET_ISO, (37 - product) % 36).clip(max=31)
    in_alphabet = _ALPHABET_ISO[check] == (37 - product) % 36
    complete = np.vstack([places, check])[:, in_alphabet]
    letters = _LETTERS[complete[:, ~_hiding(_ALPHABET_ISO[complete])].T]
    column: Column = np.ascontiguousarray(letters).view(_ID).ravel()
    return column


def _states(values: _Places) -> list[_Places]:
    """State before the first and after each row of values."""
    states = [np.full(values.shape[1], 36)]
    for row in values:
        states.append(_AFTER[states[-1], row])
    return states


def _hiding(values: _Places) -> npt.NDArray[np.bool_]:
    """`_hides_a_swap` for each column of complete IDs."""
    states = _states(values)
    hiding = np.zeros(values.shape[1], bool)
    for place in range(LENGTH - 1):
        left, right = values[place], values[place + 1]
        swapped = _AFTER[_AFTER[states[place], right], left]
        hiding |= (left != right) & (states[place + 2] == swapped)
    return hiding


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
    if _hides_a_swap(cleaned):
        raise InvalidMunicipalIdError("no such ID was ever issued: two neighbours may be swapped")
    return MunicipalId(cleaned)


def shown(municipal_id: str) -> str:
    """The ID as printed for people: XXXXX-XXXXX."""
    return f"{municipal_id[:5]}-{municipal_id[5:]}"
