"""Between Arrow batches and the rows that the database drivers take and give."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
from sqlalchemy import LargeBinary, Table

from mdm.storage import row_check
from mdm.storage.tables import CHECK_COLUMN, table_of
from mdm.storage.tables.base import BigKey, Flag, RealNumber

ArrowData: TypeAlias = "pa.Table | pa.RecordBatch | Iterable[pa.RecordBatch]"
Key: TypeAlias = tuple[object, ...]
"""The values of a key, column by column."""
BATCH_ROWS = 65_536
NOT_HASHED = {"record_version": frozenset({"payload"})}
"""Columns that another column digests already: `content_hash` is the MD5 of `payload`."""


def arrow_schema(table: str, *, with_check: bool = False) -> pa.Schema:
    """The Arrow schema of a declared table, as callers give and get it.

    Args:
        table: Name of the table.
        with_check: Whether to keep `row_check`, which callers neither give nor read.
    """
    declared = table_of(table)
    return pa.schema(
        [
            pa.field(
                column.name, _arrow_type(declared, column.name), nullable=bool(column.nullable)
            )
            for column in declared.columns
            if with_check or column.name != CHECK_COLUMN
        ]
    )


def key_columns(table: str) -> list[str]:
    """The columns of the primary key, in order."""
    return [column.name for column in table_of(table).primary_key.columns]


def is_checked(table: str) -> bool:
    """Whether rows of the table carry a `row_check`."""
    return CHECK_COLUMN in table_of(table).columns


def hashed_columns(table: str) -> list[tuple[int, str]]:
    """The columns that the row check covers, with their numbers."""
    left_out = NOT_HASHED.get(table, frozenset())
    names = arrow_schema(table).names
    return [(number, name) for number, name in enumerate(names, start=1) if name not in left_out]


def _arrow_type(table: Table, name: str) -> pa.DataType:
    declared = table.columns[name].type
    if isinstance(declared, BigKey):
        return pa.int64()
    if isinstance(declared, Flag):
        return pa.bool_()
    if isinstance(declared, RealNumber):
        return pa.float64()
    if isinstance(declared, LargeBinary):
        return pa.binary()
    return pa.string()


def batches(data: ArrowData) -> Iterator[pa.RecordBatch]:
    """Any Arrow data as record batches of at most `BATCH_ROWS` rows, none empty."""
    if isinstance(data, pa.RecordBatch):
        source: Iterable[pa.RecordBatch] = (data,)
    elif isinstance(data, pa.Table):
        source = data.to_batches(max_chunksize=BATCH_ROWS)
    else:
        source = data
    for batch in source:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)


def peek(
    data: Iterator[pa.RecordBatch], rows: int
) -> tuple[list[pa.RecordBatch], Iterator[pa.RecordBatch]]:
    """The first batches that together hold `rows` rows, and the rest."""
    head: list[pa.RecordBatch] = []
    held = 0
    while held < rows and (batch := next(data, None)) is not None:
        head.append(batch)
        held += batch.num_rows
    return head, data


def in_key_order(table: str, data: ArrowData) -> ArrowData:
    """Rows of the narrow table whose keys are random, sorted: appended, not scattered."""
    if table != "municipal_id" or (isinstance(data, pa.RecordBatch) and data.num_rows < BATCH_ROWS):
        return data
    held = list(batches(data))
    if not held:
        return held
    return pa.Table.from_batches(held).sort_by("municipal_id")


def from_rows(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> pa.Table:
    """A few rows as Arrow, restricted to the columns that the first row names."""
    names = [name for name in schema.names if name in rows[0]]
    unknown = set(rows[0]) - set(names)
    if unknown:
        raise ValueError(f"unknown columns: {sorted(unknown)}")
    fields = pa.schema([schema.field(name) for name in names])
    return pa.Table.from_pylist([dict(row) for row in rows], schema=fields)


def key_set(keys: pa.Table | pa.RecordBatch) -> set[Key]:
    """The keys of some rows, of the columns in their order."""
    return set(zip(*(column.to_pylist() for column in keys.columns), strict=True))


def conform(
    batch: pa.RecordBatch, schema: pa.Schema, filled: Mapping[str, object]
) -> pa.RecordBatch:
    """A batch with exactly the columns of a schema, in order and cast.

    Args:
        batch: Columns in any order; those that may be empty can be left out.
        schema: What the table wants.
        filled: Values of columns that the caller left out.

    Raises:
        ValueError: A column is unknown, or one that must hold values is missing.
    """
    unknown = set(batch.schema.names) - set(schema.names)
    if unknown:
        raise ValueError(f"unknown columns: {sorted(unknown)}")
    given = set(batch.schema.names)
    columns = []
    for field in schema:
        if field.name in given:
            column = batch.column(field.name)
            columns.append(column if column.type == field.type else column.cast(field.type))
        elif field.name in filled:
            columns.append(pa.repeat(pa.scalar(filled[field.name], field.type), batch.num_rows))
        elif field.nullable:
            columns.append(pa.nulls(batch.num_rows, field.type))
        else:
            raise ValueError(f"column {field.name} is missing")
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def with_checks(table: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch of whole rows with its `row_check` computed."""
    columns = [(number, batch.column(name)) for number, name in hashed_columns(table)]
    checks = row_check.pack(*row_check.weighted_sums(columns, batch.num_rows))
    return batch.append_column(pa.field(CHECK_COLUMN, pa.int64(), nullable=False), pa.array(checks))


def python_columns(batch: pa.RecordBatch) -> list[list[object]]:
    """The columns of a batch as lists that a driver can bind."""
    return [_python_values(column) for column in batch.columns]


def _python_values(column: pa.Array) -> list[object]:
    """Far quicker than `to_pylist`, which makes a scalar object of every value."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int64())
    if column.null_count == 0 or pa.types.is_string(column.type):
        values: list[object] = column.to_numpy(zero_copy_only=False).tolist()
        return values
    if pa.types.is_binary(column.type):
        pylist: list[object] = column.to_pylist()
        return pylist
    numbers = column.fill_null(0).to_numpy(zero_copy_only=False).astype(object)
    numbers[column.is_null().to_numpy(zero_copy_only=False)] = None
    with_nulls: list[object] = numbers.tolist()
    return with_nulls


def joined_batch(chunks: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Some batches of one schema as one."""
    return pa.Table.from_batches(chunks).combine_chunks().to_batches()[0]


def rows_to_batch(chunk: Sequence[Sequence[object]], schema: pa.Schema) -> pa.RecordBatch:
    """One batch of driver rows."""
    columns = [
        _column(values, field)
        for values, field in zip(zip(*chunk, strict=True), schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(values: Sequence[object], field: pa.Field) -> pa.Array:
    if pa.types.is_boolean(field.type):
        return pa.array([None if value is None else bool(value) for value in values], pa.bool_())
    return pa.array(values, field.type)
