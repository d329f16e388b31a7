"""Models as they are looked at: two on the same pairs, and one measured against a truth."""

from dataclasses import asdict
from pathlib import Path

from mdm.bootstrap.application import Application
from mdm.bootstrap.evaluating import evaluate
from mdm.bootstrap.link_run import model_folder
from mdm.errors import NothingToLinkError
from mdm.linkage.compare import compare_models
from mdm.linkage.fingerprint import differences
from mdm.linkage.metrics import add_measurement, read_metrics
from mdm.linkage.model import PersonModel, load_model
from mdm.ports import ProgressStep
from mdm.services.judged_identifiers import standing_identifiers
from mdm.services.redecide import model_in_use

CARD_FILE = "MODEL_CARD.md"
_MEASURED = (
    "records", "citizens", "pairs", "cluster", "with_review", "review_per_1000",
    "candidate_recall",
)  # fmt: skip


def compare(
    application: Application, progress: ProgressStep, old: Path, new: Path, *, limit: int
) -> dict[str, object]:
    """Two models on the same pairs of the loaded records.

    Returns:
        `old` and `new` (folder, version, thresholds, records trained on, metrics, card), `unlike`
        (where their training data differ), and what `mdm.linkage.compare.compare_models` tells.

    Raises:
        ModelFileError: A folder holds no readable model.
        NothingToLinkError: No record is loaded.
    """
    before, after = load_model(old), load_model(new)
    with application.volume() as con, application.store.reading() as session:
        if session.value("SELECT 1 FROM record LIMIT 1") is None:
            raise NothingToLinkError("no record is loaded; load a source first")
        application.sync_with(con, session, progress)
        found = compare_models(
            con, before, after, standing_identifiers(session), limit=limit, step=progress
        )
    return {
        "old": _facts(old, before),
        "new": _facts(new, after),
        "unlike": differences(before.fingerprint, after.fingerprint),
        **found,
    }


def _facts(folder: Path, model: PersonModel) -> dict[str, object]:
    return {
        "model": str(folder),
        "model_version": model.version,
        "digest": model.digest,
        "thresholds": asdict(model.thresholds),
        "records": model.fingerprint.get("records"),
        "metrics": read_metrics(folder),
        "card": (folder / CARD_FILE).is_file(),
    }


def measure(
    application: Application, progress: ProgressStep, truth: Path, title: str
) -> dict[str, object]:
    """Measure the applied state against a known truth, and keep it with the model that made it.

    Args:
        application: The registry.
        progress: Told a step and its share done.
        truth: See `mdm.bootstrap.evaluating.evaluate`.
        title: On what it is measured.

    Raises:
        ModelFileError: There is a measurement of this title.
        TruthFileError, NothingToLinkError: See `evaluate`.
    """
    with application.synced_volume(progress) as con, application.store.reading() as session:
        found = evaluate(con, session, truth)
        named = model_in_use(session)
    folder = model_folder(application, None if named is None else Path(named))
    model = load_model(folder)
    measured = {name: found[name] for name in _MEASURED}
    measured["thresholds"] = asdict(model.thresholds)
    path = add_measurement(folder, model, title, measured)
    return {
        "model": str(folder),
        "model_version": model.version,
        "file": str(path),
        "measured": {"title": title, **measured},
    }
