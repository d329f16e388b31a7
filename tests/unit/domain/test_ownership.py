"""Whose number is it? Decided from names and birth dates, whatever the order of the records."""

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.domain.ownership import Holder, Ownership, Ward, compatible, decide_owner

OWN, NOT_THEIRS, CONTESTED = Ownership.OWN, Ownership.NOT_THEIRS, Ownership.CONTESTED
MOTHER = Holder(1, "health", "MARIA SILVA SOUZA", "ROSA SILVA", None, date(1985, 4, 9))
CHILD = Holder(2, "health", "JOAO SOUZA", "MARIA SILVA SOUZA", None, date(2015, 2, 1))
UNNAMED = replace(CHILD, record_id=3, name=None)


def states(*holders: Holder) -> list[Ownership]:
    decided = decide_owner(holders)
    return [decided[holder.record_id] for holder in holders]


def test_a_mother_owns_the_number_that_her_child_carries() -> None:
    assert states(MOTHER, CHILD) == [OWN, NOT_THEIRS]
    assert states(CHILD, MOTHER) == [NOT_THEIRS, OWN]


def test_a_mother_owns_the_number_that_her_newborn_without_a_name_carries() -> None:
    assert states(MOTHER, UNNAMED) == [OWN, NOT_THEIRS]


@pytest.mark.parametrize("first", ["MARIANE", "MARCIA", "MARIA"])
def test_a_daughter_with_a_name_like_her_mothers_is_another_person(first: str) -> None:
    daughter = replace(CHILD, name=f"{first} SOUZA")

    assert states(MOTHER, daughter) == [OWN, NOT_THEIRS]


def test_a_son_of_his_fathers_name_is_another_person() -> None:
    father = Holder(1, "health", "JORGE LIMA", "CARMELA LIMA", None, date(1958, 5, 9))
    son = Holder(2, "social", "JORGE LIMA", "SUZANA BRITO", None, date(1986, 5, 19))

    assert states(father, son) == [OWN, NOT_THEIRS]
    assert states(father, replace(son, mother="CARMELA LIMA")) == [OWN, OWN]
    assert states(father, replace(son, mother=None)) == [OWN, OWN]


def test_a_child_that_shares_nothing_but_the_first_name_with_its_father_is_another_person() -> None:
    father = Holder(1, "health", "QIANG WANG", None, None, date(1994, 4, 9))
    child = Holder(2, "education", "QIANG JIAN ZHANG LIN", None, None, date(2021, 3, 12))

    assert states(father, child) == [OWN, NOT_THEIRS]
    assert states(father, replace(child, name="QIANG JIAN WANG")) == [OWN, OWN]
    assert states(father, replace(child, name="QIANG")) == [OWN, OWN]


def test_a_child_whose_birth_date_is_missing_is_still_its_mothers() -> None:
    assert states(MOTHER, replace(CHILD, birth_date=None)) == [OWN, NOT_THEIRS]
    assert states(MOTHER, replace(UNNAMED, birth_date=None)) == [OWN, NOT_THEIRS]


def test_a_guardian_owns_the_number() -> None:
    ward = replace(CHILD, mother="ANA LIMA", guardian="MARIA SOUZA")

    assert states(MOTHER, ward) == [OWN, NOT_THEIRS]


def test_whom_more_sources_know_by_it_owns_the_number() -> None:
    one = Holder(1, "health", "PEDRO LIMA", "ANA LIMA", None, date(1990, 1, 2))
    again = replace(one, record_id=2, source="social")
    other = Holder(3, "health", "CARLOS REIS", "EVA REIS", None, date(1993, 7, 8))

    assert states(one, again, other) == [OWN, OWN, NOT_THEIRS]


def test_of_two_strangers_a_generation_apart_the_elder_owns_it() -> None:
    elder = Holder(1, "health", "PEDRO LIMA", "ANA LIMA", None, date(1960, 1, 2))
    younger = Holder(2, "social", "CARLOS REIS", "EVA REIS", None, date(1993, 7, 8))

    assert states(elder, younger) == [OWN, NOT_THEIRS]


