"""For one model and insertions only, records loaded in any order end in the same citizens."""

import random
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.synth.city import generate
from support.intake import declare, made_application
from support.link_runs import (
    Key,
    assert_sound,
    changes,
    deliver,
    homes,
    ids,
    link,
    partition,
    revert,
)
from support.synth_city import Row, read_csv

pytestmark = pytest.mark.slow
SOURCES = ("education", "health", "social")
EVERYTHING = 10_000
People = dict[str, list[Row]]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """Six hundred people, families, twins and borrowed numbers among them."""
    folder = tmp_path_factory.mktemp("city")
    generate(folder, 600, 17, layouts=False)
    return {source: read_csv(folder / "canonical" / f"{source}.csv") for source in SOURCES}


def declared(application: Application) -> Application:
    for source in SOURCES:
        declare(application, source)
    return application


@pytest.fixture(scope="module")
def at_once(people: People, tmp_path_factory: pytest.TempPathFactory) -> set[frozenset[Key]]:
    """The citizens of one load a source and one link."""
    folder = tmp_path_factory.mktemp("once")
    with made_application(folder / "home") as application:
        declared(application)
        for source in SOURCES:
            deliver(application, folder, people[source], source)
        link(application)
        assert_sound(application)
        return partition(application)


@pytest.mark.parametrize("seed", [1, 2])
def test_records_loaded_in_any_order_and_chunks_end_in_the_same_citizens(
    people: People, at_once: set[frozenset[Key]], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    shuffled = {source: rng.sample(rows, len(rows)) for source, rows in people.items()}
    with made_application(tmp_path / "home") as application:
        declared(application)
        issued: set[str] = set()
        for part in (0.3, 0.7, 1.0):
            for source in rng.sample(SOURCES, len(SOURCES)):
                rows = shuffled[source][: int(part * len(shuffled[source]))]
                deliver(application, tmp_path, rows, source)
            link(application, accept_changes=EVERYTHING)
            # No ID is ever lost, and everybody has one.
            assert issued <= ids(application).keys()
            issued = set(ids(application))
        grown = partition(application)
        assert sum(len(group) for group in grown) == sum(map(len, people.values()))

        # What only hysteresis holds together is what a fresh build lists.
        fresh = link(application, fresh=True, accept_changes=EVERYTHING)
        assert partition(application) == at_once
        assert (changes(fresh) == {}) == (grown == at_once)
        assert_sound(application)


def test_a_reverted_build_of_a_city_comes_back_as_it_was(people: People, tmp_path: Path) -> None:
    with made_application(tmp_path / "home") as application:
        declared(application)
        for source in SOURCES:
            deliver(application, tmp_path, people[source], source)
        plan = link(application)
        before, issued = homes(application), set(ids(application))
        assert changes(link(application)) == {}

        revert(application, plan["plan_id"])
        assert homes(application) == {}
        link(application)

        assert homes(application) == before
        assert set(ids(application)) == issued
        assert_sound(application)
