"""Standardise a block of canonical rows and write its file: what a worker process does.

It imports little, since every process that starts pays for it.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc, parquet

from mdm.domain.canonical import CANONICAL
from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.ingest.standardise_block import ARROW_TYPES, BlockStandardiser

KEYS = ("place", "file_no", "line", "local_id", "scope", "payload", "content_hash")
SCHEMA = pa.schema(
    [
        ("place", pa.int64()),
        ("file_no", pa.int32()),
        ("line", pa.int64()),
        *((name, pa.string()) for name in KEYS[3:]),
        *((name, ARROW_TYPES[name]) for name in STANDARD_COLUMNS),
    ]
)
"""The columns of a file."""
_ISSUES = pa.schema(
    [
        ("local_id", pa.string()),
        ("field", pa.string()),
        ("value_class", pa.string()),
        ("reason", pa.string()),
        ("place", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows for a worker, in a file that it maps: a pipe would copy each of them several times.

    Attributes:
        path: Where to write what is kept; the rows wait in `received`.
        count: How many rows.
        compressed: Whether room matters more than time.
    """

    path: Path
    count: int
    compressed: bool

    @property
    def received(self) -> Path:
        """File of `KEYS` and the canonical columns with a value."""
        return self.path.with_suffix(".arrow")


def wait_in_file(rows: pa.Table, path: Path, *, compressed: bool) -> Block:
    """A block of these rows, which is to be written to `path`."""
    block = Block(path, rows.num_rows, compressed)
    with ipc.new_file(block.received, rows.schema) as file:
        block.received.chmod(0o600)
        file.write_table(rows)
    return block


def stage_block(standardiser: BlockStandardiser, block: Block) -> pa.Table:
    """Standardise a block and write its file.

    Returns:
        Its issues, as rows of `stage_issue`.
    """
    with pa.memory_map(str(block.received)) as file:
        return _staged(standardiser, ipc.open_file(file).read_all(), block)


def _staged(standardiser: BlockStandardiser, rows: pa.Table, block: Block) -> pa.Table:
    received = {
        name: rows.column(name).combine_chunks()
        for name in rows.column_names
        if name in CANONICAL and name not in KEYS
    }
    made = standardiser.standardise(received, rows.num_rows)
    columns = {name: rows.column(name) for name in KEYS}
    columns |= {name: made.columns.column(name) for name in STANDARD_COLUMNS}
    table = pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)
    parquet.write_table(
        table,
        block.path,
        use_dictionary=False,
        write_statistics=False,
        compression="snappy" if block.compressed else "none",
    )
    block.path.chmod(0o600)
    told = made.issues.column("row")
    issues = made.issues.drop(["row"])
    for name in ("local_id", "place"):
        issues = issues.append_column(name, rows.column(name).take(told))
    return issues.select(_ISSUES.names).cast(_ISSUES)
