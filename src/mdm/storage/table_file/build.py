"""A database file that holds one table with its indexes, filled from Arrow batches."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pysqlite3.dbapi2 as sqlite
from sqlalchemy import CheckConstraint, Index, Table
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from mdm.storage.table_file.btree import PAGE, PageFile, Tree
from mdm.storage.table_file.cells import Cells, cells_of
from mdm.storage.tables.base import BigKey

_SORT_MEMORY = "200MB"
_BATCH_ROWS = 65_536
_ROWS, _GATHERED = "rows_now", "gathered"
_ROW_ID = "counted_row"
_YES, _NO = map(pa.scalar, (True, False))


class _DuckDialect(SQLiteDialect):
    """Expressions as DuckDB spells them: as SQLite does, but for what stands in JSON."""

    name = "duckdb"


_DUCK = _DuckDialect()


class KeyOrderError(ValueError):
    """Rows do not come in the order of their key, or a key comes twice."""


class RuleBrokenError(ValueError):
    """A row breaks a rule that its table declares."""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """How a database declares a table.

    Attributes:
        table: As the program declares it.
        columns: Names in the order in which the database keeps them.
        statements: SQL that makes the table, then its indexes.
        indexes: The declared indexes among them; none for rows that are checked by SQLite again.
    """

    table: Table
    columns: Sequence[str]
    statements: Sequence[str]
    indexes: Sequence[Index]

    @property
    def keys(self) -> list[str]:
        """Columns of the primary key."""
        return [column.name for column in self.table.primary_key.columns]

    @property
    def by_row_id(self) -> bool:
        """Whether its rows go by SQLite's row ID: without, they stand in an index."""
        return bool(self.table.dialect_options["sqlite"]["with_rowid"])

    @property
    def key_index(self) -> str | None:
        """The index of the key, where that is not the row ID of a table which has them."""
        return f"sqlite_autoindex_{self.table.name}_1" if self._is_counted else None

    @property
    def row_id(self) -> str | None:
        """The column that is or stands for the row ID; None in a table without."""
        if not self.by_row_id:
            return None
        return _ROW_ID if self._is_counted else self.keys[0]

    @property
    def _is_counted(self) -> bool:
        """Whether row IDs are none of its columns, so that rows are counted."""
        keys = self.table.primary_key.columns
        is_row_id = len(keys) == 1 and all(isinstance(key.type, BigKey) for key in keys)
        return self.by_row_id and not is_row_id

    @property
    def rules(self) -> str:
        """SQL of what every row must meet."""
        checks = [
            str(one.sqltext) for one in self.table.constraints if isinstance(one, CheckConstraint)
        ]
        filled = [f'"{c.name}" IS NOT NULL' for c in self.table.columns if not c.nullable]
        return " AND ".join(f"coalesce({rule}, true)" for rule in [*checks, *filled])


def write_table_file(path: Path, schema: TableSchema, batches: Iterable[pa.RecordBatch]) -> None:
    """Make a database file of a table's rows.

    Args:
        path: Where; no file is there yet.
        schema: The table.
        batches: Its rows in key order, with all its columns.

    Raises:
        KeyOrderError: The rows do not come in key order.
        RuleBrokenError: A row breaks a declared rule.
    """
    roots = _made(path, schema)
    with closing(PageFile(path)) as file, closing(_scratch(path.parent)) as con:
        last: list[object] | None = None
        trees = [Tree(file, roots[schema.table.name], by_row_id=schema.by_row_id)]
        if schema.key_index is not None:
            trees.append(Tree(file, roots[schema.key_index], by_row_id=False))
        gathered = _Gathered(con, schema)
        for batch in _counted(schema, batches):
            gathered.take(batch)
            last = check_order(batch.select(schema.keys).columns, last)
            for tree, cells in zip(trees, _row_cells(schema, batch), strict=True):
                tree.add(cells)
        for tree in trees:
            tree.close()
        for index in schema.indexes:
            _write_index(file, roots[str(index.name)], gathered.entries(index))


def _made(path: Path, schema: TableSchema) -> dict[str, int]:
    """Make the file with empty trees; returns their root pages."""
    with closing(sqlite.connect(str(path), isolation_level=None)) as connection:
        path.chmod(0o600)
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("PRAGMA synchronous = OFF")
        for statement in schema.statements:
            connection.execute(statement)
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall())


