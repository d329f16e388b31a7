"""Named random streams and the vectorised draws that the generator uses everywhere.

Each part of the city draws from its own stream, named by a text: a change of one part leaves the
others as they were.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Streams:
    """Random generators by name, all derived from one seed.

    Args:
        seed: Any non-negative integer.
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def named(self, name: str) -> np.random.Generator:
        """A fresh generator for this name; the same name gives the same numbers."""
        return np.random.default_rng([self._seed, zlib.crc32(name.encode())])


def chance(rng: np.random.Generator, size: int, probability: float | Floats) -> Flags:
    """True with the given probability, for each of `size` items."""
    return rng.random(size) < probability


def cumulative(weights: Floats) -> Floats:
    """Running shares of the weights, ending at exactly 1."""
    sums = np.cumsum(weights)
    shares: Floats = sums / sums[-1]
    shares[-1] = 1.0
    return shares


def draw(rng: np.random.Generator, size: int, shares: Floats) -> Ints:
    """Indexes drawn by cumulative shares (see `cumulative`)."""
    return np.searchsorted(shares, rng.random(size), side="right").astype(np.int64)


def pick(rng: np.random.Generator, size: int, weights: Sequence[float]) -> Ints:
    """Indexes drawn by a short list of weights."""
    return draw(rng, size, cumulative(np.asarray(weights, dtype=np.float64)))


def scattered(rng: np.random.Generator, size: int, modulus: int) -> Ints:
    """Different numbers below `modulus`, without visible order: an affine walk over the range.

    The multiplier is coprime to the modulus, so no number comes twice while `size <= modulus`.
    """
    start = int(rng.integers(0, modulus))
    step = int(rng.integers(modulus // 3, modulus // 2))
    while np.gcd(step, modulus) != 1:
        step += 1
    # Python integers where the product would leave 64 bits.
    if modulus < 3_000_000_000:
        return (start + np.arange(size, dtype=np.int64) * step) % modulus
    values: Any = [(start + i * step) % modulus for i in range(size)]
    return np.asarray(values, dtype=np.int64)
