"""The year itself: month 0, twelve deliveries, then what is measured at the end."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from bench.year_ids import Ids
from bench.year_registry import Month, YearRegistry, timed
from bench.year_values import measured, truth_in_file
from mdm.synth.city import generate
from mdm.synth.year import generate_year, month_end
from mdm.synth.year_rates import MONTHS

Say = Callable[[str], None]
OLD_MODEL, NEW_MODEL = "v5", "v6"
FIRST = (
    ("saude", "canonical/health.csv"),
    ("cadunico", "canonical/social.csv"),
    ("educacao", "canonical/education.csv"),
)


class YearWords(NamedTuple):
    """People and seed of the city, and the folder of the person models."""

    people: int
    seed: int
    models: Path


def run_year(folder: Path, words: YearWords, say: Say, *, snapshots: int) -> dict[str, Any]:
    """Make the year, live it, measure it; gives everything that was measured.

    Args:
        folder: City and registries go there.
        words: Which city, which models.
        say: Told each month as a line of JSON.
        snapshots: Deliveries of no change at the end.
    """
    people, seed, models = words
    city = folder / f"city-{people}-{seed}"
    if not (city / "truth.csv").is_file():
        generate(city, people, seed, layouts=False)
    if not (city / "year/year.json").is_file():
        generate_year(city)
    year = Year(folder, city, seed, models, say)
    year.first_month()
    for steps in year.plan["months"]:
        year.month(steps)
    return {"people": people, "seed": seed, **year.end(snapshots)}


class Year:
    """The registry in its year, and what was measured of it so far."""

    def __init__(self, folder: Path, city: Path, seed: int, models: Path, say: Say) -> None:
        self.folder, self.city, self.models, self.say = folder, city, models, say
        self.plan = json.loads((city / "year/year.json").read_text("utf-8"))
        self.registry = self._new_registry("home", seed)
        self.ids = Ids(self.registry.application)
        self.months: list[dict[str, Any]] = []
        self._model = models / OLD_MODEL

    def _new_registry(self, name: str, seed: int) -> YearRegistry:
        home = self.folder / name
        shutil.rmtree(home, ignore_errors=True)
        return YearRegistry(home, self.city, seed)

    def first_month(self) -> None:
        """Build the registry from the city's own files."""
        month, registry = Month(), self.registry
        registry.clock.set(month_end(0))
        for source, file in FIRST:
            with timed(month.seconds, "load"):
                month.loads.append(registry.load(source, self.city / file, "applied"))
        with timed(month.seconds, "link"):
            registry.link(month, self._model, accept_model=True)
        self._stewards(month, self.city / "truth.csv")
        self.ids.read("0", self.city / "truth.csv")
        registry.tell()
        self._note(asdict(month))

    def month(self, steps: dict[str, Any]) -> None:
        """Deliver a month, link, let stewards answer, compare the IDs with those before."""
        month, registry, number = Month(), self.registry, int(steps["month"])
        upgrade = bool(steps["upgrade"])
        if upgrade:
            self._model = self.models / NEW_MODEL
        registry.clock.set(date.fromisoformat(steps["day"]))
        for one in steps["deliveries"]:
            with timed(month.seconds, "load"):
                came = registry.load(one["source"], self.city / one["file"], one["expected"])
            month.loads.append(came)
        with timed(month.seconds, "link"):
            registry.link(month, self._model, accept_model=upgrade)
        self._stewards(month, self.city / steps["truth"])
        before, now, events = str(number - 1), str(number), self.city / steps["events"]
        self.ids.read(now, self.city / steps["truth"])
        changes = self.ids.changes(before, now, events, upgrade=upgrade)
        found = {**asdict(month), "changes": asdict(changes)}
        if steps["rekeyed"]:
            found["rekeyed"] = self.ids.rekeyed(before, now, events)
        registry.tell()
        self._note(found)

    def _stewards(self, month: Month, truth: Path) -> None:
        with truth.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            people = {(row["source"], row["local_id"]): row["person_id"] for row in rows}
        with timed(month.seconds, "answers"):
            self.registry.answer(month, people, **self.plan["stewards"])

    def _note(self, found: dict[str, Any]) -> None:
        self.months.append(found)
        self.say(json.dumps({"month": len(self.months) - 1, **found}))

    def end(self, snapshots: int) -> dict[str, Any]:
        """The end state, a fresh build of the same files, snapshots of no change, a delta."""
        truth = self.city / self.plan["months"][-1]["truth"]
        files = [(source, truth.parent / Path(file).name) for source, file in FIRST]
        same = truth_in_file(truth, self.folder / "truth-in-file.csv")
        found: dict[str, Any] = {
            "months": self.months,
            "kept": self.ids.kept("0", str(MONTHS)),
            "end": measured(self.registry, same),
        }
        fresh, build = self._new_registry("fresh", 0), Month()
        fresh.clock.set(month_end(MONTHS))
        for source, file in files:
            fresh.load(source, file, "applied")
        with timed(build.seconds, "link"):
            fresh.link(build, self._model, accept_model=True)
        found |= {"fresh": measured(fresh, same), "full_link": build.seconds}
        found["growth"] = self._growth(files, snapshots)
        return found | self._delta(files)

    def _growth(self, files: Sequence[tuple[str, Path]], snapshots: int) -> float:
        before = self.registry.file_size()
        for _ in range(snapshots):
            for source, file in files:
                self.registry.load(source, file, "applied")
            self.registry.link(Month(), self._model)
        return self.registry.file_size() / before - 1

    def _delta(self, files: Sequence[tuple[str, Path]]) -> dict[str, Any]:
        month = Month()
        for source, file in files:
            changed = one_percent_changed(file, self.folder / file.name)
            month.loads.append(self.registry.load(source, changed, "applied"))
        with timed(month.seconds, "link"):
            self.registry.link(month, self._model)
        records = sum(int(load["changed"]) for load in month.loads)
        return {"delta_link": month.seconds, "delta_records": records}


def one_percent_changed(file: Path, target: Path) -> Path:
    """The same file; every hundredth person has another phone, every two hundredth lost a letter
    of the mother's name."""
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    for n, row in enumerate(rows):
        if n % 100 == 0:
            row["phone"] = f"5197{n:07d}"
        if n % 200 == 0 and len(row["mother_name"]) > 8:
            row["mother_name"] = row["mother_name"][:-1]
    with target.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return target
