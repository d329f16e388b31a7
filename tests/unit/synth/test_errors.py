from datetime import date, timedelta
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.synth import errors
from mdm.synth.population import REFERENCE, REFERENCE_DAY
from mdm.synth.streams import Ints

NAMES = st.lists(st.text("ABCDEFGHIJLMNOPRSTUVXZÃÇÉ", min_size=1, max_size=10), min_size=1).map(
    " ".join
)
DAYS = st.lists(st.integers(-25_000, REFERENCE_DAY), min_size=1, max_size=40).map(np.asarray)
ERRORS = [
    errors.typo,
    errors.spelling,
    errors.misspelt,
    errors.abbreviated,
    errors.truncated,
    errors.mojibake,
    errors.titled,
]


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))


@given(st.sampled_from(ERRORS), NAMES, st.integers(0, 2**31))
def test_an_erroneous_name_is_still_a_name_that_a_form_can_hold(
    error: errors.TextError, name: str, seed: int
) -> None:
    wrong = error(name, Random(seed))

    assert wrong.strip()
    assert wrong.isprintable()
    wrong.encode("latin-1")


@given(st.sampled_from(ERRORS), NAMES, st.integers(0, 2**31))
def test_equal_seeds_make_equal_errors(error: errors.TextError, name: str, seed: int) -> None:
    assert error(name, Random(seed)) == error(name, Random(seed))


def test_an_abbreviation_keeps_the_first_name_and_mostly_the_last() -> None:
    short = {errors.abbreviated("MARIA APARECIDA SANTOS LIMA", Random(k)) for k in range(50)}

    assert {"MARIA APDA SANTOS LIMA", "MARIA A SANTOS LIMA", "MARIA APARECIDA S LIMA"} <= short
    assert all(text.startswith("MARIA ") for text in short)


def test_mojibake_is_utf8_read_as_latin1() -> None:
    assert errors.mojibake("JOÃO", Random(1)) == "JOÃ\u0083O".replace("\u0083", "")


def test_values_are_replaced_only_at_the_named_rows() -> None:
    values = pa.array(["A", None, "C"])

    spoilt = errors.put(values, np.asarray([1, 2]), ["B", None])

    assert spoilt.to_pylist() == ["A", "B", None]


@given(DAYS)
def test_calendar_parts_name_the_day(days: Ints) -> None:
    year, month, day = errors.calendar(days)

    dates = [_date(value) for value in days]
    assert list(zip(year, month, day, strict=True)) == [(d.year, d.month, d.day) for d in dates]


@given(DAYS, st.integers(0, 2**31))
def test_a_wrong_birth_date_is_never_after_the_reference_day(days: Ints, seed: int) -> None:
    rng = np.random.default_rng(seed)

    for wrong in (
        errors.wrong_digit(rng, days),
        errors.year_off(rng, days),
        errors.swapped(days),
        errors.first_january(days),
    ):
        assert all(_date(value) <= REFERENCE for value in wrong)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (date(1987, 3, 11), date(1987, 11, 3)),
        (date(1987, 3, 21), date(1987, 3, 21)),
        (date(1987, 5, 5), date(1987, 5, 5)),
    ],
)
def test_day_and_month_are_exchanged_where_the_day_can_be_a_month(right: date, wrong: date) -> None:
    days = np.asarray([(right - date(1970, 1, 1)).days])

    assert _date(errors.swapped(days)[0]) == wrong


def test_wrong_digits_of_dates_are_half_the_time_in_the_day_alone() -> None:
    days = np.random.default_rng(1).integers(-10_000, 18_000, 4000)

    wrong = errors.wrong_digit(np.random.default_rng(2), days)

    before, after = errors.calendar(days), errors.calendar(wrong)
    same = [np.asarray(a == b) for a, b in zip(before, after, strict=True)]
    assert (same[0] & same[1] & ~same[2]).mean() == pytest.approx(0.55, abs=0.05)
    assert (same[0] & same[1] & same[2]).mean() < 0.02


@given(st.lists(st.integers(0, 10**11 - 1), min_size=1), st.integers(0, 2**31))
def test_a_mistyped_number_differs_in_at_most_two_digits(values: list[int], seed: int) -> None:
    wrong = errors.mistyped(np.random.default_rng(seed), np.asarray(values), 11)

    for right, typed in zip(values, wrong.tolist(), strict=True):
        different = sum(a != b for a, b in zip(f"{right:011d}", f"{typed:011d}", strict=True))
        assert 1 <= different <= 2
