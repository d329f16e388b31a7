"""`mdm evaluate`, `mdm report`: how good the registry is, and what a run did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli.invocation import PlanKey, invocation_of
from mdm.cli.output import show_fields


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("evaluate")(evaluate)
    app.command("report")(report)


def evaluate(context: typer.Context, truth: Annotated[Path, typer.Argument()]) -> None:
    """Measure the applied state against a known truth (CSV: source, local_id, person_id, ...)."""
    from mdm.bootstrap.evaluating import evaluate as measure

    invocation = invocation_of(context)
    with (
        invocation.application() as application,
        invocation.progress() as progress,
        application.synced_volume(progress) as con,
        application.store.reading() as session,
    ):
        result = measure(con, session, truth)
    invocation.emit(result, lambda: show_fields(flat(result)))


def report(
    context: typer.Context,
    plan_id: PlanKey,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Truth file, to show precision and recall.")
    ] = None,
) -> None:
    """Write the run report of a plan: one self-contained HTML page, in Portuguese."""
    from mdm.bootstrap.link_run import report_file

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        target = application.home.folder / f"report-{plan_id}.html" if out is None else out
        report_file(application, plan_id, target, progress, truth=truth)
    result = {"plan_id": plan_id, "report": str(target)}
    invocation.emit(result, lambda: show_fields(result))


def flat(result: Mapping[str, Any], before: str = "") -> dict[str, object]:
    """Nested results with their keys joined by dots, for people."""
    found: dict[str, object] = {}
    for key, value in result.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found
