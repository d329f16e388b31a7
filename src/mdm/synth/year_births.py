"""The city with room for those who will be born in the year, and for homes that people found."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import lists, naming, numbers
from mdm.synth.households import YEAR, Role
from mdm.synth.identity import Identity
from mdm.synth.naming import Names
from mdm.synth.population import NOBODY, REFERENCE_DAY, Population
from mdm.synth.streams import Flags, Ints, Streams, chance, draw, scattered
from mdm.synth.tables import MIDDLE, NO_TOKEN
from mdm.synth.world import World
from mdm.synth.year_rates import YearRates

# Nobody is born with the names that they may take by marriage.
_NEVER = 2**31
_SPARE_HOMES = 0.02


def with_births(streams: Streams, world: World, rates: YearRates) -> World:
    """The same people, with those to be born after them and empty homes after the homes.

    All arrays are new: what the year changes of them, it changes in place. The newborn are the
    residents from `world.population.residents` on; their birth lies in the year after the
    reference day.
    """
    rng = streams.named("year births")
    newborn = _deliveries(rng, world, rates)
    spare = max(20, int(len(world.identity.street) * _SPARE_HOMES))
    population = _population(rng, world, newborn, spare)
    names = _names(rng, world, population, newborn)
    identity = _identity(streams, world, newborn, spare)
    size, born = world.population.residents, len(newborn.mothers)
    no = np.zeros(born, dtype=bool)
    old = world.traits
    traits = replace(
        old,
        asynchronous=np.concatenate([old.asynchronous[:size], no]),
        alias=np.concatenate([old.alias, no]),
        alias_birth=np.concatenate([old.alias_birth, no]),
        seed=np.concatenate([old.seed, rng.integers(0, 2**31, born)]),
        social_first=np.concatenate([old.social_first, np.full(born, NO_TOKEN)]),
        restricted=np.concatenate([old.restricted, chance(rng, born, world.rates.restricted)]),
    )
    return World(population, names, world.words, identity, traits, world.rates)


@dataclass(frozen=True, slots=True)
class _Deliveries:
    """Mother and birth day of each newborn; `younger`: the row before is the elder twin."""

    mothers: Ints
    days: Ints
    younger: Flags


def _deliveries(rng: np.random.Generator, world: World, rates: YearRates) -> _Deliveries:
    population = world.population
    size = population.residents
    age = (REFERENCE_DAY - population.birth[:size]) / YEAR
    last = np.full(len(population.birth), -_NEVER, dtype=np.int64)
    np.maximum.at(last, population.mother[:size], population.birth[:size])
    able = population.female[:size] & (population.died == NOBODY) & (age > 16) & (age < 44)
    able &= last[:size] < REFERENCE_DAY - 500
    candidates = np.flatnonzero(able)
    weight = np.exp(-(((age[candidates] - 28) / 7) ** 2))
    # Two in a hundred births are twins: half as many deliveries of two.
    wanted = round(rates.births * size / (1 + world.rates.twins / 2))
    count = min(wanted, len(candidates))
    chosen = rng.choice(candidates, count, replace=False, p=weight / weight.sum())
    days = REFERENCE_DAY + rng.integers(1, 366, count)
    twins = chance(rng, count, world.rates.twins / 2)
    order = np.repeat(np.arange(count), 1 + twins)
    second = np.zeros(len(order), dtype=bool)
    second[1:] = order[1:] == order[:-1]
    return _Deliveries(chosen[order], days[order], second)


def _insert(values: npt.NDArray[Any], at: int, new: Any) -> Any:
    return np.concatenate([values[:at], new, values[at:]])


def _population(
    rng: np.random.Generator, world: World, newborn: _Deliveries, spare: int
) -> Population:
    mothers, days = newborn.mothers, newborn.days
    old, homes = world.population, world.population.homes
    size, born = old.residents, len(mothers)
    home = homes.household[mothers]
    man = homes.man[home]
    # The man of the home is the father where the mother is its woman.
    theirs = (homes.role[mothers] == Role.WOMAN) & (man != NOBODY)
    fathers = np.where(theirs, man, NOBODY)
    role = np.where(homes.role[mothers] == Role.WOMAN, Role.CHILD, Role.GRANDCHILD)
    twin = np.full(born, NOBODY, dtype=np.int64)
    younger = np.flatnonzero(newborn.younger)
    group = int(old.twin_group.max()) + 1 + np.arange(len(younger))
    twin[younger], twin[younger - 1] = group, group
    nobody = np.full(spare, NOBODY, dtype=np.int64)

    def shifted(parent: Ints) -> Ints:
        return np.where(parent >= size, parent + born, parent)

    return Population(
        residents=size + born,
        homes=replace(
            homes,
            household=np.concatenate([homes.household, home]),
            role=np.concatenate([homes.role, role]),
            female=np.concatenate([homes.female, np.zeros(born, dtype=bool)]),
            age_days=np.concatenate([homes.age_days, REFERENCE_DAY - days]),
            woman=np.concatenate([homes.woman, nobody]),
            man=np.concatenate([homes.man, nobody]),
            grandparent=np.concatenate([homes.grandparent, nobody]),
            foreign=np.concatenate([homes.foreign, np.zeros(spare, dtype=bool)]),
        ),
        female=_insert(old.female, size, chance(rng, born, 0.49)),
        birth=_insert(old.birth, size, days),
        mother=_insert(shifted(old.mother), size, mothers),
        father=_insert(shifted(old.father), size, fathers),
        father_known=_insert(old.father_known, size, theirs),
        twin_group=np.concatenate([old.twin_group, twin]),
        died=np.concatenate([old.died, np.full(born, NOBODY)]),
        origin=_insert(old.origin, size, old.origin[mothers]),
        single_token=_insert(old.single_token, size, np.zeros(born, dtype=bool)),
    )


def _names(
    rng: np.random.Generator, world: World, population: Population, newborn: _Deliveries
) -> Names:
    old, words = world.names, world.words
    size = world.population.residents
    born = population.residents - size
    rows = np.arange(size, size + born)
    nothing = np.full(born, NO_TOKEN, dtype=np.int64)
    early, middle, last = (
        _insert(column, size, nothing) for column in (old.early, old.middle, old.last)
    )
    pool = words.surnames
    last[rows] = pool.tokens[draw(rng, born, pool.shares[MIDDLE])]
    place = [nothing, nothing, early, middle, last]
    single = np.zeros(len(population.birth), dtype=bool)
    single[rows] = chance(rng, born, world.rates.one_surname)
    naming.inherit(rows, population, place, single)
    first, second = naming.given_names(rng, population, rows, words, world.rates)
    younger = np.flatnonzero(newborn.younger)
    elder = younger - 1
    for column in (early, middle, last):
        column[size + younger] = column[size + elder]
    shares = chance(rng, len(younger), world.rates.twins_sharing_first_name)
    shares &= population.female[size + younger] == population.female[size + elder]
    first[younger] = np.where(shares, first[elder], first[younger])
    unlike = first[younger] != first[elder]
    # Twins of one first name have a second one each.
    for one in (elder, younger):
        drawn = words.second[1].tokens[rng.integers(0, 60, len(one))]
        male = words.second[0].tokens[rng.integers(0, 60, len(one))]
        drawn = np.where(population.female[size + one], drawn, male)
        second[one] = np.where(unlike, second[one], drawn)
    return Names(
        first=_insert(old.first, size, first),
        second=_insert(old.second, size, second),
        early=early,
        middle=middle,
        last=last,
        suffix=_insert(old.suffix, size, nothing),
        married_early=_insert(old.married_early, size, early[rows]),
        married_middle=_insert(old.married_middle, size, middle[rows]),
        married_last=_insert(old.married_last, size, last[rows]),
        married=_insert(old.married, size, np.zeros(born, dtype=bool)),
        married_on=_insert(old.married_on, size, np.full(born, _NEVER)),
    )


def _identity(streams: Streams, world: World, newborn: _Deliveries, spare: int) -> Identity:
    mothers, days = newborn.mothers, newborn.days
    old = world.identity
    rng = streams.named("year numbers")
    born = len(mothers)
    cpf = new_cpfs(rng, born, old.cpf)
    cpf = np.where(chance(rng, born, 0.95), cpf, 0)
    year = (1970 + days / YEAR).astype(np.int64)
    certificate = numbers.birth_certificate(rng, year)
    more = 2 * born + 50
    none = pa.nulls(born, pa.string())
    nothing = np.zeros(born, dtype=np.int64)
    homes = _new_homes(rng, world, spare)
    cns = numbers.text(numbers.cns_provisional(rng, more), 15)
    return replace(
        old,
        cpf=np.concatenate([old.cpf, cpf]),
        cns=(
            _joined(old.cns[0], _untaken(cns, old.cns, born)),
            _joined(old.cns[1], none),
            _joined(old.cns[2], none),
        ),
        nis=_joined(old.nis, _untaken(numbers.text(numbers.nis(rng, more), 11), [old.nis], born)),
        voter_id=_joined(old.voter_id, none),
        rg=_joined(old.rg, none),
        birth_certificate=_joined(old.birth_certificate, certificate),
        dnv=_joined(old.dnv, numbers.text(39_000_000_000 + scattered(rng, born, 999_000_000), 11)),
        inep_id=_joined(
            old.inep_id, numbers.text(190_000_000_000 + scattered(rng, born, 9_000_000_000), 12)
        ),
        foreign_document=_joined(old.foreign_document, none),
        race=np.concatenate([old.race, old.race[mothers]]),
        mobile=np.concatenate([old.mobile, nothing]),
        email=_joined(old.email, none),
        birth_municipality=np.concatenate(
            [old.birth_municipality, np.full(born, lists.PORTO_ALEGRE)]
        ),
        street=homes["street"],
        street_number=homes["street_number"],
        old_street=homes["old_street"],
        old_number=homes["old_number"],
        moved_on=homes["moved_on"],
        landline=homes["landline"],
        municipality=homes["municipality"],
    )


def _new_homes(rng: np.random.Generator, world: World, spare: int) -> dict[str, Ints]:
    old = world.identity
    streets = len(old.streets.names)
    drawn = {
        "street": rng.integers(0, streets, spare),
        "street_number": 5 + rng.gamma(1.3, 450, spare).astype(np.int64),
        "old_street": rng.integers(0, streets, spare),
        "old_number": 5 + rng.gamma(1.3, 450, spare).astype(np.int64),
        "moved_on": np.full(spare, REFERENCE_DAY),
        "landline": np.zeros(spare, dtype=np.int64),
        "municipality": np.full(spare, lists.PORTO_ALEGRE),
    }
    return {name: np.concatenate([getattr(old, name), new]) for name, new in drawn.items()}


def new_cpfs(rng: np.random.Generator, count: int, taken: Ints) -> Ints:
    """CPFs that nobody has."""
    drawn = numbers.cpf(rng, 2 * count + 50, 0.95)
    return drawn[~np.isin(drawn, taken)][:count]


def new_mobiles(rng: np.random.Generator, count: int) -> Ints:
    """Mobile numbers from a range that the city has not used."""
    return 51_910_000_000 + rng.integers(0, 49_999_999, count)


def _untaken(drawn: Any, taken: Any, count: int) -> Any:
    """The first `count` texts that nobody has."""
    known: Flags = np.zeros(len(drawn), dtype=bool)
    for column in taken:
        known |= np.asarray(pc.is_in(drawn, pc.drop_null(column)))
    return drawn.filter(pa.array(~known)).slice(0, count)


def _joined(old: Any, new: Any) -> Any:
    return pa.concat_arrays([_plain(old), _plain(new)])


def _plain(values: Any) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
