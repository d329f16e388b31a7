"""Hand-written pairs, each with the grade of a careful clerk, under the shipped model.

`python -m bench.golden_pairs CITY` writes what plain Splink answers into `plain_splink.csv`.
"""

import csv
from collections import Counter
from typing import Final

import pytest

from mdm.linkage.model import load_model
from support.golden_pairs import (
    APART,
    FOLDER,
    LINKED,
    RIGHT,
    Answer,
    GoldenPair,
    decide,
    golden_pairs,
)
from support.linkage_city import SHIPPED_MODEL

PAIRS: Final = golden_pairs()
LEAST_RIGHT: Final = 0.95
TRAPS: Final = 16


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return decide(PAIRS, load_model(SHIPPED_MODEL))


def _misses(answers: dict[str, Answer]) -> list[GoldenPair]:
    return [pair for pair in PAIRS if answers[pair.pair_id].outcome not in RIGHT[pair.grade]]


def test_the_table_is_as_large_and_as_hard_as_it_must_be() -> None:
    by_trap = Counter(pair.trap for pair in PAIRS)
    with (FOLDER / "plain_splink.csv").open(encoding="utf-8", newline="") as file:
        plain = list(csv.DictReader(file))

    assert len(PAIRS) == len({pair.pair_id for pair in PAIRS}) >= 150
    assert len(by_trap) == TRAPS
    assert min(by_trap.values()) >= 10
    assert {pair.grade for pair in PAIRS} == RIGHT.keys()
    assert [(row["id"], row["grade"]) for row in plain] == [(p.pair_id, p.grade) for p in PAIRS]
    assert sum(row["verdict"] == "wrong" for row in plain) >= 60


def test_two_people_of_whom_a_clerk_is_certain_are_never_linked(
    answers: dict[str, Answer],
) -> None:
    apart = [pair.pair_id for pair in PAIRS if pair.grade == "certainly-not"]
    linked = [name for name in apart if answers[name].outcome == LINKED]

    assert len(apart) >= 60
    assert linked == []


def test_every_miss_is_listed_with_its_reason_and_no_other(answers: dict[str, Answer]) -> None:
    assert [p.pair_id for p in _misses(answers)] == [p.pair_id for p in PAIRS if p.miss is not None]


def test_the_machine_does_as_a_careful_clerk_would(answers: dict[str, Answer]) -> None:
    right = 1 - len(_misses(answers)) / len(PAIRS)

    assert right >= LEAST_RIGHT


def test_a_clerk_is_not_asked_about_what_is_plain(answers: dict[str, Answer]) -> None:
    """Of pairs that are certainly two people, most are not even put before a steward."""
    outcomes = [answers[pair.pair_id].outcome for pair in PAIRS if pair.grade == "certainly-not"]

    assert outcomes.count(APART) >= 0.9 * len(outcomes)
