"""`mdm quarantine`: rows that could not be named, out to be mended and in again."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mdm.cli.invocation import LARGEST_KEY, invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.errors import FileEncodingError, FileLayoutError, FileMissingError, UsageError

SHOWN_ROWS = 50


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Rows that could not be named: list, mend, reload.", rich_markup_mode=None
    )
    group.command("list")(list_waiting)
    group.command("export")(export)
    group.command("reload")(reload)
    app.add_typer(group, name="quarantine")


def list_waiting(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help="One source; all if left out.")] = None,
) -> None:
    """List the rows that wait to be mended."""
    from mdm.services.quarantine import list_quarantine

    invocation = invocation_of(context)
    with invocation.application() as application:
        rows = list_quarantine(application.store, source)

    def human() -> None:
        show_rows(rows[:SHOWN_ROWS], empty="Nothing waits in quarantine.")
        if len(rows) > SHOWN_ROWS:
            print(f"... and {len(rows) - SHOWN_ROWS} more: mdm quarantine export")

    invocation.emit({"waiting": len(rows), "rows": rows}, human)


def export(
    context: typer.Context,
    source: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
) -> None:
    """Write the rows of a source that wait, in canonical columns, to be mended and reloaded."""
    from mdm.services.quarantine import EXPORT_COLUMNS, mendable_rows

    invocation = invocation_of(context)
    with invocation.application() as application:
        rows = mendable_rows(application.store, source)
    count = _write(file, EXPORT_COLUMNS, rows)
    result = {"source": source, "file": str(file), "rows": count}
    invocation.emit(result, lambda: show_fields(result))


def reload(
    context: typer.Context,
    source: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
) -> None:
    """Load mended rows from a file that `quarantine export` wrote; they no longer wait."""
    from mdm.services.load_source import LoadContext, load_corrected

    invocation = invocation_of(context)
    with (
        invocation.application() as application,
        invocation.progress() as progress,
        application.intake() as intake,
    ):
        loading = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("quarantine_reload"),
            progress=progress,
        )
        result = load_corrected(loading, source, file, list(_quarantine_ids(file)))
    invocation.emit(result, lambda: show_fields(result))


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[dict[str, object]]) -> int:
    """Write beside the file and rename: a reader sees the old one or the whole new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        with beside.open("x", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            for row in rows:
                writer.writerow(row)
                count += 1
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise UsageError("the file cannot be written there", where=str(path)) from None
        raise
    return count


def _quarantine_ids(path: Path) -> Iterator[int]:
    from mdm.services.quarantine import KEY

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if KEY not in (reader.fieldnames or ()):
                raise FileLayoutError(f"there is no column {KEY}", where=path.name)
            for row in reader:
                text = (row[KEY] or "").strip()
                if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_KEY):
                    line = f"{path.name}, line {reader.line_num}"
                    raise FileLayoutError(f"{KEY} is not a number", where=line)
                yield int(text)
    except UnicodeDecodeError:
        raise FileEncodingError("the file is not UTF-8", where=path.name) from None
    except OSError:
        raise FileMissingError("the file cannot be read", where=path.name) from None
    except csv.Error:
        raise FileLayoutError("the file cannot be read as CSV", where=path.name) from None
