"""The closed list of level kinds: what one graded outcome of a comparison may ask.

Every kind has an SQL twin (run by Splink on DuckDB or Spark) and a Python twin (RapidFuzz). Only
equality, membership, `levenshtein` and `damerau_levenshtein` over folded ASCII are used, because
these agree on all engines. A missing value is NULL / None; a condition over one is not met.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz.distance import DamerauLevenshtein, Levenshtein

Values = Mapping[str, object]


class Condition(Protocol):
    """A condition on a pair of prepared records."""

    def sql(self) -> str:
        """The condition as SQL over `column_l` and `column_r`."""
        ...

    def holds(self, left: Values, right: Values) -> bool:
        """The same condition on two prepared records."""
        ...


def _text(values: Values, column: str) -> str | None:
    value = values[column]
    return None if value is None else str(value)


def _items(values: Values, column: str) -> tuple[str, ...]:
    value = values[column]
    return tuple(value) if isinstance(value, (tuple, list)) else ()


@dataclass(frozen=True, slots=True)
class AnyMissing:
    """A column is missing on either side."""

    column: str

    def sql(self) -> str:
        return f'"{self.column}_l" IS NULL OR "{self.column}_r" IS NULL'

    def holds(self, left: Values, right: Values) -> bool:
        return left[self.column] is None or right[self.column] is None


@dataclass(frozen=True, slots=True)
class BothKnown:
    """A column is known on both sides."""

    column: str

    def sql(self) -> str:
        return f'"{self.column}_l" IS NOT NULL AND "{self.column}_r" IS NOT NULL'

    def holds(self, left: Values, right: Values) -> bool:
        return left[self.column] is not None and right[self.column] is not None


@dataclass(frozen=True, slots=True)
class BothMissing:
    """A column is missing on both sides."""

    column: str

    def sql(self) -> str:
        return f'"{self.column}_l" IS NULL AND "{self.column}_r" IS NULL'

    def holds(self, left: Values, right: Values) -> bool:
        return left[self.column] is None and right[self.column] is None


@dataclass(frozen=True, slots=True)
class AnyIs:
    """A column has a certain value on either side."""

    column: str
    value: str

    def sql(self) -> str:
        return f"(\"{self.column}_l\" = '{self.value}' OR \"{self.column}_r\" = '{self.value}')"

    def holds(self, left: Values, right: Values) -> bool:
        return self.value in (left[self.column], right[self.column])


@dataclass(frozen=True, slots=True)
class Equal:
    """A column is equal."""

    column: str

    def sql(self) -> str:
        return f'"{self.column}_l" = "{self.column}_r"'

    def holds(self, left: Values, right: Values) -> bool:
        return left[self.column] is not None and left[self.column] == right[self.column]


@dataclass(frozen=True, slots=True)
class Crossed:
    """A column on one side equals another column on the other side."""

    column: str
    other: str

    def sql(self) -> str:
        return f'("{self.column}_l" = "{self.other}_r" OR "{self.column}_r" = "{self.other}_l")'

    def holds(self, left: Values, right: Values) -> bool:
        one = left[self.column] is not None and left[self.column] == right[self.other]
        return one or (right[self.column] is not None and right[self.column] == left[self.other])


@dataclass(frozen=True, slots=True)
class Typed:
    """A short column is within a Damerau-Levenshtein distance (typing slips).

    Distances are dear: `when` names cheap equalities of which one must hold first.
    """

    column: str
    distance: int
    when: tuple[str, ...]
    least_length: int = 1

    def sql(self) -> str:
        return _distance_sql("damerau_levenshtein", self)

    def holds(self, left: Values, right: Values) -> bool:
        return _is_within(DamerauLevenshtein.distance, self, left, right)


@dataclass(frozen=True, slots=True)
class Edited:
    """A long column is within a Levenshtein distance; see `Typed`."""

    column: str
    distance: int
    when: tuple[str, ...]
    least_length: int = 1

    def sql(self) -> str:
        return _distance_sql("levenshtein", self)

    def holds(self, left: Values, right: Values) -> bool:
        return _is_within(Levenshtein.distance, self, left, right)


def _distance_sql(function: str, kind: Typed | Edited) -> str:
    left, right = f'"{kind.column}_l"', f'"{kind.column}_r"'
    first = " OR ".join(f'"{column}_l" = "{column}_r"' for column in kind.when)
    if kind.least_length > 1:
        first = f"({first}) AND least(length({left}), length({right})) >= {kind.least_length}"
    # CASE, because only CASE keeps the distance from being computed for every pair.
    return f"CASE WHEN {first} THEN {function}({left}, {right}) <= {kind.distance} ELSE false END"


def _is_within(
    function: Callable[[str, str], int], kind: Typed | Edited, left: Values, right: Values
) -> bool:
    one, other = _text(left, kind.column), _text(right, kind.column)
    if one is None or other is None or min(len(one), len(other)) < kind.least_length:
        return False
    if not any(left[c] is not None and left[c] == right[c] for c in kind.when):
        return False
    return function(one, other) <= kind.distance


@dataclass(frozen=True, slots=True)
class Contained:
    """All tokens of one side stand on the other: a token is missing, none conflicts."""

    columns: tuple[str, ...]

    def _one_way(self, inner: str, outer: str) -> str:
        others = ", ".join(f'"{column}_{outer}"' for column in self.columns)
        tests = [f'"{self.columns[0]}_{inner}" IN ({others})']
        tests += [
            f'("{column}_{inner}" IS NULL OR "{column}_{inner}" IN ({others}))'
            for column in self.columns[1:]
        ]
        return " AND ".join(tests)

    def sql(self) -> str:
        return f"(({self._one_way('l', 'r')}) OR ({self._one_way('r', 'l')}))"

    def holds(self, left: Values, right: Values) -> bool:
        one = {left[column] for column in self.columns} - {None}
        other = {right[column] for column in self.columns} - {None}
        first_l, first_r = left[self.columns[0]], right[self.columns[0]]
        return (first_l is not None and one <= other) or (first_r is not None and other <= one)


@dataclass(frozen=True, slots=True)
class Shared:
    """At least one token stands on both sides, wherever."""

    columns: tuple[str, ...]

    def sql(self) -> str:
        others = ", ".join(f'"{column}_r"' for column in self.columns)
        return "(" + " OR ".join(f'"{column}_l" IN ({others})' for column in self.columns) + ")"

    def holds(self, left: Values, right: Values) -> bool:
        other = {right[column] for column in self.columns} - {None}
        return any(left[column] in other for column in self.columns if left[column] is not None)


@dataclass(frozen=True, slots=True)
class InitialOf:
    """One side is the initial letter of the other."""

    column: str

    def sql(self) -> str:
        left, right = f'"{self.column}_l"', f'"{self.column}_r"'
        one_letter = f"(length({left}) = 1 OR length({right}) = 1)"
        return f"{one_letter} AND substr({left}, 1, 1) = substr({right}, 1, 1)"

    def holds(self, left: Values, right: Values) -> bool:
        one, other = _text(left, self.column), _text(right, self.column)
        if one is None or other is None:
            return False
        return 1 in (len(one), len(other)) and one[:1] == other[:1]


@dataclass(frozen=True, slots=True)
class AnyCommon:
    """Two lists have a member in common."""

    column: str

    def sql(self) -> str:
        return f'array_has_any("{self.column}_l", "{self.column}_r")'

    def holds(self, left: Values, right: Values) -> bool:
        return not set(_items(left, self.column)).isdisjoint(_items(right, self.column))


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def sql(self) -> str:
        return "(" + " AND ".join(f"({part.sql()})" for part in self.parts) + ")"

    def holds(self, left: Values, right: Values) -> bool:
        return all(part.holds(left, right) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def sql(self) -> str:
        return "(" + " OR ".join(f"({part.sql()})" for part in self.parts) + ")"

    def holds(self, left: Values, right: Values) -> bool:
        return any(part.holds(left, right) for part in self.parts)
