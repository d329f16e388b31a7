"""A weight that a pair cannot exceed, from equalities alone: the first of the two steps of scoring.

Four of five candidates are far under every threshold, and most of what weighing them costs goes
into distances between texts and into comparisons that could no longer matter. Here each level that
asks for a distance is taken to be met where the equalities hold that it asks for first; of a
comparison the most is counted that any level gives which may be met. A pair under the threshold
with that is under it when it is weighed, so leaving it out changes no result.
"""

import math
import re

from mdm.linkage.levels import All, Condition, Edited, Either, Typed
from mdm.linkage.mixture import prior_bits
from mdm.linkage.model import LevelParameters, PersonModel
from mdm.linkage.person_model import COMPARISONS, TWIN_MARK, Comparison, Level

_ONLY_KNOWN = ("father", "suffix", TWIN_MARK)
"""Comparisons that settle little: it is only asked whether both sides are known."""
_ROUNDING = 1e-6
"""Bits by which sums of the same numbers may differ."""
_COLUMN = re.compile(r'"(\w+)_([lr])"')


def within_reach_sql(
    model: PersonModel, *, population: int, threshold: float, records: str, pairs: str
) -> str:
    """SQL of the pairs that may reach a threshold, in the columns of `pairs`.

    Args:
        model: The person model.
        population: Class of the number of records.
        threshold: Match weight in bits.
        records: Name of the table of prepared records.
        pairs: Name of the table of pairs: `join_key_l`, `join_key_r`, and more.

    Raises:
        ValueError: A level that counts rare values stands after one that asks for a distance.
    """
    parts = [_ceiling(one, model.levels[one.name]) for one in COMPARISONS]
    weight = " + ".join([repr(prior_bits(model, population)), *parts])
    of_sides = _COLUMN.sub(lambda found: f'{found[2]}."{found[1]}"', weight)
    return (
        f"SELECT p.* FROM {pairs} p JOIN {records} l ON l.unique_id = p.join_key_l "
        f"JOIN {records} r ON r.unique_id = p.join_key_r "
        f"WHERE {of_sides} >= {threshold - _ROUNDING!r}"
    )


def _ceiling(comparison: Comparison, parameters: tuple[LevelParameters, ...]) -> str:
    """SQL of the most bits that a comparison can give a pair."""
    bits = [math.log2(one.m / one.u) for one in parameters]
    missing = f"CASE WHEN {comparison.missing.sql()} THEN 0"
    if comparison.name in _ONLY_KNOWN:
        return f"{missing} ELSE {max(bits)!r} END"
    whens: list[str] = []
    may_be_met: list[tuple[float, str]] = []
    is_settled = True
    for level, given, found in zip(comparison.levels, parameters, bits, strict=True):
        if level.condition is None:
            continue
        asked, is_whole = _equalities(level.condition)
        is_settled = is_settled and is_whole
        if is_settled:
            whens.append(f"WHEN {asked} THEN {_bits(level, given, found)}")
        elif level.tf is not None:
            raise ValueError("rare values are counted at levels before any that asks a distance")
        elif found > bits[-1]:
            may_be_met.append((found, asked))
    # From the first level that may be met on, any of those after it may be the one that is.
    may_be_met.sort(key=lambda one: -one[0])
    whens += [f"WHEN {asked} THEN {found!r}" for found, asked in may_be_met]
    return f"{missing} {' '.join(whens)} ELSE {bits[-1]!r} END"


def _bits(level: Level, given: LevelParameters, found: float) -> str:
    """SQL of what a level gives, more for rare values as Splink counts them."""
    if level.tf is None:
        return repr(found)
    often = f'log2(greatest("tf_{level.tf}_l", "tf_{level.tf}_r"))'
    return f"{found!r} + coalesce({math.log2(given.u)!r} - {often}, 0)"


def _equalities(condition: Condition) -> tuple[str, bool]:
    """SQL of what a condition asks besides distances, and whether that is all it asks."""
    if isinstance(condition, Typed | Edited):
        return "(" + " OR ".join(f'"{c}_l" = "{c}_r"' for c in condition.when) + ")", False
    if isinstance(condition, All | Either):
        parts = [_equalities(part) for part in condition.parts]
        word = " AND " if isinstance(condition, All) else " OR "
        joined = word.join(f"({asked})" for asked, _ in parts)
        return f"({joined})", all(is_whole for _, is_whole in parts)
    return condition.sql(), True
