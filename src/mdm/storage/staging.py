"""Rows to change, put beside their table in the same transaction."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateIndex

from mdm.storage import row_check
from mdm.storage.arrow import (
    arrow_schema,
    batches,
    hashed_columns,
    is_checked,
    key_columns,
    peek,
)
from mdm.storage.bulk import bulk_for, quoted
from mdm.storage.tables import CHECK_COLUMN, table_of

STAGE = "stage_rows"
_CHANGE = "stage_change"
_SQLITE = SQLiteDialect()


@contextmanager
def staged(
    connection: Connection, table: str, data: Iterable[pa.RecordBatch]
) -> Iterator[list[str]]:
    """Rows in a temporary table `stage_rows` with the table's types, unique by its key.

    Yields:
        The columns that the rows hold. Where the block raises, the rollback drops the rows.
    """
    head, rest = peek(iter(data), 1)
    schema = arrow_schema(table, with_check=is_checked(table))
    names = list(head[0].schema.names if head else schema.names)
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE {STAGE} AS SELECT {quoted(names)} FROM "{table}" LIMIT 0'
    )
    bulk_for(connection).insert(STAGE, chain(head, rest))
    keys = quoted(key_columns(table))
    connection.exec_driver_sql(f"CREATE UNIQUE INDEX stage_key ON {STAGE} ({keys})")
    # A database that knows how few they are looks each up in the table, instead of reading that.
    connection.exec_driver_sql(f"ANALYZE {STAGE}")
    yield names
    connection.exec_driver_sql(f"DROP TABLE {STAGE}")


def joined(table: str) -> str:
    """FROM clause of the rows of a table (`t`) whose keys are staged (`s`)."""
    return f'"{table}" AS t JOIN {STAGE} AS s ON {same_key(table)}'


def same_key(table: str) -> str:
    """Condition that a row `t` of a table and a staged row `s` have one key."""
    return " AND ".join(f't."{name}" = s."{name}"' for name in key_columns(table))


def bring_level(connection: Connection, table: str, names: Sequence[str]) -> None:
    """Bring a table to what is staged: known rows where they differ, the others added.

    PostgreSQL writes a row and its indexes anew by each statement: there are two. SQLite writes
    each index of a column that is set, be its value the same: what stands in an index is set by
    itself, where it differs. And it copies every page that a statement of many rows changes, to
    undo it alone if a function in an index fails: there each row has its statement.

    Args:
        connection: Of the transaction in which the rows are staged.
        table: A declared table.
        names: The columns that the staged rows hold.
    """
    others = [name for name in names if name not in key_columns(table)]
    if connection.dialect.name == "sqlite":
        _bring_rows(connection, table, names, others)
        return
    settings = ", ".join(f'"{name}" = s."{name}"' for name in others)
    connection.exec_driver_sql(
        f'UPDATE "{table}" AS t SET {settings} FROM {STAGE} AS s '
        f"WHERE {same_key(table)} AND ({_changed(table, others)})"
    )
    connection.exec_driver_sql(
        f'INSERT INTO "{table}" ({quoted(names)}) SELECT {quoted(names)} FROM {STAGE} AS s '
        f'WHERE NOT EXISTS (SELECT 1 FROM "{table}" AS t WHERE {same_key(table)}) '
        f"ORDER BY {quoted(key_columns(table))}"
    )


def _changed(table: str, names: Sequence[str]) -> str:
    """Condition that a row is another than the staged one of its key."""
    return f"t.{CHECK_COLUMN} <> s.{CHECK_COLUMN}" if is_checked(table) else _differ(names)


def _differ(names: Sequence[str]) -> str:
    return " OR ".join(f't."{name}" IS DISTINCT FROM s."{name}"' for name in names) or "true"


def _bring_rows(
    connection: Connection, table: str, names: Sequence[str], others: Sequence[str]
) -> None:
    keys = key_columns(table)
    indexed = _indexed_together(table, others)
    plain = [name for name in others if not any(name in group for group in indexed)]
    told = [f't."{keys[0]}" IS NULL AS is_new']
    told += [f"{_differ(group)} AS differs_{n}" for n, group in enumerate(indexed)]
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_CHANGE} AS SELECT s.rowid AS stage_row, {', '.join(told)} "
        f'FROM {STAGE} AS s LEFT JOIN "{table}" AS t ON {same_key(table)} '
        f'WHERE t."{keys[0]}" IS NULL OR {_changed(table, others)}'
    )
    known = [(group, f"NOT is_new AND differs_{n}") for n, group in enumerate(indexed)]
    if plain:
        known.append((plain, "NOT is_new"))
    for group, which in known:
        marks = ", ".join(f'"{name}" = ?' for name in group)
        key = " AND ".join(f'"{name}" = ?' for name in keys)
        _for_each(connection, f'UPDATE "{table}" SET {marks} WHERE {key}', [*group, *keys], which)
    marks = ", ".join("?" * len(names))
    insert = f'INSERT INTO "{table}" ({quoted(names)}) VALUES ({marks})'
    _for_each(connection, insert, names, f"is_new ORDER BY {quoted(keys)}")
    connection.exec_driver_sql(f"DROP TABLE {_CHANGE}")


def _for_each(connection: Connection, sql: str, names: Sequence[str], which: str) -> None:
    """Run a statement for each of the changed rows that are asked for, with some of its values."""
    rows = f"SELECT {quoted(names)} FROM {_CHANGE} JOIN {STAGE} ON {STAGE}.rowid = stage_row"
    driver: Any = connection.connection
    with closing(driver.cursor()) as asked, closing(driver.cursor()) as told:
        told.executemany(sql, asked.execute(f"{rows} WHERE {which}"))


def _indexed_together(table: str, names: Sequence[str]) -> list[list[str]]:
    """Of some columns those that stand in indexes, each with all that it shares one with."""
    groups: list[set[str]] = []
    for index in table_of(table).indexes:
        said = str(CreateIndex(index).compile(dialect=_SQLITE))
        words = set(re.findall(r"\w+", said.split(" ON ", 1)[1]))
        group = {name for name in names if name in words}
        for other in [one for one in groups if not group.isdisjoint(one)]:
            groups.remove(other)
            group |= other
        groups.append(group)
    return sorted(sorted(group) for group in groups if group)


def with_shifted_checks(
    connection: Connection, table: str, given: pa.Table
) -> Iterator[pa.RecordBatch]:
    """Changed columns of known rows, with the check that each whole row will have.

    Rows whose key is unknown are left out.
    """
    full = arrow_schema(table, with_check=is_checked(table))
    wanted = pa.schema([full.field(name) for name in given.column_names])
    rows = given.cast(wanted)
    numbers = {name: number for number, name in hashed_columns(table) if is_checked(table)}
    changed = [
        (numbers[name], name)
        for name in wanted.names
        if name in numbers and name not in key_columns(table)
    ]
    fields = [*wanted, *(full.field(name).with_name(f"old_{name}") for _, name in changed)]
    selected = [*(f's."{name}"' for name in wanted.names), *(f't."{name}"' for _, name in changed)]
    if is_checked(table):
        fields.append(full.field(CHECK_COLUMN))
        selected.append(f't."{CHECK_COLUMN}"')
    query = f"SELECT {', '.join(selected)} FROM {joined(table)}"
    with staged(connection, table, batches(rows)):
        for batch in bulk_for(connection).read(query, {}, pa.schema(fields), 65_536):
            yield _shifted(batch, wanted.names, changed) if is_checked(table) else batch


def _shifted(
    batch: pa.RecordBatch, names: Sequence[str], changed: Sequence[tuple[int, str]]
) -> pa.RecordBatch:
    before = [(number, batch.column(f"old_{name}")) for number, name in changed]
    after = [(number, batch.column(name)) for number, name in changed]
    checks = row_check.shifted(
        batch.column(CHECK_COLUMN).to_numpy().astype(np.int64),
        row_check.weighted_sums(before, batch.num_rows),
        row_check.weighted_sums(after, batch.num_rows),
    )
    return batch.select(names).append_column(
        pa.field(CHECK_COLUMN, pa.int64(), nullable=False), pa.array(checks)
    )
