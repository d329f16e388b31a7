"""`mdm serve`, `mdm job`: the service, and commands that run beside it."""

import signal
import sys
import threading
from typing import Annotated

import typer

from mdm.cli.invocation import Invocation, invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.errors import UsageError
from mdm.niceness import give_way

JOB_NICENESS = 10
"""A job gives way to who waits for an answer."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve)
    job = typer.Typer(help="Link runs and applies that run beside the service.")
    job.command("add")(job_add)
    job.command("list")(job_list)
    job.command("cancel")(job_cancel)
    job.command("run")(job_run)
    job.command("perform")(job_perform)
    app.add_typer(job, name="job", no_args_is_help=True)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=32)] = 2,
    background: Annotated[
        bool, typer.Option("--background", help="Come back when the service is ready.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the service of this registry.")] = False,
) -> None:
    """Serve API and pages, and run jobs, until told to stop."""
    from mdm.bootstrap import supervision

    if stop and background:
        raise UsageError("--stop and --background do not go together")
    invocation = invocation_of(context)
    listening = supervision.Listening(host=host, port=port, workers=workers)
    with invocation.application() as application:
        home = str(application.home.folder)
        if stop:
            supervision.stop_serving(application.home.folder)
            result = {"home": home, "address": None, "state": "stopped"}
        elif background:
            supervision.serve_in_background(application, listening)
            result = {"home": home, "address": listening.address, "state": "ready"}
        else:
            supervision.serve(application, listening, _log)
            result = {"home": home, "address": listening.address, "state": "stopped"}
    invocation.emit(result, lambda: show_fields(result))


def job_add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="link|apply")],
    plan_id: Annotated[int | None, typer.Argument(help="For apply: the plan.")] = None,
    apply_now: Annotated[
        bool, typer.Option("--apply", help="For link: apply the plan at once.")
    ] = False,
    accept_changes: Annotated[
        int, typer.Option("--accept-changes", min=0, help="Present IDs that may change.")
    ] = 0,
    accept_model: Annotated[
        bool, typer.Option("--accept-model", help="Although the data are unlike the model's.")
    ] = False,
) -> None:
    """Ask the job runner for a link run, or for the apply of a plan."""
    from mdm.bootstrap.serving import service_store
    from mdm.services import jobs

    if (kind == "apply") != (plan_id is not None) or (kind == "apply" and apply_now):
        raise UsageError("link [--apply], or apply PLAN_ID")
    argument: dict[str, object] = {
        "accept_changes": accept_changes,
        "accept_model": accept_model,
    }
    argument |= {"apply": apply_now} if plan_id is None else {"plan_id": plan_id}
    invocation = invocation_of(context)
    with invocation.application() as application:
        beside = service_store(application)
        now = application.clock()
        number = jobs.add_job(beside, now, kind, argument, requested_by=application.actor)
        result = jobs.show_job(beside, number)
        beside.close()
    invocation.emit(result, lambda: show_fields(result))


def job_list(context: typer.Context) -> None:
    """The newest jobs, with their state, step and outcome."""
    from mdm.bootstrap.serving import service_store
    from mdm.services import jobs

    invocation = invocation_of(context)
    with invocation.application() as application:
        beside = service_store(application)
        found = jobs.list_jobs(beside)
        beside.close()
    names = ("job_id", "kind", "state", "step", "progress", "requested_by", "at", "ended_at")
    shown = [{name: row[name] for name in names} for row in found]
    invocation.emit({"jobs": found}, lambda: show_rows(shown, empty="There is no job."))


def job_cancel(context: typer.Context, job_id: Annotated[int, typer.Argument()]) -> None:
    """Let a job wait or run no longer; what it did not finish is undone."""
    from mdm.bootstrap.serving import service_store
    from mdm.services import jobs

    invocation = invocation_of(context)
    with invocation.application() as application:
        beside = service_store(application)
        jobs.cancel_job(beside, application.clock(), job_id)
        result = jobs.show_job(beside, job_id)
        beside.close()
    invocation.emit(result, lambda: show_fields(result))


def job_run(context: typer.Context) -> None:
    """Run jobs, sign audit roots and note what was told, until told to stop.

    `mdm serve` starts it; where several machines serve one registry, run it on one of them.
    """
    from mdm.bootstrap.job_runner import run_jobs

    invocation = invocation_of(context)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with invocation.application() as application:
        run_jobs(application, stop, _log)
    _emit_stopped(invocation)


def job_perform(context: typer.Context, job_id: Annotated[int, typer.Argument()]) -> None:
    """Do what a job says that its runner has taken; the runner starts this itself."""
    from mdm.bootstrap.job_runner import perform_job

    invocation = invocation_of(context)
    give_way(JOB_NICENESS)
    with invocation.application() as application, invocation.progress() as progress:
        result = perform_job(application, job_id, progress)
    invocation.emit(result, lambda: show_fields(result))


def _emit_stopped(invocation: Invocation) -> None:
    result = {"state": "stopped"}
    invocation.emit(result, lambda: show_fields(result))


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
