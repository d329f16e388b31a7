from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from mdm.clustering.guards import (
    agrees,
    is_compatible,
    is_given_name_conflict,
    is_one_edit,
    is_same_mother,
    pair_guards,
)
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard
from support.facts import record

MOTHER = "MARIA SOUZA"
DEATH = date(2024, 5, 1)


def twin(name: str, order: int | None = None, phonetic: str = "") -> RecordFacts:
    return record(name=name, mother=MOTHER, twin=order, phonetic=phonetic)


@given(st.text("ABC", max_size=6), st.text("ABC", max_size=6))
@settings(max_examples=100, deadline=None)
def test_one_edit_is_a_damerau_distance_of_at_most_one(left: str, right: str) -> None:
    assert is_one_edit(left, right) == (DamerauLevenshtein.distance(left, right) <= 1)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("JOAO", "JOAO", True),
        ("J", "JOAO", True),
        ("J", "MARIA", False),
        ("KAUAN", "KAUAM", True),
        ("KAUAN", "KAUE", False),
        ("ANA", "ANE", False),
        ("PAULO", "PAULA", False),
        ("GABRIEL", "GABRIELA", False),
    ],
)
def test_tokens_are_compatible_when_equal_initial_or_mistyped_but_not_gendered(
    left: str, right: str, *, same: bool
) -> None:
    assert is_compatible(left, right) == same
    assert is_compatible(right, left) == same


@pytest.mark.parametrize(
    ("left", "right", "conflict"),
    [
        ("JOAO SILVA", "PEDRO SILVA", True),
        ("JOAO SILVA", "JOAO PEDRO SILVA", False),
        ("PEDRO SILVA", "JOAO PEDRO SILVA", False),
        ("MARIA JULIA SILVA", "MARIA CLARA SILVA", True),
        ("ANA MARIA SILVA", "MARIA CLARA SILVA", True),
        ("MARIA SILVA SOUZA", "MARIA SOUZA COSTA", False),
        ("MARIA SOUZA", "MARIA COSTA", False),
        ("MARIA J SILVA", "MARIA JULIA SILVA", False),
        ("", "PEDRO SILVA", False),
        ("ANA RODR LIMA", "ANA RODRIGUES LIMA", False),
        ("CELIO SLV SANTOS", "CELIO SILVA SANTOS", False),
        ("ANA MA LIMA", "ANA MARIA LIMA", False),
        ("MA CLARA LIMA", "MARIA CLARA LIMA", False),
        ("GIZELE MARI VERAS", "GIZELE MARIA VERAS", False),
        ("REBECAA TORRES LIMA", "REBECA TORRES LIMA", False),
        ("SANDR MATOS LIMA", "SANDRA MATOS LIMA", False),
        ("EDER LIMA SILVA", "EDERSON LIMA SILVA", True),
        ("ANA LIMA SILVA", "ADRIANA LIMA SILVA", True),
        ("ANA LU SILVA", "ANA CLARA SILVA", True),
        ("VITOR LIMA SILVA", "VITORA LIMA SILVA", True),
        ("ANDRE LIMA SILVA", "ANDREA LIMA SILVA", True),
    ],
)
def test_given_names_conflict_where_twins_differ_and_not_where_one_name_is_incomplete(
    left: str, right: str, *, conflict: bool
) -> None:
    assert is_given_name_conflict(record(name=left), record(name=right)) == conflict
    assert is_given_name_conflict(record(name=right), record(name=left)) == conflict


@pytest.mark.parametrize(
    ("left", "right", "conflict"),
    [
        ("VICTOURIA LIMA SILVA", "VITORIA LIMA SILVA", False),
        ("NICOLAS SAPUCAIA DIAS", "NICOLAS SAOCUAIA DIAS", False),
        ("MARIA JULIA SILVA", "MARIA CLARA SILVA", True),
        ("PAULO LIMA SILVA", "PAULA LIMA SILVA", True),
        ("IVO LIMA SILVA", "EVA LIMA SILVA", True),
    ],
)
def test_under_one_cpf_a_token_mistyped_twice_is_no_twins(
    left: str, right: str, *, conflict: bool
) -> None:
    one, other = (record(name=name, cpf="11144477735") for name in (left, right))

    assert is_given_name_conflict(one, other) == conflict
    assert is_given_name_conflict(record(name=left), record(name=right))
    assert is_given_name_conflict(one, record(name=right, cpf="24681357928"))


def test_tokens_that_sound_the_same_do_not_conflict() -> None:
    left = twin("YASMIN SILVA", phonetic="IASMI SIUVA")
    right = twin("IASMIM SILVA", phonetic="IASMI SIUVA")

    assert pair_guards(left, right) == ()


def test_gendered_names_conflict_even_if_they_sound_the_same() -> None:
    left, right = twin("PAULO SILVA", phonetic="PU SV"), twin("PAULA SILVA", phonetic="PU SV")

    assert pair_guards(left, right) == (Guard.TWIN_PATTERN,)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("MARIA SOUZA", "MARIA SOUZA SILVA", True),
        ("MARIA", "MARIA SILVA", True),
        ("MARIA SOUZA", "MARIA COSTA", False),
        ("ANA SOUZA", "RITA SOUZA", False),
        ("", "MARIA", False),
    ],
)
def test_mothers_are_one_when_the_first_token_and_another_agree(
    left: str, right: str, *, same: bool
) -> None:
    assert is_same_mother(tuple(left.split()), tuple(right.split())) == same


