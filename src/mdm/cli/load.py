"""`mdm load`: load a delivery of a source, or accept one that is held."""

from pathlib import Path
from typing import Annotated

import typer

from mdm.cli.invocation import LARGEST_KEY, invocation_of
from mdm.cli.output import show_fields
from mdm.errors import UsageError

ACCEPT = "accept"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("load")(load)


def load(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE|accept")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...|LOAD_ID")],
) -> None:
    """Load the files of one delivery: mdm load SOURCE FILE...

    A delivery that would withdraw more than 1 % of its scope, or whose own counts disagree, is
    held until: mdm load accept LOAD_ID
    """
    from mdm.services.load_source import LoadContext, accept_load, load_source

    invocation = invocation_of(context)
    load_id = _load_id(files) if source == ACCEPT else None
    with (
        invocation.application() as application,
        invocation.progress() as progress,
        application.intake() as intake,
    ):
        loading = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("load" if load_id is None else "load_accept"),
            progress=progress,
        )
        if load_id is None:
            result = load_source(loading, source, [Path(file) for file in files])
        else:
            result = accept_load(loading, load_id)
    invocation.emit(result, lambda: show_fields(result))


def _load_id(words: list[str]) -> int:
    if len(words) == 1 and words[0].isascii() and words[0].isdigit():
        load_id = int(words[0])
        if load_id <= LARGEST_KEY:
            return load_id
    raise UsageError("mdm load accept takes the number of one load")
