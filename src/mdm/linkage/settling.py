"""What would settle a pair: the weight that it would have if what is missing were known.

Read from the stored pattern. How rare the very values are stays as it is, so a weight told here is
what the machine would store but for the share that relatives take of that rarity.
"""

from dataclasses import dataclass
from typing import Final

from mdm.linkage.explain import explain_pattern, levels_of
from mdm.linkage.model import PersonModel, Thresholds
from mdm.linkage.person_model import COMPARISONS

LINKED: Final = "linked"
REVIEW: Final = "review"
APART: Final = "apart"

ASKED_FOR: Final = (
    "cpf", "birth_date", "mother", "cns", "birth_certificate", "dnv", "nis", "inep_id", "rg",
)  # fmt: skip
"""What a clerk can ask for, the most usual first."""


@dataclass(frozen=True, slots=True)
class Settling:
    """A missing value that would change what the machine does.

    Attributes:
        comparison: What is missing on a side.
        if_equal: Match weight in bits, if it were known and equal.
        if_different: The same, if it were known and different.
        then_equal: What the machine would do: `linked`, `review` or `apart`.
        then_different: The same.
    """

    comparison: str
    if_equal: float
    if_different: float
    then_equal: str
    then_different: str


def by_weight(weight: float, thresholds: Thresholds) -> str:
    """What the machine does with a weight that no guard forbids."""
    if weight >= thresholds.link:
        return LINKED
    return REVIEW if weight >= thresholds.review else APART


def _if_different(name: str, weight: float, thresholds: Thresholds) -> str:
    """Two CPFs are never joined by the machine, whatever the weight."""
    then = by_weight(weight, thresholds)
    return REVIEW if name == "cpf" and then == LINKED else then


def would_settle(
    model: PersonModel, population: int, pattern: int, weight: float
) -> tuple[Settling, ...]:
    """Missing values that would change the decision; first what decides it either way."""
    now = by_weight(weight, model.thresholds)
    found = []
    for name in ASKED_FOR:
        if levels_of(pattern)[name] is not None:
            continue
        equal = weight + _gain(model, population, pattern, name, strongest=True)
        other = weight + _gain(model, population, pattern, name, strongest=False)
        then = by_weight(equal, model.thresholds), _if_different(name, other, model.thresholds)
        if then != (now, now):
            found.append(Settling(name, round(equal, 2), round(other, 2), *then))
    return tuple(
        sorted(found, key=lambda one: {one.then_equal, one.then_different} != {LINKED, APART})
    )


def _gain(
    model: PersonModel, population: int, pattern: int, name: str, *, strongest: bool
) -> float:
    """What the level would add, the share of the relatives counted anew."""
    place = 1
    for comparison in COMPARISONS:
        if comparison.name == name:
            digit = len(comparison.levels) if strongest else 1
            changed = pattern + digit * place
            return _plain(model, population, changed) - _plain(model, population, pattern)
        place *= len(comparison.levels) + 1
    raise KeyError(name)


def _plain(model: PersonModel, population: int, pattern: int) -> float:
    """The weight of a pattern, whatever its values."""
    return -explain_pattern(model, population, pattern, 0.0).rarity
