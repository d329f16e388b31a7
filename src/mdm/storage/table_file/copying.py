"""Rows of a table file copied into the registry, inside the transaction's own connection."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection

from mdm.storage.table_file.build import TableSchema, write_table_file
from mdm.storage.tables import table_of

_ATTACHED = "mdm_attached"
_SUFFIX = ".filling"


def copy_in(connection: Connection, table: str, batches: Iterable[pa.RecordBatch]) -> None:
    """Append rows, in the order of their key.

    An empty table takes over the pages' cells as they are, those of its indexes too; into any
    other SQLite inserts row by row, and looks at each.

    Args:
        connection: Inside a transaction that writes.
        table: Where to.
        batches: Whole rows in key order.

    Raises:
        KeyOrderError: The rows do not come in key order.
        RuleBrokenError: A row breaks a rule that the table declares.
    """
    is_empty = connection.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').first() is None
    schema = _schema(connection, table, with_indexes=is_empty)
    path = _path(connection, table)
    path.unlink(missing_ok=True)  # left behind by a crash: the lane is ours, so nobody uses it
    name = f"filling_{len(connection.info.setdefault(_ATTACHED, []))}"
    try:
        write_table_file(path, schema, batches)
        connection.exec_driver_sql(f"ATTACH DATABASE ? AS {name}", (str(path),))
        connection.info[_ATTACHED].append(name)
    finally:
        path.unlink(missing_ok=True)  # what SQLite holds open stays; nothing outlives a crash
    connection.exec_driver_sql(f'INSERT INTO main."{table}" SELECT * FROM {name}."{table}"')


def let_go(connection: Connection) -> None:
    """Detach what a transaction copied from; it cannot be done before its end."""
    names = connection.info.pop(_ATTACHED, []) if not connection.invalidated else []
    for name in names:
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(f"DETACH DATABASE {name}")


def _path(connection: Connection, table: str) -> Path:
    database = connection.engine.url.database
    assert database is not None
    return Path(f"{database}.{table}{_SUFFIX}")


def _schema(connection: Connection, table: str, *, with_indexes: bool) -> TableSchema:
    declared = table_of(table)
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL "
        "ORDER BY type DESC, name",
        (table,),
    ).all()
    statements = {str(name): str(sql) for name, sql in found if with_indexes or name == table}
    columns = connection.exec_driver_sql(f'PRAGMA table_info("{table}")').all()
    return TableSchema(
        table=declared,
        columns=[str(column[1]) for column in columns],
        statements=list(statements.values()),
        indexes=[index for index in declared.indexes if str(index.name) in statements],
    )
