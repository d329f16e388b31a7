"""Let erased records leave the volume database and the loads that wait for a person.

A DuckDB file keeps the bytes of deleted rows, so the cache is written into a new file. All else in
it follows from the registry and is made again by the next link run.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mdm.duck import count
from mdm.standardise.version import STANDARDISER_VERSION
from mdm.volume.held import held_path
from mdm.volume.standard import NOTHING

_CACHE = ("standard", "record_state")
SPILL = "spill"
_FRESH = ".fresh"


def fresh_cache(con: duckdb.DuckDBPyConnection, path: Path, without: Iterable[int]) -> None:
    """Write what the cache knows of all other records into a new database.

    It is marked to be level with nothing, so that the next to use it compares it with the registry.

    Args:
        con: The volume database.
        path: The file to make.
        without: Numbers of the records that are left out.
    """
    path.unlink(missing_ok=True)
    names = ", ".join(f"'{name}'" for name in (*_CACHE, "cache_marker"))
    known = count(con, f"SELECT count(*) FROM duckdb_tables() WHERE table_name IN ({names})")
    con.execute(f"ATTACH '{_quoted(path)}' AS fresh")
    try:
        if known == len(_CACHE) + 1:
            con.register("leaving", pa.table({"record_id": pa.array(sorted(without), pa.int64())}))
            for table in _CACHE:
                left = f"FROM {table} ANTI JOIN leaving USING (record_id)"
                con.execute(f"CREATE TABLE fresh.{table} AS {left}")
            con.unregister("leaving")
            con.execute(
                "CREATE TABLE fresh.cache_marker AS SELECT rules, $1::VARCHAR AS content,"
                " $1::VARCHAR AS states FROM cache_marker WHERE rules = $2",
                [NOTHING, STANDARDISER_VERSION],
            )
    finally:
        con.execute("DETACH fresh")
    path.chmod(0o600)


def drop_scratch(folder: Path, database: Path) -> None:
    """Remove what the volume database, which nobody has open, left beside itself."""
    database.with_suffix(".duckdb.wal").unlink(missing_ok=True)
    for beside in (folder / SPILL, Path(f"{database}.stage")):
        shutil.rmtree(beside, ignore_errors=True)


def forget_in_held(
    folder: Path, load_id: int, gone: Mapping[str, str], is_theirs: Callable[[str], bool]
) -> list[Path]:
    """Write a load that waits anew, with the rows of erased records empty; their places stay.

    Args:
        folder: Of loads that wait.
        load_id: The load.
        gone: Local ID of an erased record -> what the registry keeps of it.
        is_theirs: Whether the text of a row that could not be named is an erased person's.

    Returns:
        The files that were made: `fresh_of` what each is to replace.
    """
    made: list[Path] = []
    with duckdb.connect(":memory:") as con:
        con.register("gone", _table(gone))
        made += _write(
            con,
            held_path(folder, load_id, "stage_record"),
            "SELECT coalesce(g.kept, s.local_id) AS local_id,"
            " CASE WHEN g.kept IS NULL THEN scope END AS scope,"
            " CASE WHEN g.kept IS NULL THEN payload ELSE '' END AS payload,"
            " CASE WHEN g.kept IS NULL THEN content_hash ELSE '' END AS content_hash,"
            " CASE WHEN g.kept IS NULL THEN merged_into END AS merged_into, restricted"
            " FROM read_parquet('{path}') s LEFT JOIN gone g USING (local_id) ORDER BY 1",
        )
        made += _write(
            con,
            held_path(folder, load_id, "stage_issue"),
            "SELECT * FROM read_parquet('{path}') ANTI JOIN gone USING (local_id) ORDER BY ALL",
        )
    waiting = held_path(folder, load_id, "stage_quarantine")
    return [*made, *_forget_in_quarantine(waiting, gone, is_theirs)]


def fresh_of(path: Path) -> Path:
    """Where the new content of a file is written before it replaces it."""
    return path.with_name(f"{path.name}{_FRESH}")


def replace_by(fresh: Path) -> None:
    """Put new content in the place of the old."""
    fresh.replace(fresh.with_name(fresh.name.removesuffix(_FRESH)))


def _forget_in_quarantine(
    path: Path, gone: Mapping[str, str], is_theirs: Callable[[str], bool]
) -> list[Path]:
    if not path.exists():
        return []
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        local_id, content = row["local_id"], row["content"]
        if local_id in gone or (content is not None and is_theirs(content)):
            row["local_id"], row["content"] = gone.get(local_id), None
    fresh, schema = fresh_of(path), pa.schema([field.with_nullable(True) for field in table.schema])  # noqa: FBT003
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), fresh, compression="zstd")
    fresh.chmod(0o600)
    return [fresh]


def _write(con: duckdb.DuckDBPyConnection, path: Path, sql: str) -> list[Path]:
    if not path.exists():
        return []
    fresh = fresh_of(path)
    con.execute(
        f"COPY ({sql.replace('{path}', _quoted(path))}) TO '{_quoted(fresh)}'"
        " (FORMAT parquet, COMPRESSION zstd)"
    )
    fresh.chmod(0o600)
    return [fresh]


def _table(gone: Mapping[str, str]) -> pa.Table:
    kept = [gone[local_id] for local_id in gone]
    return pa.table(
        {"local_id": pa.array(list(gone), pa.string()), "kept": pa.array(kept, pa.string())}
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
