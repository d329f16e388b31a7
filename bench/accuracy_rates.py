"""Accuracy when every rate of the generator is halved and doubled, and when errors are copied.

`python -m bench.accuracy_rates [--people N] [--seed S] [--only WORDS ...] [--model DIR]` makes one
city for each change (of those that hold one of the words), builds it in a process of its own and
prints the worst lines first; `--line NAME` measures a single one. A rate of the sources is changed
in all three at once. *Copied* lets CadÚnico and the schools take over what health wrote of the same
person.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.accuracy_review import answered
from bench.accuracy_state import count_links, read_state
from bench.build import Steps, link, load
from bench.city import run
from mdm.bootstrap import create_application
from mdm.clustering.decision import Thresholds
from mdm.duck import count
from mdm.linkage.model import load_model
from mdm.synth.city import generate
from mdm.synth.rates import CityRates, SourceRates

PEOPLE, SEED = 5_000, 11
MODEL = "linkage_models/person/v6"
FACTORS = (0.5, 2.0)
MOST = 0.95
# Not shares of people or records.
_KEPT = frozenset({"borrowing_children", "newborn_years", "health", "social", "education"})
COPIED = (0.1, 0.3)
AS_ASSUMED = "as assumed"
CARD_LINE = "**Worst line.**"

Line = tuple[str, dict[str, float]]
"""What was changed, and what `measured` found."""


def changes() -> Iterator[tuple[str, CityRates]]:
    """A name and the rates of each city: as assumed, each rate by each factor, copied errors."""
    usual = CityRates()
    yield AS_ASSUMED, usual
    for factor in FACTORS:
        yield f"all errors of sources × {factor:g}", usual.with_errors(factor)
        for field in fields(CityRates):
            if field.name not in _KEPT and getattr(usual, field.name) > 0:
                # The factors say how many times more errors there are; they are no shares.
                most = MOST if not field.name.endswith("factor") else float("inf")
                value = min(most, getattr(usual, field.name) * factor)
                yield f"{field.name} × {factor:g}", replace(usual, **{field.name: value})
        for field in fields(SourceRates):
            yield f"{field.name} × {factor:g}", _all_sources(usual, field.name, factor)
    for share in COPIED:
        yield f"copied {share:.0%}", replace(usual, copied=share)


def _all_sources(usual: CityRates, name: str, factor: float) -> CityRates:
    return replace(
        usual,
        **{
            source: replace(
                getattr(usual, source),
                **{name: min(MOST, getattr(getattr(usual, source), name) * factor)},
            )
            for source in ("health", "social", "education")
        },
    )


def measured(
    folder: Path, rates: CityRates, people: int, seed: int, model: Path
) -> dict[str, float]:
    """Accuracy of one city."""
    city, home = folder / "city", folder / "home"
    generate(city, people, seed, rates=rates, layouts=False)
    application = create_application(home)
    steps, frozen = Steps(), load_model(model)
    load(application, city, steps)
    link(application, model, steps)
    t = frozen.thresholds
    own = Thresholds(review=t.review, link=t.link, fracture=t.link, margin=t.margin)
    with application.synced_volume(steps) as con, application.store.reading() as session:
        read_state(con, session, frozen, city / "truth.csv")
        applied = count_links(con, "applied")
        asked = count(con, "SELECT count(*) FROM applied_review")
        citizens = count(con, "SELECT count(DISTINCT cluster) FROM applied")
        with_review = answered(con, own, "applied_review")
    return {
        "precision": applied.precision,
        "recall": applied.recall,
        "wrong": applied.wrong,
        "f1": applied.f1,
        "review_per_1000": 1000 * asked / citizens,
        "recall_with_review": with_review.recall,
    }


def lines(people: int, seed: int, model: str, only: Sequence[str] = ("",)) -> Iterator[Line]:
    """Every change that holds one of the words, each measured in a process of its own.

    *As assumed* comes first in any case.
    """
    for name, _ in changes():
        if name == AS_ASSUMED or any(word in name for word in only):
            words = ("--people", str(people), "--seed", str(seed), "--model", model)
            found = run("bench.accuracy_rates", *words, "--line", name)
            print(json.dumps({"rate": name, **found}), file=sys.stderr, flush=True)
            yield name, found


def table(rows: Sequence[Line], people: int) -> Table:
    """As assumed first, then the worst F1 first."""
    shown = Table(title=f"Accuracy when a rate is another than assumed, {people:,} people")
    for name in ("rate", "precision", "recall", "wrong links", "F1", "review / 1,000",
                 "recall with review"):  # fmt: skip
        shown.add_column(name, justify="left" if name == "rate" else "right")
    for name, found in [rows[0], *sorted(rows[1:], key=lambda row: row[1]["f1"])]:
        shown.add_row(
            name, f"{found['precision']:.4f}", f"{found['recall']:.4f}", f"{found['wrong']:.0f}",
            f"{found['f1']:.4f}", f"{found['review_per_1000']:.1f}",
            f"{found['recall_with_review']:.4f}",
        )  # fmt: skip
    return shown


def worst(rows: Sequence[Line], people: int) -> str:
    """The line with the least F1, as a model card tells it."""
    name, found = min(rows, key=lambda row: row[1]["f1"])
    return (
        f"{CARD_LINE} {len(rows)} cities of {people:,} people, each with another rate of the "
        f"generator: {name}: {_told(found)}. As assumed: {_told(dict(rows)[AS_ASSUMED])}.\n"
    )


def _told(found: dict[str, float]) -> str:
    return (
        f"precision {found['precision']:.4f}, recall {found['recall']:.4f}, with review "
        f"{found['recall_with_review']:.4f}, {found['review_per_1000']:.1f} questions per 1,000"
    )


def write_card(card: Path, line: str) -> None:
    """Put the worst line in the place of the one that a model card has."""
    told = card.read_text("utf-8").splitlines(keepends=True)
    places = [n for n, row in enumerate(told) if row.startswith(CARD_LINE)]
    if len(places) != 1:
        raise SystemExit(f"{card}: one line must begin with {CARD_LINE}")
    told[places[0]] = line
    card.write_text("".join(told), "utf-8")


def main() -> None:
    """Measure and print; each line is told as it comes, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy_rates", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--only", nargs="+", default=[""], help="words in the names of changes")
    parser.add_argument("--line", help="the name of a single change")
    words = parser.parse_args()
    if words.line is not None:
        with tempfile.TemporaryDirectory() as folder:
            rates = dict(changes())[words.line]
            found = measured(Path(folder), rates, words.people, words.seed, Path(words.model))
        print(json.dumps(found))
        return
    rows = list(lines(words.people, words.seed, words.model, words.only))
    Console(width=160).print(table(rows, words.people))


if __name__ == "__main__":
    main()
