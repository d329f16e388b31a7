"""Each row against its own check: which cell was changed behind the program's back."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from mdm.storage import row_check
from mdm.storage.arrow import arrow_schema, hashed_columns, is_checked, key_columns
from mdm.storage.bulk import quoted
from mdm.storage.fold import first_row
from mdm.storage.read_session import ReadSession
from mdm.storage.tables import CHECK_COLUMN


def checked_batches(
    session: ReadSession, con: duckdb.DuckDBPyConnection, table: str
) -> Iterator[tuple[pa.RecordBatch, str | None]]:
    """Stream a table; beside each batch its first changed cell, if any."""
    for batch in session.table_batches(table, with_check=is_checked(table)):
        finding = _changed_cell(table, batch) if is_checked(table) else None
        if finding is None and table == "record_version":
            finding = _changed_payload(con, batch)
        yield batch, finding


def _changed_cell(table: str, batch: pa.RecordBatch) -> str | None:
    columns = hashed_columns(table)
    arrays = [(number, batch.column(name)) for number, name in columns]
    computed = row_check.pack(*row_check.weighted_sums(arrays, batch.num_rows))
    stored = batch.column(CHECK_COLUMN).to_numpy().astype(np.int64)
    wrong = np.flatnonzero(computed != stored)
    if len(wrong) == 0:
        return None
    row = int(wrong[0])
    names = arrow_schema(table).names
    number = row_check.changed_column(int(stored[row]), int(computed[row]), len(names))
    column = CHECK_COLUMN if number is None else names[number - 1]
    return f"{key_text(table, batch, row)}: {column}"


def _changed_payload(con: duckdb.DuckDBPyConnection, batch: pa.RecordBatch) -> str | None:
    """`content_hash` is the MD5 of `payload`; an erased version has an empty payload."""
    con.register("batch", pa.Table.from_batches([batch]))
    found = first_row(
        con,
        "SELECT record_id, version FROM batch WHERE payload <> '' AND md5(payload) <> content_hash "
        "ORDER BY ALL LIMIT 1",
    )
    return (
        None
        if found is None
        else f"record_version record_id={found[0]} version={found[1]}: payload"
    )


def key_text(table: str, batch: pa.RecordBatch, row: int) -> str:
    """A row, named by table and key."""
    keys = " ".join(f"{name}={batch.column(name)[row].as_py()}" for name in key_columns(table))
    return f"{table} {keys}"


def unreadable_cell(session: ReadSession, table: str) -> str | None:
    """The first cell of a table that is no longer text, where the file's bytes were changed."""
    if session.dialect != "sqlite":
        return None
    keys = key_columns(table)
    schema = arrow_schema(table)
    for field in schema:
        if not pa.types.is_string(field.type):
            continue
        wanted = [*(f'CAST("{name}" AS BLOB)' for name in keys), f'CAST("{field.name}" AS BLOB)']
        kinds = pa.schema([(f"c{n}", pa.binary()) for n in range(len(wanted))])
        query = f'SELECT {", ".join(wanted)} FROM "{table}" ORDER BY {quoted(keys)}'
        for batch in session.read_arrow(query, schema=kinds):
            for cells in batch.to_pylist():
                *key, value = cells.values()
                if value is not None and not _is_text(value):
                    shown = " ".join(
                        f"{name}={part.decode(errors='replace')}"
                        for name, part in zip(keys, key, strict=True)
                    )
                    return f"{table} {shown}: {field.name}"
    return None


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
