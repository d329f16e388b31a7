"""`mdm verify`, `mdm backup`, `mdm restore`."""

from pathlib import Path
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.cli.refusals import REFUSED


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("verify")(verify)
    app.command("backup")(backup)
    app.command("restore")(restore)


def verify(context: typer.Context) -> None:
    """Check every cell, every invariant and the whole ledger; exit 1 if anything is wrong."""
    from mdm.bootstrap.maintenance import verify_registry

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        checks = verify_registry(application, progress)
    ok = all(check.ok for check in checks)
    rows = [
        {"name": check.name, "ok": check.ok, "rows": check.rows, "first": check.first}
        for check in checks
    ]
    invocation.emit({"ok": ok, "checks": rows}, lambda: show_rows(rows, empty=""))
    if not ok:
        raise typer.Exit(REFUSED)


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="Folder to make.")],
    as_tables: Annotated[
        bool, typer.Option("--tables", help="Parquet files, which restore into either database.")
    ] = False,
) -> None:
    """Copy the registry while it runs."""
    from mdm.bootstrap.maintenance import backup_registry

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        progress("backup", 0.0)
        manifest = backup_registry(application, target, as_tables=as_tables)
    result = {
        "backup": str(target.absolute()),
        "kind": manifest.kind,
        "made_at": manifest.made_at,
        "tx_id": manifest.tx_id,
        "rows": sum(manifest.rows.values()),
    }
    invocation.emit(result, lambda: show_fields(result))


def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="Folder that `mdm backup` made.")],
    database_url: Annotated[
        str | None, typer.Option("--database-url", help="Database to bring it into.")
    ] = None,
) -> None:
    """Bring a backup back, into a home folder that holds no registry."""
    from mdm.bootstrap.maintenance import restore_registry

    invocation = invocation_of(context)
    with invocation.progress() as progress:
        progress("restore", 0.0)
        home, manifest = restore_registry(source, invocation.home, database_url=database_url)
    result = {
        "home": str(home.folder),
        "kind": manifest.kind,
        "made_at": manifest.made_at,
        "tx_id": manifest.tx_id,
        "rows": sum(manifest.rows.values()),
    }
    invocation.emit(result, lambda: show_fields(result))
