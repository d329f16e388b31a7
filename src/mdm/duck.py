"""Small reads from DuckDB and Arrow batches into it.

A result must be read to its end before the next statement runs.
"""

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa


def first_row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The first row of a query; () if it has none."""
    rows = con.execute(sql).fetchall()
    return rows[0] if rows else ()


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The number that a query gives; 0 if it gives none."""
    row = first_row(con, sql)
    return int(row[0] or 0) if row else 0


def count_rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Number of rows of a table."""
    return count(con, f"SELECT count(*) FROM {table}")


def write_batches(
    con: duckdb.DuckDBPyConnection, name: str, batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> None:
    """Write a table of a schema anew from a stream of batches."""
    con.register("part_rows", schema.empty_table())
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM part_rows")
    con.unregister("part_rows")
    for batch in batches:
        con.register("part_rows", pa.Table.from_batches([batch]))
        con.execute(f"INSERT INTO {name} SELECT * FROM part_rows")
        con.unregister("part_rows")
