"""Which records the sources hold: who is known where, since when, twice, or as a newborn."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY, Population
from mdm.synth.rates import CityRates, SourceRates
from mdm.synth.streams import Flags, Floats, Ints, Streams, chance

SCHOOL_FROM, SCHOOL_TO = 1.0, 17.9


class Source(StrEnum):
    """The three sources, by the name they are declared under."""

    HEALTH = "saude"
    SOCIAL = "cadunico"
    EDUCATION = "educacao"


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one source, one row each, in the source's order.

    Attributes:
        source: Which source.
        rates: Its error rates.
        person: Row of the person.
        duplicate: The person has an earlier record in this source.
        newborn: Still registered as RN DE <mother>.
        baby: Made at birth and never renewed.
        created, updated: Days since 1970-01-01.
        household: The declared family (CadÚnico), else the person's household.
        factor: How much more often than usual errors stand in the record: one hasty clerk makes
            several in one record.
    """

    source: Source
    rates: SourceRates
    person: Ints
    duplicate: Flags
    newborn: Flags
    baby: Flags
    created: Ints
    updated: Ints
    household: Ints
    factor: Floats


def select(streams: Streams, population: Population, rates: CityRates) -> tuple[Records, ...]:
    """Records of health, social assistance and education."""
    size = population.residents
    age = (REFERENCE_DAY - population.birth[:size]) / YEAR
    social = _social_members(streams.named("social members"), population, rates)
    pupils = _pupils(streams.named("pupils"), age, social, rates)
    elsewhere = social | pupils
    rng = streams.named("health members")
    in_health = ~elsewhere | chance(rng, size, rates.health_share_of_others)
    return (
        _health(streams.named("health records"), population, np.flatnonzero(in_health), rates),
        _social(streams.named("social records"), population, np.flatnonzero(social), rates),
        _education(streams.named("school records"), population, np.flatnonzero(pupils), rates),
    )


def _social_members(rng: np.random.Generator, population: Population, rates: CityRates) -> Flags:
    """Whole families, poorer kinds more often, until the share of people is reached."""
    homes = population.homes
    count = len(homes.woman)
    members = np.bincount(homes.household, minlength=count)
    children = np.bincount(homes.household[homes.role == Role.CHILD], minlength=count)
    weight = 0.5 + 0.9 * np.minimum(children, 4) + 1.2 * ((homes.man == NOBODY) & (children > 0))
    weight += 1.5 * homes.foreign
    order = np.argsort(-np.log(1 - rng.random(count)) / weight, kind="stable")
    wanted = rates.social_share * population.residents / 0.97
    chosen = np.zeros(count, dtype=bool)
    chosen[order[np.cumsum(members[order]) <= wanted]] = True
    return chosen[homes.household] & chance(rng, population.residents, 0.97)


def _pupils(
    rng: np.random.Generator,
    age: Floats,
    social: Flags,
    rates: CityRates,
) -> Flags:
    """Most children of CadÚnico families; of the others as many as are needed."""
    size = len(age)
    school = (age >= SCHOOL_FROM) & (age < SCHOOL_TO)
    likely = np.where(age < 4, 0.5, np.where(age < 15, 0.85, 0.35))
    poor = school & social & chance(rng, size, likely)
    wanted = rates.education_share * size - poor.sum()
    others = school & ~social & (age < 15)
    share = max(0.0, min(1.0, wanted / max(1, int(others.sum()))))
    return poor | (others & chance(rng, size, share))


def _with_duplicates(
    rng: np.random.Generator, first: Ints, share: float, third: float = 0.08
) -> tuple[Ints, Flags]:
    """People once, and `share` of them again; a share `third` of those a third time."""
    again = first[chance(rng, len(first), share / (1 + third))]
    more = again[chance(rng, len(again), third)]
    person = np.concatenate([first, again, more])
    duplicate = np.arange(len(person)) >= len(first)
    return person, duplicate


def _shuffled(rng: np.random.Generator, count: int) -> Ints:
    return rng.permutation(count).astype(np.int64)


def _dates(
    rng: np.random.Generator, person: Ints, population: Population, years: float
) -> tuple[Ints, Ints]:
    """Created some years ago (never before birth); updated since then, for many never."""
    count = len(person)
    birth = population.birth[person]
    # No system is older than fifteen years.
    ago = rng.gamma(1.6, years / 1.6, count) % 15 * YEAR
    created = np.maximum((REFERENCE_DAY - ago).astype(np.int64), birth + 5)
    created = np.minimum(created, REFERENCE_DAY - 1)
    touched = created + ((REFERENCE_DAY - created) * rng.beta(2.0, 1.0, count)).astype(np.int64)
    updated = np.where(chance(rng, count, 0.75), touched, created)
    died = population.died[person]
    return _before_death(created, died, birth), _before_death(updated, died, birth)


def _before_death(day: Ints, died: Ints, birth: Ints) -> Ints:
    return np.where(died == NOBODY, day, np.maximum(np.minimum(day, died), birth))


