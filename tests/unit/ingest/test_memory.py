"""A file of ten million rows is staged in less than 2 GB, worker processes included."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROWS = 10_000_000
LIMIT_BYTES = 2_000_000_000
_STAGE = """
import sys
from datetime import date
from pathlib import Path
from mdm.ingest.connection import open_staging
from mdm.ingest.declaration import canonical_declaration, parse_declaration
from mdm.ingest.stage import stage_files

if __name__ == "__main__":
    con = open_staging(Path(sys.argv[2]))
    declaration = parse_declaration(canonical_declaration("saude", "health"))
    load = stage_files(con, declaration, [Path(sys.argv[1])], today=date(2026, 11, 1))
    print(load.read, load.quarantined)
"""


def _write(path: Path, count: int) -> None:
    """Rows with a key of their own, a repeated name and a day; one row in a million is broken."""
    names = [f"Ana Müller {chr(65 + n % 26)}ara Lima {chr(65 + n // 26)}eis" for n in range(650)]
    with path.open("w", encoding="utf-8") as out:
        out.write("local_id,full_name,mother_name,birth_date,sex\n")
        for start in range(0, count, 10_000):
            out.writelines(
                f"{n:09},{names[n % 650]},{names[n * 7 % 650]},19{n % 90 + 10}-0{n % 9 + 1}-11,F\n"
                if n % 1_000_000
                else f"{n:09}\n"
                for n in range(start, min(start + 10_000, count))
            )


def _resident(process: psutil.Process) -> int:
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += int(one.memory_info().rss)
        except psutil.Error:
            continue  # It ended between the two calls.
    return total


@pytest.mark.extended
def test_ten_million_rows_are_staged_in_less_than_two_gigabytes(tmp_path: Path) -> None:
    path, script = tmp_path / "rows.csv", tmp_path / "stage_rows.py"
    _write(path, ROWS)
    script.write_text(_STAGE)
    arguments = [sys.executable, str(script), str(path), str(tmp_path / "stage.duckdb")]
    peak, started = 0, time.monotonic()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        watched = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, _resident(watched))
            time.sleep(0.2)
        assert running.stdout is not None
        told = running.stdout.read()

    print(f"peak {peak / 1e9:.2f} GB, {time.monotonic() - started:.0f} s")  # noqa: T201 - measured
    assert told.split() == [str(ROWS), "10"]
    assert peak < LIMIT_BYTES
