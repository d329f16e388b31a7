"""Names: given by parents of their time, surnames inherited, suffixes, marriages, twins."""

from dataclasses import dataclass

import numpy as np

from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY, Population
from mdm.synth.rates import CityRates
from mdm.synth.streams import Flags, Ints, Streams, chance, draw, pick
from mdm.synth.tables import MIDDLE, NEW, NO_TOKEN, OLD, NamePool, Vocabulary

_BORN_OLD, _BORN_NEW = 1965, 2000
FILHO, JUNIOR, NETO, SOBRINHO, SEGUNDO = range(5)


@dataclass(frozen=True, slots=True)
class Names:
    """Names of all people as tokens; NO_TOKEN where a place is empty.

    Attributes:
        first, second: Given names.
        early, middle, last: Surnames in the order written; the last one is never empty except for
            people of a single name.
        suffix: Generational suffix.
        married_early, married_middle, married_last: Surnames after marriage.
        married: The person took a name by marriage.
        married_on: Day of the marriage, days since 1970-01-01.
    """

    first: Ints
    second: Ints
    early: Ints
    middle: Ints
    last: Ints
    suffix: Ints
    married_early: Ints
    married_middle: Ints
    married_last: Ints
    married: Flags
    married_on: Ints

    def columns(self, people: Ints, married: Flags) -> list[Ints]:
        """Tokens of these people in writing order, with the married name where asked."""
        return [
            self.first[people],
            self.second[people],
            np.where(married, self.married_early[people], self.early[people]),
            np.where(married, self.married_middle[people], self.middle[people]),
            np.where(married, self.married_last[people], self.last[people]),
            self.suffix[people],
        ]


def give_names(
    streams: Streams, population: Population, words: Vocabulary, rates: CityRates
) -> Names:
    """Name everybody, parents before their children."""
    rng = streams.named("names")
    total = len(population.birth)
    names = [np.full(total, NO_TOKEN, dtype=np.int64) for _ in range(6)]
    first, second = given_names(rng, population, np.arange(total), words, rates)
    names[0], names[1] = first, second
    _surnames(rng, population, words, rates, names)
    _unlike_siblings(rng, population, words, names)
    _suffixes(streams.named("suffixes"), population, words, rates, names)
    _foreign(streams.named("foreign"), population, words, names)
    _single(population, names)
    _twins(streams.named("twins"), population, words, rates, names)
    early, middle, last, married, wedding = _marriages(
        streams.named("marriages"), population, words, rates, names
    )
    return Names(
        first=names[0],
        second=names[1],
        early=names[2],
        middle=names[3],
        last=names[4],
        suffix=names[5],
        married_early=early,
        married_middle=middle,
        married_last=last,
        married=married,
        married_on=wedding,
    )


def _cohort(rng: np.random.Generator, birth: Ints) -> Ints:
    """OLD, MIDDLE or NEW, blurred by some years: fashions come slowly."""
    year = 1970 + birth / YEAR + rng.normal(0, 6, len(birth))
    return np.where(year < _BORN_OLD, OLD, np.where(year < _BORN_NEW, MIDDLE, NEW))


def _draw_names(
    rng: np.random.Generator, pools: tuple[NamePool, NamePool], female: Flags, cohort: Ints
) -> Ints:
    result = np.empty(len(female), dtype=np.int64)
    for sex, pool in enumerate(pools):
        for time in (OLD, MIDDLE, NEW):
            here = np.flatnonzero((female == bool(sex)) & (cohort == time))
            result[here] = pool.tokens[draw(rng, len(here), pool.shares[time])]
    return result


def given_names(
    rng: np.random.Generator,
    population: Population,
    people: Ints,
    words: Vocabulary,
    rates: CityRates,
) -> tuple[Ints, Ints]:
    """First and second given names for these people; NO_TOKEN for no second one."""
    female = population.female[people]
    cohort = _cohort(rng, population.birth[people])
    first = _draw_names(rng, words.first, female, cohort)
    second = _draw_names(rng, words.second, female, cohort)
    often = np.isin(first, words.compound)
    wanted = chance(rng, len(first), np.where(often, 0.68, rates.second_given_name))
    return first, np.where(wanted & (second != first), second, NO_TOKEN)


