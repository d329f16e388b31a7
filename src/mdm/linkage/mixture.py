"""The classes of pairs beside matches and unrelated people: relatives, and twins.

Splink weighs matches against unrelated pairs, comparison by comparison as if independent. Close
relatives agree on mother, address, phone and surname all at once, and twins on the birth date
besides, so among candidates they are the pairs that look like matches. Each is a class of the
mixture with probabilities of its own: with a matches, b relatives and c twins per record among N
records,

    odds(match) = a m / (N u + b r + c t)

In bits, with S = log2(a/N) + sum log2(m/u), and for each class the sum of its log2(r/m):

    weight = S - log2(1 + 2^(log2(b/a) + S + sum log2(r/m)) + 2^(log2(c/a) + S + sum log2(t/m)))

(the logarithms of b/a and c/a being those of the shares of N). The last term is never negative,
so a pair whose Splink weight is under a threshold is under it with the correction too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mdm.linkage.model import LevelParameters, PersonModel

# 2 to this power is the largest that a double surely holds; beyond it nothing changes.
MOST_BITS = 900


@dataclass(frozen=True, slots=True)
class OtherClass:
    """Relatives or twins.

    Attributes:
        name: For reading.
        shift: What the class adds to the Splink weight before levels, in bits.
        bits: log2 of how much better the class explains a level than matches do.
    """

    name: str
    shift: float
    bits: Callable[[LevelParameters], float]


def prior_bits(model: PersonModel, population: int) -> float:
    """What is known before any value is compared: Splink's prior, in bits."""
    share = model.matches_per_record / population
    return math.log2(share / (1 - share))


def other_classes(model: PersonModel, population: int) -> tuple[OtherClass, ...]:
    """Relatives, and twins where the model knows them."""
    prior = prior_bits(model, population)
    found = [
        OtherClass(
            "relatives",
            math.log2(model.relatives_per_record / population) - prior,
            lambda p: math.log2(p.r / p.m),
        )
    ]
    if model.twins_per_record > 0:
        found.append(
            OtherClass(
                "twins",
                math.log2(model.twins_per_record / population) - prior,
                lambda p: math.log2(p.t / p.m),
            )
        )
    return tuple(found)


def taken_off(splink: float, excess: Sequence[float]) -> float:
    """What the other classes take off a Splink weight; never positive.

    Args:
        splink: The weight against unrelated pairs, in bits.
        excess: For each class its shift and the sum of its bits over the levels found.
    """
    return -math.log2(1 + sum(2.0 ** min(MOST_BITS, splink + bits) for bits in excess))