def test_two_strangers_of_one_age_contest_it() -> None:
    one = Holder(1, "health", "PEDRO LIMA", "ANA LIMA", None, date(1990, 1, 2))
    other = Holder(2, "social", "CARLOS REIS", "EVA REIS", None, date(1993, 7, 8))

    assert states(one, other) == [CONTESTED, CONTESTED]


def test_twins_of_other_names_share_a_birth_date_and_pass_as_one() -> None:
    """Nothing tells a twin from a person under another name; the twin guard parts them later."""
    one = replace(CHILD, record_id=1)
    other = replace(CHILD, record_id=2, name="PEDRO SOUZA")

    assert states(one, other) == [OWN, OWN]


@pytest.mark.parametrize(
    ("name", "born"),
    [
        ("MARAI SILVA SOUZA", date(1985, 4, 9)),
        ("MARIA SOUZA", date(1985, 9, 4)),
        ("M SOUZA", date(1986, 4, 9)),
        ("MARIA SILVA SOUZA", date(1958, 4, 9)),
        ("LUCIANA SILVA SOUZA", date(1985, 4, 9)),
        ("MARIA SILVA SOUZA", None),
        (None, date(1985, 4, 9)),
        ("MARIA SILVA SOUZA", date(2001, 12, 30)),
    ],
)
def test_a_slip_or_a_gap_takes_no_number_away(name: str | None, born: date | None) -> None:
    slip = replace(MOTHER, record_id=2, name=name, birth_date=born)

    assert states(MOTHER, slip) == [OWN, OWN]


def test_a_record_that_lacks_its_birth_date_joins_no_two_people() -> None:
    vague = replace(MOTHER, record_id=3, birth_date=None)
    empty = Holder(4, "social", None, None, None, None)

    assert states(MOTHER, CHILD, vague) == [OWN, NOT_THEIRS, OWN]
    assert states(MOTHER, CHILD, empty) == [OWN, NOT_THEIRS, CONTESTED]


first_names = st.sampled_from(("MARIA", "MARIANE", "MARCIA", "JOAO", "JOSE", "ANA", "A", "PEDRO"))
texts = st.one_of(
    st.none(), st.tuples(first_names, st.sampled_from(("LIMA", "SOUZA"))).map(" ".join)
)
slips = (date(1985, 4, 9), date(1985, 9, 4), date(2015, 4, 9))
dates = st.one_of(st.none(), st.dates(date(1950, 1, 1), date(2026, 1, 1)), st.sampled_from(slips))
holder_lists = st.lists(
    st.builds(
        Holder,
        record_id=st.just(0),
        source=st.sampled_from(("health", "social", "school")),
        name=texts,
        mother=texts,
        guardian=texts,
        birth_date=dates,
    ),
    min_size=1,
    max_size=7,
).map(lambda holders: [replace(holder, record_id=n) for n, holder in enumerate(holders)])


@given(holders=holder_lists, seed=st.integers(0, 1000))
def test_the_answer_depends_neither_on_the_order_nor_on_the_numbers_of_the_records(
    holders: list[Holder], seed: int
) -> None:
    shuffled = random.Random(seed).sample(holders, len(holders))
    numbered = [replace(holder, record_id=100 + n) for n, holder in enumerate(shuffled)]
    known = decide_owner(holders)
    again = decide_owner(numbered)

    assert [known[h.record_id] for h in shuffled] == [again[h.record_id] for h in numbered]


@given(pair=st.tuples(holder_lists, holder_lists))
def test_two_incompatible_records_never_both_own_it(
    pair: tuple[list[Holder], list[Holder]],
) -> None:
    one, other = pair[0][0], replace(pair[1][0], record_id=1)

    assert (states(one, other) == [OWN, OWN]) == compatible(one, other)


@given(holders=holder_lists)
def test_owners_are_connected_by_records_that_may_be_one_person(holders: list[Holder]) -> None:
    """No two people own it: every owner can be reached from any other among the full records."""
    decided = decide_owner(holders)
    owners = [h for h in holders if decided[h.record_id] is OWN]
    full = [h for h in owners if h.name is not None and h.birth_date is not None]
    reached = full[:1]
    for known in reached:
        reached += [h for h in full if h not in reached and compatible(h, known)]

    assert len(reached) == len(full)
    for owner in owners:
        assert len(full) == 0 or any(compatible(owner, known) for known in full)


