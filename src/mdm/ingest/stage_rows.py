"""Standardise a stream of canonical rows into Parquet files, of which `stage_record` is a view.

A block of rows waits in a file for a worker process, which makes the standard columns and writes
another file, of all that is kept; what comes back are its issues. So no row passes through the
memory of the loading process twice, and readers take from the files only the columns they need.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from mdm.ingest.mapping import literal
from mdm.ingest.stage_block import KEYS, SCHEMA, Block, stage_block, wait_in_file
from mdm.ingest.tables import IGNORED_ROW, stage_folder
from mdm.ingest.worker_pool import Standardisers

BLOCK_ROWS = 10_240
"""Fewer cost more calls than work, more leave the processor's cache (measured: 3,500 rows at a
time take a third longer)."""
_ISSUES_AT_ONCE = 50_000


@dataclass(slots=True)
class RowsSeen:
    """What a stream of rows held.

    Attributes:
        ignored: Rows that the layout leaves out.
        scopes: Of the others.
        staged: Rows written.
    """

    ignored: int = 0
    scopes: set[str] = field(default_factory=set)
    staged: int = 0


def stage_rows(
    con: duckdb.DuckDBPyConnection,
    batches: Iterable[pa.Table],
    standardisers: Standardisers,
    *,
    file_names: list[str],
    compressed: bool,
    staged: Callable[[int], object],
) -> RowsSeen:
    """Write rows to files, their issues to `stage_issue`, those without key to `stage_quarantine`.

    Args:
        con: Holds the staging tables.
        batches: Rows in their order: `KEYS` but place, and canonical columns.
        standardisers: Who works.
        file_names: By `file_no`.
        compressed: Whether room matters more than time.
        staged: Told how many rows are done.
    """
    seen = RowsSeen()
    stage_folder(con).mkdir(mode=0o700)
    found: list[pa.Table] = []
    blocks = _blocks(con, batches, seen, file_names, compressed=compressed)
    for block, issues in standardisers.each(stage_block, blocks):
        block.received.unlink()
        if issues.num_rows:
            found.append(issues)
        if sum(table.num_rows for table in found) >= _ISSUES_AT_ONCE:
            append(con, "stage_issue", pa.concat_tables(found))
            found.clear()
        seen.staged += block.count
        staged(seen.staged)
    if found:
        append(con, "stage_issue", pa.concat_tables(found))
    # There is a file even of a delivery whose every row is in quarantine.
    parquet.write_table(SCHEMA.empty_table(), stage_folder(con) / "none.parquet")
    return seen


def create_record_view(con: duckdb.DuckDBPyConnection) -> None:
    """Make `stage_record` of the files, less the places of `stage_removed`."""
    files = literal(str(stage_folder(con) / "*.parquet"))
    con.execute(
        f"CREATE OR REPLACE VIEW stage_record AS SELECT * FROM read_parquet({files})"
        " ANTI JOIN stage_removed USING (place)"
    )


def append(con: duckdb.DuckDBPyConnection, target: str, table: pa.Table) -> None:
    """Append rows to a table with the same columns in the same order."""
    con.register("stage_block", table)
    con.execute(f"INSERT INTO {target} SELECT * FROM stage_block")
    con.unregister("stage_block")


def _blocks(
    con: duckdb.DuckDBPyConnection,
    batches: Iterable[pa.Table],
    seen: RowsSeen,
    file_names: list[str],
    *,
    compressed: bool,
) -> Iterator[Block]:
    folder = stage_folder(con)
    place = 0
    for number, batch in enumerate(batches):
        kept = pc.not_equal(batch.column("file_no"), IGNORED_ROW)
        rows = batch if pc.all(kept).as_py() else batch.filter(kept)
        seen.ignored += batch.num_rows - rows.num_rows
        seen.scopes.update(pc.unique(rows.column("scope")).to_pylist())
        nameless = rows.filter(pc.is_null(rows.column("local_id")))
        if nameless.num_rows:
            _quarantine(con, nameless, file_names)
            rows = rows.filter(pc.is_valid(rows.column("local_id")))
        if rows.num_rows:
            numbers = pa.array(range(place, place + rows.num_rows), pa.int64())
            place += rows.num_rows
            rows = _filled(rows).add_column(0, "place", numbers)
            yield wait_in_file(rows, folder / f"{number}.parquet", compressed=compressed)


def _filled(rows: pa.Table) -> pa.Table:
    """The keys, and the canonical columns that hold a value somewhere."""
    names = [
        name
        for name in rows.column_names
        if name in KEYS or rows.column(name).null_count < rows.num_rows
    ]
    return rows.select(names)


def _quarantine(con: duckdb.DuckDBPyConnection, nameless: pa.Table, file_names: list[str]) -> None:
    count = nameless.num_rows
    columns = {
        "file": pa.array([file_names[number] for number in nameless.column("file_no").to_pylist()]),
        "line": nameless.column("line"),
        "local_id": pa.nulls(count, pa.string()),
        "reason": pa.array(["no_local_id"] * count),
        "content": nameless.column("payload"),
    }
    append(con, "stage_quarantine", pa.table(columns))
