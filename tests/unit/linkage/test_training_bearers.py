"""Surnames that keep to few first names are found by counting; and what comes of it."""

from collections.abc import Iterable

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.linkage.model import frequency
from mdm.linkage.person_model import GIVEN_BY_SURNAME
from mdm.linkage.training_bearers import LEAST_TIMES, given_by_surname
from mdm.linkage.training_chances import HELD_BY_AT_LEAST

Row = tuple[str, str, str]
COMMON, KIN = 0.03, 0.001
TF = {("given", "MARIA"): COMMON, ("given", ""): 0.00001} | {
    ("given", f"KIN{n}"): KIN for n in range(5)
}


def found(rows: Iterable[Row]) -> dict[str, float]:
    """What is told of records (given name, surname, yyyymmdd)."""
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE link_record (given VARCHAR, surname VARCHAR, birth VARCHAR, "
            "birth_year INTEGER, birth_day_month VARCHAR)"
        )
        con.executemany(
            "INSERT INTO link_record VALUES (?, ?, ?, ?, ?)",
            [(name, last, born, int(born[:4]), born[4:]) for name, last, born in rows],
        )
        told = given_by_surname(con, TF)
    assert {column for column, _ in told} == {GIVEN_BY_SURNAME}
    return {surname: times for (_, surname), times in told.items() if surname}


def kin(people: int, surname: str = "MBAYE") -> list[Row]:
    """People of one surname and five first names, each born on another day of another year."""
    return [
        (f"KIN{n % 5}", surname, f"{1950 + n}{n % 12 + 1:02}{n % 28 + 1:02}") for n in range(people)
    ]


def test_bearers_who_share_few_first_names_are_told_with_how_often_they_meet() -> None:
    pairs, chance = 5 * 10 * 9 / 2, 50 * 49 / 2 * KIN

    assert found(kin(50)) == {"MBAYE": pytest.approx((pairs + 1) / (chance + 1))}


def test_first_names_as_frequent_as_everywhere_are_not_told() -> None:
    """Three of 100 are called MARIA, as in the city, and nobody else shares a name."""
    rows = [(f"NAME{n}", "SILVA", f"{1900 + n}0{n % 9 + 1}1{n % 10}") for n in range(97)]
    marias = [("MARIA", "SILVA", f"19{n}10{n}07") for n in (1, 2, 3)]

    assert found([*rows, *marias]) == {}


def test_records_of_one_birth_year_or_day_may_be_one_person_and_count_for_nothing() -> None:
    of_one_year = [("KIN1", "MBAYE", f"1990{n + 1:02}11") for n in range(12)]
    of_one_day = [("KIN1", "MBAYE", f"{1980 + n}0411") for n in range(12)]

    assert found(of_one_year) == {}
    assert found(of_one_day) == {}
    assert found(kin(12) * 4) == found(kin(12))


def test_a_surname_of_fewer_than_ten_records_is_never_told() -> None:
    few = [("KIN1", "SECK", born) for _, _, born in kin(HELD_BY_AT_LEAST - 1)]

    assert found(few) == {}
    assert list(found([*few, ("KIN1", "SECK", "20051231")])) == ["SECK"]


@given(
    share=st.floats(1e-6, COMMON),
    times=st.floats(LEAST_TIMES, 1000),
    surname=st.sampled_from(["MBAYE", "SILVA", None]),
)
def test_among_the_bearers_a_name_is_never_rarer_nor_more_frequent_than_any(
    share: float, times: float, surname: str | None
) -> None:
    known = {
        ("given", ""): share, (GIVEN_BY_SURNAME, ""): COMMON, (GIVEN_BY_SURNAME, "MBAYE"): times,
    }  # fmt: skip
    told = frequency(known, GIVEN_BY_SURNAME, {"given": "FATOU", "surname": surname})

    assert told is not None
    assert share <= told <= COMMON
    assert told == (min(share * times, COMMON) if surname == "MBAYE" else share)


def test_of_a_record_without_a_first_name_no_frequency_is_known() -> None:
    known = {("given", ""): 0.01, (GIVEN_BY_SURNAME, ""): 0.1, (GIVEN_BY_SURNAME, "MBAYE"): 9.0}

    assert frequency(known, GIVEN_BY_SURNAME, {"given": None, "surname": "MBAYE"}) is None
