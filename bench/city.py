"""Speed, size and accuracy against plain Splink, on synthetic cities, in one run.

`python -m bench.city [--people N ...] [--seeds S ...] [--model DIR]` makes each city, runs the
peer (`bench/peer.py`) and ours (`bench/ours.py`) in processes of their own, and prints tables.
Default: three seeds that were not trained on, of 50,000 people; `--full` adds the whole city of
1.33 million and two sizes below it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.build import BEFORE_PAIRING, PAIRING

SEEDS = (101, 102, 103)
PEOPLE = 50_000
CURVE = (133_000, 400_000, 1_332_570)
GIB = 1 << 30


def run(*words: str) -> dict[str, Any]:
    """A module's JSON answer, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def city_of(folder: Path, people: int, seed: int) -> Path:
    """The city of a size and a seed, made when it is not there."""
    city = folder / f"city-{people}-{seed}"
    if not (city / "truth.csv").is_file():
        made = subprocess.run(
            [sys.executable, "-m", "mdm.synth", str(city), "--people", str(people),
             "--seed", str(seed)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise SystemExit(made.stderr[-2000:])
    return city


def measured(
    folder: Path, cities: Sequence[tuple[int, int]], model: str
) -> Iterator[tuple[int, int, dict[str, Any], dict[str, Any]]]:
    """People, seed, the peer's answer and ours for each city."""
    for people, seed in cities:
        city = city_of(folder, people, seed)
        peer = run("bench.peer_run", str(city))
        ours = run("bench.ours", str(city), str(folder / "home"), model)
        yield people, seed, peer, ours


def accuracy(rows: Sequence[tuple[int, int, dict[str, Any], dict[str, Any]]]) -> Table:
    """Pairwise accuracy: the peer at its best threshold, ours as applied."""
    table = Table(title="Accuracy (pairs)")
    for name in ("people", "seed", "peer best F1", "at P", "at R", "peer P at R 0.993", "our F1",
                 "P", "R", "F1 with review", "review / 1,000", "candidate recall",
                 "golden name", "birth date", "CPF", "invented"):  # fmt: skip
        table.add_column(name, justify="right")
    for people, seed, peer, ours in rows:
        e, best = ours["evaluation"], peer["best"]
        golden = e["golden"]
        table.add_row(
            f"{people:,}", str(seed), _share(best["f1"]), _share(best["precision"]),
            _share(best["recall"]), _share(peer["precision_at_recall"]),
            _share(e["pairs"]["f1"]), _share(e["pairs"]["precision"]), _share(e["pairs"]["recall"]),
            _share(e["with_review"]["f1"]), f"{e['review_per_1000']:.1f}",
            _share(e["candidate_recall"]), _share(golden["name"]["right"]),
            _share(golden["birth_date"]["right"]), _share(golden["cpf"]["right"]),
            str(golden["invented"]),
        )  # fmt: skip
    return table


def speed(rows: Sequence[tuple[int, int, dict[str, Any], dict[str, Any]]]) -> Table:
    """Seconds and memory, and their ratios to the peer's."""
    table = Table(title="Speed and size")
    for name in ("people", "records", "peer load", "train", "predict + cluster", "peer GB",
                 "block, score, cluster", "ratio", "own and prepare", "our load", "our link",
                 "whole", "ratio of whole", "our GB", "relink", "of first build", "IDs changed",
                 "pairs per r."):  # fmt: skip
        table.add_column(name, justify="right")
    for people, _, peer, ours in rows:
        seconds = peer["seconds"]
        pairing = sum(ours["link_steps"].get(step, 0.0) for step in PAIRING)
        before = sum(ours["link_steps"].get(step, 0.0) for step in BEFORE_PAIRING)
        theirs = seconds["predict"] + seconds["cluster"]
        whole, their_whole = ours["load"] + ours["link"], sum(seconds.values())
        counts = ours["link_counts"]
        changed = "0" if ours["link_ids"] == ours["relink_ids"] else "SOME"
        table.add_row(
            f"{people:,}", f"{counts['records']:,}", f"{seconds['load']:.1f}",
            f"{seconds['train']:.1f}", f"{theirs:.1f}", f"{peer['peak'] / GIB:.2f}",
            f"{pairing:.1f}", f"{pairing / theirs:.2f}", f"{before:.1f}", f"{ours['load']:.1f}",
            f"{ours['link']:.1f}", f"{whole:.1f}", f"{whole / their_whole:.2f}",
            f"{ours['peak'] / GIB:.2f}", f"{ours['relink']:.1f}",
            f"{ours['relink'] / whole:.3f}", changed,
            f"{counts['candidate_pairs'] / counts['records']:.2f}",
        )  # fmt: skip
    return table


def steps(people: int, ours: dict[str, Any]) -> Table:
    """Our seconds by step for one city."""
    table = Table(title=f"Our steps, {people:,} people (seconds)")
    for name in ("run", "step", "seconds"):
        table.add_column(name)
    for name in ("load", "link", "relink"):
        for step, seconds in ours[f"{name}_steps"].items():
            table.add_row(name, step, f"{seconds:.2f}")
        table.add_row(name, "all", f"{ours[name]:.2f}")
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.city", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[PEOPLE])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--model", default="linkage_models/person/v6")
    parser.add_argument("--full", action="store_true", help="also the curve up to the whole city")
    parser.add_argument("--folder", type=Path, help="keep cities here instead of a temporary one")
    words = parser.parse_args()
    cities = [(people, seed) for people in words.people for seed in words.seeds]
    if words.full:
        cities += [(people, words.seeds[0]) for people in CURVE]
    console = Console(width=240)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if words.folder is None else words.folder
        rows = list(measured(folder, cities, words.model))
    console.print(accuracy(rows), speed(rows), steps(rows[-1][0], rows[-1][3]))


if __name__ == "__main__":
    main()
