"""Read Parquet files into `stage_canonical`; every value becomes the text it stands for."""

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


def read_parquet(
    con: duckdb.DuckDBPyConnection, layout: Layout, facts: FileFacts, *, file_no: int
) -> None:
    """Append the rows of one file to `stage_canonical`; `line` is the row, counted from 1.

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
    before = count_rows(con, "stage_canonical")
    con.execute(
        "INSERT INTO stage_canonical"
        f" SELECT CASE WHEN {kept_rows(layout, column)} THEN {file_no} ELSE {IGNORED_ROW} END,"
        f" NULL, {select_list(layout, column)} FROM {scan}"
    )
    if count_rows(con, "stage_canonical") == before:
        raise FileEmptyError("the file holds no record", where=facts.name)
    con.execute(f"UPDATE stage_canonical SET line = rowid - {before} + 1 WHERE line IS NULL")


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
