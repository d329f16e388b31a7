"""CSV files, written the same way everywhere: UTF-8, needed quotes only, one line feed a line."""

from pathlib import Path
from typing import Any

import duckdb

from mdm.domain.canonical import CANONICAL_FIELDS
from mdm.synth.received import Received
from mdm.synth.records import Source

FILES = {Source.HEALTH: "health", Source.SOCIAL: "social", Source.EDUCATION: "education"}


def write_csv(path: Path, table: Any, delimiter: str = ",") -> None:
    """Write a table with a header line; only values that need quotes get them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.register("lines", table)
        # COPY keeps the order of the rows; the path cannot be a bound parameter.
        target = str(path).replace("'", "''")
        options = f"FORMAT csv, HEADER, DELIMITER '{delimiter}'"
        connection.execute(f"COPY (SELECT * FROM lines) TO '{target}' ({options})")


def write_canonical(out: Path, source: Received) -> str:
    """Write one source under `canonical/`; gives the path below `out`."""
    here = set(source.table.column_names)
    # Columns that the source never fills are left out.
    columns = [
        field.name
        for field in CANONICAL_FIELDS
        if field.name in here and source.table[field.name].null_count < len(source.records.person)
    ]
    name = f"canonical/{FILES[source.source]}.csv"
    write_csv(out / name, source.table.select(columns))
    return name
