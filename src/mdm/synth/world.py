"""What all sources look at: the people, their names, numbers and habits."""

from dataclasses import dataclass

import numpy as np

from mdm.synth.identity import Identity
from mdm.synth.naming import Names
from mdm.synth.population import Population
from mdm.synth.rates import CityRates
from mdm.synth.streams import Flags, Ints, Streams, chance
from mdm.synth.tables import NO_TOKEN, Vocabulary

# Born before May 2008: old enough for a nome social of their own.
_ADULT_BIRTH = 14_000


@dataclass(frozen=True, slots=True)
class Traits:
    """What follows a person through all sources, so that their errors depend on each other.

    Attributes:
        asynchronous: A married name that not all records know.
        alias: Papers with a wrong name that several sources copied.
        alias_birth: The same for the birth date.
        seed: Makes the copied errors equal.
        social_first: First name of the nome social, NO_TOKEN for everybody else.
        restricted: Flagged by the sources (violence, adoption, witness protection).
    """

    asynchronous: Flags
    alias: Flags
    alias_birth: Flags
    seed: Ints
    social_first: Ints
    restricted: Flags


@dataclass(frozen=True, slots=True)
class World:
    """The city before anybody writes it down."""

    population: Population
    names: Names
    words: Vocabulary
    identity: Identity
    traits: Traits
    rates: CityRates


def draw_traits(
    streams: Streams, population: Population, names: Names, words: Vocabulary, rates: CityRates
) -> Traits:
    """Draw the traits of the residents."""
    rng = streams.named("traits")
    size = population.residents
    social = chance(rng, size, rates.social_name) & (population.origin[:size] == 0)
    social &= (population.birth[:size] < _ADULT_BIRTH) & ~population.single_token[:size]
    other = np.where(
        population.female[:size],
        words.first[0].tokens[rng.integers(0, 150, size)],
        words.first[1].tokens[rng.integers(0, 150, size)],
    )
    return Traits(
        asynchronous=names.married[:size] & chance(rng, size, rates.married_name_asynchronous),
        alias=chance(rng, size, rates.alias_name),
        alias_birth=chance(rng, size, rates.alias_birth),
        seed=rng.integers(0, 2**31, size),
        social_first=np.where(social, other, NO_TOKEN),
        restricted=chance(rng, size, rates.restricted),
    )
