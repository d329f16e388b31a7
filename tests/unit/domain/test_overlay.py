from dataclasses import replace
from datetime import date

import pytest

from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.overlay import Content, OpenOverlay, is_overlay, ties

ANA = Content("ANA PAULA SOUZA", "ROSA FERREIRA", date(1987, 3, 21))
BEATRIZ = Content("BEATRIZ ALVES", "LIA MOREIRA", date(2001, 10, 10))
HOMES = {1: "A", 2: "A", 3: "A", 9: "B"}


def test_another_name_mother_and_birth_date_are_another_person() -> None:
    assert is_overlay(ANA, BEATRIZ)
    assert is_overlay(BEATRIZ, ANA)


@pytest.mark.parametrize(
    "kept",
    [
        {"name": "ANA PAULA LIMA"},
        {"name": "ANNA"},
        {"mother": "ROSA FERREIRA LIMA"},
        {"birth_date": date(1987, 3, 22)},
        {"name": None},
        {"mother": None},
        {"birth_date": None},
    ],
)
def test_one_thing_that_agrees_or_misses_is_a_correction(kept: dict[str, object]) -> None:
    after = replace(BEATRIZ, **kept)  # type: ignore[arg-type]

    assert not is_overlay(ANA, after)
    assert not is_overlay(after, ANA)


def test_a_common_first_name_alone_does_not_make_one_person_of_two() -> None:
    assert is_overlay(ANA, replace(BEATRIZ, name="ANA LIMA ALVES", mother="ROSA COSTA"))


def test_an_open_overlay_is_tied_to_all_of_its_citizen_and_to_nobody_else() -> None:
    found = ties([OpenOverlay(2, (1, 2))], HOMES, [])

    assert [judgement.pair for judgement in found] == [(1, 2), (2, 3)]
    assert all(j.state is JudgementState.SUSPENDED and not j.is_given for j in found)


def test_a_restricted_record_is_tied_to_one_and_bridges_nothing() -> None:
    found = ties([OpenOverlay(2, (1, 2), is_bridge=False)], HOMES, [])

    assert [judgement.pair for judgement in found] == [(1, 2)]


def test_a_steward_who_takes_the_record_out_unties_it() -> None:
    different = Judgement(1, Verdict.DIFFERENT, 2, 3)

    assert ties([OpenOverlay(2, (1, 2))], HOMES, [different]) == ()
