"""What stewards' answers are decided by: thresholds of the model in use, policy, sources."""

from pathlib import Path

from mdm.bootstrap.application import Application
from mdm.bootstrap.link_run import model_folder, survivorship_policy
from mdm.clustering.decision import Thresholds
from mdm.linkage.model import PersonModel, load_model, with_link
from mdm.services.redecide import DecisionRules, model_in_use, tolerance_in_use
from mdm.services.refresh_golden import GoldenRules, Standing


def decision_rules(application: Application) -> DecisionRules:
    """The thresholds of the model that the last applied plan used, else of the default one.

    Raises:
        ModelFileError: The model folder cannot be read.
    """
    found = used_model(application).thresholds
    thresholds = Thresholds(
        review=found.review, link=found.link, fracture=found.fracture, margin=found.margin
    )
    return DecisionRules(thresholds=thresholds, golden=golden_rules(application))


def used_model(application: Application) -> PersonModel:
    """The model that the last applied plan used, with its link threshold; else the default one.

    Raises:
        ModelFileError: The model folder cannot be read.
    """
    with application.store.reading() as session:
        named, tolerance = model_in_use(session), tolerance_in_use(session)
    used = None if named is None else Path(named)
    folder = model_folder(application, used if used is not None and used.is_dir() else None)
    model = load_model(folder)
    if tolerance is None or tolerance.link is None or tolerance.model_version != model.version:
        return model
    return with_link(model, tolerance.link)


def golden_rules(application: Application) -> GoldenRules:
    """The survivorship policy and the standing of each source."""
    standings = {
        name: Standing(
            declared.trust,
            frozenset(str(group) for group in declared.authoritative),
            declared.local_id_is,
        )
        for name, declared in application.declarations().items()
    }
    return GoldenRules(survivorship_policy(application), standings)
