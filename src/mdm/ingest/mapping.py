"""How a canonical value is made from source columns: the rules of a `[mapping]` table.

A rule is a column name, a list, or a table:

* ``"no_cidadao"``: the column;
* ``["nu_celular", "nu_fixo"]``: for a canonical column that may hold several values all of them,
  otherwise the first that is not blank;
* ``{join = ["uf", "numero"], with = " ", needs = ["numero"]}``: the parts joined, blank parts
  left out; nothing when a column of `needs` is blank;
* ``{first = [...]}``, ``{column = "no_mae"}``, ``{value = "4314902"}``, each with an optional
  ``unless = {column = "st_desconhece", values = ["1"]}`` or ``only_if = {...}``.

Rules become SQL expressions over the columns of a reader; values never pass through Python.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypeAliasType

from mdm.domain.canonical import CANONICAL, SEVERAL, UNMAPPED, Kind

ColumnSql: TypeAlias = Callable[[str], str]
ABSENT = "CAST(NULL AS VARCHAR)"
"""The expression of a column that the file lacks."""
NonEmpty = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """The base of everything read from TOML: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class When(Strict):
    """A condition: the column holds one of the values (compared trimmed, without case)."""

    column: NonEmpty
    values: Annotated[tuple[str, ...], Field(min_length=1)]

    def sql(self, column: ColumnSql) -> str:
        """A boolean expression that is never NULL."""
        listed = ", ".join(literal(value.strip().upper()) for value in self.values)
        return f"coalesce(upper({column(self.column)}) IN ({listed}), false)"


# A recursive alias; `type` statements need Python 3.12.
Rule = TypeAliasType("Rule", "str | tuple[Rule, ...] | RuleTable")


class RuleTable(Strict):
    """The table form of a rule; exactly one of `column`, `first`, `join`, `value` is given."""

    column: NonEmpty | None = None
    first: tuple[Rule, ...] | None = None
    join: tuple[Rule, ...] | None = None
    value: NonEmpty | None = None
    with_: Annotated[str, Field(alias="with")] = " "
    needs: tuple[NonEmpty, ...] = ()
    unless: When | None = None
    only_if: When | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [self.column, self.first, self.join, self.value]
        if sum(form is not None for form in forms) != 1:
            msg = "give exactly one of column, first, join, value"
            raise ValueError(msg)
        return self


RuleTable.model_rebuild()


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(rule: Rule) -> Iterator[str]:
    """Every source column that a rule reads."""
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, tuple):
        for part in rule:
            yield from columns_of(part)
    else:
        if rule.column is not None:
            yield rule.column
        for part in (*(rule.first or ()), *(rule.join or ())):
            yield from columns_of(part)
        yield from rule.needs
        yield from (when.column for when in (rule.unless, rule.only_if) if when is not None)


def rule_sql(rule: Rule, column: ColumnSql, *, many: bool) -> str:
    """The SQL expression of a rule: trimmed text, or NULL.

    Args:
        rule: What to write.
        column: Gives the expression of a source column: trimmed, NULL when blank or absent.
        many: Whether the canonical column holds several values.
    """
    if isinstance(rule, str):
        return column(rule)
    if isinstance(rule, tuple):
        parts = [rule_sql(part, column, many=many) for part in rule]
        return _several(parts) if many else _first(parts)
    return _guarded(rule, _table_sql(rule, column, many=many), column)


def _table_sql(rule: RuleTable, column: ColumnSql, *, many: bool) -> str:
    if rule.column is not None:
        return column(rule.column)
    if rule.value is not None:
        return literal(rule.value)
    if rule.first is not None:
        return _first([rule_sql(part, column, many=many) for part in rule.first])
    parts = ", ".join(rule_sql(part, column, many=many) for part in rule.join or ())
    return f"nullif(concat_ws({literal(rule.with_)}, {parts}), '')"


def _guarded(rule: RuleTable, sql: str, column: ColumnSql) -> str:
    conditions = [f"{column(name)} IS NOT NULL" for name in rule.needs]
    if rule.only_if is not None:
        conditions.append(rule.only_if.sql(column))
    if rule.unless is not None:
        conditions.append(f"NOT {rule.unless.sql(column)}")
    return f"CASE WHEN {' AND '.join(conditions)} THEN {sql} END" if conditions else sql


def _first(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _several(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"nullif(concat_ws({literal(SEVERAL)}, {', '.join(parts)}), '')"


CODED = frozenset({Kind.SEX, Kind.RACE, Kind.ROLE, Kind.FLAG})
"""Kinds with a closed list of canonical codes."""


def coded_sql(sql: str, codes: Mapping[str, str], *, closed: bool) -> str:
    """A code map over an expression.

    A code that the map lacks is marked where the canonical codes are a closed list: passed on as
    it is, it would be read as a canonical code that means something else. Free text passes.
    """
    lines = [
        f"WHEN {literal(code.strip().upper())} THEN {literal(meaning) if meaning else 'NULL'}"
        for code, meaning in sorted(codes.items())
    ]
    other = f"ELSE {literal(UNMAPPED)} || ({sql})" if closed else f"ELSE {sql}"
    return f"CASE upper({sql}) {' '.join(lines)} {other} END"


def dated_sql(sql: str, date_format: str) -> str:
    """A date in the source's own format as ISO text; what does not parse stays as received."""
    return f"coalesce(strftime(try_strptime({sql}, {literal(date_format)}), '%Y-%m-%d'), {sql})"


def canonical_sql(
    name: str,
    rule: Rule,
    column: ColumnSql,
    *,
    codes: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> str:
    """The whole expression of one canonical column: rule, date format, code map."""
    field = CANONICAL[name]
    sql = rule_sql(rule, column, many=field.many)
    if date_format is not None and field.kind is Kind.DATE:
        sql = dated_sql(sql, date_format)
    return sql if codes is None else coded_sql(sql, codes, closed=field.kind in CODED)
