"""The people: kinship across households, twins, deaths, and the dead or distant parents.

Residents come first; *outsiders* (parents who died or live elsewhere, known to no source) follow,
so that every person has a mother and a father to be named after.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from mdm.synth.households import YEAR, Households, Role
from mdm.synth.rates import CityRates
from mdm.synth.streams import Flags, Ints, Streams, chance

REFERENCE = date(2026, 10, 31)
REFERENCE_DAY = (REFERENCE - date(1970, 1, 1)).days
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Population:
    """Residents and outsiders, one row each.

    Attributes:
        residents: How many rows are residents; the rest are outsiders.
        homes: The households of the residents.
        female: Sex.
        birth: Birth date, days since 1970-01-01.
        mother, father: Rows of the parents; NOBODY for outsiders.
        father_known: The father stands in the birth certificate.
        twin_group: Number of the twin pair, NOBODY otherwise (residents).
        died: Day of death, NOBODY while alive (residents).
        origin: Number of the foreign origin plus one, 0 for Brazilian names.
        single_token: The person has one name only.
    """

    residents: int
    homes: Households
    female: Flags
    birth: Ints
    mother: Ints
    father: Ints
    father_known: Flags
    twin_group: Ints
    died: Ints
    origin: Ints
    single_token: Flags


class _Growing:
    """Arrays of residents that outsiders are appended to."""

    def __init__(self, homes: Households, birth: Ints) -> None:
        self.female = homes.female.copy()
        self.birth = birth
        self.mother = np.full(len(birth), NOBODY, dtype=np.int64)
        self.father = np.full(len(birth), NOBODY, dtype=np.int64)

    def add(self, birth: Ints, *, female: bool) -> Ints:
        """New outsiders with these birth days; gives their rows."""
        start = len(self.birth)
        size = len(birth)
        nobody = np.full(size, NOBODY, dtype=np.int64)
        self.birth = np.concatenate([self.birth, birth])
        self.female = np.concatenate([self.female, np.full(size, female)])
        self.mother = np.concatenate([self.mother, nobody])
        self.father = np.concatenate([self.father, nobody])
        return np.arange(start, start + size)


def build(streams: Streams, homes: Households, rates: CityRates, origins: int) -> Population:
    """Connect the residents of the households to their parents.

    Args:
        streams: Random streams.
        homes: The households.
        rates: Rates of the city.
        origins: How many foreign origins there are.
    """
    rng = streams.named("kinship")
    size = len(homes.household)
    birth = REFERENCE_DAY - homes.age_days
    people = _Growing(homes, birth)
    _mothers_at_home(people, homes)
    _mothers_of_grandchildren(rng, people, homes)
    _mothers_of_adults(rng, people, homes)
    twin_group = _twins(rng, people, homes, size, rates)
    _fathers(rng, people, homes, twin_group)
    father_known = np.ones(len(people.birth), dtype=bool)
    unknown = chance(rng, size, rates.father_unknown)
    father_known[:size] = ~unknown[_of_first_twin(twin_group)]
    origin, single = _origins(
        streams.named("origins"), people, homes, twin_group, rates, origins=origins
    )
    return Population(
        residents=size,
        homes=homes,
        female=people.female,
        birth=people.birth,
        mother=people.mother,
        father=people.father,
        father_known=father_known,
        twin_group=twin_group,
        died=_deaths(streams.named("deaths"), people.birth[:size], rates),
        origin=origin,
        single_token=single,
    )


def _mothers_at_home(people: _Growing, homes: Households) -> None:
    rows = np.arange(len(homes.household))
    woman = homes.woman[homes.household]
    child = (homes.role == Role.CHILD) & (woman != NOBODY)
    people.mother[rows[child]] = woman[child]
    # The grandparent of an extended household is the mother of its woman, if a woman herself.
    grandparent = homes.grandparent[homes.household]
    daughter = (homes.role == Role.WOMAN) & (grandparent != NOBODY)
    daughter &= homes.female[np.where(daughter, grandparent, 0)]
    people.mother[rows[daughter]] = grandparent[daughter]
    lodging = (homes.role == Role.SIBLING) & (woman != NOBODY)
    # Sisters and brothers of the woman share her mother; resolved once hers is known.
    people.mother[rows[lodging]] = -2 - woman[lodging]


def _mothers_of_grandchildren(
    rng: np.random.Generator, people: _Growing, homes: Households
) -> None:
    rows = np.flatnonzero(homes.role == Role.GRANDCHILD)
    grandmother = homes.woman[homes.household[rows]]
    age_at_birth = np.clip(rng.normal(24, 5, len(rows)), 15, 40) * YEAR
    keys, member = np.unique(grandmother, return_inverse=True)
    oldest = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(oldest, member, people.birth[rows])
    gap = np.zeros(len(keys))
    np.maximum.at(gap, member, age_at_birth)
    # Half of the daughters live in the city without children of their own at home.
    born = np.maximum(oldest - gap, people.birth[keys] + 15 * YEAR).astype(np.int64)
    daughters = people.add(born, female=True)
    people.mother[daughters] = keys
    free = (homes.role == Role.WOMAN) & (homes.grandparent[homes.household] == NOBODY)
    children = np.bincount(homes.household[homes.role == Role.CHILD], minlength=len(homes.woman))
    candidates = np.flatnonzero(free & (children[homes.household] == 0))
    candidates = candidates[homes.household[candidates] != NOBODY]
    order = np.argsort(people.birth[candidates], kind="stable")
    ordered = candidates[order]
    if len(ordered):
        place = np.searchsorted(people.birth[ordered], born)
        place = np.minimum(place, len(ordered) - 1)
        chosen = ordered[place]
        close = np.abs(people.birth[chosen] - born) < 2 * YEAR
        close &= (oldest - people.birth[chosen] > 14.5 * YEAR) & (rng.random(len(keys)) < 0.5)
        close &= homes.household[chosen] != homes.household[keys]
        close &= people.birth[chosen] - people.birth[keys] > 15 * YEAR
        _, only = np.unique(chosen, return_index=True)
        single = np.zeros(len(keys), dtype=bool)
        single[only] = True
        close &= single & (people.mother[chosen] == NOBODY)
        people.mother[chosen[close]] = keys[close]
        daughters = np.where(close, chosen, daughters)
    people.mother[rows] = daughters[member]


def _mothers_of_adults(rng: np.random.Generator, people: _Growing, homes: Households) -> None:
    size = len(homes.household)
    rows = np.flatnonzero(people.mother[:size] == NOBODY)
    age = (REFERENCE_DAY - people.birth[rows]) / YEAR
    alive = np.select([age < 40, age < 55, age < 65], [0.5, 0.35, 0.15], 0.01)
    gap = np.clip(rng.normal(27, 5.5, len(rows)), 15.5, 44) * YEAR
    target = (people.birth[rows] - gap).astype(np.int64)
    pool = np.flatnonzero(homes.female & (homes.age_days > 33 * YEAR))
    pool = pool[np.argsort(people.birth[pool], kind="stable")]
    found = np.full(len(rows), NOBODY, dtype=np.int64)
    if len(pool):
        place = np.searchsorted(people.birth[pool], target) + rng.integers(-40, 41, len(rows))
        mother = pool[np.clip(place, 0, len(pool) - 1)]
        fits = people.birth[rows] - people.birth[mother]
        good = (fits > 14.5 * YEAR) & (fits < 46 * YEAR) & (rng.random(len(rows)) < alive)
        good &= homes.household[mother] != homes.household[rows]
        found[good] = mother[good]
    people.mother[rows] = found
    _separate_siblings(people, size)
    _outside_mothers(rng, people, size)
    # Sisters and brothers who live together share the mother that is now known.
    rest = np.flatnonzero(people.mother[:size] < NOBODY)
    shared = people.mother[-2 - people.mother[rest]]
    gap_ok = (people.birth[rest] - people.birth[shared]) > 14.5 * YEAR
    fallback = people.add((people.birth[rest] - 27 * YEAR).astype(np.int64), female=True)
    people.mother[rest] = np.where(gap_ok, shared, fallback)
    _separate_siblings(people, size)
    _outside_mothers(rng, people, size)


def _separate_siblings(people: _Growing, size: int) -> None:
    """Two children of one mother are born at least ten months apart, or she is not the mother."""
    for _ in range(4):
        mother, birth = people.mother[:size], people.birth[:size]
        order = np.lexsort((birth, mother))
        same = mother[order][1:] == mother[order][:-1]
        near = same & (np.diff(birth[order]) < 300) & (mother[order][1:] >= 0)
        second = order[1:][near]
        if not len(second):
            return
        people.mother[second] = NOBODY


def _outside_mothers(rng: np.random.Generator, people: _Growing, size: int) -> None:
    rows = np.flatnonzero(people.mother[:size] == NOBODY)
    rows = rows[np.argsort(people.birth[rows], kind="stable")]
    if not len(rows):
        return
    gap = np.clip(rng.normal(27, 5.5, len(rows)), 16, 43) * YEAR
    # One in eight has a sister or brother in the city with the same mother.
    density = max(1, int(len(rows) / 60))
    back = rng.integers(max(1, density), max(2, density * 5), len(rows))
    sibling = np.arange(len(rows)) - back
    shares = chance(rng, len(rows), 0.14) & (sibling >= 0)
    shares[1:] &= ~shares[:-1]
    shares &= ~shares[np.where(shares, sibling, 0)]
    elder = rows[np.where(shares, sibling, 0)]
    shares &= (people.birth[rows] - people.birth[elder] > 400) & (
        people.birth[rows] - people.birth[elder] < 15 * YEAR
    )
    own = rows[~shares]
    people.mother[own] = people.add(
        (people.birth[own] - gap[~shares]).astype(np.int64), female=True
    )
    people.mother[rows[shares]] = people.mother[elder[shares]]


def _twins(
    rng: np.random.Generator, people: _Growing, homes: Households, size: int, rates: CityRates
) -> Ints:
    """Give pairs of neighbouring siblings one birth date."""
    group = np.full(size, NOBODY, dtype=np.int64)
    mother = people.mother[:size]
    order = np.lexsort((people.birth[:size], mother))
    same = mother[order][1:] == mother[order][:-1]
    # Not overlapping: a pair that starts inside another one is left out.
    # The elder of a pair becomes younger: not one who is a mother, her children would not fit.
    childless = np.ones(size, dtype=bool)
    childless[mother[(mother >= 0) & (mother < size)]] = False
    same &= childless[order[:-1]]
    available = int(same.sum())
    if available == 0:
        return group
    wanted = rates.twins * size / 2
    start = same & (rng.random(len(same)) < min(0.9, 1.35 * wanted / available))
    start[1:] &= ~start[:-1]
    elder, younger = order[:-1][start], order[1:][start]
    keep = rng.random(len(elder)) < wanted / max(1, len(elder))
    elder, younger = elder[keep], younger[keep]
    people.birth[elder] = people.birth[younger]
    alike = rng.random(len(elder)) < rates.twins_same_sex
    # The sex of women, men and grandparents is fixed by their role; that of the others is free.
    fixed = np.isin(homes.role, (Role.WOMAN, Role.MAN, Role.GRANDPARENT))
    changed, kept = np.where(fixed[elder], younger, elder), np.where(fixed[elder], elder, younger)
    sex = np.where(alike, people.female[kept], ~people.female[kept])
    people.female[changed] = np.where(fixed[changed], people.female[changed], sex)
    group[elder] = group[younger] = np.arange(len(elder))
    return group


def _of_first_twin(twin_group: Ints) -> Ints:
    """For each resident the row whose draws count: the first twin's for both, else its own."""
    rows = np.arange(len(twin_group))
    twins = np.flatnonzero(twin_group != NOBODY)
    first = np.full(len(twin_group) + 1, len(twin_group), dtype=np.int64)
    np.minimum.at(first, twin_group[twins], twins)
    rows[twins] = first[twin_group[twins]]
    return rows


