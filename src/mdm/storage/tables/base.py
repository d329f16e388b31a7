"""What all tables share: column types that mean the same on both databases."""

from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, Index, SQLModel

CHECK_COLUMN = "row_check"
STRICT = {"sqlite_strict": True}
WITHOUT_ROWID = {"sqlite_with_rowid": False, "sqlite_strict": True}
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}


class BigKey(TypeDecorator[int]):
    """BIGINT; on SQLite INTEGER, which alone may name the row ID."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type a database stores."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class PlainText(TypeDecorator[str]):
    """Text compared byte by byte on both databases, so that both give one order."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type a database stores."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Text(collation="C"))


class RealNumber(TypeDecorator[float]):
    """A double on both databases."""

    impl = Double
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type a database stores."""
        return dialect.type_descriptor(REAL() if dialect.name == "sqlite" else Double())


class Flag(TypeDecorator[bool]):
    """True or false; on SQLite, whose strict tables know no boolean, 1 or 0."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type a database stores."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())


class Registry(SQLModel):
    """Base of all tables; holds the metadata that migrations compare with."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)


def txt(*, key: bool = False) -> Any:
    """A text column that always holds a value."""
    return Field(sa_type=PlainText, primary_key=key)


def maybe_txt() -> Any:
    """A text column that may be empty."""
    return Field(default=None, sa_type=PlainText)


def num(*, key: bool = False) -> Any:
    """A 64-bit column that always holds a value; keys are given by storage, never by the driver."""
    extra = {"autoincrement": False} if key else {}
    return Field(sa_type=BigKey, primary_key=key, sa_column_kwargs=extra)


def maybe_num() -> Any:
    """A 64-bit column that may be empty."""
    return Field(default=None, sa_type=BigKey)


def real() -> Any:
    """A double that always holds a value."""
    return Field(sa_type=RealNumber)


def maybe_real() -> Any:
    """A double that may be empty."""
    return Field(default=None, sa_type=RealNumber)


def flag() -> Any:
    """True or false, false unless told."""
    return Field(default=False, sa_type=Flag)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """CHECK that a column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def where_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """A partial index on both databases."""
    rows = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def table_of(name: str) -> Table:
    """The declared table of a name; KeyError if there is none."""
    return Registry.metadata.tables[name]


def declared_tables() -> tuple[Table, ...]:
    """All tables in the order of their names."""
    return tuple(Registry.metadata.tables[name] for name in sorted(Registry.metadata.tables))
