"""`mdm init`: make a registry."""

from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("init")(init)


def init(
    context: typer.Context,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="sqlite:///PATH or postgresql://USER@HOST/NAME."),
    ] = None,
) -> None:
    """Make a registry in the home folder; its database is an SQLite file unless a URL is given."""
    from mdm.bootstrap import create_application

    invocation = invocation_of(context)
    application = create_application(invocation.home, database_url=database_url)
    result = {
        "home": str(application.home.folder),
        "database": application.store.dialect,
        "created": application.home.created,
    }
    application.store.close()
    invocation.emit(result, lambda: show_fields(result))