def _scratch(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        config={
            "threads": 2,
            "memory_limit": _SORT_MEMORY,
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def _counted(schema: TableSchema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows with a row ID each, from 1 on, where none of their columns is it."""
    if schema.key_index is None:
        yield from batches
        return
    rows = 0
    for batch in batches:
        numbers = pa.array(np.arange(rows + 1, rows + 1 + batch.num_rows))
        rows += batch.num_rows
        yield batch.append_column(_ROW_ID, numbers)


def _row_cells(schema: TableSchema, batch: pa.RecordBatch) -> Iterator[Cells]:
    """The cells of rows, and those of the index of their key."""
    keys = [batch.column(name) for name in schema.keys]
    if schema.row_id is None:
        others = [name for name in schema.columns if name not in schema.keys]
        yield cells_of([*keys, *(batch.column(name) for name in others)])
        return
    row_ids = batch.column(schema.row_id)
    columns = [None if name == schema.row_id else batch.column(name) for name in schema.columns]
    yield cells_of(columns, row_ids.to_numpy())
    if schema.key_index is not None:
        yield cells_of([*keys, row_ids])


class _Gathered:
    """What the indexes hold, kept until it can be sorted; rows are tested on their way.

    It is copied into a table, which may go to disk: a batch is free once its cells are written.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, schema: TableSchema) -> None:
        self._con = con
        self._schema = schema
        self._is_empty = True
        self._parts = {str(index.name): _parts(index, schema) for index in schema.indexes}
        every = [sql for index in schema.indexes for sql in (*self._of(index), _condition(index))]
        self._columns = {sql: f"c{n}" for n, sql in enumerate(dict.fromkeys(every))}

    def take(self, batch: pa.RecordBatch) -> None:
        """Test some rows and gather what indexes hold of them.

        Raises:
            RuleBrokenError: A row breaks a declared rule.
        """
        self._con.register(_ROWS, batch)
        table = f'{_ROWS} AS "{self._schema.table.name}"'
        broken = f"SELECT 1 FROM {table} WHERE NOT ({self._schema.rules}) LIMIT 1"
        if self._con.execute(broken).fetchall():
            raise RuleBrokenError(f"{self._schema.table.name}: a row breaks a rule of the table")
        if self._columns:
            made = ", ".join(f"({sql}) AS {name}" for sql, name in self._columns.items())
            into = f"CREATE TABLE {_GATHERED} AS" if self._is_empty else f"INSERT INTO {_GATHERED}"
            self._con.execute(f"{into} SELECT {made} FROM {table}")
            self._is_empty = False
        self._con.unregister(_ROWS)

    def entries(self, index: Index) -> Iterator[pa.RecordBatch]:
        """The entries of an index in order.

        Raises:
            KeyOrderError: A unique one has two equal entries.
        """
        if self._is_empty:
            return
        columns = [self._columns[sql] for sql in self._of(index)]
        rows = self._con.sql(
            f"SELECT {', '.join(f'{name} AS e{n}' for n, name in enumerate(columns))}"
            f" FROM {_GATHERED} WHERE {self._columns[_condition(index)]}"
            f" ORDER BY {', '.join(f'{name} NULLS FIRST' for name in columns)}"
        )
        unique = len(index.expressions) if index.unique else len(columns)
        last: list[object] | None = None
        for batch in rows.to_arrow_reader(_BATCH_ROWS):
            last = check_order(batch.columns[:unique], last)
            yield batch

    def _of(self, index: Index) -> list[str]:
        return self._parts[str(index.name)]


def _parts(index: Index, schema: TableSchema) -> list[str]:
    """SQL of what an entry of an index consists of.

    A row ID ends each entry, even of an index that has the column it goes by as well.
    """
    named = {column.name for column in index.columns}
    others = [name for name in schema.keys if name not in named]
    rest = others if schema.row_id is None else [schema.row_id]
    return [*map(_sql, index.expressions), *(f'"{name}"' for name in rest)]


def _condition(index: Index) -> str:
    where = index.dialect_options["sqlite"]["where"]
    return "true" if where is None else _sql(where)


def _write_index(file: PageFile, root: int, entries: Iterator[pa.RecordBatch]) -> None:
    tree = Tree(file, root, by_row_id=False)
    for batch in entries:
        tree.add(cells_of(batch.columns))
    tree.close()


def _sql(expression: Any) -> str:
    return str(expression.compile(dialect=_DUCK, compile_kwargs={"literal_binds": True}))


def check_order(columns: Sequence[pa.Array], last: list[object] | None) -> list[object]:
    """Refuse keys that do not rise; returns the last of them.

    Args:
        columns: The columns of the key, the first one deciding.
        last: Key of the row before; None where there is none.
    """
    before = [
        pa.concat_arrays([pa.array([None if last is None else last[n]], column.type), column[:-1]])
        for n, column in enumerate(columns)
    ]
    rising = np.zeros(len(columns[0]), dtype=np.bool_)
    for column, former in reversed(list(zip(columns, before, strict=True))):
        less = pc.less(former, column).fill_null(_YES).to_numpy(zero_copy_only=False)
        same = pc.equal(former, column).fill_null(_NO).to_numpy(zero_copy_only=False)
        rising = less | same & rising
    if not bool(rising.all()):
        raise KeyOrderError("rows must come in the order of their key, each key once")
    return [column[-1].as_py() for column in columns]