def _fathers(
    rng: np.random.Generator, people: _Growing, homes: Households, twin_group: Ints
) -> None:
    size = len(twin_group)
    mother = people.mother[:size]
    total = len(people.birth)
    husband = np.full(total, NOBODY, dtype=np.int64)
    women = np.flatnonzero(homes.role == Role.WOMAN)
    husband[women] = homes.man[homes.household[women]]
    # One mother in six has children of two fathers.
    second = chance(rng, total, 0.16)[mother] & chance(rng, size, 0.5)
    second = second[_of_first_twin(twin_group)]
    with_husband = (husband[mother] != NOBODY) & ~second & (rng.random(total)[mother] < 0.88)
    fits = people.birth[:size] - people.birth[np.where(with_husband, husband[mother], 0)]
    with_husband &= fits > 15 * YEAR
    people.father[:size][with_husband] = husband[mother][with_husband]
    man = homes.man[homes.household]
    raised = (homes.role == Role.CHILD) & (homes.woman[homes.household] == NOBODY) & (man >= 0)
    raised &= people.birth[:size] - people.birth[np.where(raised, man, 0)] > 14 * YEAR
    people.father[:size][raised] = man[raised]
    lone = ~with_husband & ~raised
    rows = np.flatnonzero(lone)
    key = mother[rows] * 2 + second[rows]
    keys, member = np.unique(key, return_inverse=True)
    first_born = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(first_born, member, people.birth[rows])
    gap = np.clip(rng.normal(30, 6.5, len(keys)), 16.5, 60) * YEAR
    fathers = people.add((first_born - gap).astype(np.int64), female=False)
    people.father[rows] = fathers[member]