@given(holders=holder_lists)
def test_every_record_gets_an_answer_and_a_lone_person_owns_the_number(
    holders: list[Holder],
) -> None:
    decided = decide_owner(holders)

    assert decided.keys() == {holder.record_id for holder in holders}
    same = [replace(holders[0], record_id=n) for n in range(3)]
    assert set(decide_owner(same).values()) == {OWN}


def test_a_steward_outranks_what_names_and_dates_tell() -> None:
    assert decide_owner([MOTHER, CHILD], {CHILD.record_id: OWN}) == {1: NOT_THEIRS, 2: OWN}
    assert decide_owner([MOTHER, CHILD], {CHILD.record_id: OWN, 1: OWN}) == {1: OWN, 2: OWN}


def test_the_people_of_a_record_judged_own_are_owners_as_well() -> None:
    other = replace(CHILD, record_id=4, source="school")

    decided = decide_owner([MOTHER, CHILD, other], {other.record_id: OWN})
    assert decided == {1: NOT_THEIRS, 2: OWN, 4: OWN}


def test_a_number_judged_not_theirs_says_nothing_about_the_others() -> None:
    assert decide_owner([MOTHER], {1: NOT_THEIRS}) == {1: NOT_THEIRS}
    assert decide_owner([MOTHER, CHILD], {1: NOT_THEIRS}) == {1: NOT_THEIRS, 2: OWN}


WARD = Ward("PEDRO SOUZA", "MARIA SILVA", date(2017, 3, 4), bears_it=False)
OF_CHILD = Ward(CHILD.name, MOTHER.name, CHILD.birth_date, bears_it=False)


@pytest.mark.parametrize("ward", [WARD, OF_CHILD], ids=["a sibling's record", "the child's own"])
def test_a_number_that_a_ward_calls_its_guardians_is_no_childs(ward: Ward) -> None:
    assert decide_owner([CHILD], {}, [ward]) == {CHILD.record_id: NOT_THEIRS}
    assert decide_owner([MOTHER], {}, [ward]) == {MOTHER.record_id: OWN}
    assert decide_owner([MOTHER, CHILD], {}, [ward]) == {1: OWN, 2: NOT_THEIRS}


def test_a_guardian_whose_name_changed_or_whose_date_is_missing_keeps_the_number() -> None:
    another_name = replace(MOTHER, name="JOANA REIS")
    undated = replace(MOTHER, birth_date=None)
    young = replace(MOTHER, birth_date=date(2008, 1, 1))

    for holder in (another_name, undated, young):
        assert decide_owner([holder], {}, [WARD]) == {1: OWN}


def test_of_two_children_under_one_number_a_ward_tells_that_it_is_neithers() -> None:
    sister = Holder(3, "social", "ANA SOUZA", "MARIA SILVA SOUZA", None, date(2012, 5, 6))

    assert decide_owner([CHILD, sister], {}, [WARD]) == {2: NOT_THEIRS, 3: NOT_THEIRS}


def test_a_record_with_one_number_in_both_places_tells_nothing_of_its_own_person() -> None:
    both = replace(OF_CHILD, bears_it=True)
    sister = Holder(3, "social", "ANA SOUZA", "MARIA SILVA SOUZA", None, date(2012, 5, 6))

    assert decide_owner([CHILD], {}, [both]) == {2: OWN}
    assert decide_owner([sister], {}, [both]) == {3: NOT_THEIRS}


def test_one_ward_of_several_that_is_mistaken_takes_nobodys_number() -> None:
    mistaken = Ward("RUI REIS", "OLGA REIS", date(1980, 1, 1), bears_it=False)

    assert decide_owner([MOTHER], {}, [WARD, mistaken]) == {1: OWN}


def test_a_steward_outranks_a_ward() -> None:
    assert decide_owner([CHILD], {2: OWN}, [WARD]) == {2: OWN}
