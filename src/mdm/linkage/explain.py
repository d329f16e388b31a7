"""What a stored pair says: the levels of its pattern in bits, and what is left of its weight.

The pattern holds the levels, not the values: how rare the very names are is not in it. That is
the rest between the stored weight and what the levels add up to, and is told as one step, so that
the steps add up to the weight to the digit. `mdm.linkage.pair_scorer` tells it per comparison for
who holds both records.
"""

import math
from dataclasses import dataclass

from mdm.linkage.mixture import other_classes, prior_bits, taken_off
from mdm.linkage.model import PersonModel
from mdm.linkage.person_model import COMPARISONS

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one comparison found.

    Attributes:
        comparison: Its name.
        level: Label of the level; "missing" where a side is missing.
        bits: log2(m / u) of the level: for matches, against unrelated pairs; 0 where missing.
    """

    comparison: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A match weight in steps, in bits; `prior`, findings, `relatives` and `rarity` add up to it.

    Attributes:
        weight: The match weight, as stored.
        prior: What is known before any value is compared.
        findings: One for each comparison, in the order of the model.
        relatives: Taken off because close relatives or a twin would look like this too; never
            positive.
        rarity: What the very values add, being rarer or commoner than the average.
    """

    weight: float
    prior: float
    findings: tuple[Finding, ...]
    relatives: float
    rarity: float


def levels_of(pattern: int) -> dict[str, int | None]:
    """Comparison -> place of the level found, counted from the strongest; None where missing."""
    places: dict[str, int | None] = {}
    for comparison in COMPARISONS:
        pattern, digit = divmod(pattern, len(comparison.levels) + 1)
        places[comparison.name] = len(comparison.levels) - digit if digit > 0 else None
    return places


def unpack_pattern(pattern: int) -> dict[str, str]:
    """Comparison name to the label of the level found ("missing" where a side is missing)."""
    found = levels_of(pattern)
    return {
        comparison.name: MISSING
        if (place := found[comparison.name]) is None
        else comparison.levels[place].label
        for comparison in COMPARISONS
    }


def explain_pattern(
    model: PersonModel, population: int, pattern: int, weight: float
) -> Explanation:
    """Tell a stored match weight in steps.

    Args:
        model: The model that gave the weight.
        population: Population class that it was given for.
        pattern: The stored levels.
        weight: The stored weight.
    """
    places, labels = levels_of(pattern), unpack_pattern(pattern)
    prior, others = prior_bits(model, population), other_classes(model, population)
    excess = [other.shift for other in others]
    findings = []
    for comparison in COMPARISONS:
        place, bits = places[comparison.name], 0.0
        if place is not None:
            parameters = model.levels[comparison.name][place]
            bits = math.log2(parameters.m / parameters.u)
            excess = [
                so_far + other.bits(parameters)
                for so_far, other in zip(excess, others, strict=True)
            ]
        findings.append(Finding(comparison.name, labels[comparison.name], bits))
    plain = prior + sum(finding.bits for finding in findings)
    relatives = taken_off(plain, excess)
    return Explanation(
        weight=weight,
        prior=prior,
        findings=tuple(findings),
        relatives=relatives,
        rarity=weight - plain - relatives,
    )
