"""`mdm model`: what is known of models before one takes another's place."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli.evaluating import flat
from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    model = typer.Typer(help="Compare and measure models.", no_args_is_help=True)
    model.command("compare")(compare)
    model.command("measure")(measure)
    app.add_typer(model, name="model")


def compare(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Model folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Model folder.")],
    limit: Annotated[int, typer.Option("--limit", min=0, max=1000, help="Pairs shown.")] = 20,
) -> None:
    """Weigh the same pairs by two models: which cross a threshold, with both weights."""
    from mdm.bootstrap.models import compare as compare_folders

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = compare_folders(application, progress, old, new, limit=limit)
    invocation.emit(result, lambda: _show(result))


def measure(
    context: typer.Context,
    truth: Annotated[Path, typer.Argument(metavar="TRUTH")],
    title: Annotated[str, typer.Option("--title", help="On what it is measured.")],
) -> None:
    """Measure the applied state and keep the figures with its model, in metrics.json."""
    from mdm.bootstrap.models import measure as measure_model

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = measure_model(application, progress, truth, title)
    invocation.emit(result, lambda: show_fields(flat(result)))


def _show(result: dict[str, Any]) -> None:
    show_fields(flat({name: cell for name, cell in result.items() if name != "sample"}))
    print()
    show_rows(result["sample"], empty="No pair crosses the link threshold.")
