"""A dry run of a source: what would come in, and what is odd about it. Nothing is stored."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from mdm.domain.canonical import CANONICAL, UNMAPPED, Group
from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.ingest.connection import open_staging
from mdm.ingest.declaration import SourceDeclaration
from mdm.ingest.layout import Layout
from mdm.ingest.mapping import CODED, identifier, literal
from mdm.ingest.stage import Progress, StagedLoad, stage_files
from mdm.ingest.tables import VALUE_COLUMNS, count_rows, only_row, values_of_payload_sql

KnownCount = Callable[[str, Sequence[str]], int]
"""Given a standard column and distinct values of it: how many of them the registry knows."""

_CHUNK = 50_000
_CODES_SHOWN = 20
# A code may be shown; a text that only stands in the wrong column may be somebody's name.
_SHORT_CODE, _LONGEST_CODE, _COMMON = 3, 20, 10
_IDENTIFIERS = tuple(
    name
    for name, field in CANONICAL.items()
    if field.group is Group.IDENTIFIER and name in STANDARD_COLUMNS
)


def check_source(
    declaration: SourceDeclaration,
    files: Sequence[Path],
    *,
    today: date,
    known: KnownCount | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Read a delivery as `load` would and describe it, with no personal value.

    Args:
        declaration: The source.
        files: One delivery.
        today: What "in the future" is measured against.
        known: Asks the registry how many identifier values it knows; None leaves `overlap` out.
        progress: Told a step and its share done.

    Returns:
        A JSON-able object: `read`, `quarantined`, `ignored`, `held_reason`, `files`,
        `fill_rates` (share of persons by column, 0 to 1), `unmapped_codes`,
        `invalid_identifiers`, `issues`, `quarantine`, `overlap`.

    Raises:
        FileRefusedError: A file as a whole cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="mdm-check-") as folder:
        con = open_staging(Path(folder) / "check.duckdb")
        try:
            staged = stage_files(con, declaration, files, today=today, progress=progress)
            con.execute(
                "CREATE TABLE stage_canonical AS SELECT * EXCLUDE (payload, parts) FROM"
                f" ({values_of_payload_sql('(SELECT local_id, payload FROM stage_record)')})"
            )
            return _described(con, declaration, staged, known)
        finally:
            con.close()


def _described(
    con: duckdb.DuckDBPyConnection,
    declaration: SourceDeclaration,
    staged: StagedLoad,
    known: KnownCount | None,
) -> dict[str, Any]:
    layout = declaration.read_as
    described: dict[str, Any] = {
        "source": declaration.name,
        "layout": layout.name,
        "read": staged.read,
        "quarantined": staged.quarantined,
        "ignored": staged.ignored,
        "scopes": len(staged.scopes),
        "held_reason": staged.held_reason,
        "held_detail": staged.held_detail,
        "files": [{"name": one.name, "bytes": one.bytes, "rows": one.rows} for one in staged.files],
        "fill_rates": _fill_rates(con, layout),
        "unmapped_codes": _unmapped_codes(con, layout),
        "invalid_identifiers": _invalid_identifiers(con, layout),
        "issues": [
            {"field": field, "value_class": value_class, "reason": reason, "count": count}
            for field, value_class, reason, count in con.execute(
                "SELECT field, value_class, reason, count(*) FROM stage_issue"
                " GROUP BY ALL ORDER BY count(*) DESC, field, reason, value_class"
            ).fetchall()
        ],
        "quarantine": dict(
            con.execute(
                "SELECT reason, count(*) FROM stage_quarantine GROUP BY reason ORDER BY reason"
            ).fetchall()
        ),
    }
    if known is not None:
        described["overlap"] = _overlap(con, known)
    return described


def _mapped(layout: Layout) -> list[str]:
    return [name for name in VALUE_COLUMNS if name in layout.mapping]


def _fill_rates(con: duckdb.DuckDBPyConnection, layout: Layout) -> dict[str, float]:
    columns = _mapped(layout)
    if not columns:
        return {}
    counts = ", ".join(f"count({identifier(name)})" for name in columns)
    persons, *filled = only_row(con, f"SELECT count(*), {counts} FROM stage_canonical")
    return {
        name: round(count / persons, 4) if persons else 0.0
        for name, count in zip(columns, filled, strict=True)
    }


def _unmapped_codes(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for name in _mapped(layout):
        codes = _surprises(con, layout, name)
        if codes:
            found[name] = codes
    return found


def _surprises(con: duckdb.DuckDBPyConnection, layout: Layout, name: str) -> list[dict[str, Any]]:
    column = identifier(name)
    if CANONICAL[name].kind in CODED:
        # Standardise knows the canonical codes; it has listed every other one as an issue.
        source = (
            f"SELECT {column} AS code FROM stage_canonical SEMI JOIN"
            f" (SELECT local_id FROM stage_issue WHERE field = {literal(name)}) USING (local_id)"
        )
    elif name in layout.code_maps:
        meant = ", ".join(literal(code) for code in layout.code_maps[name].values())
        source = f"SELECT {column} AS code FROM stage_canonical WHERE {column} NOT IN ({meant})"
    else:
        return []
    rows = con.execute(
        f"SELECT code, count(*) FROM ({source}) GROUP BY code ORDER BY count(*) DESC, code"
        f" LIMIT {_CODES_SHOWN}"
    ).fetchall()
    return [
        {"value": _showable(code.removeprefix(UNMAPPED), count), "count": count}
        for code, count in rows
        if code is not None
    ]


def _showable(code: str, count: int) -> str:
    common = count >= _COMMON and len(code) <= _LONGEST_CODE and " " not in code
    return code if len(code) <= _SHORT_CODE or common else f"({len(code)} characters)"


def _invalid_identifiers(
    con: duckdb.DuckDBPyConnection, layout: Layout
) -> Mapping[str, Mapping[str, int]]:
    found = {}
    for name in _mapped(layout):
        if name not in _IDENTIFIERS:
            continue
        received = count_rows(con, "stage_canonical", f"{identifier(name)} IS NOT NULL")
        (invalid,) = only_row(
            con,
            f"SELECT count(DISTINCT local_id) FROM stage_issue WHERE field = {literal(name)}",
        )
        if received:
            found[name] = {"received": received, "invalid": int(invalid)}
    return found


def _overlap(con: duckdb.DuckDBPyConnection, known: KnownCount) -> dict[str, dict[str, int]]:
    found = {}
    for name in _IDENTIFIERS:
        value = "unnest(cns)" if name == "cns" else identifier(name)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE stage_cut AS SELECT DISTINCT value FROM"
            f" (SELECT {value} AS value FROM stage_record) WHERE value IS NOT NULL"
        )
        values = count_rows(con, "stage_cut")
        if values:
            found[name] = {"values": values, "known": _ask(con, name, known, values)}
    con.execute("DROP TABLE IF EXISTS stage_cut")
    return found


def _ask(con: duckdb.DuckDBPyConnection, name: str, known: KnownCount, values: int) -> int:
    total = 0
    for start in range(0, values, _CHUNK):
        rows = con.execute(
            f"SELECT value FROM stage_cut WHERE rowid >= {start} AND rowid < {start + _CHUNK}"
        ).fetchall()
        total += known(name, [str(value) for (value,) in rows])
    return total
