"""A small registry lives through a year, as `make bench-year` does with 50,000 people."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Shares of two thousand people are left to the bench.
HOLD = {
    "people alive all year who keep their ID",
    "changed IDs without a listed cause",
    "truncated file and wrong scope: held, withdrawn",
    "records of the re-keyed source under another ID",
    "living people deceased through a wrong link",
    "growth over twelve snapshots of no change",
}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    words = ["--people", "2000", "--seed", "7", "--snapshots", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.year", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.extended
def test_ids_hold_through_a_year_of_deliveries(found: dict[str, Any]) -> None:
    assert found["holds"].keys() >= HOLD
    assert [what for what in sorted(HOLD) if not found["holds"][what]] == []


@pytest.mark.extended
def test_the_model_is_replaced_and_stewards_are_heard(found: dict[str, Any]) -> None:
    answers = [month["answers"] for month in found["months"]]

    assert sum(one["same"] + one["different"] for one in answers) > 0
    assert found["end"]["pairs"]["recall"] >= found["fresh"]["pairs"]["recall"]
    assert found["end"]["golden"]["invented"] == 0
