"""Write rows to a CSV or Parquet file, streaming: whole or not at all."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from mdm.errors import UsageError

FORMATS = (".csv", ".parquet")
_FORMULA = "^[=+\\-@\t\r]"
_ESCAPED = r'["\\\x00-\x1f\x7f]'
_UNQUOTED = pacsv.WriteOptions(include_header=False, quoting_style="none")


def write_export(
    path: Path,
    schema: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    *,
    names: Collection[str] = (),
) -> int:
    """Write record batches to a file beside `path`; `export_target` renames it.

    A spreadsheet takes a cell that begins with `= + - @`, a tab or a carriage return for a
    formula. In the columns `names`, which hold what people typed, CSV cells that begin so get a
    `'` before them. Parquet holds the values as they are.

    Args:
        path: Ends in .csv (UTF-8, comma, header) or .parquet.
        schema: Columns of the file.
        batches: Rows in that schema.
        names: Columns that hold names of people.

    Returns:
        How many rows were written.
    """
    if path.suffix == ".parquet":
        return _write_parquet(path, schema, batches)
    with path.open("wb") as stream:
        return _write_csv(stream, schema, batches, names)


@contextmanager
def export_target(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; it takes the name `path` if all goes well.

    Raises:
        UsageError: The name ends in neither format, or the folder cannot be written.
    """
    if path.suffix not in FORMATS:
        raise UsageError("the file must end in .csv or .parquet", where=path.name)
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError):
        raise UsageError("the file cannot be written there", where=str(path)) from None
    finally:
        _remove(beside)


def check_target_file(path: Path) -> None:
    """Refuse a file that could not be written, before the work whose result it is to hold.

    Raises:
        UsageError: It is a folder, or its folder cannot be made or written.
    """
    if path.is_dir():
        raise _unwritable(path)
    check_target_folder(path.parent, path)


def check_target_folder(folder: Path, what: Path | None = None) -> None:
    """The same for a folder to be made or filled.

    Args:
        folder: The folder.
        what: What to name in the refusal; None for the folder.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents)
                   if os.path.lexists(place))  # fmt: skip
    probe = nearest / f".{os.getpid()}.probe"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError:
        raise _unwritable(folder if what is None else what) from None


def _unwritable(path: Path) -> UsageError:
    return UsageError("it cannot be written there", where=str(path))


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink()


def _write_parquet(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _write_csv(
    stream: BinaryIO,
    schema: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    names: Collection[str],
) -> int:
    stream.write(csv_header(schema))
    count = 0
    for batch in batches:
        stream.write(csv_bytes(_guarded(batch, names)))
        count += batch.num_rows
    return count


def _guarded(batch: pa.RecordBatch, names: Collection[str]) -> pa.RecordBatch:
    for name in names:
        column = batch.column(name)
        risky = pc.match_substring_regex(column, _FORMULA)
        if pc.any(risky).as_py():
            prefixed = pc.binary_join_element_wise(pa.scalar("'"), column, "")
            place = batch.schema.get_field_index(name)
            batch = batch.set_column(place, name, pc.if_else(risky, prefixed, column))
    return batch


def csv_header(schema: pa.Schema) -> bytes:
    """The line with the names of the columns."""
    return (",".join(schema.names) + "\n").encode()


def csv_bytes(batch: pa.RecordBatch) -> bytes:
    """Rows as CSV lines.

    The quick writer knows no quotes: a batch that needs one goes the long way.
    """
    # Neither writer takes a bare carriage return for the end of a line; readers do.
    returns = _holds_return(batch)
    if not returns:
        buffer = io.BytesIO()
        with contextlib.suppress(pa.ArrowInvalid):
            pacsv.write_csv(batch, buffer, _UNQUOTED)
            return buffer.getvalue()
    text = io.StringIO()
    writer = (
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        if returns
        else csv.writer(text, lineterminator="\n")
    )
    writer.writerows(zip(*(map(_plain, column.to_pylist()) for column in batch), strict=True))
    return text.getvalue().encode()


def _holds_return(batch: pa.RecordBatch) -> bool:
    texts = [column for column in batch.columns if pa.types.is_string(column.type)]
    return any(pc.any(pc.match_substring(column, "\r")).as_py() for column in texts)


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def ndjson_bytes(batch: pa.RecordBatch) -> bytes:
    """Rows as one JSON object a line.

    Where no text needs an escape, the lines are put together column by column.
    """
    texts = [c for c in batch.columns if pa.types.is_string(c.type)]
    if any(pc.any(pc.match_substring_regex(column, _ESCAPED)).as_py() for column in texts):
        rows = (
            json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in batch.to_pylist()
        )
        return "".join(f"{row}\n" for row in rows).encode()
    parts: list[object] = []
    for number, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        parts += [f'{"{" if number == 0 else ","}"{name}":', _json_cells(column)]
    lines = pc.binary_join_element_wise(*parts, "}\n", "")
    return b"".join(lines.cast(pa.binary()).to_pylist())


def _json_cells(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        column = pc.binary_join_element_wise('"', column, '"', "")
    return pc.fill_null(column.cast(pa.string()), "null")
