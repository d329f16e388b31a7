"""`mdm export`: crosswalk, golden records, questions, scored pairs, issues of a source."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdm.cli.invocation import Invocation, invocation_of
from mdm.cli.output import show_fields

if TYPE_CHECKING:
    from mdm.bootstrap import Application
    from mdm.services.exports import ExportRequest

File = Annotated[Path, typer.Argument(metavar="FILE.csv|.parquet")]
Holder = Annotated[
    str | None, typer.Option("--for", help="The system that is told the IDs (default: the actor).")
]
Restricted = Annotated[bool, typer.Option("--restricted", help="Restricted records, too.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Write files for other systems.", rich_markup_mode=None)
    group.command("crosswalk")(crosswalk)
    group.command("golden")(golden)
    group.command("review")(review)
    group.command("pairs")(pairs)
    group.command("issues")(issues)
    app.add_typer(group, name="export")


def crosswalk(
    context: typer.Context, file: File, holder: Holder = None, restricted: Restricted = False
) -> None:
    """Every placed record with its municipal ID (ten characters, without hyphen)."""
    from mdm.services.exports import export_crosswalk

    invocation = invocation_of(context)
    with invocation.application() as application:
        request = _request(application, file, holder=holder, restricted=restricted)
        result = export_crosswalk(request)
    _tell(invocation, result)


def golden(context: typer.Context, file: File, holder: Holder = None) -> None:
    """Every golden record; restricted records have no part in them.

    In CSV a name that begins with = + - @ gets a ' before it, so that no spreadsheet runs it.
    """
    from mdm.services.exports import export_golden

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = export_golden(_request(application, file, holder=holder, restricted=False))
    _tell(invocation, result)


def review(context: typer.Context, file: File, restricted: Restricted = False) -> None:
    """Every open question about a pair: fill in verdict and reason, then mdm review import."""
    from mdm.services.exports import export_review

    invocation = invocation_of(context)
    with invocation.application() as application:
        request = _request(application, file, holder=None, restricted=restricted)
        result = export_review(request)
    _tell(invocation, result)


def pairs(context: typer.Context, file: File, restricted: Restricted = False) -> None:
    """Every scored pair above the review threshold, with the levels found by comparison."""
    from mdm.linkage.explain import unpack_pattern
    from mdm.linkage.person_model import COMPARISONS
    from mdm.services.exports import export_pairs

    invocation = invocation_of(context)
    with invocation.application() as application:
        request = _request(application, file, holder=None, restricted=restricted)
        names = tuple(comparison.name for comparison in COMPARISONS)
        result = export_pairs(request, names, unpack_pattern)
    _tell(invocation, result)


def issues(
    context: typer.Context,
    source: Annotated[str, typer.Argument()],
    file: File,
    restricted: Restricted = False,
) -> None:
    """Values of a source that could not be used, as it sent them: the file goes back to it."""
    from mdm.services.exports import export_issues

    invocation = invocation_of(context)
    with invocation.application() as application:
        request = _request(application, file, holder=None, restricted=restricted)
        result = export_issues(request, source)
    _tell(invocation, result)


def _request(
    application: "Application", file: Path, *, holder: str | None, restricted: bool
) -> "ExportRequest":
    from mdm.services.exports import ExportRequest

    return ExportRequest(
        store=application.store,
        header=application.header("export"),
        path=file,
        holder=holder,
        restricted=restricted,
    )


def _tell(invocation: Invocation, result: dict[str, object]) -> None:
    invocation.emit(result, lambda: show_fields(result))
