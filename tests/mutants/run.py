"""Put seeded bugs into a copy of the project, one at a time, and see which the tests find.

    .venv/bin/python tests/mutants/run.py [NAME ...]

`broken`: the tests fail without the bug, or the text is not there. Ends with 1 where fewer than 95
in a hundred are found.
"""

import os
import queue
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]
WANTED = 0.95
COPIES = int(os.environ.get("MUTANTS_COPIES", os.cpu_count() or 1))
_T = TypeVar("_T")
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Mutant:
    """A seeded bug.

    Attributes:
        name: Stable name.
        file: The file it is put into.
        find: Text that stands there once.
        replace: What takes its place.
        why: What it would do to people.
        tests: Who should find it.
    """

    name: str
    file: str
    find: str
    replace: str
    why: str
    tests: tuple[str, ...]


def mutants() -> list[Mutant]:
    """All of the list."""
    listed = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text("utf-8"))["mutant"]
    return [Mutant(**{**one, "tests": tuple(one["tests"])}) for one in listed]


def copy_to(folder: Path) -> None:
    """The project's files, but for what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def passes(folder: Path, tests: Sequence[str]) -> int:
    """Exit status of the tests over the copy."""
    environment = {**os.environ, "PYTHONPATH": f"{folder / 'src'}:{folder / 'api'}", "CI": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=folder, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return run.returncode


def found(folder: Path, mutant: Mutant) -> str:
    """`found`, `missed`, or `broken`: the tests could not be run."""
    path = folder / mutant.file
    text = path.read_text("utf-8")
    if text.count(mutant.find) != 1:
        return "broken"
    path.write_text(text.replace(mutant.find, mutant.replace), "utf-8")
    try:
        status = passes(folder, mutant.tests)
    finally:
        path.write_text(text, "utf-8")
    return {_PASSED: "missed", _FAILED: "found"}.get(status, "broken")


def main(names: Sequence[str]) -> int:
    """Run the mutants named, or all, one in each of some copies at a time."""
    chosen = [one for one in mutants() if not names or one.name in names]
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as place,
        ThreadPoolExecutor(COPIES) as pool,
    ):
        free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for n in range(COPIES):
            copy_to(Path(place) / str(n))
            free.put(Path(place) / str(n))

        def in_a_copy(work: Callable[[Path], _T]) -> _T:
            folder = free.get()
            try:
                return work(folder)
            finally:
                free.put(folder)

        sets = sorted({one.tests for one in chosen})
        sound = dict(
            zip(sets, pool.map(lambda t: in_a_copy(lambda f: passes(f, t)), sets), strict=True)
        )

        def judged(one: Mutant) -> str:
            if sound[one.tests] != _PASSED:
                return "broken"
            return in_a_copy(lambda folder: found(folder, one))

        counted: dict[str, int] = {}
        for one, result in zip(chosen, pool.map(judged, chosen), strict=True):
            counted[result] = counted.get(result, 0) + 1
            print(f"{result:7} {one.name:24} {one.why}", flush=True)
    share = counted.get("found", 0) / max(len(chosen), 1)
    print(f"{counted.get('found', 0)} of {len(chosen)} found ({share:.1%})")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