def _surnames(
    rng: np.random.Generator,
    population: Population,
    words: Vocabulary,
    rates: CityRates,
    names: list[Ints],
) -> None:
    """Maternal surname, then paternal; brothers and sisters get the same."""
    total = len(population.birth)
    pool = words.surnames
    early, middle, last = names[2], names[3], names[4]
    last[:] = pool.tokens[draw(rng, total, pool.shares[MIDDLE])]
    drawn = pool.tokens[draw(rng, total, pool.shares[MIDDLE])]
    extra = pool.tokens[draw(rng, total, pool.shares[MIDDLE])]
    # Families decide once: draws by mother, a tenth of the children differ.
    family = np.where(population.mother >= 0, population.mother, np.arange(total))
    own = chance(rng, total, 0.1)
    habit = np.where(own, rng.random(total), rng.random(total)[family])
    no_second = names[1] == NO_TOKEN
    single = habit < np.where(no_second, rates.one_surname, 2.2 * rates.one_surname)
    triple = habit > 1 - rates.three_surnames
    middle[:] = np.where(single | (drawn == last), NO_TOKEN, drawn)
    early[:] = np.where(triple, extra, NO_TOKEN)
    parents = [population.mother, population.father]
    waiting = (population.mother >= 0) | (population.father >= 0)
    while waiting.any():
        ready = waiting.copy()
        for parent in parents:
            known = parent >= 0
            ready[known] &= ~waiting[parent[known]]
        rows = np.flatnonzero(ready)
        if not len(rows):
            raise AssertionError("a person descends from itself")
        inherit(rows, population, names, single)
        waiting[rows] = False


def inherit(rows: Ints, population: Population, names: list[Ints], single: Flags) -> None:
    """Write the surnames of these people (places 2 to 4 of `names`) from those of the parents."""
    early, middle, last = names[2], names[3], names[4]
    mother, father = population.mother[rows], population.father[rows]
    with_father = (father >= 0) & population.father_known[rows]
    from_mother = np.where(mother >= 0, last[mother], middle[rows])
    from_father = np.where(with_father, last[np.where(with_father, father, 0)], from_mother)
    # Without a declared father the child carries both surnames of the mother.
    mothers_middle = np.where(mother >= 0, middle[mother], NO_TOKEN)
    maternal = np.where(with_father, from_mother, mothers_middle)
    last[rows] = from_father
    middle[rows] = np.where(single[rows] | (maternal == from_father), NO_TOKEN, maternal)
    third = early[rows] != NO_TOKEN
    early[rows] = np.where(third & (mothers_middle != maternal), mothers_middle, NO_TOKEN)


def _unlike_siblings(
    rng: np.random.Generator, population: Population, words: Vocabulary, names: list[Ints]
) -> None:
    """No two children of one mother share all given names."""
    size = population.residents
    first, second = names[0], names[1]
    for _ in range(3):
        keys = (population.mother[:size], first[:size], second[:size])
        order = np.lexsort(keys[::-1])
        same = np.ones(size - 1, dtype=bool)
        for key in keys:
            same &= key[order][1:] == key[order][:-1]
        again = order[1:][same]
        if not len(again):
            return
        cohort = _cohort(rng, population.birth[again])
        first[again] = _draw_names(rng, words.first, population.female[again], cohort)


def _suffixes(
    rng: np.random.Generator,
    population: Population,
    words: Vocabulary,
    rates: CityRates,
    names: list[Ints],
) -> None:
    total = len(population.birth)
    share = rates.suffix_of_men * np.where(np.arange(total) < population.residents, 1.06, 0.8)
    men = ~population.female & chance(rng, total, share)
    kind = pick(rng, total, (0.40, 0.36, 0.19, 0.035, 0.015))
    father = population.father
    named = (father >= 0) & population.father_known
    rows = np.flatnonzero(men & named)
    # One son of a father carries his name.
    _, unique = np.unique(father[rows], return_index=True)
    rows = rows[np.sort(unique)]
    # Sons before grandsons of the same chain: a grandfather's name comes from the father's father.
    grandfather = father[father[rows]]
    grand = (kind[rows] == NETO) & (grandfather >= 0)
    model = np.where(grand, grandfather, father[rows])
    copied = (kind[rows] != SOBRINHO) & ((kind[rows] != NETO) | grand)
    for column in names[:2]:
        column[rows] = np.where(copied, column[model], column[rows])
    direct = copied & (kind[rows] != NETO)
    for column in names[2:5]:
        column[rows] = np.where(direct, column[model], column[rows])
    names[5][rows] = words.suffixes[kind[rows]]
    lone = np.flatnonzero(men & ~named)
    names[5][lone] = words.suffixes[kind[lone]]


