"""`mdm resolve`, `show`, `search`: from a key to the citizen."""

from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.errors import UsageError

Holder = Annotated[
    str | None,
    typer.Option("--for", help="The system that is told the ID (default: the source, or you)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("resolve")(resolve)
    app.command("show")(show)
    app.command("search")(search)


def resolve(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE|municipal")],
    local_id: Annotated[str, typer.Argument(metavar="LOCAL_ID|MUNICIPAL_ID")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="What was answered on that day.")
    ] = None,
    holder: Holder = None,
) -> None:
    """Tell the municipal ID of a record: mdm resolve SOURCE LOCAL_ID.

    With the word municipal for SOURCE: the citizen that a municipal ID names now.
    """
    from mdm.services.resolve import Question
    from mdm.services.resolve import resolve as answer

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = answer(
            application.store,
            application.clock,
            application.header("resolve"),
            Question(source=source, local_id=local_id, as_of=as_of, holder=holder),
        )
    invocation.emit(result, lambda: show_fields(result))


def show(
    context: typer.Context,
    municipal_id: Annotated[str, typer.Argument()],
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Documents whole; it is written to the ledger.")
    ] = False,
    purpose: Annotated[
        str | None, typer.Option("--purpose", help="Why; needed with --reveal.")
    ] = None,
    restricted: Annotated[bool, typer.Option("--restricted", help="Restricted records, too.")] = (
        False
    ),
    holder: Holder = None,
) -> None:
    """Show one citizen: golden values with their origin, records, weakest link, open doubts."""
    from mdm.bootstrap.stewarding import golden_rules
    from mdm.services.show_citizen import Look, show_citizen

    if reveal and purpose is None:
        raise UsageError("--reveal needs --purpose")
    invocation = invocation_of(context)
    with invocation.application() as application:
        header = application.header("reveal" if reveal else "show")
        if purpose is not None:
            header = replace(header, purpose=purpose)
        look = Look(municipal_id=municipal_id, holder=holder, reveal=reveal, restricted=restricted)
        rules = golden_rules(application)
        result = show_citizen(application.store, application.clock, rules, header, look)
    invocation.emit(result, lambda: _print(result))


def _print(result: dict[str, object]) -> None:
    golden, members, doubts = result["golden"], result["members"], result["doubts"]
    assert isinstance(golden, dict)
    assert isinstance(members, list)
    assert isinstance(doubts, list)
    show_fields({name: result[name] for name in ("shown", "status", "deceased", "weakest_link")})
    values = []
    for attribute, found in golden.items():
        for entry in found if isinstance(found, list) else [found]:
            if entry is not None:
                names = ("value", "source", "local_id", "rule", "as_of")
                values.append({"attribute": attribute, **{name: entry[name] for name in names}})
    show_rows(values, empty="No golden values.", title="golden record")
    show_rows(members, empty="No records.", title="records")
    show_rows(doubts, empty="No open doubts.", title="open doubts")


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="Name, CPF, CNS, NIS, municipal ID or local ID.")],
    dormant: Annotated[
        bool, typer.Option("--dormant", help="Also citizens without present records.")
    ] = False,
) -> None:
    """Find citizens by name (as typed or as it sounds), document or ID."""
    from mdm.bootstrap.finding import opened_finder
    from mdm.services.search_citizens import Search, search_citizens

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        found = search_citizens(
            application.store,
            partial(opened_finder, application, progress),
            application.clock,
            application.header("search"),
            Search(text=text, dormant=dormant),
        )
    invocation.emit({"citizens": found}, lambda: show_rows(found, empty="Nobody was found."))
