"""`mdm changes`, `mdm history`: what changed, for subscribers; the life of one citizen."""

from datetime import datetime
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("changes")(changes)
    app.command("history")(history)


def changes(
    context: typer.Context,
    after: Annotated[
        str, typer.Option("--after", metavar="CURSOR", help="Where an earlier answer ended.")
    ] = "",
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Only records of a source; may be repeated."),
    ] = None,
    holder: Annotated[
        str | None, typer.Option("--for", help="The system that reads (default: the actor).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Entries of one answer.")] = 1_000,
    restricted: Annotated[bool, typer.Option("--restricted", help="Restricted records, too.")] = (
        False
    ),
) -> None:
    """Changes of IDs since a cursor: read until `more` is false, keep the cursor for next time.

    An entry carries the whole new standing of a record or an ID. Keep for each the one with the
    latest `at`: told twice, late or out of order it comes to the same.
    """
    from mdm.services.follow_changes import Following, follow_changes

    invocation = invocation_of(context)
    with invocation.application() as application:
        asked = Following(
            after=after,
            sources=tuple(source or ()),
            holder=holder,
            limit=limit,
            restricted=restricted,
        )
        header = application.header("changes")
        result = follow_changes(application.store, application.clock, header, asked)

    def human() -> None:
        told = result["changes"]
        assert isinstance(told, list)
        names = ("at", "change", "source", "local_id", "municipal_id", "former_id", "resolves_to")
        rows = [{name: one[name] for name in names} for one in told]
        show_rows(rows, empty="Nothing has changed.")
        show_fields({name: result[name] for name in ("cursor", "more")})

    invocation.emit(result, human)


def history(
    context: typer.Context,
    municipal_id: Annotated[str, typer.Argument()],
    restricted: Annotated[bool, typer.Option("--restricted", help="Restricted records, too.")] = (
        False
    ),
) -> None:
    """Tell the life of a citizen, event by event, in sentences (Portuguese)."""
    from mdm.services.life import life_of

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = life_of(application.store, application.clock, municipal_id, restricted=restricted)

    def human() -> None:
        events = result["events"]
        assert isinstance(events, list)
        show_fields({name: result[name] for name in ("requested", "municipal_id", "state")})
        rows = [{"when": _day(one["at"]), "what": one["sentence"]} for one in events]
        show_rows(rows, empty="Nothing happened.")

    invocation.emit(result, human)


def _day(at: str) -> str:
    return datetime.fromisoformat(at).astimezone().strftime("%d/%m/%Y %H:%M")
