"""`mdm golden`: the values that stewards set in golden records."""

from dataclasses import replace
from typing import Annotated

import typer

from mdm.cli.invocation import LARGEST_KEY, invocation_of
from mdm.cli.output import show_fields, show_rows

MunicipalId = Annotated[str, typer.Argument(metavar="MUNICIPAL_ID")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    golden = typer.Typer(help="Values of golden records that stewards set.", rich_markup_mode=None)
    golden.command("set")(set_golden)
    golden.command("undo")(undo)
    golden.command("list")(list_golden)
    app.add_typer(golden, name="golden")


def set_golden(
    context: typer.Context,
    municipal_id: MunicipalId,
    attribute: Annotated[str, typer.Argument(metavar="ATTRIBUTE")],
    value: Annotated[str, typer.Argument(metavar="VALUE")],
    steward: Annotated[str, typer.Option("--as", help="The steward who sets it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in the steward's words.")],
) -> None:
    """Set a value until its source is corrected.

    The value is checked as a loaded one; the parts of an address are written with `;` between
    (street; number; district; CEP; municipality). An empty VALUE says that the citizen has none.
    """
    from mdm.bootstrap.stewarding import golden_rules
    from mdm.services.set_value import Setting, set_value

    invocation = invocation_of(context)
    setting = Setting(municipal_id=municipal_id, attribute=attribute, value=value, reason=reason)
    with invocation.application() as application:
        header = replace(application.header("golden_set"), actor=steward)
        result = set_value(application.store, golden_rules(application), header, setting)
    invocation.emit(result, lambda: show_fields(result))


def undo(
    context: typer.Context,
    override_id: Annotated[int, typer.Argument(metavar="OVERRIDE_ID", min=0, max=LARGEST_KEY)],
    steward: Annotated[
        str | None, typer.Option("--as", help="Who takes it back (default: the actor).")
    ] = None,
) -> None:
    """Take a value back; the survivorship policy decides again."""
    from mdm.bootstrap.stewarding import golden_rules
    from mdm.services.set_value import undo_value

    invocation = invocation_of(context)
    with invocation.application() as application:
        header = application.header("golden_undo")
        if steward is not None:
            header = replace(header, actor=steward)
        result = undo_value(application.store, golden_rules(application), header, override_id)
    invocation.emit(result, lambda: show_fields(result))


def list_golden(
    context: typer.Context,
    municipal_id: Annotated[str | None, typer.Argument(metavar="MUNICIPAL_ID")] = None,
) -> None:
    """List what stewards set and what became of it; the values stand in `mdm show`."""
    from mdm.services.set_value import list_values

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        items = list_values(session, municipal_id, today=application.today())
    invocation.emit({"items": items}, lambda: show_rows(items, empty="No value was set."))
