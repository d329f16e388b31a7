"""Accuracy in one run and one table: plain Splink, ours, and the supervised bound.

`python -m bench.accuracy [--people N] [--seeds S ...] [--train S ...] [--full] [--model DIR]`
makes each city, runs the peer (`bench/peer.py`) and ours in processes of their own, trains the
bound with the truth of other seeds and prints the table, with the worst of the cities whose rates
are halved or doubled or whose errors are copied (`bench.accuracy_rates`), and tables that go into
it: musts, review, subgroups, traps, blocking, calibration, every rate. `--full` adds the whole city
of 1.33 million, `--card FILE` writes the worst line into a model card. The rates are 129 small
cities and most of the time: `--rates WORDS` measures some of them, `--rates none` none.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.accuracy_bound import bound, train
from bench.accuracy_rates import MODEL, lines, worst, write_card
from bench.accuracy_rates import PEOPLE as PEOPLE_OF_RATES
from bench.accuracy_rates import SEED as SEED_OF_RATES
from bench.accuracy_rates import table as table_of_rates
from bench.accuracy_tables import Row, tables
from bench.city import city_of, run

SEEDS, TRAIN = (101, 102, 103), (12, 13)
PEOPLE, WHOLE = 50_000, 1_332_570
NONE = "none"


def ours(folder: Path, people: int, seed: int, model: str) -> tuple[dict[str, Any], Path]:
    """What is measured of ours, and the file of pairs for the bound."""
    pairs = folder / f"pairs-{people}-{seed}.parquet"
    city, home = city_of(folder, people, seed), folder / "home"
    found = run("bench.accuracy_city", str(city), str(home), model, str(pairs))
    return found, pairs


def measured(
    folder: Path, cities: Sequence[tuple[int, int]], train_on: Sequence[tuple[int, int]], model: str
) -> list[Row]:
    """One row a city; the bound is trained first, on cities of their own."""
    taught = [ours(folder, people, seed, model)[1] for people, seed in train_on]
    classifier = train(taught)
    rows = []
    for people, seed in cities:
        found, pairs = ours(folder, people, seed, model)
        peer = run("bench.peer_run", str(city_of(folder, people, seed)))
        rows.append(Row(people, seed, peer, found, bound(classifier, pairs)))
        told = {"people": people, "seed": seed, "peer": peer["best"], "ours": found}
        print(json.dumps(told), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--train", type=int, nargs="+", default=list(TRAIN))
    parser.add_argument("--full", action="store_true", help="also the whole city, first seed")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--rates", nargs="+", default=[""], help="words in the names of changes")
    parser.add_argument("--rates-people", type=int, default=PEOPLE_OF_RATES)
    parser.add_argument("--card", type=Path, help="model card that takes the worst line")
    parser.add_argument("--folder", type=Path, help="keep cities here instead of a temporary one")
    words = parser.parse_args()
    if set(words.seeds) & set(words.train):
        raise SystemExit("a seed cannot both train the bound and be reported")
    cities = [(words.people, seed) for seed in words.seeds]
    if words.full:
        cities.append((WHOLE, words.seeds[0]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if words.folder is None else words.folder
        train = [(words.people, seed) for seed in words.train]
        rows = measured(folder, cities, train, words.model)
    rates = words.rates_people, SEED_OF_RATES, words.model, words.rates
    changed = [] if words.rates == [NONE] else list(lines(*rates))
    console = Console(width=170)
    for table in tables(rows, changed):
        console.print(table)
    if changed:
        console.print(table_of_rates(changed, words.rates_people))
    if changed and words.card is not None:
        write_card(words.card, worst(changed, words.rates_people))


if __name__ == "__main__":
    main()
