from pathlib import Path
from typing import Any

import pytest
from bench.year_run import run_year
from bench.year_table import rows

MODELS = Path(__file__).parents[2] / "linkage_models" / "person"
# Shares of a few hundred people are left to the bench.
HOLD = {
    "people alive all year who keep their ID",
    "IDs that became another person's without event or flag",
    "changed IDs without a listed cause",
    "truncated file and wrong scope: held, withdrawn",
    "records of the re-keyed source under another ID",
    "living people deceased through a wrong link",
    "growth over twelve snapshots of no change",
}


def _silent(text: str) -> None:
    del text


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_year(tmp_path_factory.mktemp("year"), 2000, 7, MODELS, _silent)


@pytest.mark.extended
def test_a_registry_lives_through_a_year(found: dict[str, Any]) -> None:
    table = {what: holds for what, _, _, holds in rows(found)}

    assert table.keys() >= HOLD
    assert [what for what in HOLD if not table[what]] == []


@pytest.mark.extended
def test_the_model_is_replaced_and_stewards_are_heard(found: dict[str, Any]) -> None:
    answers = [month["answers"] for month in found["months"]]

    assert sum(one["same"] + one["different"] for one in answers) > 0
    assert found["end"]["pairs"]["precision"] >= found["fresh"]["pairs"]["precision"] - 0.001
    assert found["end"]["golden"]["invented"] == 0
