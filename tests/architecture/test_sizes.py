from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = 400


def test_no_module_is_longer_than_somebody_reads_at_once() -> None:
    modules = [
        path for top in ("src", "api", "tests", "bench") for path in ROOT.glob(f"{top}/**/*.py")
    ]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules
        if (lines := len(path.read_text("utf-8").splitlines())) > LINES
    }

    assert len(modules) > 100
    assert long == {}
