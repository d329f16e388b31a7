"""A year in the life of a registry: `python -m bench.year [--people N] [--seed S]`.

Makes a city and its year, builds a registry from month 0, delivers each month, links, lets
stewards answer, replaces the model in one month, and measures what must hold. Prints a table
(must, measured) and, as the last line, one JSON object.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

SEED, PEOPLE = 4, 50_000


def main() -> None:
    """Measure and print."""
    # Worker processes read this module again when they start: they need none of this.
    from bench.year_run import YearWords, run_year
    from bench.year_table import rows, table

    parser = argparse.ArgumentParser(prog="python -m bench.year", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--models", type=Path, default=Path("linkage_models/person"))
    parser.add_argument("--snapshots", type=int, default=12, help="of no change, at the end")
    parser.add_argument("--folder", type=Path, help="keep city and registries here")
    words = parser.parse_args()
    folder = words.folder if words.folder is not None else Path(tempfile.mkdtemp())
    try:
        year = YearWords(words.people, words.seed, words.models)
        found: dict[str, Any] = run_year(folder, year, _say, snapshots=words.snapshots)
    finally:
        if words.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    Console(width=150).print(table(found))
    holds = {what: is_so for what, _, _, is_so in rows(found)}
    print(json.dumps({**found, "holds": holds}))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
