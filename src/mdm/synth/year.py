"""A year of a synthetic city: twelve monthly deliveries of its three sources, with truth for each.

`CITY/year/MM/` holds the files of one month in the canonical layout, every record that was ever
delivered in `truth.csv`, and what happened in `events.csv`. `CITY/year/year.json` tells what to do
with them in which order. The city's own files are the delivery of month 0.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from mdm.errors import UsageError
from mdm.synth.city import CITY_FILE, build_world
from mdm.synth.population import REFERENCE
from mdm.synth.rates import CityRates
from mdm.synth.records import Source
from mdm.synth.streams import Streams
from mdm.synth.truth import write_year_truth
from mdm.synth.world import World
from mdm.synth.writing import FILES
from mdm.synth.year_births import with_births
from mdm.synth.year_events import EVENTS_FILE, Events, Month
from mdm.synth.year_faults import merge_wave, unmerge, write_one_school, write_truncated
from mdm.synth.year_people import Life, happen
from mdm.synth.year_rates import MONTHS, YearRates
from mdm.synth.year_records import record_month
from mdm.synth.year_register import Register, read_register

YEAR_FOLDER = "year"
YEAR_FILE = "year.json"
APPLIED, HELD, ACCEPTED = "applied", "held", "accepted"
"""What a delivery is for: to come into force; to be held and forgotten; to be held and accepted."""

_FIRST_KEYS = {
    Source.HEALTH: 1,
    Source.SOCIAL: 4_500_000_000_001,
    Source.EDUCATION: 80_000_001,
}
_FIRST_FAMILY = 19_500_000_000
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class YearSummary:
    """What was written.

    Attributes:
        people: People of the city at its start.
        seed: Its seed.
        months: Months delivered.
        events: Events by kind.
        files: Files written, relative to the city's folder.
    """

    people: int
    seed: int
    months: int
    events: dict[str, int]
    files: tuple[str, ...]


def generate_year(
    city: Path,
    progress: Progress | None = None,
    *,
    rates: YearRates | None = None,
    city_rates: CityRates | None = None,
) -> YearSummary:
    """Write a year of a city that `mdm synth city` has written; the same city gives the same year.

    Args:
        city: Its folder.
        progress: Told the step and the share done (0 to 1).
        rates: What happens in the year.
        city_rates: Those that the city was made with.

    Raises:
        UsageError: The folder holds no city of this generator.
    """
    tell = progress if progress is not None else _silent
    rates = YearRates() if rates is None else rates
    people, seed = _made_from(city)
    streams = Streams(seed)
    tell("people", 0.0)
    before = build_world(streams, people, CityRates() if city_rates is None else city_rates)
    world = with_births(streams, before, rates)
    registers = {
        source: read_register(city, source, world, _FIRST_KEYS[source]) for source in Source
    }
    life = _life(world, registers, rates, before)
    counts: dict[str, int] = {}
    plan, files = [], []
    for number in range(1, MONTHS + 1):
        tell(f"month {number}", 0.1 + 0.9 * (number - 1) / MONTHS)
        day = month_end(number)
        month = Month(number, (day - date(1970, 1, 1)).days, streams, Events())
        happen(life, month)
        record_month(life, month)
        _merges(life, month)
        steps, written = _deliver(city, life, number, day, month.events)
        plan.append(steps)
        files += written
        for kind, count in month.events.counts().items():
            counts[kind] = counts.get(kind, 0) + count
    files.append(_write_plan(city, people, seed, rates, plan))
    tell("done", 1.0)
    return YearSummary(people, seed, MONTHS, dict(sorted(counts.items())), tuple(files))


def month_end(month: int) -> date:
    """Last day of a month of the year; month 0 ends with the city's reference day."""
    months = REFERENCE.year * 12 + REFERENCE.month + month
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def _made_from(city: Path) -> tuple[int, int]:
    try:
        stated = json.loads((city / CITY_FILE).read_text("utf-8"))
        return int(stated["people"]), int(stated["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"no synthetic city, or one without {CITY_FILE}: mdm synth city", where=city.name
        ) from None


def _life(world: World, registers: dict[Source, Register], rates: YearRates, before: World) -> Life:
    social = registers[Source.SOCIAL]
    homes = world.population.homes.household
    family = np.zeros(len(world.identity.street), dtype=np.int64)
    first = ~social.duplicate
    codes = social.table["household_id"].combine_chunks().cast("int64")
    family[homes[social.person[first]]] = np.asarray(codes)[first]
    return Life(
        world=world,
        registers=registers,
        rates=rates,
        first_born=before.population.residents,
        next_home=len(before.identity.street),
        family=family,
        next_family=_FIRST_FAMILY,
        silent=np.zeros(world.population.residents, dtype=bool),
    )


def _merges(life: Life, month: Month) -> None:
    health = life.registers[Source.HEALTH]
    if month.number == life.rates.merged_in:
        merge_wave(life, health, month)
    unmerge(health, month)


def _deliver(
    city: Path, life: Life, month: int, day: date, events: Events
) -> tuple[dict[str, object], list[str]]:
    """Write the files of a month; gives its steps and the paths."""
    folder = f"{YEAR_FOLDER}/{month:02d}"
    (city / folder).mkdir(parents=True, exist_ok=True)
    rates, deliveries = life.rates, []
    for source, register in life.registers.items():
        name = f"{folder}/{FILES[source]}.csv"
        register.write(city / name)
        if source is Source.HEALTH and month == rates.truncated_in:
            cut = f"{folder}/{FILES[source]}-truncated.csv"
            write_truncated(city / cut, city / name, rates.truncated_at)
            deliveries.append(_delivery(source, cut, HELD))
        if source is Source.EDUCATION and month == rates.wrong_scope_in:
            school = f"{folder}/{FILES[source]}-one-school.csv"
            write_one_school(city / school, register)
            deliveries.append(_delivery(source, school, HELD))
        rekeyed = source is Source.EDUCATION and month == rates.rekeyed_in
        deliveries.append(_delivery(source, name, ACCEPTED if rekeyed else APPLIED))
    truth, happened = f"{folder}/truth.csv", f"{folder}/{EVENTS_FILE}"
    write_year_truth(city / truth, list(life.registers.values()), life.world)
    events.write(city / happened)
    steps = {
        "month": month,
        "day": day.isoformat(),
        "deliveries": deliveries,
        "truth": truth,
        "events": happened,
        "upgrade": month == rates.upgraded_in,
        "rekeyed": month == rates.rekeyed_in,
    }
    return steps, [*(str(one["file"]) for one in deliveries), truth, happened]


def _delivery(source: Source, file: str, expected: str) -> dict[str, str]:
    return {"source": str(source), "file": file, "expected": expected}


def _write_plan(
    city: Path, people: int, seed: int, rates: YearRates, plan: list[dict[str, object]]
) -> str:
    stewards = {"errors": rates.steward_errors, "unsure": rates.steward_unsure}
    stated = {"people": people, "seed": seed, "stewards": stewards, "months": plan}
    name = f"{YEAR_FOLDER}/{YEAR_FILE}"
    (city / name).write_text(json.dumps(stated, indent=2) + "\n", "utf-8")
    return name


def _silent(_step: str, _share: float) -> None:
    """Nobody listens."""
