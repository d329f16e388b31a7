"""`mdm explain`: why two records are one person or not, and what holds a citizen together."""

from pathlib import Path
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows

Restricted = Annotated[bool, typer.Option("--restricted", help="Restricted records, too.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    explain = typer.Typer(help="Why records are one person, or are not.", rich_markup_mode=None)
    explain.command("pair")(pair)
    explain.command("citizen")(citizen)
    app.add_typer(explain, name="explain")


def pair(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE")],
    local_id: Annotated[str, typer.Argument(metavar="LOCAL_ID")],
    other_source: Annotated[str, typer.Argument(metavar="SOURCE")],
    other_id: Annotated[str, typer.Argument(metavar="LOCAL_ID")],
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the evidence step by step into this file.")
    ] = None,
    restricted: Restricted = False,
) -> None:
    """Explain a pair: bits of every comparison, conflicts, what is missing, what would settle it.

    The records are weighed as they are now, by the model in use. No value of theirs is told.
    """
    from mdm.bootstrap.explaining import explain_pair, pair_svg

    invocation = invocation_of(context)
    keys = (source, local_id), (other_source, other_id)
    with invocation.application() as application, invocation.progress() as progress:
        result = explain_pair(application, keys, restricted=restricted, progress=progress)
    if svg is not None:
        svg.write_text(pair_svg(result), "utf-8")
    invocation.emit(result, lambda: _print(result, "contributions"))


def citizen(
    context: typer.Context,
    municipal_id: Annotated[str, typer.Argument(metavar="MUNICIPAL_ID")],
    holder: Annotated[
        str | None, typer.Option("--for", help="The system that is told the ID (default: you).")
    ] = None,
    restricted: Restricted = False,
) -> None:
    """Explain a citizen: the links that hold their records, the weakest, and the bridges."""
    from mdm.bootstrap.stewarding import decision_rules
    from mdm.services.explain_citizen import explain_citizen
    from mdm.services.show_citizen import Look

    invocation = invocation_of(context)
    look = Look(municipal_id=municipal_id, holder=holder, restricted=restricted)
    with invocation.application() as application:
        rules = decision_rules(application)
        result = explain_citizen(
            application.store,
            application.clock,
            rules.golden,
            application.header("explain"),
            look,
            fracture=rules.thresholds.fracture,
        )
    invocation.emit(result, lambda: _print(result, "path"))


def _print(result: dict[str, object], rows: str) -> None:
    table, sentences = result[rows], result["sentences"]
    assert isinstance(table, list)
    assert isinstance(sentences, list)
    for sentence in sentences:
        print(sentence)
    plain = {name: value for name, value in result.items() if not isinstance(value, list)}
    show_fields(plain)
    show_rows(table, empty="No links.", title=rows)
