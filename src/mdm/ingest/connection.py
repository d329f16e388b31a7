"""DuckDB connections for staging: bounded memory, rows in the order of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_BYTES = 700_000_000
"""What DuckDB may hold while it stages; more goes to its folder for spilled data."""
PUBLISHING_BYTES = 600_000_000
"""The same while a big delivery goes into the registry: pages of SQLite need room beside it."""


def open_staging(path: Path, *, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A database file of its own for staging, with a folder for spilled data beside it."""
    return duckdb.connect(
        str(path),
        config={
            "threads": threads,
            "memory_limit": f"{MEMORY_BYTES}B",
            "temp_directory": f"{path}.spill",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


PLAIN_UP_TO = 1_500_000_000
"""Bytes of a delivery up to which the staging tables are written without compression: they live
for minutes, and finding the best compression of sixty columns costs more than reading the file."""


def bound_memory(con: duckdb.DuckDBPyConnection, most: int = MEMORY_BYTES) -> None:
    """Let DuckDB hold `most` bytes from now on, or less where that was set before."""
    ((memory,),) = con.execute("SELECT current_setting('memory_limit')").fetchall()
    if _bytes(str(memory)) > most:
        con.execute(f"SET memory_limit = '{most}B'")


@contextmanager
def staging_settings(con: duckdb.DuckDBPyConnection, received: int) -> Iterator[None]:
    """While it lasts: memory at most `MEMORY_BYTES`, and rows keep the order of the file.

    Args:
        con: The connection.
        received: Size of the delivery in bytes.
    """
    ((memory, ordered, compression),) = con.execute(
        "SELECT current_setting('memory_limit'), current_setting('preserve_insertion_order'),"
        " current_setting('force_compression')"
    ).fetchall()
    con.execute("SET preserve_insertion_order = true")
    bound_memory(con)
    con.execute(
        f"SET force_compression = '{'uncompressed' if received <= PLAIN_UP_TO else 'auto'}'"
    )
    try:
        yield
    finally:
        con.execute(f"SET preserve_insertion_order = {str(ordered).lower()}")
        con.execute(f"SET memory_limit = '{memory}'")
        con.execute(f"SET force_compression = '{compression}'")


_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def _bytes(text: str) -> float:
    number, _, unit = text.partition(" ")
    return float(number) * _UNITS[unit]
