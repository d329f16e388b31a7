"""The staged content of loads that wait for a person: Parquet files in the work folder.

Standard columns are not kept: they follow from the payload, and the rules may be newer by then.
"""

from pathlib import Path

import duckdb

from mdm.errors import LoadStateError

_PARTS = {
    "stage_record": "local_id, scope, payload, content_hash, merged_into, restricted",
    "stage_issue": "local_id, field, value_class, reason",
    "stage_quarantine": "file, line, local_id, reason, content",
}


def keep_held(con: duckdb.DuckDBPyConnection, folder: Path, load_id: int) -> None:
    """Write what is staged, to be taken up by `take_up_held`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for table, columns in _PARTS.items():
        path = held_path(folder, load_id, table)
        con.execute(
            f"COPY (SELECT {columns} FROM {table} ORDER BY ALL) TO '{_quoted(path)}'"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        path.chmod(0o600)


def take_up_held(con: duckdb.DuckDBPyConnection, folder: Path, load_id: int) -> None:
    """Make the staging tables from what was kept.

    Raises:
        LoadStateError: A file is missing or damaged.
    """
    try:
        for table in _PARTS:
            path = _quoted(held_path(folder, load_id, table))
            kept = f"SELECT * FROM read_parquet('{path}')"
            # Staged rows are a view of files, whether just read or kept.
            kind = "VIEW" if table == "stage_record" else "TABLE"
            con.execute(f"CREATE OR REPLACE {kind} {table} AS {kept}")
    except duckdb.Error as error:
        raise LoadStateError(
            "what was staged is no longer there: deliver the files again", where=str(load_id)
        ) from error


def forget_held(folder: Path, load_id: int) -> None:
    """Delete what was kept, if it is there."""
    for table in _PARTS:
        held_path(folder, load_id, table).unlink(missing_ok=True)


def held_path(folder: Path, load_id: int, table: str) -> Path:
    """Where a part of what was kept lies."""
    part = table.removeprefix("stage_")
    return folder / f"{load_id}.{part}.parquet"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
