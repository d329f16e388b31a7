"""`mdm train`, `link`, `plan`, `apply`, `revert`: from loaded records to citizens."""

from pathlib import Path
from typing import Annotated

import typer

from mdm.cli.invocation import LARGEST_KEY, PlanKey, invocation_of
from mdm.cli.output import show_fields, show_rows

_MODEL_HELP = "Model folder (default: the registry's newest, else the shipped one)."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("train")(train)
    app.command("link")(link)
    plan = typer.Typer(help="Plans: what a link run would change.", no_args_is_help=True)
    plan.command("list")(plan_list)
    plan.command("show")(plan_show)
    app.add_typer(plan, name="plan")
    app.command("apply")(apply)
    app.command("revert")(revert)


def train(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write; it must not hold another model.")
    ] = None,
) -> None:
    """Train the person model on the loaded records, without labels."""
    from mdm.bootstrap.link_run import next_model_folder
    from mdm.linkage.engine import train as train_model
    from mdm.linkage.model import load_model
    from mdm.services.export_file import check_target_folder

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        folder = next_model_folder(application) if out is None else out
        check_target_folder(folder)
        with application.synced_volume(progress) as con:
            digest = train_model(con, folder, progress)
        model = load_model(folder)
    result = {
        "model": str(folder),
        "model_version": model.version,
        "digest": digest,
        "records": model.fingerprint["records"],
    }
    invocation.emit(result, lambda: show_fields(result))


def link(
    context: typer.Context,
    model: Annotated[Path | None, typer.Option("--model", help=_MODEL_HELP)] = None,
    apply_now: Annotated[bool, typer.Option("--apply", help="Apply the plan at once.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Decide as a first build would, without hysteresis.")
    ] = False,
    accept_changes: Annotated[
        int,
        typer.Option(
            "--accept-changes", min=0, max=LARGEST_KEY, help="Present IDs that may change."
        ),
    ] = 0,
    accept_model: Annotated[
        bool,
        typer.Option(
            "--accept-model",
            help="Although the data are unlike the model's, or the model is not the one in force.",
        ),
    ] = False,
    tolerate: Annotated[
        float | None,
        typer.Option(
            "--tolerate",
            min=0.0,
            max=0.5,
            help="Wrong links tolerated among all, as 1e-4; it stands until another is given. "
            "0: the model's own threshold.",
        ),
    ] = None,
) -> None:
    """Score, cluster and reconcile: makes a plan, and applies it with --apply.

    Another model than the one in force is not applied at once: look at its plan first.
    """
    from mdm.bootstrap.link_commands import run_link
    from mdm.services.link_records import LinkOptions

    invocation = invocation_of(context)
    options = LinkOptions(
        apply=apply_now,
        fresh=fresh,
        accept_changes=accept_changes,
        accept_model=accept_model,
        tolerate=tolerate,
    )
    with invocation.application() as application, invocation.progress() as progress:
        result = run_link(application, progress, options, model=model)
    invocation.emit(result, lambda: show_fields(result))


def plan_list(context: typer.Context) -> None:
    """All plans, the newest first."""
    from mdm.services.plans import list_plans

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        plans = list_plans(session)
    invocation.emit({"plans": plans}, lambda: show_rows(plans, empty="There is no plan yet."))


def plan_show(context: typer.Context, plan_id: PlanKey) -> None:
    """What one plan changes, and why: counts, and a sample of each kind of change."""
    from mdm.services.plans import show_plan

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        plan = show_plan(session, plan_id)
    invocation.emit(plan, lambda: show_fields(plan))


def apply(
    context: typer.Context,
    plan_id: PlanKey,
    accept_changes: Annotated[
        int,
        typer.Option(
            "--accept-changes", min=0, max=LARGEST_KEY, help="Present IDs that may change."
        ),
    ] = 0,
    accept_model: Annotated[
        bool, typer.Option("--accept-model", help="Although the data are unlike the model's.")
    ] = False,
) -> None:
    """Apply a plan in one transaction."""
    from mdm.bootstrap.link_commands import run_apply

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = run_apply(
            application,
            progress,
            plan_id,
            accept_changes=accept_changes,
            accept_model=accept_model,
        )
    invocation.emit(result, lambda: show_fields(result))


def revert(context: typer.Context, plan_id: PlanKey) -> None:
    """Undo an applied plan as one; refused if later work touched its citizens."""
    from mdm.bootstrap.link_run import opened_linking
    from mdm.services.revert_plan import revert_plan

    invocation = invocation_of(context)
    with (
        invocation.application() as application,
        invocation.progress() as progress,
        opened_linking(application, None, progress) as linking,
    ):
        result = revert_plan(application.store, linking, application.header("revert"), plan_id)
    invocation.emit(result, lambda: show_fields(result))
