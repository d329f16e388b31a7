"""The staging tables: their columns, and the parts of SQL that several readers share."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from mdm.domain.canonical import CANONICAL
from mdm.ingest.layout import PER_SOURCE, Layout
from mdm.ingest.mapping import ABSENT, ColumnSql, canonical_sql, identifier, literal

VALUE_COLUMNS: tuple[str, ...] = tuple(name for name in CANONICAL if name != "local_id")
"""Canonical columns in their order, without the key: what a payload may hold."""

SCRATCH = ("stage_cut", "stage_repeats")
IGNORED_ROW = -1
"""The file number of a row that is no person of its own."""
TABLES = ("stage_record", "stage_removed", "stage_issue", "stage_quarantine")


def create_stage(con: duckdb.DuckDBPyConnection) -> None:
    """Empty staging tables; what an earlier load left is dropped."""
    drop_stage(con)
    con.execute("CREATE TABLE stage_removed (place BIGINT)")
    con.execute(
        "CREATE TABLE stage_issue (local_id VARCHAR, field VARCHAR, value_class VARCHAR,"
        " reason VARCHAR, place BIGINT)"
    )
    con.execute(
        "CREATE TABLE stage_quarantine"
        " (file VARCHAR, line BIGINT, local_id VARCHAR, reason VARCHAR, content VARCHAR)"
    )


def drop_stage(con: duckdb.DuckDBPyConnection) -> None:
    """Remove every staging table: nothing stays of a load that was refused."""
    drop_tables(con)
    remove_files(con)


def drop_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the staging tables, but not the files that `stage_record` is a view of."""
    views = con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    for name in (*TABLES, *SCRATCH):
        con.execute(f"DROP {'VIEW' if (name,) in views else 'TABLE'} IF EXISTS {name}")


def remove_files(con: duckdb.DuckDBPyConnection) -> None:
    """Remove the files of `stage_record`, which nobody reads any more."""
    if _database_file(con):
        shutil.rmtree(stage_folder(con), ignore_errors=True)


def stage_folder(con: duckdb.DuckDBPyConnection) -> Path:
    """Where the rows of `stage_record` lie: beside the database file.

    Raises:
        ValueError: The database has no file.
    """
    path = _database_file(con)
    if not path:
        raise ValueError("rows are staged beside a database file")
    return Path(f"{path}.stage")


def _database_file(con: duckdb.DuckDBPyConnection) -> str | None:
    query = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    (path,) = only_row(con, query)
    return path  # type: ignore[no-any-return]  # text, or NULL of a database in memory


def count_rows(con: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> int:
    """How many rows a table has."""
    return int(only_row(con, f"SELECT count(*) FROM {table} WHERE {where}")[0])


def only_row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The one row of a query; read to its end, because DuckDB allows no open result beside."""
    (row,) = con.execute(query).fetchall()
    return tuple(row)


def select_list(layout: Layout, column: ColumnSql) -> str:
    """The columns of a row as expressions over a reader's: local_id, scope, values received."""

    def value(name: str) -> str:
        return canonical_sql(
            name,
            layout.mapping[name],
            column,
            codes=layout.code_maps.get(name),
            date_format=layout.reading.date_format,
        )

    scope = literal(PER_SOURCE)
    if layout.scope != PER_SOURCE:
        scope = f"coalesce({column(layout.scope)}, '')"
    mapped = {name: value(name) for name in VALUE_COLUMNS if name in layout.mapping}
    named = [f"{sql} AS {identifier(name)}" for name, sql in mapped.items() if sql != ABSENT]
    return ", ".join([f"{value('local_id')} AS local_id", f"{scope} AS scope", *named])


def kept_rows(layout: Layout, column: ColumnSql) -> str:
    """The condition on rows that are persons of their own."""
    conditions = []
    for rows in layout.ignored_rows:
        dropped = rows.when.sql(column)
        if rows.unless_mapped is not None and rows.unless_mapped in layout.mapping:
            target = canonical_sql(rows.unless_mapped, layout.mapping[rows.unless_mapped], column)
            dropped = f"({dropped} AND {target} IS NULL)"
        conditions.append(f"NOT {dropped}")
    return " AND ".join(conditions) if conditions else "true"


def payload_sql(columns: Sequence[str] = VALUE_COLUMNS) -> str:
    """The payload of a row: a JSON object of the values that it has, in canonical order.

    Args:
        columns: The columns that have a value in some row, if known: the others cost time only.
    """
    if not columns:
        return "'{}'"
    parts = ", ".join(
        literal(f'"{name}":') + f" || to_json({identifier(name)})"
        for name in VALUE_COLUMNS
        if name in columns
    )
    return f"'{{' || concat_ws(',', {parts}) || '}}'"


def values_of_payload_sql(source: str, columns: Sequence[str] = VALUE_COLUMNS) -> str:
    """A query of everything in a table that has `payload`, and of the payload's values.

    Args:
        source: A table or view.
        columns: The values wanted.
    """
    paths = ", ".join(literal(f"$.{name}") for name in columns)
    cut = ", ".join(
        f"parts[{place}] AS {identifier(name)}" for place, name in enumerate(columns, 1)
    )
    inner = f"SELECT *, json_extract_string(payload, [{paths}]) AS parts FROM {source}"
    return f"SELECT *, {cut} FROM ({inner})"
