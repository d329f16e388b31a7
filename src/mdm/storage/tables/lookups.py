"""Indexes on values inside JSON, by which readers find a citizen or a family.

A list of numbers, `["705000000000014","898001160660770"]`, holds them one after the other, all of
one length: the n-th stands at a fixed place. Both databases index that expression; rows with fewer
numbers are not in the n-th index.
"""

from typing import Any

from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import Text
from sqlmodel import Index

NUMBERS_INDEXED = {"cns": 6, "nis": 3}
"""Numbers of a list by which a citizen is found; the longest lists of a city have five and two."""

_DIGITS = {"cns": 15, "nis": 11}
_OPENING = 3  # the first digit stands after `["`
_BETWEEN = 3  # `","`


def nth_number(column: str, n: int) -> str:
    """SQL of the n-th number (from 0) of a list column."""
    digits = _DIGITS[column]
    return f"substr({column}, {_OPENING + n * (digits + _BETWEEN)}, {digits})"


def has_nth(column: str, n: int) -> str:
    """SQL of whether a list column holds an n-th number."""
    return f"length({column}) > {_OPENING + n * (_DIGITS[column] + _BETWEEN)}"


def payload_value(dialect: str, payload: str, column: str) -> str:
    """SQL of one value in a payload."""
    if dialect == "sqlite":
        return f"json_extract({payload}, '$.{column}')"
    return f"(({payload})::jsonb ->> '{column}'::text)"


class PayloadValue(ColumnElement[str]):
    """The same as an expression that each database spells its way."""

    inherit_cache = True
    type = Text()

    def __init__(self, column: str) -> None:
        self.column = column


@compiles(PayloadValue)
def _spelled(element: PayloadValue, compiler: Any, **_: object) -> str:
    return payload_value(compiler.dialect.name, "payload", element.column)


def number_indexes() -> tuple[Index, ...]:
    """Indexes of `golden_record` on the numbers of its lists."""
    return tuple(
        Index(
            f"ix_golden_record_{column}_{n}",
            text(nth_number(column, n)),
            sqlite_where=text(has_nth(column, n)),
            postgresql_where=text(has_nth(column, n)),
        )
        for column, count in NUMBERS_INDEXED.items()
        for n in range(count)
    )


def household_index() -> Index:
    """The index of `record_version` on the declared family."""
    return Index("ix_record_version_household", PayloadValue("household_id"))
