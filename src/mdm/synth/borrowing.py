"""Children who go by a relative's CPF, where a city is asked for a share of them.

What a source's own rate gives is one record at a time. A family that has no CPF for the child gives
the mother's wherever one is asked for: then no record of the child knows better, and more records
may bear the number than those of its owner.
"""

from collections.abc import Sequence

import numpy as np

from mdm.synth.households import YEAR
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.records import Records
from mdm.synth.streams import Flags, Ints, Streams, chance
from mdm.synth.world import World

CHILD_UNTIL = 16
# Children of these whose every record bears the number; the others' do in one source.
EVERYWHERE = 0.5


def cpf_of_relative(rng: np.random.Generator, person: Ints, world: World) -> Ints:
    """CPF of the mother, sometimes of the man of the household; 0 where there is none."""
    population, cpf = world.population, world.identity.cpf
    mother = population.mother[person]
    resident = mother < population.residents
    of_mother = np.where(resident, cpf[np.where(resident, mother, 0)], 0)
    man = population.homes.man[population.homes.household[person]]
    of_man = np.where(man != NOBODY, cpf[np.maximum(man, 0)], 0)
    other = (of_mother == 0) | chance(rng, len(person), 0.15)
    return np.where(other & (of_man > 0), of_man, of_mother)


def draw_borrowers(
    streams: Streams, sources: Sequence[Records], world: World, share: float
) -> tuple[Flags, ...]:
    """Which records of each source bear a relative's CPF.

    Args:
        streams: Of the city.
        sources: The records of all sources.
        world: The city.
        share: Share of the children under 16 who have a relative with a CPF.

    Returns:
        One array a source, a flag for each record.
    """
    rng = streams.named("borrowed cpf")
    population = world.population
    people = np.arange(population.residents)
    child = (REFERENCE_DAY - population.birth[people]) / YEAR < CHILD_UNTIL
    able = child & (cpf_of_relative(np.random.default_rng(0), people, world) > 0)
    chosen = able & chance(rng, len(people), share)
    everywhere = chance(rng, len(people), EVERYWHERE)
    rank = rng.random((len(people), len(sources)))
    for place, source in enumerate(sources):
        known = np.zeros(len(people), dtype=bool)
        known[source.person] = True
        rank[~known, place] = np.inf
    first = rank.argmin(axis=1)
    return tuple(
        (chosen & (everywhere | (first == place)))[source.person]
        for place, source in enumerate(sources)
    )
