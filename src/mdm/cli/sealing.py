"""`mdm seal`, `mdm unseal`: a citizen who begins anew, and of whom nobody may learn."""

from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields
from mdm.domain.seal import SealReason
from mdm.errors import UsageError

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A source, or `municipal`.")]
LocalId = Annotated[str, typer.Argument(metavar="LOCAL_ID")]
Second = Annotated[
    str, typer.Option("--second", help="The second person who answers for it, by name.")
]
Actor = Annotated[str | None, typer.Option("--as", help="Who says so (default: the actor).")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("seal")(seal)
    app.command("unseal")(unseal)


def seal(
    context: typer.Context,
    source: Source,
    local_id: LocalId,
    reason: Annotated[SealReason, typer.Option("--reason", help="Why; the ledger names it.")],
    second: Second,
    anew: Annotated[
        list[str] | None,
        typer.Option(
            "--anew",
            metavar="SOURCE:LOCAL_ID",
            help="The source uses this local ID for the person who begins anew; repeatable.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sealed.")
    ] = False,
    actor: Actor = None,
) -> None:
    """Seal a citizen (adoption, protection): all records and IDs, known to nobody from now on.

    To everybody but the data-protection officer the IDs were never issued. Nothing is linked with
    the sealed records or asked about them, and what sources go on to say of them is not stored.
    A local ID given with --anew is free again: the source's next delivery of it is a new record.
    """
    from mdm.bootstrap.sealing import seal as seal_citizen

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = seal_citizen(
            application,
            (source, local_id),
            reason,
            second=second,
            anew=[_key(text) for text in anew or ()],
            actor=actor,
            dry_run=dry_run,
        )
    invocation.emit(result, lambda: show_fields(result))


def unseal(
    context: typer.Context,
    source: Source,
    local_id: LocalId,
    second: Second,
    actor: Actor = None,
) -> None:
    """Take the seal off a citizen: the IDs answer again, and records are linked as others are."""
    from mdm.bootstrap.sealing import unseal as unseal_citizen

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = unseal_citizen(application, (source, local_id), second=second, actor=actor)
    invocation.emit(result, lambda: show_fields(result))


def _key(text: str) -> tuple[str, str]:
    source, colon, local_id = text.partition(":")
    if not colon or not local_id:
        raise UsageError("--anew takes SOURCE:LOCAL_ID")
    return source, local_id
