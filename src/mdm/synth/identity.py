"""What belongs to a person beside the name: numbers, phones, addresses, race, units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import lists, numbers
from mdm.synth.households import YEAR
from mdm.synth.naming import Names
from mdm.synth.population import REFERENCE_DAY, Population
from mdm.synth.rates import CityRates
from mdm.synth.streams import Flags, Ints, Streams, chance, cumulative, draw, pick, scattered
from mdm.synth.tables import MIDDLE, Vocabulary, join_present

# Shares of race in the city: branca, preta, parda, amarela, indígena (census 2022, rounded).
RACE_WEIGHTS = (0.735, 0.135, 0.122, 0.004, 0.004)


@dataclass(frozen=True, slots=True)
class Streets:
    """Streets of the city: names, the district and the postal code of each."""

    names: tuple[str, ...]
    district: Ints
    postal_code: Ints


@dataclass(frozen=True, slots=True)
class Identity:
    """Numbers and contacts of the residents; Arrow text with null where a person has none.

    Attributes:
        cpf: As integers; 0 for people without a CPF.
        cns: First, second and third CNS.
        nis, voter_id, rg, birth_certificate, dnv, inep_id, foreign_document: Text.
        race: 1 to 5 as CadSUS codes.
        mobile, landline: Phone of the person and of the household; 0 without one.
        email: Text.
        street, street_number: Address now, by household.
        old_street, old_number: Address before, by household.
        moved_on: Day of the last move, by household.
        municipality: IBGE code of the home, by household.
        birth_municipality: IBGE code.
        streets: The streets.
    """

    cpf: Ints
    cns: tuple[Any, Any, Any]
    nis: Any
    voter_id: Any
    rg: Any
    birth_certificate: Any
    dnv: Any
    inep_id: Any
    foreign_document: Any
    race: Ints
    mobile: Ints
    landline: Ints
    email: Any
    street: Ints
    street_number: Ints
    old_street: Ints
    old_number: Ints
    moved_on: Ints
    municipality: Ints
    birth_municipality: Ints
    streets: Streets


def build(
    streams: Streams, population: Population, names: Names, words: Vocabulary, rates: CityRates
) -> Identity:
    """Give every resident numbers, contacts and an address."""
    size = population.residents
    born = population.birth[:size]
    age = (REFERENCE_DAY - born) / YEAR
    streets = _streets(streams.named("streets"), size, words)
    places = _addresses(streams.named("addresses"), population, streets)
    municipality, birthplace = _municipalities(streams.named("municipalities"), population, rates)
    mobile, landline, email = _contacts(streams.named("contacts"), population, names, words, age)
    foreign = population.origin[:size] > 0
    return Identity(
        cpf=_cpf(streams.named("cpf"), age, foreign, rates),
        cns=_cns(streams.named("cns"), size, rates),
        nis=numbers.text(numbers.nis(streams.named("nis"), size), 11),
        voter_id=_voter(streams.named("voter"), age, foreign),
        rg=_rg(streams.named("rg"), age, foreign),
        birth_certificate=_certificates(streams.named("certificates"), born, age, foreign),
        dnv=numbers.text(
            30_000_000_000 + scattered(streams.named("dnv"), size, 9_000_000_000),
            11,
            (age > 16) | foreign,
        ),
        inep_id=numbers.text(
            100_000_000_000 + scattered(streams.named("inep"), size, 90_000_000_000), 12
        ),
        foreign_document=_foreign_documents(streams.named("documents"), population, words),
        race=_race(streams.named("race"), population),
        mobile=mobile,
        landline=landline,
        email=email,
        street=places[0],
        street_number=places[1],
        old_street=places[2],
        old_number=places[3],
        moved_on=places[4],
        municipality=municipality,
        birth_municipality=birthplace,
        streets=streets,
    )


def _streets(rng: np.random.Generator, people: int, words: Vocabulary) -> Streets:
    count = max(60, min(9000, people // 140))
    plain = words.plain.to_pylist()
    first = words.first[0].tokens[draw(rng, count, words.first[0].shares[0])]
    last = words.surnames.tokens[draw(rng, count, words.surnames.shares[MIDDLE])]
    kind = pick(rng, count, (0.72, 0.16, 0.06, 0.06))
    title = pick(rng, count, (0.8, 0.07, 0.05, 0.04, 0.04))
    kinds = ("RUA", "AVENIDA", "TRAVESSA", "BECO")
    titles = ("", "DOUTOR ", "CORONEL ", "PROFESSOR ", "GENERAL ")
    names = tuple(
        f"{kinds[k]} {titles[t]}{plain[f]} {plain[s]}"
        for k, t, f, s in zip(kind, title, first, last, strict=True)
    )
    district = rng.integers(0, len(lists.DISTRICTS), count)
    prefix = np.asarray([prefix for _, prefix in lists.DISTRICTS])[district]
    within = np.arange(count) // len(lists.DISTRICTS) * 5 % 1000
    return Streets(names, district, prefix * 1000 + within)


def _addresses(
    rng: np.random.Generator, population: Population, streets: Streets
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    homes = len(population.homes.woman)
    weights = cumulative(1 / (np.arange(len(streets.names)) + 30) ** 0.6)
    street, old = draw(rng, homes, weights), draw(rng, homes, weights)
    numbers_, old_numbers = (5 + (rng.gamma(1.3, 450, homes)).astype(np.int64) for _ in range(2))
    moved = REFERENCE_DAY - (rng.gamma(1.4, 5.0, homes) * YEAR).astype(np.int64)
    # The flood of May 2024 moved one home in twelve.
    flood = 19_850 + rng.integers(0, 60, homes)
    return street, numbers_, old, old_numbers, np.where(chance(rng, homes, 0.08), flood, moved)


def _municipalities(
    rng: np.random.Generator, population: Population, rates: CityRates
) -> tuple[Ints, Ints]:
    homes = population.homes
    outside = chance(rng, len(homes.woman), rates.neighbours)
    which = np.asarray(lists.NEIGHBOURS)[rng.integers(0, len(lists.NEIGHBOURS), len(homes.woman))]
    municipality = np.where(outside, which, lists.PORTO_ALEGRE)
    size = population.residents
    elsewhere = np.asarray(lists.BIRTHPLACES)[rng.integers(0, len(lists.BIRTHPLACES), size)]
    young = population.birth[:size] > REFERENCE_DAY - 18 * YEAR
    local = chance(rng, size, np.where(young, 0.88, 0.6))
    return municipality, np.where(local, lists.PORTO_ALEGRE, elsewhere)


def _cpf(rng: np.random.Generator, age: Any, foreign: Flags, rates: CityRates) -> Ints:
    size = len(age)
    values = numbers.cpf(rng, size, rates.region_cpf)
    # Certificates carry a CPF since 2017; before that many children had none.
    has = np.select([age < 9, age < 18], [0.95, 0.88], 0.985)
    has = np.where(foreign, has * 0.65, has)
    return np.where(chance(rng, size, has), values, 0)


def _cns(rng: np.random.Generator, size: int, rates: CityRates) -> tuple[Any, Any, Any]:
    definitive = numbers.cns_definitive(numbers.nis(rng, size))
    first = np.where(chance(rng, size, 0.18), definitive, numbers.cns_provisional(rng, size))
    second = numbers.cns_provisional(rng, size)
    third = np.where(chance(rng, size, 0.3), definitive, numbers.cns_provisional(rng, size))
    third = np.where(third == first, second, third)
    more = rng.random(size)
    return (
        numbers.text(first, 15),
        numbers.text(second, 15, more >= rates.second_cns),
        numbers.text(third, 15, (more >= rates.third_cns) | (third == second)),
    )


def _voter(rng: np.random.Generator, age: Any, foreign: Flags) -> Any:
    values = numbers.voter_id(rng, len(age))
    return numbers.text(values, 12, (age < 17) | foreign | ~chance(rng, len(age), 0.88))


def _rg(rng: np.random.Generator, age: Any, foreign: Flags) -> Any:
    values = 1_000_000_000 + scattered(rng, len(age), 8_000_000_000)
    return numbers.text(values, 10, (age < 10) | foreign | ~chance(rng, len(age), 0.9))


def _certificates(rng: np.random.Generator, born: Ints, age: Any, foreign: Flags) -> Any:
    size = len(born)
    day = np.minimum(born + rng.integers(1, 40, size), REFERENCE_DAY)
    year = (1970 + day / YEAR).astype(np.int64)
    # Matrículas exist since 2010; adults get one with a new copy of the certificate.
    has = np.where(age < 16, 0.985, 0.25) * ~foreign
    values = numbers.birth_certificate(rng, np.maximum(year, 2010))
    missing = pa.array(~chance(rng, size, has))
    return pc.if_else(missing, pa.scalar(None, pa.string()), values)


def _foreign_documents(rng: np.random.Generator, population: Population, words: Vocabulary) -> Any:
    size = population.residents
    origin = population.origin[:size]
    has = (origin > 0) & chance(rng, size, 0.6)
    values = 10_000_000 + scattered(rng, size, 80_000_000)
    countries = [pool.country for pool in words.foreign]
    texts: list[str | None] = [None] * size
    for row in np.flatnonzero(has).tolist():
        texts[row] = f"{countries[origin[row] - 1]} {values[row]}"
    return pa.array(texts, pa.string())


def _race(rng: np.random.Generator, population: Population) -> Ints:
    homes = population.homes
    size = population.residents
    family = pick(rng, len(homes.woman), RACE_WEIGHTS)[homes.household]
    own = pick(rng, size, RACE_WEIGHTS)
    return np.where(chance(rng, size, 0.25), own, family) + 1


def _contacts(
    rng: np.random.Generator, population: Population, names: Names, words: Vocabulary, age: Any
) -> tuple[Ints, Ints, Any]:
    size = population.residents
    homes = len(population.homes.woman)
    mobile = 51_980_000_000 + scattered(rng, size, 19_999_000)
    missing = ~chance(rng, size, np.where(age < 12, 0.02, np.where(age < 17, 0.55, 0.93)))
    landline = 5_130_000_000 + scattered(rng, homes, 9_990_000)
    no_landline = ~chance(rng, homes, 0.16)
    plain = pc.utf8_lower(words.plain)
    words_of = [
        plain.take(pa.array(column[:size], mask=column[:size] < 0))
        for column in (names.first, names.last)
    ]
    tail = pc.cast(pa.array(rng.integers(1, 1000, size)), pa.string())
    hosts = pa.array(["example.com", "example.org", "example.net", "mail.example.com"])
    host = hosts.take(pa.array(pick(rng, size, (0.6, 0.2, 0.1, 0.1))))
    local = join_present([*words_of, tail], ".")
    local = pc.replace_substring_regex(local, "[ '-]", "")
    email = pc.binary_join_element_wise(local, host, "@")
    keep = pa.array(chance(rng, size, np.where(age < 16, 0.03, 0.38)))
    email = pc.if_else(keep, email, pa.scalar(None, pa.string()))
    return np.where(missing, 0, mobile), np.where(no_landline, 0, landline), email
