"""What was measured of a model, kept in its folder: `metrics.json`, written by a command alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdm.errors import ModelFileError
from mdm.linkage.model import PersonModel

METRICS_FILE = "metrics.json"


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """What was measured of the model of a folder; None where nothing was.

    Raises:
        ModelFileError: The file cannot be read.
    """
    path = folder / METRICS_FILE
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise ModelFileError("the metrics cannot be read", where=str(path)) from None
    return dict(found)


def add_measurement(
    folder: Path, model: PersonModel, title: str, measured: Mapping[str, object]
) -> Path:
    """Add one measurement; what was measured before stays as it is.

    Args:
        folder: The model's folder.
        model: The model in it.
        title: On what it was measured.
        measured: The figures.

    Raises:
        ModelFileError: There is one of this title, or the file is of another model.
    """
    known = read_metrics(folder) or {"model": model.digest, "measured": []}
    if known["model"] != model.digest:
        raise ModelFileError("the metrics are another model's", where=str(folder))
    if any(one["title"] == title for one in known["measured"]):
        raise ModelFileError("there is a measurement of this title", where=str(folder))
    known["measured"].append({"title": title, **measured})
    path = folder / METRICS_FILE
    path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    return path
