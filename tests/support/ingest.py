"""Sources and files for the tests of `mdm.ingest`; all people are invented."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path

import duckdb

from mdm.ingest.connection import open_staging
from mdm.ingest.declaration import SourceDeclaration, canonical_declaration, parse_declaration
from mdm.ingest.stage import StagedLoad, stage_files

_numbers = count()
TODAY = date(2026, 11, 1)
HEAD = 'name = "x"\nsector = "health"\npurposes = ["care"]\nowner = "o"\nretention_days = 30\n'
LEGAL = '[legal_basis]\ntext = "law"\n'


def canonical() -> SourceDeclaration:
    return parse_declaration(canonical_declaration("saude", "health"))


def declared(layout: str, rest: str = "", *, layout_text: str | None = None) -> SourceDeclaration:
    """A source of that layout; `rest` holds further tables, top-level keys go before them."""
    return parse_declaration(f'{HEAD}layout = "{layout}"\n{rest}\n{LEGAL}', layout_text=layout_text)


def file_of(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A new database in a folder, to stage in."""
    return open_staging(folder / f"stage-{next(_numbers)}.duckdb")


def stage(
    declaration: SourceDeclaration, *files: Path
) -> tuple[duckdb.DuckDBPyConnection, StagedLoad]:
    con = database(files[0].parent)
    return con, stage_files(con, declaration, files, today=TODAY)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in con.execute(query).fetchall()]


def records(con: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> Mapping[str, object]:
    """Local ID -> the values of those columns of `stage_record`."""
    listed = ", ".join(columns)
    found = rows(con, f"SELECT local_id, {listed} FROM stage_record ORDER BY local_id")
    return {str(row[0]): row[1] if len(row) == 2 else row[1:] for row in found}
