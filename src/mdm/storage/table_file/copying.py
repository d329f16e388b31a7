"""Rows of a table file copied into the registry, inside the transaction's own connection."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection

from mdm.storage.table_file.build import TableSchema, write_table_file
from mdm.storage.tables import table_of

_ATTACHED = "mdm_attached"
_SUFFIX = ".filling"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table's rows on their way into it: written into a file, then copied.

    An empty table takes over the pages' cells as they are, those of its indexes too; into any
    other SQLite inserts row by row, and looks at each. Nothing else may write it meanwhile.
    """

    connection: Connection
    schema: TableSchema
    path: Path

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write whole rows in key order; uses nothing of the connection.

        Raises:
            KeyOrderError: The rows do not come in the order of their key.
            RuleBrokenError: A row breaks a rule that the table declares.
        """
        self.discard()  # a crash left it: the lane is ours, so nobody uses it
        try:
            write_table_file(self.path, self.schema, batches)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Delete the file, if it is there."""
        self.path.unlink(missing_ok=True)

    def copy(self) -> None:
        """Append what was written."""
        attached = self.connection.info.setdefault(_ATTACHED, [])
        name = f"filling_{len(attached)}"
        try:
            self.connection.exec_driver_sql(f"ATTACH DATABASE ? AS {name}", (str(self.path),))
            attached.append(name)
        finally:
            # What SQLite holds open stays; nothing outlives a crash.
            self.discard()
        table = self.schema.table.name
        self.connection.exec_driver_sql(
            f'INSERT INTO main."{table}" SELECT * FROM {name}."{table}"'
        )


def table_file(connection: Connection, table: str) -> TableFile:
    """A file for rows of a table.

    Args:
        connection: Inside a transaction that writes.
        table: Where they go to.
    """
    is_empty = connection.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').first() is None
    schema = _schema(connection, table, with_indexes=is_empty)
    return TableFile(connection, schema, _path(connection, table))


def has_copied(connection: Connection) -> bool:
    """Whether the transaction that runs copied a table file."""
    return bool(connection.info.get(_ATTACHED))


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