def _twins(
    rng: np.random.Generator,
    population: Population,
    words: Vocabulary,
    rates: CityRates,
    names: list[Ints],
) -> None:
    group = population.twin_group
    rows = np.flatnonzero(group != NOBODY)
    rows = rows[np.argsort(group[rows], kind="stable")]
    elder, younger = rows[0::2], rows[1::2]
    for column in names[2:5]:
        column[younger] = column[elder]
    names[5][younger] = NO_TOKEN
    alike = population.female[elder] == population.female[younger]
    coin = rng.random(len(elder))
    # Only pairs of one sex can share the first token: draw more of them to meet the overall rate.
    factor = 1 / max(0.5, float(alike.mean()) if len(alike) else 1.0)
    shared = alike & (coin < rates.twins_sharing_first_name * factor)
    sounding = alike & ~shared & (coin > 1 - rates.twins_alliterating * factor)
    names[0][younger] = np.where(shared, names[0][elder], names[0][younger])
    for pair in (elder, younger):
        missing = shared & (names[1][pair] == NO_TOKEN)
        who = pair[missing]
        cohort = _cohort(rng, population.birth[who])
        names[1][who] = _draw_names(rng, words.second, population.female[who], cohort)
    for sex, pool in enumerate(words.first):
        here = sounding & (population.female[elder] == bool(sex))
        index = _positions(pool, names[0][elder[here]])
        names[0][younger[here]] = pool.neighbour[index]
    again = (names[0][elder] == names[0][younger]) & (names[1][elder] == names[1][younger])
    who = younger[again]
    cohort = _cohort(rng, population.birth[who])
    names[0][who] = _draw_names(rng, words.first, population.female[who], cohort)


def _positions(pool: NamePool, tokens: Ints) -> Ints:
    order = np.argsort(pool.tokens, kind="stable")
    place = np.searchsorted(pool.tokens[order], tokens)
    return order[np.minimum(place, len(order) - 1)]


def _foreign(
    rng: np.random.Generator, population: Population, words: Vocabulary, names: list[Ints]
) -> None:
    """Names usual in the country of origin; children often get a Brazilian first name."""
    for number, pool in enumerate(words.foreign, start=1):
        rows = np.flatnonzero(population.origin == number)
        size = len(rows)
        female = population.female[rows]
        kept = chance(rng, size, 0.25) & (population.birth[rows] > REFERENCE_DAY - 15 * YEAR)
        for place in (0, 1):
            given = np.where(
                female,
                pool.female[rng.integers(0, len(pool.female), size)],
                pool.male[rng.integers(0, len(pool.male), size)],
            )
            if place == 1:
                given = np.where(chance(rng, size, 0.5), given, NO_TOKEN)
            names[place][rows] = np.where(kept, names[place][rows], given)
        # The surname follows the father's side: one for each father.
        family = np.where(population.father[rows] >= 0, population.father[rows], rows)
        names[2][rows] = NO_TOKEN
        pick_one = rng.integers(0, len(pool.surnames), len(population.birth))
        names[4][rows] = pool.surnames[pick_one[family]]
        other = pool.surnames[pick_one[np.maximum(population.mother[rows], 0)]]
        names[3][rows] = np.where(chance(rng, size, 0.35), other, NO_TOKEN)
        names[5][rows] = NO_TOKEN


def _single(population: Population, names: list[Ints]) -> None:
    rows = np.flatnonzero(population.single_token)
    for column in names[1:]:
        column[rows] = NO_TOKEN


def _marriages(
    rng: np.random.Generator,
    population: Population,
    words: Vocabulary,
    rates: CityRates,
    names: list[Ints],
) -> tuple[Ints, Ints, Ints, Flags, Ints]:
    total = len(population.birth)
    size = population.residents
    homes = population.homes
    husband = np.full(total, NOBODY, dtype=np.int64)
    women = homes.role == Role.WOMAN
    husband[:size][women] = homes.man[homes.household[women]]
    age = (REFERENCE_DAY - population.birth) / YEAR
    # Younger couples keep their names; mothers who live elsewhere were married in their time.
    took = chance(rng, total, rates.married_name * np.clip(0.55 + age / 90, 0.6, 1.4))
    outside = np.arange(total) >= size
    took &= population.female & (age > 21) & (population.origin == 0) & ~population.single_token
    took &= (husband >= 0) | chance(rng, total, np.where(outside, 0.8, 0.3))
    pool = words.surnames
    drawn = pool.tokens[draw(rng, total, pool.shares[MIDDLE])]
    theirs = np.where(husband >= 0, names[4][np.maximum(husband, 0)], drawn)
    # The mother of a person with a known father took that father's name, if any.
    children = np.flatnonzero(population.father >= 0)
    mothers = population.mother[children]
    first = mothers >= 0
    of_father = np.full(total, NO_TOKEN, dtype=np.int64)
    of_father[mothers[first]] = names[4][population.father[children[first]]]
    theirs = np.where((husband < 0) & (of_father >= 0), of_father, theirs)
    took &= (theirs != NO_TOKEN) & (theirs != names[4])
    # Most put the husband's surname in the place of the maternal one; the others keep all.
    keeps_all = chance(rng, total, 0.45)
    early = np.where(took & keeps_all, np.where(names[3] >= 0, names[3], names[2]), names[2])
    early = np.where(took & ~keeps_all, NO_TOKEN, early)
    middle = np.where(took, names[4], names[3])
    last = np.where(took, theirs, names[4])
    wedding = population.birth + ((19 + rng.gamma(2.5, 3.0, total)) * YEAR).astype(np.int64)
    wedding = np.minimum(wedding, REFERENCE_DAY - 60)
    return early, middle, last, took, wedding
