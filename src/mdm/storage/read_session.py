"""Reading inside one consistent snapshot."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection

from mdm.storage.arrow import BATCH_ROWS, arrow_schema, is_checked
from mdm.storage.bulk import bulk_for, driver_sql, quoted
from mdm.storage.tables.lookups import payload_value

NO_PARAMS: Mapping[str, object] = MappingProxyType({})


class ReadSession:
    """Queries of one transaction; statements use `:name` parameters on both databases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bulk = bulk_for(connection)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    @property
    def driver_connection(self) -> Any:
        """The driver's own connection, for what only it can do (the online backup)."""
        return self._connection.connection.driver_connection

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """What reading damaged text can raise."""
        return (sqlite.OperationalError,) if self.dialect == "sqlite" else ()

    def empty_table(self, table: str) -> pa.Table:
        """A declared table without rows."""
        return arrow_schema(table, with_check=is_checked(table)).empty_table()

    def read_arrow(
        self,
        sql: str,
        params: Mapping[str, object] = NO_PARAMS,
        *,
        schema: pa.Schema,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows; memory is that of one batch.

        Args:
            sql: A SELECT; its columns stand in the order of `schema`.
            params: Values of its `:name` parameters.
            schema: Names and types of the result: int64, double, bool, string or binary.
            batch_rows: Rows of a batch.
        """
        return self._bulk.read(sql, params, schema, batch_rows)

    def read_table(
        self, sql: str, params: Mapping[str, object] = NO_PARAMS, *, schema: pa.Schema
    ) -> pa.Table:
        """A query's rows as one Arrow table."""
        return pa.Table.from_batches(self.read_arrow(sql, params, schema=schema), schema=schema)

    def table_batches(
        self,
        table: str,
        *,
        where: str = "",
        params: Mapping[str, object] = NO_PARAMS,
        with_check: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Stream a declared table, or the rows of it that meet a condition."""
        schema = arrow_schema(table, with_check=with_check)
        condition = f" WHERE {where}" if where != "" else ""
        sql = f'SELECT {quoted(schema.names)} FROM "{table}"{condition}'
        return self.read_arrow(sql, params, schema=schema)

    def rows(self, sql: str, params: Mapping[str, object] = NO_PARAMS) -> list[dict[str, object]]:
        """All rows of a small result, by column name."""
        with self._asked(sql, params) as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str, params: Mapping[str, object] = NO_PARAMS) -> dict[str, object] | None:
        """The first row, or None."""
        with self._asked(sql, params) as cursor:
            found = cursor.fetchone()
            names = [column[0] for column in cursor.description]
            return None if found is None else dict(zip(names, found, strict=True))

    def value(self, sql: str, params: Mapping[str, object] = NO_PARAMS) -> object:
        """The first column of the first row; None if there is no row."""
        with self._asked(sql, params) as cursor:
            found = cursor.fetchone()
            return None if found is None else found[0]

    def _asked(self, sql: str, params: Mapping[str, object]) -> AbstractContextManager[Any]:
        """The driver's own cursor after a query.

        A reader asks ten small questions for one citizen: what SQLAlchemy adds to each, 0.15 ms,
        would be half of the answer's time.
        """
        cursor: Any = self._connection.connection.cursor()
        spelled = sql if self.dialect == "sqlite" else driver_sql(sql, self._connection.dialect)
        cursor.execute(spelled, dict(params))
        return closing(cursor)

    def number(self, sql: str, params: Mapping[str, object] = NO_PARAMS) -> int:
        """A count or a sum; 0 where it is empty."""
        found = self.value(sql, params)
        return 0 if found is None else int(str(found))

    def payload_sql(self, version: str, column: str) -> str:
        """SQL of one value in the payload of an alias of `record_version`; NULL where it has none.

        For `household_id` it is what the index on the table says, so that it is found by it.
        """
        return payload_value(self.dialect, f"{version}.payload", column)
