"""The DuckDB file of a home folder: scratch that can be rebuilt, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mdm.errors import LaneBusyError

VOLUME_FILE = "volume.duckdb"
MEMORY_SHARE = "4GB"
MEMORY_BESIDE_WRITING = "3GB"
"""While the registry is written its rows are in memory, too."""


@contextmanager
def open_volume(
    folder: Path, *, threads: int = 2, memory: str = MEMORY_SHARE
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open `folder/volume.duckdb`; spilled data stay in the folder.

    Raises:
        LaneBusyError: Another process works on it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / VOLUME_FILE
    try:
        con = duckdb.connect(str(path), config=_config(folder, threads, memory))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise LaneBusyError("another process is loading or linking here") from error
        # The file is a cache: what cannot be opened is made again from the registry.
        path.unlink(missing_ok=True)
        path.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        con = duckdb.connect(str(path), config=_config(folder, threads, memory))
    try:
        path.chmod(0o600)
        con.execute("SET preserve_insertion_order = false")
        yield con
    finally:
        con.close()


def _config(
    folder: Path, threads: int, memory: str
) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(folder / "spill"),
        # Scratch is written once and read at once: to find the best compression of sixty columns
        # costs more than reading them does.
        "force_compression": "uncompressed",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
