"""The whole way through on a small city: demo, and the commands that follow a build."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mdm.cli.app import main
from support.contract import assert_conforms

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"
DECLARED = SAMPLES / "sources"
pytestmark = pytest.mark.slow
Run = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's; given once for each test process, which may run any part of these."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    assert main(["--home", str(folder), "--json", "demo", "--samples", str(SAMPLES)]) == 0
    return folder


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(name: str, *words: str, status: int = 0) -> dict[str, object]:
        capsys.readouterr()
        assert main(["--home", str(home), "--json", *name.split(), *words]) == status
        printed = capsys.readouterr().out
        assert printed.count("\n") == 1
        result: dict[str, object] = json.loads(printed)
        assert_conforms(name if status == 0 else "error", result)
        return result

    return command


def test_the_demo_links_the_samples_and_leaves_a_report(run: Run, home: Path) -> None:
    result = run("demo", "--samples", str(SAMPLES))

    told = json.loads(json.dumps(result["evaluation"]))
    assert told["pairs"]["precision"] >= 0.995
    assert told["pairs"]["recall"] >= 0.97
    assert told["golden"]["invented"] == 0
    page = (home / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert f"{result['citizens']:,}".replace(",", ".") in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_demonstration_replaces_no_registry_of_real_work(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    assert main(["--home", str(folder), "init"]) == 0
    before = (folder / "registry.db").read_bytes()

    assert main(["--home", str(folder), "demo", "--samples", str(SAMPLES)]) == 2

    assert (folder / "registry.db").read_bytes() == before
    run("demo", "--samples", str(tmp_path), status=1)
    assert run("plan list")["plans"]


def test_linking_again_changes_nothing(run: Run) -> None:
    result = run("link", "--apply")

    assert [result[name] for name in ("minted", "linked", "moved", "merged", "split")] == [0] * 5


def test_a_plan_is_shown_applied_and_reverted(run: Run) -> None:
    plan = run("link")
    number = str(plan["plan_id"])

    assert plan["state"] == "proposed"
    assert run("plan show", number)["state"] == "proposed"
    assert run("apply", number)["state"] == "applied"
    assert run("apply", number, status=1)["error"]["code"] == "plan_state"  # type: ignore[index]
    assert run("revert", number)["state"] == "reverted"
    assert run("plan list")["plans"]


def test_the_build_is_measured_reported_and_verified(run: Run, home: Path) -> None:
    run("evaluate", str(SAMPLES / "truth.csv"))

    number = str(run("link", "--apply")["plan_id"])
    run("report", number, "--out", str(home / "again.html"))
    assert run("verify")["ok"] is True


def test_a_reverted_build_comes_back_with_the_same_ids(run: Run) -> None:
    before = run("link", "--apply")
    first = next(p["plan_id"] for p in run("plan list")["plans"] if p["minted"] > 0)  # type: ignore[attr-defined]

    run("revert", str(first))
    assert run("link", "--apply")["minted"] == 0
    assert before["minted"] == 0


def test_a_model_is_trained_on_what_is_loaded(run: Run, home: Path) -> None:
    trained = run("train")

    assert Path(str(trained["model"])).is_relative_to(home)
    assert run("train", "--out", str(trained["model"]))["digest"] == trained["digest"]


def test_a_truth_without_known_records_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("source,local_id,person_id\nother,1,1\n", "utf-8")

    assert run("evaluate", str(truth), status=1)["error"]["code"] == "truth_file"  # type: ignore[index]
    assert run("evaluate", "missing.csv", status=1)["error"]["code"] == "file_missing"  # type: ignore[index]


def test_a_city_is_written_where_asked(run: Run, tmp_path: Path) -> None:
    result = run("synth city", str(tmp_path / "city"), "--people", "300", "--seed", "4")

    assert (tmp_path / "city" / "truth.csv").exists()
    assert result["sources"] == [f"sources/{path.name}" for path in sorted(DECLARED.iterdir())]
    assert sum(result["records"].values()) > 300  # type: ignore[attr-defined]
