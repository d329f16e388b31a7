"""Rows of Parquet files; every value becomes the text it stands for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mdm.errors import FileEmptyError, FileLayoutError, FileTruncatedError
from mdm.ingest.file_facts import FileFacts, check_openable, file_digest
from mdm.ingest.layout import Encoding, Layout
from mdm.ingest.mapping import identifier, literal
from mdm.ingest.parse_delimited import BLANK
from mdm.ingest.read_delimited import check_columns, text_column
from mdm.ingest.tables import IGNORED_ROW, count_rows, kept_rows, select_list

_MAGIC = b"PAR1"


def parquet_facts(path: Path) -> FileFacts:
    """Digest and size of a Parquet file.

    Raises:
        FileRefusedError: Missing, a folder, empty, an archive, not Parquet, or cut off.
    """
    if not check_openable(path).startswith(_MAGIC):
        raise FileLayoutError("not a Parquet file", where=path.name)
    sha256, size = file_digest(path)
    with path.open("rb") as stream:
        stream.seek(max(0, size - len(_MAGIC)))
        if size < 3 * len(_MAGIC) or stream.read() != _MAGIC:
            raise FileTruncatedError("the Parquet file has no end", where=path.name)
    return FileFacts(
        path=path,
        sha256=sha256,
        bytes=size,
        lines=0,
        encoding=Encoding.UTF_8,
        windows=False,
        plain_lines=True,
        ends_in_newline=True,
    )


@contextmanager
def parquet_rows(
    con: duckdb.DuckDBPyConnection, layout: Layout, facts: FileFacts, *, file_no: int
) -> Iterator[str]:
    """A query of the rows of one file; `line` is the row, counted from 1.

    Args:
        con: The connection that runs the query.
        layout: How the file is read.
        facts: The file.
        file_no: Its number.

    Raises:
        FileLayoutError: Columns are missing.
        FileEmptyError: No row.
    """
    scan = f"read_parquet({literal(_no_glob(facts.path))})"
    described = con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    columns = {
        str(name).strip().lower(): f"nullif(trim({_as_text(name, kind)}, {literal(BLANK)}), '')"
        for name, kind, *_ in described
    }
    check_columns(layout, columns, facts.name)
    column = text_column(columns)
    if count_rows(con, scan) == 0:
        raise FileEmptyError("the file holds no record", where=facts.name)
    yield (
        f"SELECT CASE WHEN {kept_rows(layout, column)} THEN {file_no}"
        f" ELSE {IGNORED_ROW} END::INTEGER AS file_no,"
        f" row_number() OVER () AS line, {select_list(layout, column)} FROM {scan}"
    )


def _no_glob(path: Path) -> str:
    """A path whose characters DuckDB's file patterns cannot take for wildcards."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path.absolute()))


def _as_text(name: str, kind: str) -> str:
    quoted = identifier(name)
    if kind.endswith("[]"):
        return f"array_to_string(CAST({quoted} AS VARCHAR[]), ';')"
    if kind in {"DOUBLE", "FLOAT"}:
        # A whole number that some tool widened, such as a CPF beside missing values.
        whole = f"{quoted} = trunc({quoted}) AND abs({quoted}) < 1e18"
        number = f"CAST(TRY_CAST({quoted} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN {whole} THEN {number} ELSE CAST({quoted} AS VARCHAR) END"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({quoted}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S')"
    return f"CAST({quoted} AS VARCHAR)"
