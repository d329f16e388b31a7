from functools import lru_cache

import numpy as np
import pytest

from mdm.synth.city import build_world
from mdm.synth.households import YEAR, Role
from mdm.synth.population import NOBODY, REFERENCE_DAY
from mdm.synth.rates import CityRates
from mdm.synth.streams import Streams
from mdm.synth.tables import NO_TOKEN
from mdm.synth.world import World


@lru_cache(maxsize=1)
def _world() -> World:
    return build_world(Streams(8), 8000, CityRates())


def test_a_city_has_exactly_as_many_residents_as_asked() -> None:
    for people in (100, 777):
        assert build_world(Streams(1), people, CityRates()).population.residents == people


def test_every_resident_has_a_mother_and_a_father_old_enough() -> None:
    people = _world().population
    rows = np.arange(people.residents)

    for parents in (people.mother[rows], people.father[rows]):
        assert (parents >= 0).all()
        years = (people.birth[rows] - people.birth[parents]) / YEAR
        assert years.min() > 13.5
    assert people.female[people.mother[rows]].all()
    assert not people.female[people.father[rows]].any()


def test_many_mothers_of_children_are_residents_themselves() -> None:
    people = _world().population
    rows = np.flatnonzero(people.birth[: people.residents] > REFERENCE_DAY - 15 * YEAR)

    assert (people.mother[rows] < people.residents).mean() > 0.85


def test_children_of_one_mother_are_twins_or_born_ten_months_apart() -> None:
    people = _world().population
    size = people.residents
    order = np.lexsort((people.birth[:size], people.mother[:size]))
    same = people.mother[order][1:] == people.mother[order][:-1]
    twins = people.twin_group[order][1:] == people.twin_group[order][:-1]
    twins &= people.twin_group[order][1:] != NOBODY

    gap = np.diff(people.birth[order])

    assert (gap[same & twins] == 0).all()
    # A third child may stand between, born near the twins: counted out, it is rare.
    assert (gap[same & ~twins] < 290).mean() < 0.005


def test_two_percent_are_twins_and_one_pair_in_seven_shares_the_first_name() -> None:
    world = _world()
    group = world.population.twin_group
    rows = np.flatnonzero(group != NOBODY)
    rows = rows[np.argsort(group[rows], kind="stable")]
    elder, younger = rows[0::2], rows[1::2]
    first, second = world.names.first, world.names.second

    shared = first[elder] == first[younger]

    assert len(rows) / world.population.residents == pytest.approx(0.02, abs=0.005)
    assert (group[elder] == group[younger]).all()
    assert 0.05 < shared.mean() < 0.28
    assert not (shared & (second[elder] == second[younger])).any()
    assert (world.population.mother[elder] == world.population.mother[younger]).all()
    assert (world.population.father[elder] == world.population.father[younger]).all()


def test_no_two_children_of_one_mother_share_all_given_names() -> None:
    world = _world()
    size = world.population.residents
    native = (world.population.origin[:size] == 0) & (world.names.suffix[:size] == NO_TOKEN)
    rows = np.flatnonzero(native & ~world.population.single_token[:size])
    keys = np.column_stack(
        [world.population.mother[rows], world.names.first[rows], world.names.second[rows]]
    )

    repeated = len(keys) - len(np.unique(keys, axis=0))

    # A father's namesake may meet a brother's name; nothing else may.
    assert repeated <= 2


def test_sons_with_a_suffix_carry_the_fathers_or_grandfathers_given_names() -> None:
    world = _world()
    names, people = world.names, world.population
    filho, junior = world.words.suffixes[:2]
    rows = np.flatnonzero(np.isin(names.suffix[: people.residents], (filho, junior)))
    rows = rows[(people.origin[rows] == 0) & (people.twin_group[rows] == NOBODY)]
    rows = rows[people.father_known[rows] & ~people.single_token[rows]]
    fathers = people.father[rows]
    fathers, rows = fathers[people.origin[fathers] == 0], rows[people.origin[fathers] == 0]

    same = (names.first[rows] == names.first[fathers]) & (names.last[rows] == names.last[fathers])

    assert same.mean() > 0.9


def test_five_percent_of_men_have_a_suffix() -> None:
    world = _world()
    size = world.population.residents
    men = ~world.population.female[:size]

    share = (world.names.suffix[:size][men] != NO_TOKEN).mean()

    assert share == pytest.approx(world.rates.suffix_of_men, abs=0.012)


def test_most_children_carry_the_fathers_last_surname() -> None:
    world = _world()
    people, names = world.population, world.names
    rows = np.flatnonzero(people.father_known[: people.residents])
    rows = rows[(people.origin[rows] == 0) & ~people.single_token[rows]]

    same = names.last[rows] == names.last[people.father[rows]]

    assert same.mean() > 0.97


def test_married_women_end_with_the_husbands_surname() -> None:
    world = _world()
    people, names, homes = world.population, world.names, world.population.homes
    rows = np.flatnonzero(names.married[: people.residents] & (homes.role == Role.WOMAN))
    husband = homes.man[homes.household[rows]]
    rows, husband = rows[husband != NOBODY], husband[husband != NOBODY]

    assert len(rows) > 300
    assert (names.married_last[rows] == names.last[husband]).all()


def test_people_without_a_cpf_are_mostly_children_and_migrants() -> None:
    world = _world()
    age = (REFERENCE_DAY - world.population.birth[: world.population.residents]) / YEAR
    lacks = world.identity.cpf == 0
    foreign = world.population.origin[: world.population.residents] > 0

    assert lacks[(age < 18) & ~foreign].mean() > 3 * lacks[(age >= 18) & ~foreign].mean()
    assert lacks[foreign].mean() > 3 * lacks[~foreign].mean()


def test_a_stream_does_not_depend_on_what_was_drawn_before() -> None:
    streams = Streams(4)
    before = streams.named("a").random(5)
    streams.named("b").random(50)

    assert (streams.named("a").random(5) == before).all()
    assert (streams.named("b").random(5) != before).any()
