"""Another model: planned and looked at first, compared on the same pairs, measured."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.link_commands import run_apply, run_link
from mdm.bootstrap.models import compare
from mdm.errors import ModelChangeError, ModelFileError
from mdm.linkage.metrics import add_measurement, read_metrics
from mdm.linkage.model import load_model, save_model
from mdm.services.link_records import LinkOptions
from mdm.services.plans import show_plan
from support.intake import silent
from support.link_runs import app, built, partition, templates
from support.linkage_city import SHIPPED_MODEL

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow


@pytest.fixture
def doubter(tmp_path: Path) -> Path:
    """A model to which a match is next to impossible: it links nothing here."""
    shipped = load_model(SHIPPED_MODEL)
    folder = tmp_path / "v9"
    rare = shipped.matches_per_record / 2**60
    save_model(replace(shipped, matches_per_record=rare, fingerprint={}), folder)
    # Nothing holds on by hysteresis, so the plan shows what the model alone would do.
    limits = folder / "thresholds.toml"
    limits.write_text("link = 7\nreview = 7\nfracture = 7\nmargin = 3\n", "utf-8")
    return folder


def test_another_model_is_not_applied_at_once(built: Application, doubter: Path) -> None:
    before = partition(built)

    with pytest.raises(ModelChangeError):
        run_link(built, silent, LinkOptions(apply=True), model=doubter)

    assert partition(built) == before


def test_its_plan_names_whom_and_which_pairs_it_changes(built: Application, doubter: Path) -> None:
    before = partition(built)
    planned = run_link(built, silent, LinkOptions(accept_model=True), model=doubter)
    assert partition(built) == before

    with built.store.reading() as session:
        shown = show_plan(session, int(str(planned["plan_id"])))
    assert shown["model_version"] == load_model(doubter).version
    assert shown["model_before"] == load_model(SHIPPED_MODEL).version
    pairs, citizens = shown["pairs"], shown["citizens"]
    assert isinstance(pairs, dict)
    assert isinstance(citizens, list)
    assert planned["split"] == len(citizens) == pairs["parted"] == 1
    assert citizens[0]["change"] == "split"
    assert pairs["sample"][0]["outcome_before"] == "linked"

    run_apply(built, silent, int(str(planned["plan_id"])), accept_model=True)
    assert partition(built) != before
    with built.store.reading() as session:
        version = session.value("SELECT model_version FROM ledger_tx ORDER BY tx_id DESC LIMIT 1")
        again = show_plan(session, int(str(planned["plan_id"])))["citizens"]
    assert version == load_model(doubter).version
    assert isinstance(again, list)
    assert [(c["municipal_id"], c["change"]) for c in again] == [
        (c["municipal_id"], c["change"]) for c in citizens
    ]


def test_two_models_are_compared_on_the_same_pairs(built: Application, doubter: Path) -> None:
    found = compare(built, silent, SHIPPED_MODEL, doubter, limit=5)

    assert (found["joined"], found["parted"]) == (0, 1)
    sample = found["sample"]
    assert isinstance(sample, list)
    assert sample[0]["old_weight"] > 7 > sample[0]["new_weight"]
    same = compare(built, silent, SHIPPED_MODEL, SHIPPED_MODEL, limit=5)
    assert (same["joined"], same["parted"], same["sample"]) == (0, 0, [])


def test_metrics_are_added_to_and_never_changed(tmp_path: Path) -> None:
    folder = tmp_path / "v1"
    shutil.copytree(SHIPPED_MODEL, folder)
    (folder / "metrics.json").unlink(missing_ok=True)
    model = load_model(folder)
    assert read_metrics(folder) is None

    add_measurement(folder, model, "a city", {"records": 1})
    add_measurement(folder, model, "another", {"records": 2})

    with pytest.raises(ModelFileError):
        add_measurement(folder, model, "a city", {"records": 3})
    told = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert [one["records"] for one in told["measured"]] == [1, 2]
    with pytest.raises(ModelFileError):
        add_measurement(folder, replace(model, digest="0" * 64), "third", {})
