"""Indexes on values inside JSON, by which readers find a citizen or a family."""

from typing import Any

from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import Text
from sqlmodel import Index

from mdm.domain.number_list import DIGITS, NUMBERS_FOUND, nth_place


def nth_number(column: str, n: int) -> str:
    """SQL of the n-th number (from 0) of a list column."""
    return f"substr({column}, {nth_place(column, n)}, {DIGITS[column]})"


def has_nth(column: str, n: int) -> str:
    """SQL of whether a list column holds an n-th number."""
    return f"length({column}) > {nth_place(column, n)}"


def payload_value(dialect: str, payload: str, column: str) -> str:
    """SQL of one value in a payload; none of an erased record's, whose payload is empty."""
    value = {
        "sqlite": f"json_extract({payload}, '$.{column}')",
        "duckdb": f"json_extract_string({payload}, '$.{column}')",
        "postgresql": f"({payload})::jsonb ->> '{column}'::text",
    }[dialect]
    # DuckDB reads whole deliveries, most of which say nothing of the kind: to look is cheaper.
    said = f"contains({payload}, '\"{column}\"')" if dialect == "duckdb" else f"{payload} <> ''"
    return f"(CASE WHEN {said} THEN {value} END)"


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
        for column, count in NUMBERS_FOUND.items()
        for n in range(count)
    )


def household_index() -> Index:
    """The index of `record_version` on the declared family."""
    return Index("ix_record_version_household", PayloadValue("household_id"))