def test_twin_pattern_needs_the_same_mother_and_birth_date() -> None:
    one = twin("JOAO SILVA")

    assert pair_guards(one, twin("PEDRO SILVA")) == (Guard.TWIN_PATTERN,)
    assert pair_guards(one, record(name="PEDRO SILVA", mother="RITA COSTA")) == ()
    other_day = record(name="PEDRO SILVA", mother=MOTHER, born=date(2016, 1, 2))
    assert pair_guards(one, other_day) == ()
    unknown = record(name="PEDRO SILVA", mother=MOTHER, born=None)
    assert pair_guards(unknown, unknown) == ()


@pytest.mark.parametrize(
    ("cpfs", "papers", "guard"),
    [
        (("1", "1"), {("social", "7")}, False),
        (("1", "1"), set(), True),
        (("1", "2"), {("social", "7")}, True),
        ((None, None), {("certificate", "7"), ("social", "7")}, False),
        ((None, None), {("social", "7"), ("social", "8")}, True),
    ],
)
def test_documents_of_two_kinds_are_stronger_than_a_given_name(
    cpfs: tuple[str | None, str | None], papers: set[tuple[str, str]], *, guard: bool
) -> None:
    """One kind alone may be the other twin's, written down by mistake."""
    one = record(name="GABRIELE LACERDA", mother=MOTHER, cpf=cpfs[0], papers=papers)
    other = record(name="TEO LACERDA", mother=MOTHER, cpf=cpfs[1], papers=papers)

    assert (Guard.TWIN_PATTERN in pair_guards(one, other)) == guard


def test_a_name_that_is_the_others_nome_social_is_no_conflict() -> None:
    civil = record(name="MATEUS AMORIM", social="MARINA AMORIM", mother=MOTHER)

    assert pair_guards(civil, twin("MARINA AMORIM")) == ()
    assert pair_guards(twin("MARINA AMORIM"), civil) == ()
    assert pair_guards(civil, twin("LUCAS AMORIM")) == (Guard.TWIN_PATTERN,)


@pytest.mark.parametrize(
    ("left", "right", "guard"),
    [(1, 2, True), (1, 1, False), (0, 2, False), (None, 2, False), (0, 0, False)],
)
def test_two_numbered_newborns_of_one_birth_are_two(
    left: int | None, right: int | None, *, guard: bool
) -> None:
    found = pair_guards(twin("", left), twin("", right))

    assert found == ((Guard.TWIN_PATTERN,) if guard else ())


def test_two_active_members_of_one_family_or_class_are_two_people() -> None:
    here = record(family="cad|1", school_class="x|3A")
    gone = record(family="cad|1", school_class="x|3A", active=False)

    assert pair_guards(here, here) == (Guard.SAME_FAMILY, Guard.SAME_CLASS)
    assert pair_guards(here, gone) == ()
    assert pair_guards(here, record(family="cad|2", school_class="x|3B")) == ()
    assert pair_guards(record(), record()) == ()


def test_two_own_cpfs_that_differ_guard_and_a_missing_one_does_not() -> None:
    one, two = record(cpf="1"), record(cpf="2")

    assert pair_guards(one, two) == (Guard.TWO_CPFS,)
    assert pair_guards(one, record()) == ()
    assert pair_guards(one, one) == ()


@pytest.mark.parametrize(("days", "guard"), [(30, False), (31, True)])
def test_activity_guards_from_the_31st_day_after_a_death(days: int, *, guard: bool) -> None:
    dead, alive = record(died=DEATH), record(seen=DEATH + timedelta(days=days))

    assert pair_guards(dead, alive) == ((Guard.ACTIVITY_AFTER_DEATH,) if guard else ())
    assert pair_guards(alive, dead) == pair_guards(dead, alive)


def test_two_records_that_state_a_death_do_not_contradict_each_other() -> None:
    late = record(died=DEATH, seen=DEATH + timedelta(days=300))

    assert pair_guards(record(died=DEATH), late) == ()


def test_records_agree_on_what_a_guard_reads() -> None:
    seen = record(seen=DEATH)

    assert agrees(Guard.TWO_CPFS, record(cpf="1"), record(cpf="1"))
    assert not agrees(Guard.TWO_CPFS, record(), record())
    assert agrees(Guard.TWIN_PATTERN, twin("JOAO SILVA"), twin("JOAO SILVA"))
    assert not agrees(Guard.TWIN_PATTERN, twin(""), twin("JOAO SILVA"))
    assert agrees(Guard.ACTIVITY_AFTER_DEATH, record(died=DEATH), record(died=DEATH))
    assert agrees(Guard.ACTIVITY_AFTER_DEATH, seen, seen)
    assert not agrees(Guard.ACTIVITY_AFTER_DEATH, seen, record(died=DEATH))
    assert not agrees(Guard.SAME_FAMILY, record(family="f"), record(family="f"))


@pytest.mark.parametrize(
    ("left", "right", "is_open"),
    [
        (["ana"], ["rui"], True),
        (["ana", "rui"], ["ana"], True),
        (["ana"], ["ana"], False),
        (["ana", "rui"], [], False),
        ([], [], False),
    ],
)
def test_two_stewards_open_the_guard_between_two_cpfs_judged_own(
    left: list[str], right: list[str], *, is_open: bool
) -> None:
    one, other = record(1, cpf="1", cpf_by=left), record(2, cpf="2", cpf_by=right)

    for pair in ((one, other), (other, one)):
        assert pair_guards(*pair) == (() if is_open else (Guard.TWO_CPFS,))
