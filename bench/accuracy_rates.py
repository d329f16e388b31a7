"""Accuracy when every rate of the generator is halved and doubled, and when errors are copied.

`python -m bench.accuracy_rates [--people N] [--seed S] [--only WORDS ...]` makes one city for each
change (of those that hold one of the words), builds it with the shipped model and prints the worst
lines first. A rate of the sources is changed in all
three at once. *Copied* lets CadÚnico take over what health wrote of the same person.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.accuracy_review import answered
from bench.accuracy_state import count_links, read_state
from bench.build import Steps, link, load
from mdm.bootstrap import create_application
from mdm.clustering.decision import Thresholds
from mdm.duck import count
from mdm.linkage.model import load_model
from mdm.synth.city import generate
from mdm.synth.rates import CityRates, SourceRates

PEOPLE, SEED = 20_000, 11
FACTORS = (0.5, 2.0)
MOST = 0.95
# Not shares of people or records.
_KEPT = frozenset({"borrowing_children", "newborn_years", "health", "social", "education"})
COPIED = (0.1, 0.3)
AS_ASSUMED = "as assumed"


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
    for old in (city, home):
        shutil.rmtree(old, ignore_errors=True)
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


def table(rows: list[tuple[str, dict[str, float]]]) -> Table:
    """As assumed first, then the worst F1 first."""
    shown = Table(title="Accuracy when a rate is another than assumed")
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


def main() -> None:
    """Measure and print; each line is told as it comes, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy_rates", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", type=Path, default=Path("linkage_models/person/v3"))
    parser.add_argument("--only", nargs="+", default=[""], help="words in the names of changes")
    words = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, rates in changes():
            if name != AS_ASSUMED and not any(word in name for word in words.only):
                continue
            found = measured(Path(folder), rates, words.people, words.seed, words.model)
            rows.append((name, found))
            print(json.dumps({"rate": name, **found}), flush=True)
    Console(width=160).print(table(rows))


if __name__ == "__main__":
    main()
