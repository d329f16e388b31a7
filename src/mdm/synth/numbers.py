"""National numbers with right check digits, made for whole arrays at once.

Digits come as integers and leave as Arrow text, padded with zeros.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth.streams import Flags, Ints, scattered

RIO_GRANDE_DO_SUL = 0
VOTER_STATE = 4


def text(values: Ints, width: int, missing: Flags | None = None) -> Any:
    """Numbers as text of `width` digits; null where missing."""
    plain = pc.cast(pa.array(values, mask=missing), pa.string())
    return pc.utf8_lpad(plain, width, "0")


def digits(values: Ints, width: int) -> npt.NDArray[np.int64]:
    """One row of decimal digits for each number, most significant first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (values[:, None] // powers) % 10


def _mod11(columns: npt.NDArray[np.int64], weights: list[int]) -> Ints:
    remainder: Ints = (columns @ np.asarray(weights, dtype=np.int64)) % 11
    return remainder


def _complement(remainder: Ints) -> Ints:
    return np.where(remainder < 2, 0, 11 - remainder)


def cpf(rng: np.random.Generator, size: int, region_share: float) -> Ints:
    """Different CPFs as integers of 11 digits.

    Args:
        rng: Random stream.
        size: How many, below 99 million.
        region_share: Share issued in Rio Grande do Sul (ninth digit 0).
    """
    # One in eleven begins with a zero, which spreadsheets lose.
    first_eight = 500_000 + scattered(rng, size, 99_499_999)
    abroad = rng.random(size) >= region_share
    region = np.where(abroad, rng.integers(1, 10, size), RIO_GRANDE_DO_SUL)
    base = first_eight * 10 + region
    return complete_cpf(base)


def complete_cpf(base: Ints) -> Ints:
    """Nine digits with their two check digits."""
    columns = digits(base, 9)
    first = _complement(_mod11(columns, list(range(10, 1, -1))))
    second = _complement(_mod11(np.column_stack([columns, first]), list(range(11, 1, -1))))
    return base * 100 + first * 10 + second


def nis(rng: np.random.Generator, size: int) -> Ints:
    """Different NIS as integers of 11 digits, first digit 1 or 2."""
    base = 1_200_000_000 + scattered(rng, size, 1_200_000_000)
    return base * 10 + _complement(_mod11(digits(base, 10), [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))


def cns_definitive(base: Ints) -> Ints:
    """Definitive CNS from a number of 11 digits (a NIS or alike)."""
    total = digits(base, 11) @ np.arange(15, 4, -1, dtype=np.int64)
    check = 11 - total % 11
    with_two = 11 - (total + 2) % 11
    ends = np.where(check == 10, 10 + with_two, np.where(check == 11, 0, check))
    number: Ints = base * 10_000 + ends
    return number


def cns_provisional(rng: np.random.Generator, size: int) -> Ints:
    """Different provisional CNS: first digit 7, sometimes 8, the weighted sum divides by 11."""
    # Weight 2 stands before the last digit, weight 1 on it: two digits reach every remainder.
    middle = scattered(rng, size, 1_200_000_000) * 10 + rng.integers(0, 10, size)
    first = np.where(rng.random(size) < 0.85, 7, 8)
    head = first * 1_000_000_000_000 + middle
    total = digits(head, 13) @ np.arange(15, 2, -1, dtype=np.int64)
    need = (-total) % 11
    # need = 2 * a + b with decimal digits a, b.
    a = np.where(need == 10, 1, 0)
    number: Ints = head * 100 + a * 10 + (need - 2 * a)
    return number


def voter_id(rng: np.random.Generator, size: int) -> Ints:
    """Different voter IDs of the state as integers of 12 digits."""
    base = 1_000_000 + scattered(rng, size, 98_000_000)
    first = _mod11(digits(base, 8), list(range(2, 10))) % 10
    state = VOTER_STATE
    second = ((state // 10) * 7 + (state % 10) * 8 + first * 9) % 11 % 10
    return ((base * 100 + state) * 10 + first) * 10 + second


def birth_certificate(rng: np.random.Generator, year: Ints) -> Any:
    """Matrículas of 32 digits as text: registry, 01 55, year, book type 1, book, page, term."""
    size = len(year)
    registry = 90_000 + rng.integers(0, 60, size) * 17
    order = scattered(rng, size, 200_000_000)
    term = order % 10_000_000
    book, page = order // 10_000_000 * 37 % 99_991, rng.integers(1, 300, size)
    columns = np.column_stack(
        [
            digits(registry, 6),
            np.tile(np.asarray([0, 1, 5, 5]), (size, 1)),
            digits(year, 4),
            np.ones((size, 1), dtype=np.int64),
            digits(book, 5),
            digits(page, 3),
            digits(term, 7),
        ]
    )
    first = _certificate_digit(columns, 2)
    columns = np.column_stack([columns, first])
    columns = np.column_stack([columns, _certificate_digit(columns, 1)])
    return _joined(columns)


def _certificate_digit(columns: npt.NDArray[np.int64], start: int) -> Ints:
    weights = (np.arange(columns.shape[1]) + start) % 11
    remainder = (columns @ weights) % 11
    return np.where(remainder == 10, 1, remainder)


def _joined(columns: npt.NDArray[np.int64]) -> Any:
    size, width = columns.shape
    data = (columns + ord("0")).astype(np.uint8).tobytes()
    offsets = np.arange(0, size * width + 1, width, dtype=np.int32)
    return pa.StringArray.from_buffers(size, pa.py_buffer(offsets), pa.py_buffer(data))
