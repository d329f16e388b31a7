"""Standardise stored payloads again: the cache of standard records, rebuilt."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date

import duckdb
import pyarrow as pa

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.ingest.mapping import identifier
from mdm.ingest.stage_rows import BLOCK_ROWS, append
from mdm.ingest.standardise_block import ARROW_TYPES, BlockStandardiser
from mdm.ingest.tables import VALUE_COLUMNS, count_rows, values_of_payload_sql
from mdm.ingest.worker_pool import standardisers

_WRITE_ROWS = 122_880
"""A row group of DuckDB: smaller appends are written twice, to the log and to the table."""
_MANY_ROWS = 100_000
"""Below these, starting worker processes costs more than they save."""
_SQL = {
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.int16(): "SMALLINT",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.list_(pa.string()): "VARCHAR[]",
}
STANDARD_SQL: dict[str, str] = {name: _SQL[ARROW_TYPES[name]] for name in STANDARD_COLUMNS}
"""The DuckDB type of every standard column."""

Progress = Callable[[str, float], None]


def standardise_payloads(
    con: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    *,
    today: date,
    keys: Sequence[str] = ("record_id", "source", "local_id", "version"),
    progress: Progress | None = None,
) -> int:
    """Standardise stored payloads again.

    Args:
        con: The database of both tables.
        source: A table (not a view) with the columns `keys` and `payload`, a JSON object of
            canonical values.
        target: The table to make: `keys` and the standard columns. It is replaced.
        today: What "in the future" is measured against.
        keys: Columns that are carried over.
        progress: Told the share done, 0 to 1.

    Returns:
        The number of rows written.
    """
    _create(con, source, target, keys)
    tell = progress if progress is not None else _silent
    rows, done = count_rows(con, identifier(source)), 0
    ready: list[pa.Table] = []
    with standardisers(today, many=rows >= _MANY_ROWS) as several:
        blocks = _blocks(con, source, keys) if rows else iter(())
        for block, made in several.each(_standardise, blocks):
            table = block.select(list(keys))
            for name in STANDARD_COLUMNS:
                table = table.append_column(f"standard_{name}", made.column(name))
            ready.append(table)
            done += table.num_rows
            if sum(one.num_rows for one in ready) >= _WRITE_ROWS or done == rows:
                append(con, identifier(target), pa.concat_tables(ready))
                ready.clear()
            tell("standardise", done / rows)
    return done


def _silent(step: str, share: float) -> None:
    """Tell nobody."""


def _create(con: duckdb.DuckDBPyConnection, source: str, target: str, keys: Sequence[str]) -> None:
    described = con.execute(f"DESCRIBE {identifier(source)}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    columns = [f"{identifier(key)} {types[key]}" for key in keys]
    columns += [f"{identifier(name)} {kind}" for name, kind in STANDARD_SQL.items()]
    con.execute(f"CREATE OR REPLACE TABLE {identifier(target)} ({', '.join(columns)})")


def _blocks(con: duckdb.DuckDBPyConnection, source: str, keys: Sequence[str]) -> Iterator[pa.Table]:
    """The rows, a block at a time, while `con` may write what comes of them."""
    wanted = ", ".join(map(identifier, (*keys, *VALUE_COLUMNS)))
    query = f"SELECT {wanted} FROM ({values_of_payload_sql(identifier(source))})"
    with closing(con.cursor()) as reading:
        for batch in reading.sql(query).to_arrow_reader(BLOCK_ROWS):
            yield pa.Table.from_batches([batch])


def _standardise(standardiser: BlockStandardiser, block: pa.Table) -> pa.Table:
    received = {name: block.column(name).combine_chunks() for name in VALUE_COLUMNS}
    return standardiser.standardise(received, block.num_rows).columns
