"""The trail in a backup: two Parquet files, the same for both databases."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mdm.domain.audit_chain import ChainRow, RootRow
from mdm.storage.audit.chains import Chains

ENTRIES, ROOTS = "audit_entry.parquet", "audit_root.parquet"
_BATCH = 10_000
_ENTRY = pa.schema(
    [("chain", pa.string()), ("n", pa.int64()), ("body", pa.string()), ("hash", pa.string())]
)
_ROOT = pa.schema([("n", pa.int64()), ("body", pa.string()), ("signature", pa.string())])


def write_trail(chains: Chains, folder: Path) -> int:
    """Copy all chains and roots; returns how many entries.

    Roots are read first: each of them is borne out by entries that are read after it.
    """
    roots = ((row.n, row.body, row.signature) for row in chains.roots())
    _write(folder / ROOTS, _ROOT, roots)
    entries = (
        (chain, row.n, row.body, row.hash) for chain in chains.heads() for row in chains.rows(chain)
    )
    return _write(folder / ENTRIES, _ENTRY, entries)


def read_trail(chains: Chains, folder: Path) -> None:
    """Bring chains and roots back, into a registry that has none."""
    for values in _read(folder / ROOTS):
        chains.add_roots([RootRow(int(str(n)), str(body), str(s)) for n, body, s in values])
    for values in _read(folder / ENTRIES):
        by_chain: dict[str, list[ChainRow]] = {}
        for chain, n, body, hashed in values:
            row = ChainRow(int(str(n)), str(body), str(hashed))
            by_chain.setdefault(str(chain), []).append(row)
        for chain, rows in by_chain.items():
            chains.add_rows(chain, rows)


def _write(path: Path, schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> int:
    path.touch(mode=0o600)
    written, waiting = 0, iter(rows)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while part := list(islice(waiting, _BATCH)):
            columns = [
                pa.array(column, field.type)
                for column, field in zip(zip(*part, strict=True), schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            written += len(part)
    return written


def _read(path: Path) -> Iterator[list[tuple[object, ...]]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
