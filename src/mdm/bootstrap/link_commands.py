"""Link and apply as whole commands, for the command line, the demonstration and jobs."""

from dataclasses import replace
from pathlib import Path

from mdm.bootstrap.application import Application
from mdm.bootstrap.link_run import model_folder, opened_linking
from mdm.domain.tolerance import Tolerance
from mdm.ports import ProgressStep
from mdm.services.apply_plan import apply_stored
from mdm.services.link_records import LinkContext, LinkOptions, check_stored_plan, link_records
from mdm.services.redecide import tolerance_in_use


def run_link(
    application: Application,
    progress: ProgressStep,
    options: LinkOptions,
    *,
    model: Path | None = None,
) -> dict[str, object]:
    """Score, cluster and reconcile.

    Args:
        application: The registry.
        progress: Told a step and its share done.
        options: How; the model's folder is filled in.
        model: Model folder; None for the registry's newest, else the shipped one.

    Returns:
        The plan's counts.
    """
    folder = model_folder(application, model)
    tolerance = _tolerance(application, options.tolerate)
    with opened_linking(application, folder, progress, tolerance) as linking:
        return link_records(
            LinkContext(
                store=application.store,
                linking=linking,
                header=application.header("link", model_version=linking.model_version),
                clock=application.clock,
            ),
            replace(options, model=str(folder.resolve())),
        )


def _tolerance(application: Application, asked: float | None) -> Tolerance | None:
    """What is asked for now; else what the last applied plan tolerates."""
    if asked is not None:
        return Tolerance(asked) if asked > 0 else None
    with application.store.reading() as session:
        return tolerance_in_use(session)


def run_apply(
    application: Application,
    progress: ProgressStep,
    plan_id: int,
    *,
    accept_changes: int = 0,
    accept_model: bool = False,
) -> dict[str, object]:
    """Apply a plan in one transaction.

    Returns:
        The plan's counts.
    """
    with application.store.reading() as session:
        named, tolerance = check_stored_plan(
            session, plan_id, accept_changes, accept_model=accept_model
        )
    folder = model_folder(application, None if named is None else Path(named))
    with opened_linking(application, folder, progress, tolerance) as linking:
        header = application.header("apply", model_version=linking.model_version)
        return apply_stored(application.store, linking, header, plan_id, accepted=accept_changes)
