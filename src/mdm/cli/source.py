"""`mdm source`: declare sources, try a declaration on files, list them, take new local IDs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.errors import UsageError

if TYPE_CHECKING:
    from mdm.services.sources import DeclaredSource


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Declare sources, try them on files, list them, take new local IDs.",
        rich_markup_mode=None,
    )
    group.command("add")(add)
    group.command("check")(check)
    group.command("list")(list_all)
    group.command("rekey")(rekey)
    app.add_typer(group, name="source")


def add(
    context: typer.Context,
    declaration: Annotated[str, typer.Argument(metavar="FILE.toml|NAME")],
    layout: Annotated[
        str | None, typer.Option("--layout", help="canonical: no declaration file is needed.")
    ] = None,
    sector: Annotated[
        str | None, typer.Option("--sector", help="health, education, social or other.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a different declaration.")
    ] = False,
) -> None:
    """Declare a source, by a TOML file or as NAME --layout canonical --sector SECTOR."""
    from mdm.services.sources import add_source

    invocation = invocation_of(context)
    with invocation.application() as application:
        declared = _declared(declaration, layout, sector)
        result = add_source(
            application.store, declared, header=application.header("source"), replace=replace
        )
    invocation.emit(result, lambda: show_fields(result))


def _declared(declaration: str, layout: str | None, sector: str | None) -> "DeclaredSource":
    from mdm.bootstrap.declarations import declared_canonical, declared_file

    if layout is None and sector is None:
        return declared_file(Path(declaration))
    if layout is None or sector is None:
        raise UsageError("--layout and --sector go together")
    if layout != "canonical":
        raise UsageError("only --layout canonical goes without a declaration file")
    return declared_canonical(declaration, sector)


def check(
    context: typer.Context,
    declaration: Annotated[Path, typer.Argument(metavar="FILE.toml")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
) -> None:
    """Try a declaration on files: fill rates, odd codes, bad numbers, overlap; stores nothing."""
    from mdm.bootstrap.checking import check_delivery

    invocation = invocation_of(context)
    with invocation.progress() as progress:
        result = check_delivery(declaration, files, invocation.home, progress=progress)

    def human() -> None:
        show_fields({name: value for name, value in result.items() if _is_plain(value)})
        for name, value in result.items():
            if not _is_plain(value):
                show_rows(_as_rows(value), empty=f"{name}: none", title=name)

    invocation.emit(result, human)


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict | list)


def _as_rows(value: object) -> list[dict[str, object]]:
    """Any part of the description as rows of a table."""
    if isinstance(value, list):
        return [dict(row) for row in value]
    assert isinstance(value, dict)
    rows: list[dict[str, object]] = []
    for name, part in value.items():
        if isinstance(part, dict):
            rows.append({"": name, **part})
        elif isinstance(part, list):
            rows.extend({"": name, **row} for row in part)
        else:
            rows.append({"": name, " ": part})
    return rows


def list_all(context: typer.Context) -> None:
    """List the declared sources with their loads and records."""
    from mdm.services.sources import list_sources

    invocation = invocation_of(context)
    with invocation.application() as application:
        sources = list_sources(application.store)
    invocation.emit(
        {"sources": sources}, lambda: show_rows(sources, empty="No source is declared.")
    )


def rekey(
    context: typer.Context,
    source: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(metavar="MAP.csv")],
) -> None:
    """Take the map of a source that gave its records new local IDs: every municipal ID stays.

    Columns old_local_id, new_local_id. Before the new delivery is loaded, or while it is held.
    """
    from mdm.services.load_source import LoadContext
    from mdm.services.rekey_source import rekey_source

    invocation = invocation_of(context)
    with (
        invocation.application() as application,
        application.intake() as intake,
        invocation.progress() as progress,
    ):
        loading = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("source_rekey"),
            progress=progress,
        )
        result = rekey_source(loading, source, file)
    invocation.emit(result, lambda: show_fields(result))
