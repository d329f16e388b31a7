"""`mdm erase`, `mdm retention`: what is known of somebody leaves the registry for good."""

from typing import Annotated

import typer

from mdm.cli.invocation import LARGEST_KEY, invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.domain.erasure import ErasureReason

Actor = Annotated[str | None, typer.Option("--as", help="Who says so (default: the actor).")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("erase")(erase)
    kept = typer.Typer(help="How long sources' records are kept.", rich_markup_mode=None)
    kept.callback()(_group)
    kept.command("run")(retention_run)
    app.add_typer(kept, name="retention")


def _group() -> None:
    """How long sources' records are kept."""


def erase(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    local_id: Annotated[str, typer.Argument(metavar="LOCAL_ID")],
    reason: Annotated[ErasureReason, typer.Option("--reason", help="Why; the ledger names it.")],
    whole_citizen: Annotated[
        bool, typer.Option("--whole-citizen", help="All records of the record's citizen.")
    ] = False,
    actor: Actor = None,
) -> None:
    """Erase a record by law: its content leaves every table and every file; there is no way back.

    The municipal ID stays and is never given to anybody else. A source that delivers the record
    again changes nothing. Backups that were made before hold it still.
    """
    from mdm.bootstrap.erasing import erase as erase_record

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = erase_record(
            application,
            (source, local_id),
            reason,
            progress,
            whole_citizen=whole_citizen,
            actor=actor,
        )
    invocation.emit(result, lambda: show_fields(result))


def retention_run(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be erased.")
    ] = False,
    accepted: Annotated[
        int,
        typer.Option(
            "--accept-erasures",
            metavar="N",
            min=0,
            max=LARGEST_KEY,
            help="Up to N records of one source may go, over the cap.",
        ),
    ] = 0,
    actor: Actor = None,
) -> None:
    """Erase what was withdrawn for longer than its source's retention_days.

    More than 0.5 % of a source's records, and more than five, needs --accept-erasures.
    """
    from mdm.bootstrap.retention import run_retention

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = run_retention(
            application, progress, dry_run=dry_run, accepted=accepted, actor=actor
        )
    sources = result["sources"]
    assert isinstance(sources, list)

    def shown() -> None:
        show_rows(sources, empty="No source is declared.")
        show_fields({name: told for name, told in result.items() if name != "sources"})

    invocation.emit(result, shown)
