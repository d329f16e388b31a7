"""Standardise tables in DuckDB: blocks of rows go to worker processes and come back as columns.

Memory does not depend on the number of rows; the result does not depend on the number of
processes. One function serves the load of a delivery and the rebuilding of the cache from
stored payloads.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.ingest.mapping import identifier, literal
from mdm.ingest.standardise_block import ARROW_TYPES, BlockStandardiser, StandardBlock
from mdm.ingest.tables import VALUE_COLUMNS, count_rows, only_row, payload_sql

BLOCK_ROWS = 20_480
_WRITE_ROWS = 122_880
"""A row group of DuckDB: smaller appends are written twice, to the log and to the table."""
_POOL_FROM_ROWS = 100_000
POOL_FROM_BYTES = 30_000_000
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
_Job = tuple[pa.Table, "Future[StandardBlock] | StandardBlock"]


def standardise_stage(
    con: duckdb.DuckDBPyConnection,
    *,
    today: date,
    progress: Progress,
    pool: ProcessPoolExecutor | None = None,
) -> None:
    """Make `stage_record` from `stage_canonical` and add to `stage_issue`.

    Rows must keep the order of the table (`preserve_insertion_order`).

    Args:
        con: Holds the staging tables.
        today: What "in the future" is measured against.
        progress: Told the share done, 0 to 1.
        pool: Of `worker_pool`; None: in this process.
    """
    keys = "local_id, scope, payload, md5(payload) AS content_hash"
    used = _used(con, "stage_canonical", VALUE_COLUMNS)
    inner = f"SELECT *, {payload_sql(used)} AS payload FROM stage_canonical"
    task = _Task(
        target="stage_record",
        keys=("local_id", "scope", "payload", "content_hash"),
        key_types=("VARCHAR",) * 4,
        query=lambda values: f"SELECT {keys}, {values} FROM ({inner})",
        source="stage_canonical",
        used=used,
        issues="stage_issue",
        today=today,
    )
    _run(con, task, progress, pool)


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
    described = con.execute(f"DESCRIBE {identifier(source)}").fetchall()
    types = {str(name): str(kind) for name, kind, *_ in described}
    paths = ", ".join(literal(f"$.{name}") for name in VALUE_COLUMNS)
    inner = f"SELECT *, json_extract_string(payload, [{paths}]) AS parts FROM {identifier(source)}"
    cut = ", ".join(
        f"parts[{place}] AS {identifier(name)}" for place, name in enumerate(VALUE_COLUMNS, 1)
    )
    carried = ", ".join(identifier(key) for key in keys)
    task = _Task(
        target=target,
        keys=tuple(keys),
        key_types=tuple(types[key] for key in keys),
        query=lambda values: f"SELECT {carried}, {values} FROM (SELECT *, {cut} FROM ({inner}))",
        source=source,
        used=VALUE_COLUMNS,
        issues=None,
        today=today,
    )
    many = count_rows(con, identifier(source)) >= _POOL_FROM_ROWS
    with worker_pool(today, wanted=many) as pool:
        _run(con, task, progress if progress is not None else _silent, pool)
    return count_rows(con, identifier(target))


def _silent(step: str, share: float) -> None:
    """Tell nobody."""


def _used(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that hold a value somewhere."""
    counts = ", ".join(f"count({identifier(name)})" for name in columns)
    row = only_row(con, f"SELECT {counts} FROM {table}")
    return tuple(name for name, count in zip(columns, row, strict=True) if count)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is standardised, from where to where.

    Attributes:
        query: The values wanted -> the query of all rows.
        used: Canonical columns that may hold a value.
        issues: The table that takes issues, if any.
    """

    source: str
    target: str
    keys: tuple[str, ...]
    key_types: tuple[str, ...]
    query: Callable[[str], str]
    used: Sequence[str]
    issues: str | None
    today: date

    def blocks(self, con: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
        """The rows in their order, a block at a time, while `con` may write what comes of them."""
        values = ", ".join(map(identifier, self.used)) if self.used else "NULL AS nothing"
        with closing(con.cursor()) as reading:
            for batch in reading.sql(self.query(values)).to_arrow_reader(BLOCK_ROWS):
                yield pa.Table.from_batches([batch])


def _run(
    con: duckdb.DuckDBPyConnection,
    task: _Task,
    progress: Progress,
    pool: ProcessPoolExecutor | None,
) -> None:
    told = 0 if task.issues is None else count_rows(con, task.issues)
    try:
        _standardise(con, task, progress, pool)
    except BrokenProcessPool:
        # A worker was killed from outside, most likely for memory: slower, but here it is done.
        if task.issues is not None:
            con.execute(f"DELETE FROM {task.issues} WHERE rowid >= {told}")
        _standardise(con, task, progress, None)


def _standardise(
    con: duckdb.DuckDBPyConnection,
    task: _Task,
    progress: Progress,
    pool: ProcessPoolExecutor | None,
) -> None:
    _create(con, task.target, task.keys, task.key_types)
    rows = count_rows(con, identifier(task.source))
    if rows == 0:
        return
    done = 0
    ready: list[pa.Table] = []
    submit = _submitter(task.today, pool)
    for keyed, block in _in_order(task.blocks(con), submit, task.keys, task.used):
        ready.append(_joined(keyed, block))
        if task.issues is not None:
            _insert(con, task.issues, _issues_of(keyed, block))
        done += keyed.num_rows
        if sum(table.num_rows for table in ready) >= _WRITE_ROWS or done == rows:
            _insert(con, task.target, pa.concat_tables(ready))
            ready.clear()
        progress("standardise", done / rows)


_Submit = Callable[[dict[str, pa.Array], int], "Future[StandardBlock] | StandardBlock"]


def _in_order(
    blocks: Iterator[pa.Table], submit: _Submit, keys: Sequence[str], used: Sequence[str]
) -> Iterator[tuple[pa.Table, StandardBlock]]:
    """Results in the order of the blocks, with a few blocks under way."""
    ahead = _cores() + 1
    waiting: deque[_Job] = deque()
    for table in blocks:
        received = {name: table.column(name).combine_chunks() for name in used}
        waiting.append((table.select(list(keys)), submit(received, table.num_rows)))
        if len(waiting) >= ahead:
            yield _finished(waiting.popleft())
    while waiting:
        yield _finished(waiting.popleft())


def _finished(job: _Job) -> tuple[pa.Table, StandardBlock]:
    keyed, result = job
    return keyed, result.result() if isinstance(result, Future) else result


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def worker_pool(today: date, *, wanted: bool) -> Iterator[ProcessPoolExecutor | None]:
    """Worker processes that standardise, starting from now on; None where they are not worth it.

    Args:
        today: What "in the future" is measured against.
        wanted: Whether there is enough to do.
    """
    if not wanted or _cores() == 1:
        yield None
        return
    # Spawned, not forked: a fork would inherit DuckDB's locks without the threads holding them.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        _cores(), mp_context=context, initializer=_start_worker, initargs=(today,)
    ) as pool:
        for _ in range(_cores()):
            pool.submit(_nothing)
        yield pool


def _nothing() -> None:
    """What a process is started with: it imports its modules while files are read."""


def _submitter(today: date, pool: ProcessPoolExecutor | None) -> _Submit:
    if pool is None:
        return BlockStandardiser(today).standardise

    def submit(received: dict[str, pa.Array], count: int) -> "Future[StandardBlock]":
        return pool.submit(_work, received, count)

    return submit


_worker: BlockStandardiser | None = None


def _start_worker(today: date) -> None:
    """Give this worker process its standardiser, which remembers values between blocks."""
    global _worker  # noqa: PLW0603 - the state of a process, set once when it starts
    _worker = BlockStandardiser(today)


def _work(received: dict[str, pa.Array], rows: int) -> StandardBlock:
    assert _worker is not None
    return _worker.standardise(received, rows)


def _create(
    con: duckdb.DuckDBPyConnection, target: str, keys: Sequence[str], key_types: Sequence[str]
) -> None:
    columns = [f"{identifier(key)} {kind}" for key, kind in zip(keys, key_types, strict=True)]
    columns += [f"{identifier(name)} {kind}" for name, kind in STANDARD_SQL.items()]
    con.execute(f"CREATE OR REPLACE TABLE {identifier(target)} ({', '.join(columns)})")


def _joined(keyed: pa.Table, block: StandardBlock) -> pa.Table:
    table = keyed
    for name in STANDARD_COLUMNS:
        table = table.append_column(f"standard_{name}", block.columns.column(name))
    return table


def _issues_of(keyed: pa.Table, block: StandardBlock) -> pa.Table:
    told = keyed.column("local_id").take(block.issues.column("row"))
    return block.issues.set_column(0, "local_id", told)


def _insert(con: duckdb.DuckDBPyConnection, target: str, table: pa.Table) -> None:
    if table.num_rows == 0:
        return
    con.register("stage_block", table)
    con.execute(f"INSERT INTO {identifier(target)} SELECT * FROM stage_block")
    con.unregister("stage_block")
