"""Moving columns in and out of a database inside the transaction's own connection.

SQLite: `executemany` on chunks through the one library of the process. PostgreSQL: `COPY` as CSV,
written and parsed by Arrow, so that no value becomes a Python object.
"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from sqlalchemy import Connection, Dialect, text
from sqlalchemy.schema import CreateIndex, DropIndex

from mdm.ahead import done_ahead, made_ahead
from mdm.storage.arrow import joined_batch, peek, python_columns, rows_to_batch
from mdm.storage.table_file.copying import table_file
from mdm.storage.tables import table_of

if TYPE_CHECKING:
    from psycopg import Cursor

Params = Mapping[str, object]
_DRIVER_ROWS = 4096
"""Rows turned into Python objects at a time: what fits the processor's cache (measured: chunks of
65,536 take twice as long, half of it in the garbage collector)."""
_STATEMENT_ROWS = 256


class Bulk(Protocol):
    """What both databases can do with columns."""

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append batches, whose columns are named like the table's.

        Args:
            table: Where to.
            batches: Made in a thread while others are written if `ahead`: they must use nothing
                of the connection then.
            ahead: Whether to.
        """

    def fill(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append many whole rows, in the order of their key; args as of `insert`."""

    def prepared(
        self, table: str, batches: Iterator[pa.RecordBatch], *, least: int
    ) -> AbstractContextManager[None]:
        """Append whole rows when the block ends, made ready in a thread until then.

        Args:
            table: Where to; the block leaves it alone.
            batches: In the order of their key; they must use nothing of the connection.
            least: From how many rows on they are many.
        """

    def read(
        self, sql: str, params: Params, schema: pa.Schema, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Stream the result of a query as batches of a schema."""


def bulk_for(connection: Connection) -> Bulk:
    """The way of the database that a connection speaks to."""
    return SqliteBulk(connection) if connection.dialect.name == "sqlite" else PgBulk(connection)


class SqliteBulk:
    """Chunks of tuples through pysqlite3."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _cursor(self) -> Any:
        return self._connection.connection.cursor()

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append batches, whose columns are named like the table's."""
        statements = _inserts(table, batches)
        with (
            closing(self._cursor()) as cursor,
            made_ahead(statements) if ahead else nullcontext(statements) as ready,
        ):
            for sql, rows in ready:
                cursor.executemany(sql, rows)

    def fill(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append many whole rows, in the order of their key, by way of a file of their own."""
        file = table_file(self._connection, table)
        with made_ahead(iter(batches)) if ahead else nullcontext(batches) as ready:
            file.write(ready)
        file.copy()

    @contextmanager
    def prepared(
        self, table: str, batches: Iterator[pa.RecordBatch], *, least: int
    ) -> Iterator[None]:
        """Append whole rows when the block ends; many are in a file by then."""
        file = table_file(self._connection, table)

        def written(rows: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch] | None:
            """The rows if they are few; None once they are in the file."""
            head, rest = peek(rows, least)
            if sum(batch.num_rows for batch in head) < least:
                return head
            with made_ahead(chain(head, rest)) as ready:
                file.write(ready)
            return None

        try:
            with done_ahead(written, batches) as result:
                yield
                few = result()
        except BaseException:
            file.discard()  # it may have been whole before anything failed
            raise
        if few is None:
            file.copy()
        else:
            self.insert(table, few)

    def read(
        self, sql: str, params: Params, schema: pa.Schema, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Stream the result of a query as batches of a schema."""
        with closing(self._cursor()) as cursor:
            cursor.execute(sql, dict(params))
            chunks: list[pa.RecordBatch] = []
            while rows := cursor.fetchmany(min(_DRIVER_ROWS, batch_rows)):
                chunks.append(rows_to_batch(rows, schema))
                if sum(chunk.num_rows for chunk in chunks) >= batch_rows:
                    yield joined_batch(chunks)
                    chunks = []
            if chunks:
                yield joined_batch(chunks)


def _inserts(
    table: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[str, list[list[object]]]]:
    """Statements and what they bind: several rows in each, since a call costs as much as a row."""
    for batch in batches:
        into = f'INSERT INTO "{table}" ({quoted(batch.schema.names)}) VALUES '
        marks = f"({', '.join('?' * batch.num_columns)})"
        many = into + ", ".join([marks] * _STATEMENT_ROWS)
        width = _STATEMENT_ROWS * batch.num_columns
        for start in range(0, batch.num_rows, _DRIVER_ROWS):
            flat = _flat(batch.slice(start, _DRIVER_ROWS))
            whole = len(flat) // width * width
            if whole != 0:
                yield many, [flat[at : at + width] for at in range(0, whole, width)]
            if whole != len(flat):
                rest = (len(flat) - whole) // batch.num_columns
                yield into + ", ".join([marks] * rest), [flat[whole:]]


def _flat(chunk: pa.RecordBatch) -> list[object]:
    """The cells of a chunk, row by row."""
    cells = np.empty((chunk.num_rows, chunk.num_columns), dtype=object)
    for number, column in enumerate(python_columns(chunk)):
        cells[:, number] = column
    flat: list[object] = cells.ravel().tolist()
    return flat


class PgBulk:
    """COPY in and out as CSV; an empty cell is NULL, a quoted empty one is empty text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._copying_in = False

    def _cursor(self) -> "Cursor[Any]":
        cursor: Cursor[Any] = self._connection.connection.cursor()  # type: ignore[assignment]  # psycopg's own
        return cursor

    def insert(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append batches, whose columns are named like the table's."""
        iterator = iter(batches)
        first = next(iterator, None)
        if first is None:
            return
        into = f'COPY "{table}" ({quoted(first.schema.names)}) FROM STDIN (FORMAT csv)'
        texts = map(_to_csv, chain([first], iterator))
        with (
            self._cursor() as cursor,
            cursor.copy(into) as copy,
            made_ahead(texts) if ahead else nullcontext(texts) as ready,
        ):
            self._copying_in = True
            try:
                for text_rows in ready:
                    copy.write(text_rows)
            finally:
                self._copying_in = False

    def fill(self, table: str, batches: Iterable[pa.RecordBatch], *, ahead: bool = False) -> None:
        """Append many whole rows; indexes are built afterwards if the table was empty."""
        with deferred_indexes(self._connection, table):
            self.insert(table, batches, ahead=ahead)

    @contextmanager
    def prepared(
        self, table: str, batches: Iterator[pa.RecordBatch], *, least: int
    ) -> Iterator[None]:
        """Append whole rows when the block ends: the connection takes one thing at a time."""
        del least
        yield
        self.fill(table, batches, ahead=True)

    def read(
        self, sql: str, params: Params, schema: pa.Schema, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Stream the result of a query as batches of a schema."""
        if self._copying_in:
            # The server would wait for rows and we for its answer, for ever.
            raise RuntimeError("rows that are being written must not be read from the same session")
        query = driver_sql(sql, self._connection.dialect)
        out = f"COPY ({query}) TO STDOUT (FORMAT csv)"
        with self._cursor() as cursor, cursor.copy(out, dict(params)) as copy:
            # The server sends one message per row, so a chunk never cuts a value in two.
            lines = iter(copy)
            while chunk := list(islice(lines, batch_rows)):
                yield _from_csv(chunk, schema)


@contextmanager
def deferred_indexes(connection: Connection, table: str) -> Iterator[None]:
    """Build the indexes of a table after it was filled, if it is empty before."""
    indexes = sorted(table_of(table).indexes, key=lambda index: str(index.name))
    if connection.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').first() is not None:
        indexes = []
    for index in indexes:
        connection.execute(DropIndex(index))
    yield
    for index in indexes:
        connection.execute(CreateIndex(index))


@lru_cache(maxsize=1024)
def driver_sql(sql: str, dialect: Dialect) -> str:
    """A statement with `:name` parameters as psycopg takes it; SQLite takes it as it is."""
    return str(text(sql).compile(dialect=dialect))


def quoted(names: Iterable[str]) -> str:
    """Column names for SQL text."""
    return ", ".join(f'"{name}"' for name in names)


def _to_csv(batch: pa.RecordBatch) -> memoryview:
    columns = [
        _hex(column) if pa.types.is_binary(column.type) else column for column in batch.columns
    ]
    plain = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
    sink = pa.BufferOutputStream()
    csv.write_csv(plain, sink, csv.WriteOptions(include_header=False))
    return memoryview(sink.getvalue())


def _hex(column: pa.Array) -> pa.Array:
    values = [None if value is None else "\\x" + value.hex() for value in column.to_pylist()]
    return pa.array(values, pa.string())


def _from_csv(chunk: Sequence[Any], schema: pa.Schema) -> pa.RecordBatch:
    binary = [field.name for field in schema if pa.types.is_binary(field.type)]
    kinds = {field.name: pa.string() if field.name in binary else field.type for field in schema}
    table = csv.read_csv(
        io.BytesIO(b"".join(chunk)),
        read_options=csv.ReadOptions(
            column_names=schema.names, use_threads=False, block_size=1 << 30
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=kinds,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    columns = [
        _unhex(table.column(field.name)) if field.name in binary else table.column(field.name)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema).combine_chunks().to_batches()[0]


def _unhex(column: pa.ChunkedArray) -> pa.ChunkedArray:
    digits = pc.utf8_slice_codeunits(column, start=2)
    values = [None if value is None else bytes.fromhex(value) for value in digits.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.binary())])
