"""Errors that one source takes over from another."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from mdm.synth.city import generate
from mdm.synth.rates import CityRates

FILES = {"saude": "health", "cadunico": "social"}


def _agreeing(folder: Path, share: float) -> float:
    """Share of people in both sources whose CadÚnico name is written as one of health's."""
    generate(folder, 1500, 7, rates=replace(CityRates(), copied=share), layouts=False)
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        person = {(r["source"], r["local_id"]): r["person_id"] for r in csv.DictReader(file)}
    names: dict[str, dict[str, set[str]]] = {}
    for source, name in FILES.items():
        with (folder / "canonical" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                one = names.setdefault(person[source, row["local_id"]], {})
                one.setdefault(source, set()).add(row["full_name"])
    both = [one for one in names.values() if len(one) == len(FILES)]
    return sum(not one["saude"].isdisjoint(one["cadunico"]) for one in both) / len(both)


def test_what_is_copied_is_written_as_in_the_other_source(tmp_path: Path) -> None:
    apart, copied = _agreeing(tmp_path / "a", 0.0), _agreeing(tmp_path / "b", 1.0)

    assert copied == pytest.approx(1.0, abs=0.06)
    assert apart < copied - 0.2