def _health(
    rng: np.random.Generator, population: Population, first: Ints, rates: CityRates
) -> Records:
    age = (REFERENCE_DAY - population.birth[first]) / YEAR
    left = chance(rng, len(first), rates.newborn) & (age < rates.newborn_years)
    left &= population.origin[first] == 0
    again = left & chance(rng, len(first), rates.newborn_named_later)
    extra, duplicate = _with_duplicates(rng, first[~left], rates.health.duplicates)
    person = np.concatenate([extra, first[left], first[again]])
    duplicate = np.concatenate(
        [duplicate, np.zeros(left.sum(), dtype=bool), np.ones(again.sum(), dtype=bool)]
    )
    newborn = np.zeros(len(person), dtype=bool)
    newborn[len(extra) : len(extra) + int(left.sum())] = True
    created, updated = _dates(rng, person, population, 5.0)
    birth = population.birth[person]
    at_birth = newborn | (
        ~duplicate
        & (birth > REFERENCE_DAY - 14 * YEAR)
        & chance(rng, len(person), rates.baby_registration)
    )
    created = np.where(
        at_birth, np.minimum(birth + rng.integers(1, 60, len(person)), REFERENCE_DAY), created
    )
    updated = np.where(at_birth, created, np.maximum(updated, created))
    draft = Records(
        source=Source.HEALTH,
        rates=rates.health,
        person=person,
        duplicate=duplicate,
        newborn=newborn,
        baby=at_birth,
        created=created,
        updated=updated,
        household=population.homes.household[person],
        factor=np.ones(len(person)),
    )
    return _ordered(rng, draft, rates)


def _ordered(rng: np.random.Generator, records: Records, rates: CityRates) -> Records:
    """Rows in the order of their creation (which says nothing about who is who), with a clerk."""
    count = len(records.person)
    order = np.lexsort((_shuffled(rng, count), records.created))
    hasty = chance(rng, count, rates.hasty_records)
    others = (1 - rates.hasty_records * rates.hasty_factor) / (1 - rates.hasty_records)
    factor = np.where(hasty, rates.hasty_factor, others)
    factor *= np.where(records.duplicate, rates.duplicate_error_factor, 1.0)
    return Records(
        source=records.source,
        rates=records.rates,
        person=records.person[order],
        duplicate=records.duplicate[order],
        newborn=records.newborn[order],
        baby=records.baby[order],
        created=records.created[order],
        updated=records.updated[order],
        household=records.household[order],
        factor=factor[order],
    )


def _social(
    rng: np.random.Generator, population: Population, first: Ints, rates: CityRates
) -> Records:
    person, duplicate = _with_duplicates(rng, first, rates.social.duplicates)
    homes = population.homes.household
    household = homes[person]
    # A duplicate stands in another family: a child with each parent, an old address.
    known = np.unique(household)
    other = known[rng.integers(0, len(known), len(person))]
    duplicate &= other != household
    keep = duplicate | (np.arange(len(person)) < len(first))
    household = np.where(duplicate, other, household)
    person, duplicate, household = person[keep], duplicate[keep], household[keep]
    # Nobody stands twice in one family.
    _, once = np.unique(np.column_stack([person, household]), axis=0, return_index=True)
    once.sort()
    person, duplicate, household = person[once], duplicate[once], household[once]
    # The family is visited as one: the household decides the days.
    family_created, family_updated = (
        REFERENCE_DAY - (rng.gamma(shape, scale, len(population.homes.woman)) * YEAR)
        for shape, scale in ((2.0, 3.0), (1.3, 0.8))
    )
    created = np.maximum(family_created[household].astype(np.int64), population.birth[person] + 20)
    updated = np.maximum(family_updated[household].astype(np.int64), created)
    created = np.minimum(created, REFERENCE_DAY - 1)
    updated = np.minimum(updated, REFERENCE_DAY)
    died, birth = population.died[person], population.birth[person]
    created = _before_death(created, died, birth)
    updated = np.maximum(created, _before_death(updated, died, birth))
    no = np.zeros(len(person), dtype=bool)
    draft = Records(
        source=Source.SOCIAL,
        rates=rates.social,
        person=person,
        duplicate=duplicate,
        newborn=no,
        baby=no,
        created=created,
        updated=updated,
        household=household,
        factor=np.ones(len(person)),
    )
    return _ordered(rng, draft, rates)


def _education(
    rng: np.random.Generator, population: Population, first: Ints, rates: CityRates
) -> Records:
    # No third record: two of them could meet in one class, and that means two people.
    person, duplicate = _with_duplicates(rng, first, rates.education.duplicates, third=0.0)
    birth = population.birth[person]
    entry = np.maximum(birth + (SCHOOL_FROM * YEAR), birth + rng.gamma(4.0, 1.2, len(birth)) * YEAR)
    created = np.minimum(entry.astype(np.int64), REFERENCE_DAY - rng.integers(30, 600, len(birth)))
    created = np.maximum(created, birth + 120)
    # Enrolment is renewed each year in February; some data are touched later.
    year_start = REFERENCE_DAY - 255
    updated = np.maximum(created, year_start + rng.integers(-20, 240, len(birth)))
    died = population.died[person]
    created = _before_death(created, died, birth)
    updated = np.maximum(created, _before_death(updated, died, birth))
    no = np.zeros(len(person), dtype=bool)
    draft = Records(
        source=Source.EDUCATION,
        rates=rates.education,
        person=person,
        duplicate=duplicate,
        newborn=no,
        baby=no,
        created=created,
        updated=updated,
        household=population.homes.household[person],
        factor=np.ones(len(person)),
    )
    return _ordered(rng, draft, rates)
