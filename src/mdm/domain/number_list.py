"""Lists of numbers in a golden record, `["705000000000014","898001160660770"]`, place by place.

All numbers of a list have one length, so that the n-th stands at a fixed place of the text: by it
a citizen is found by any of their numbers.
"""

from collections.abc import Mapping
from types import MappingProxyType

NUMBERS_FOUND: Mapping[str, int] = MappingProxyType({"cns": 6, "nis": 3})
"""Numbers of a list by which a citizen is found; the longest lists of a city have five and two."""

DIGITS: Mapping[str, int] = MappingProxyType({"cns": 15, "nis": 11})
_OPENING = 3  # the first digit stands after `["`
_BETWEEN = 3  # `","`


def nth_place(column: str, n: int) -> int:
    """Where the n-th number (from 0) of a list begins, counted from 1."""
    return _OPENING + n * (DIGITS[column] + _BETWEEN)
