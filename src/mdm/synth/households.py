"""Households: who lives with whom, in which role, of which sex and age."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from mdm.synth.rates import CityRates
from mdm.synth.streams import Flags, Ints, Streams, chance, pick

YEAR = 365.25


class Role(IntEnum):
    """Place in the household."""

    WOMAN = 0
    MAN = 1
    CHILD = 2
    GRANDCHILD = 3
    GRANDPARENT = 4
    SIBLING = 5
    LODGER = 6


class _Kind(IntEnum):
    SINGLE = 0
    COUPLE = 1
    FAMILY = 2
    ONE_PARENT = 3
    EXTENDED = 4
    GRANDPARENTS = 5
    SHARED = 6


# Shares of households (project estimate around 2.6 people each; census 2022: 2.37).
_KIND_WEIGHTS = (0.20, 0.19, 0.29, 0.16, 0.07, 0.05, 0.04)
_CHILDREN_WEIGHTS = (0.47, 0.34, 0.13, 0.045, 0.015)
_MEAN_SIZE = 2.5


@dataclass(frozen=True, slots=True)
class Households:
    """One row for each resident, ordered by household.

    Attributes:
        household: Household number.
        role: A `Role`.
        female: Sex.
        age_days: Age on the reference day, days.
        woman, man, grandparent: For each household the row of that member, -1 without.
        foreign: For each household: migrants.
    """

    household: Ints
    role: Ints
    female: Flags
    age_days: Ints
    woman: Ints
    man: Ints
    grandparent: Ints
    foreign: Flags


@dataclass(frozen=True, slots=True)
class _Plan:
    kind: Ints
    has_woman: Flags
    has_man: Flags
    children: Ints
    grandchildren: Ints
    grandparents: Ints
    others: Ints


def build(streams: Streams, people: int, rates: CityRates) -> Households:
    """Households that together have exactly `people` members."""
    rng = streams.named("households")
    count = int(people / _MEAN_SIZE * 1.15) + 20
    plan = _plan(rng, count)
    counts = np.column_stack(
        [
            plan.has_woman,
            plan.has_man,
            plan.children,
            plan.grandchildren,
            plan.grandparents,
            np.where(plan.kind == _Kind.SHARED, 0, plan.others),
            np.where(plan.kind == _Kind.SHARED, plan.others, 0),
        ]
    ).astype(np.int64)
    household = np.repeat(np.arange(count), counts.sum(axis=1))[:people]
    role = np.repeat(np.tile(np.arange(len(Role)), count), counts.ravel())[:people]
    if len(role) < people:
        raise AssertionError("the household plan is too small")
    households = int(household[-1]) + 1
    kind = plan.kind[:households]
    age = _ages(rng, household, role, kind)
    female = _sexes(rng, role)
    rows = np.arange(people)
    members = {}
    for name, wanted in (("w", Role.WOMAN), ("m", Role.MAN), ("g", Role.GRANDPARENT)):
        place = np.full(households, -1, dtype=np.int64)
        chosen = role == wanted
        place[household[chosen]] = rows[chosen]
        members[name] = place
    foreign = chance(rng, households, rates.foreign_households)
    return Households(
        household, role, female, age, members["w"], members["m"], members["g"], foreign
    )


def _plan(rng: np.random.Generator, count: int) -> _Plan:
    kind = pick(rng, count, _KIND_WEIGHTS)
    alone = np.isin(kind, (_Kind.SINGLE, _Kind.SHARED))
    coin = rng.random(count)
    one_parent = kind == _Kind.ONE_PARENT
    grand = kind == _Kind.GRANDPARENTS
    extended = kind == _Kind.EXTENDED
    extended_couple = extended & (rng.random(count) < 0.5)
    has_woman = np.where(alone, coin < 0.52, np.where(one_parent, coin < 0.9, ~grand))
    couple = np.isin(kind, (_Kind.COUPLE, _Kind.FAMILY)) | extended_couple
    has_man = np.where(alone | one_parent, ~has_woman, couple)
    # Grandparents who raise grandchildren are the couple of the household.
    has_woman |= grand
    has_man |= grand & (coin < 0.45)
    with_children = np.isin(kind, (_Kind.FAMILY, _Kind.ONE_PARENT, _Kind.EXTENDED))
    children = np.where(with_children, 1 + pick(rng, count, _CHILDREN_WEIGHTS), 0)
    return _Plan(
        kind=kind,
        has_woman=has_woman,
        has_man=has_man,
        children=children,
        grandchildren=np.where(grand, 1 + chance(rng, count, 0.35), 0),
        grandparents=extended.astype(np.int64),
        others=np.where(
            kind == _Kind.SHARED, 1 + chance(rng, count, 0.3), chance(rng, count, 0.02)
        ).astype(np.int64),
    )


def _sexes(rng: np.random.Generator, role: Ints) -> Flags:
    coin = rng.random(len(role))
    female = coin < 0.5
    female[role == Role.WOMAN] = True
    female[role == Role.MAN] = False
    # Most grandparents who live with their children are widows.
    old = role == Role.GRANDPARENT
    female[old] = coin[old] < 0.8
    return female


def _ages(rng: np.random.Generator, household: Ints, role: Ints, kind: Ints) -> Ints:
    """Ages in days that fit together inside each household."""
    households = len(kind)
    people = len(role)
    child = role == Role.CHILD
    # Children: the youngest first, each next one older by one to six years.
    youngest = np.minimum(rng.gamma(1.5, 9.0, households), 38.0)
    gap = 0.95 + rng.gamma(1.6, 1.6, people)
    first = np.ones(people, dtype=bool)
    first[1:] = (household[1:] != household[:-1]) | (role[1:] != role[:-1])
    step = np.where(child & ~first, gap, 0.0)
    total = np.cumsum(step)
    start = np.zeros(households)
    start[household[child & first]] = total[child & first]
    child_age = youngest[household] + total - start[household]
    oldest = np.zeros(households)
    np.maximum.at(oldest, household[child], child_age[child])
    at_birth = np.clip(rng.normal(28.5, 6.0, households), 15.5, 44.0)
    parent = np.maximum(youngest + at_birth, oldest + 15.2)
    adult = 20 + rng.beta(1.6, 1.4, households) * 70
    elder = 48 + rng.gamma(3.0, 5.0, households)
    adult_age = np.where(np.isin(kind, (_Kind.SINGLE, _Kind.COUPLE, _Kind.SHARED)), adult, parent)
    woman = np.where(kind == _Kind.GRANDPARENTS, elder, adult_age)
    ages = np.empty(people)
    here = household
    for member, value in (
        (Role.WOMAN, woman[here]),
        (Role.MAN, np.maximum(woman[here] + rng.normal(2.2, 4.0, people), 18.0)),
        (Role.CHILD, child_age),
        (Role.GRANDCHILD, np.minimum(woman[here] - 33 - rng.gamma(2.0, 3.0, people), 22.0)),
        (Role.GRANDPARENT, woman[here] + np.clip(rng.normal(27, 5.5, people), 16, 44)),
        (Role.SIBLING, np.maximum(woman[here] + rng.normal(0, 6.0, people), 18.0)),
        (Role.LODGER, 18 + rng.beta(1.2, 2.5, people) * 60),
    ):
        chosen = role == member
        ages[chosen] = value[chosen]
    ages = np.clip(ages, 0.02, 104.0)
    return (ages * YEAR).astype(np.int64)