def _origins(
    rng: np.random.Generator,
    people: _Growing,
    homes: Households,
    twin_group: Ints,
    rates: CityRates,
    *,
    origins: int,
) -> tuple[Ints, Flags]:
    size = len(homes.household)
    which = rng.integers(1, origins + 1, len(homes.foreign))
    origin = np.zeros(len(people.birth), dtype=np.int64)
    origin[:size] = np.where(homes.foreign[homes.household], which[homes.household], 0)
    # Children who left the home of a migrant mother have her origin; twins have one origin.
    mother = people.mother[:size]
    by_mother = np.where(mother < size, origin[np.minimum(mother, size - 1)], 0)
    origin[:size] = np.maximum(origin[:size], by_mother)
    origin[:size] = origin[:size][_of_first_twin(twin_group)]
    for parent in (people.mother, people.father):
        outside = parent[:size] >= size
        origin[parent[:size][outside]] = origin[:size][outside]
    single = np.zeros(len(people.birth), dtype=bool)
    single[:size] = chance(rng, size, rates.single_token)
    single[:size] |= (origin[:size] > 0) & chance(rng, size, 0.06)
    single[:size] &= twin_group == NOBODY
    return origin, single


def _deaths(rng: np.random.Generator, birth: Ints, rates: CityRates) -> Ints:
    age = (REFERENCE_DAY - birth) / YEAR
    risk = np.exp((age - 45) / 13) + 0.02
    risk *= rates.deaths / risk.mean()
    dead = rng.random(len(birth)) < np.minimum(risk, 0.6)
    ago = rng.integers(20, 4 * 365, len(birth))
    day = np.maximum(REFERENCE_DAY - ago, birth + 1)
    return np.where(dead, day, NOBODY)
