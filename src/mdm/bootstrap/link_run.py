"""Opens everything that a link run needs: volume database, model, policy, sources."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from mdm.bootstrap.application import Application
from mdm.bootstrap.evaluating import evaluate
from mdm.bootstrap.linking import DuckLinking
from mdm.bootstrap.reporting import read_report
from mdm.domain.tolerance import Tolerance, tolerated
from mdm.errors import PlanStateError
from mdm.linkage.model import PersonModel, load_model, with_link
from mdm.ports import ProgressStep, ReadSession
from mdm.services.export_file import check_target_file
from mdm.survivorship.policy import Policy, default_policy, load_policy
from mdm.volume.report.page import render

PERSON_MODEL = ("person", "v6")
POLICY_FILE = "policy.toml"


def model_folder(application: Application, named: Path | None) -> Path:
    """The model folder to use: the named one, the registry's own, or the shipped one."""
    if named is not None:
        return named
    own = application.home.folder / "linkage_models" / "person"
    trained = sorted(own.glob("v*"), key=lambda path: int(path.name[1:])) if own.is_dir() else []
    return trained[-1] if trained else application.models().joinpath(*PERSON_MODEL)


def next_model_folder(application: Application) -> Path:
    """Where `train` writes when no folder is named: the registry's next version."""
    own = application.home.folder / "linkage_models" / "person"
    numbers = [int(path.name[1:]) for path in own.glob("v*")] if own.is_dir() else []
    return own / f"v{max(numbers, default=0) + 1}"


def survivorship_policy(application: Application) -> Policy:
    """The registry's own policy, or the shipped one.

    Raises:
        PolicyError: The file has errors; all are listed.
    """
    own = application.home.folder / POLICY_FILE
    return load_policy(own.read_text("utf-8")) if own.is_file() else default_policy()


@contextmanager
def opened_linking(
    application: Application,
    folder: Path | None,
    progress: ProgressStep,
    tolerance: Tolerance | None = None,
) -> Iterator[DuckLinking]:
    """The volume plane ready to link with the model of a folder; None where nothing is scored.

    With a tolerance the link threshold is the one chosen for it, or is chosen once scored.

    Raises:
        ModelFileError: The folder holds no readable model.
        LaneBusyError: Another process loads or links.
    """
    model = None if folder is None else load_model(folder)
    with application.volume() as con:
        yield linking_over(application, con, model, progress, tolerance)


def linking_over(
    application: Application,
    con: duckdb.DuckDBPyConnection,
    model: PersonModel | None,
    progress: ProgressStep,
    tolerance: Tolerance | None = None,
) -> DuckLinking:
    """A link run on an open volume database."""
    sources = [
        (name, declaration.trust, [str(group) for group in declaration.authoritative])
        for name, declaration in application.declarations().items()
    ]
    return DuckLinking(
        con,
        model=model,
        policy=survivorship_policy(application),
        sources=sources,
        sync=partial(_sync, application, progress),
        progress=progress,
        tolerance=tolerance,
    )


def _sync(
    application: Application,
    progress: ProgressStep,
    con: duckdb.DuckDBPyConnection,
    session: ReadSession,
) -> int:
    return application.sync_with(con, session, progress)


def report_file(
    application: Application,
    plan_id: int,
    target: Path,
    progress: ProgressStep,
    *,
    truth: Path | None = None,
    timings: Sequence[tuple[str, float]] = (),
) -> dict[str, object] | None:
    """Write the run report of a plan; returns what an evaluation against the truth told.

    Raises:
        NotFoundError: There is no such plan.
        PlanStateError: It is not the plan that the volume database still shows.
        UsageError: The report cannot be written there.
    """
    check_target_file(target)
    with application.synced_volume(progress) as con, application.store.reading() as session:
        row = session.row("SELECT counts FROM plan WHERE plan_id = :id", {"id": plan_id})
        newest = session.number("SELECT MAX(plan_id) FROM plan WHERE state = 'applied'")
        if row is not None and plan_id != newest:
            raise PlanStateError(
                "only the plan applied last can be reported on", where=str(plan_id)
            )
        counts = {} if row is None else json.loads(str(row["counts"]))
        named = counts.get("model")
        model = load_model(model_folder(application, None if named is None else Path(named)))
        if (chosen := tolerated(counts, None)) is not None and chosen.link is not None:
            model = with_link(model, chosen.link)
        measured = None if truth is None else evaluate(con, session, truth)
        titles = {name: d.title for name, d in application.declarations().items()}
        page = render(
            read_report(
                con,
                session,
                plan_id=plan_id,
                model=model,
                titles=titles,
                measured=measured,
                timings=timings,
            )
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, "utf-8")
    target.chmod(0o600)
    return measured
