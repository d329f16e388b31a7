"""Results on standard output: one JSON object for programs, tables for people."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

PIPED_WIDTH = 160
"""Characters of a line where standard output is no terminal."""


def write_json(out: TextIO, result: Mapping[str, object]) -> None:
    """One JSON object on one line; a reader that went away is no error."""
    text = json.dumps(result, ensure_ascii=False, default=_plain)
    with contextlib.suppress(BrokenPipeError):
        out.write(text + "\n")
        out.flush()


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def show_fields(fields: Mapping[str, object], *, title: str | None = None) -> None:
    """A result of named values, one a line."""
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="left")
    for name, value in fields.items():
        table.add_row(name, _cell(value))
    _print(table)


def show_rows(
    rows: Sequence[Mapping[str, object]], *, empty: str, title: str | None = None
) -> None:
    """Rows with equal keys as a table.

    Args:
        rows: What to show.
        empty: What to say when there is none.
        title: What to write over them.
    """
    from rich.table import Table

    if not rows:
        _print(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for name in rows[0]:
        numeric = all(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    _print(table)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print(what: object) -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=PIPED_WIDTH)
    with contextlib.suppress(BrokenPipeError):
        console.print(what)
