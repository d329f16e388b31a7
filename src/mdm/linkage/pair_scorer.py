"""The match weight of two records in plain Python: the twin of `mdm.linkage.scoring`.

One model, one answer: the same levels (`Condition.holds`), the same frozen frequencies and the
same mixture of classes as the batch. It also tells what each comparison adds, for explanations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mdm.linkage.mixture import other_classes, prior_bits, taken_off
from mdm.linkage.model import LevelParameters, PersonModel, frequency
from mdm.linkage.person_model import COMPARISONS, Comparison, Level

Values = Mapping[str, object]
DIGITS = 6
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one comparison says.

    Attributes:
        comparison: Name of the comparison.
        level: Label of the level found, "missing" where a side is missing.
        bits: log2(m / u) of the level; 0 where missing.
        frequency_bits: Added because the very value is rarer (or commoner) than the average.
    """

    comparison: str
    level: str
    bits: float
    frequency_bits: float


@dataclass(frozen=True, slots=True)
class PairWeight:
    """The match weight of a pair and its parts, in bits.

    Attributes:
        total: The match weight, six digits after the point, as the batch stores it.
        prior: What is known before any value is compared.
        contributions: One for each comparison, in the order of the model.
        relatives: Taken off because close relatives or a twin would look like this too; never
            positive.
        pattern: The levels, packed as `mdm.linkage.scoring.pattern_sql` packs them.
    """

    total: float
    prior: float
    contributions: tuple[Contribution, ...]
    relatives: float
    pattern: int


class PairScorer:
    """Weighs pairs of prepared records.

    Args:
        model: The person model.
        population: Population class, see `mdm.linkage.model.population_class`.
    """

    __slots__ = ("_model", "_others", "_prior")

    def __init__(self, model: PersonModel, population: int) -> None:
        self._model = model
        self._prior = prior_bits(model, population)
        self._others = other_classes(model, population)

    def weight(self, left: Values, right: Values) -> PairWeight:
        """The match weight of two records; the order of the two is of no effect.

        Args:
            left: Columns as `mdm.linkage.prepare_one.prepare_one` gives them.
            right: The other record's.
        """
        contributions: list[Contribution] = []
        excess = [other.shift for other in self._others]
        pattern, place = 0, 1
        for comparison in COMPARISONS:
            found = _level_found(comparison, left, right)
            if found is None:
                contributions.append(Contribution(comparison.name, MISSING, 0.0, 0.0))
            else:
                parameters = self._model.levels[comparison.name][found]
                level = comparison.levels[found]
                extra = self._frequency_bits(level, parameters, left, right)
                bits = math.log2(parameters.m / parameters.u)
                contributions.append(Contribution(comparison.name, level.label, bits, extra))
                excess = [
                    so_far + other.bits(parameters)
                    for so_far, other in zip(excess, self._others, strict=True)
                ]
                pattern += (len(comparison.levels) - found) * place
            place *= len(comparison.levels) + 1
        splink = self._prior + sum(c.bits + c.frequency_bits for c in contributions)
        taken = taken_off(splink, excess)
        return PairWeight(
            total=round(splink + taken, DIGITS),
            prior=self._prior,
            contributions=tuple(contributions),
            relatives=taken,
            pattern=pattern,
        )

    def _frequency_bits(
        self, level: Level, parameters: LevelParameters, left: Values, right: Values
    ) -> float:
        if level.tf is None:
            return 0.0
        shares = [frequency(self._model.term_frequencies, level.tf, v) for v in (left, right)]
        known = [share for share in shares if share is not None]
        return math.log2(parameters.u / max(known)) if len(known) > 0 else 0.0


def _level_found(comparison: Comparison, left: Values, right: Values) -> int | None:
    """Place of the first level that holds, counted from the strongest; None where missing."""
    if comparison.missing.holds(left, right):
        return None
    return next(
        place
        for place, level in enumerate(comparison.levels)
        if level.condition is None or level.condition.holds(left, right)
    )
