"""Units and classes: which health unit, CRAS or school keeps a record."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from mdm.synth import lists
from mdm.synth.households import YEAR
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.records import Records, Source
from mdm.synth.streams import Ints, chance
from mdm.synth.world import World

_PEOPLE_PER_UNIT = {Source.HEALTH: 9_500, Source.SOCIAL: 55_000, Source.EDUCATION: 4_200}
_FEWEST = {Source.HEALTH: 6, Source.SOCIAL: 3, Source.EDUCATION: 5}
_FIRST_CODE = {
    Source.HEALTH: 2_230_000,
    Source.SOCIAL: 4_314_902_001,
    Source.EDUCATION: 43_100_000,
}
_TITLES = {Source.HEALTH: "US", Source.SOCIAL: "CRAS", Source.EDUCATION: "EMEF"}


@dataclass(frozen=True, slots=True)
class Service:
    """Service columns of the records; `unit` is the unit's number, the others Arrow text."""

    unit: Ints
    unit_code: Any
    unit_name: Any
    class_code: Any
    status: Any


def unit_codes(source: Source, people: int) -> tuple[list[str], list[str]]:
    """Codes and names of all units of one source in a city of this size."""
    count = max(_FEWEST[source], people // _PEOPLE_PER_UNIT[source])
    step = 13 if source is Source.SOCIAL else 37
    codes = [str(_FIRST_CODE[source] + k * step) for k in range(count)]
    names = []
    for k in range(count):
        district = lists.DISTRICTS[k % len(lists.DISTRICTS)][0]
        turn = k // len(lists.DISTRICTS)
        names.append(f"{_TITLES[source]} {district}" + (f" {turn + 1}" if turn else ""))
    return codes, names


def assign(rng: np.random.Generator, records: Records, world: World) -> Service:
    """Units by the household's district, classes by age; brothers and sisters share a school."""
    people = world.population.residents
    codes, names = unit_codes(records.source, people)
    home = records.household
    district = world.identity.streets.district[world.identity.street[home]]
    spread = rng.integers(
        0, max(1, len(codes) // len(lists.DISTRICTS) + 1), len(world.identity.street)
    )[home]
    unit = (district + spread * len(lists.DISTRICTS)) % len(codes)
    # A duplicate was made where nobody knew the person; a CadÚnico family has one CRAS.
    if records.source is not Source.SOCIAL:
        elsewhere = (unit + 1 + rng.integers(0, len(codes) - 1, len(unit))) % len(codes)
        unit = np.where(records.duplicate, elsewhere, unit)
    classes = pa.nulls(len(unit), pa.string())
    if records.source is Source.EDUCATION:
        classes = _classes(rng, records, world, unit)
    return Service(
        unit=unit,
        unit_code=pa.array(codes).take(pa.array(unit)),
        unit_name=pa.array(names).take(pa.array(unit)),
        class_code=classes,
        status=_status(rng, records, world),
    )


def _classes(rng: np.random.Generator, records: Records, world: World, unit: Ints) -> Any:
    age = (REFERENCE_DAY - world.population.birth[records.person]) / YEAR
    count = len(age)
    repeated = chance(rng, count, 0.08)
    stage = np.clip(np.floor(age - 0.6), 0, 16).astype(np.int64) - repeated
    stage = np.clip(stage, 0, 16)
    stages = [f"B{k}" if k < 4 else f"J{k - 3}" if k < 6 else f"{k - 5}" for k in range(17)]
    # The household decides the letter, so that twins mostly sit together.
    family = rng.integers(0, 2, len(world.identity.street))[
        world.population.homes.household[records.person]
    ]
    letter = np.where(chance(rng, count, 0.25), rng.integers(0, 2, count), family)
    texts = [
        f"{stages[s]}{'AB'[c]}-{u:03d}"
        for s, c, u in zip(stage.tolist(), letter.tolist(), unit.tolist(), strict=True)
    ]
    return pa.array(texts, pa.string())


def _status(rng: np.random.Generator, records: Records, world: World) -> Any:
    count = len(records.person)
    dead = world.population.died[records.person] != NOBODY
    known = dead & ~chance(rng, count, records.rates.death_unknown)
    idle = chance(rng, count, 0.08)
    code = np.where(known, 2, np.where(idle, 1, 0))
    if records.source is Source.EDUCATION:
        code = np.where(records.duplicate & ~known, 3, code)
    return pa.array(["active", "inactive", "ended", "transferred"]).take(pa.array(code))
