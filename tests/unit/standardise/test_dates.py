from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise.dates import (
    EPOCH_SECONDS,
    DateKind,
    mistyped_date,
    read_date,
    read_timestamp,
)
from mdm.standardise.reasons import Problem, Reason, ValueClass

TODAY = date(2026, 11, 23)
BIRTHS = st.dates(date(1902, 1, 1), TODAY)
MIXED = st.text(max_size=30) | st.text("0123456789-/T:.+Z", max_size=20)


def _birth(text: str) -> tuple[date | None, Problem | None]:
    return read_date(text, TODAY, DateKind.BIRTH)


@given(BIRTHS)
def test_every_way_of_writing_a_date_gives_that_date(day: date) -> None:
    written = (
        day.isoformat(),
        f"{day:%d/%m/%Y}",
        f"{day:%d-%m-%Y}",
        f"{day:%d.%m.%Y}",
        f"{day:%d%m%Y}",
        f"{day:%Y%m%d}",
        f"{day:%Y/%m/%d}",
        f"{day:%Y-%m-%dT00:00:00}",
        f"{day:%Y-%m-%d 00:00:00.000}",
        f"{day:%d/%m/%Y 00:00:00}",
        f"{day:%Y-%m-%dT00:00:00-03:00}",
        f"{day:%Y-%m-%dT15:00:00Z}",
        f"{day:%Y%m%d000000}",
        f" {day:%d/%m/%Y} ",
    )

    assert [_birth(text) for text in written] == [(day, None)] * len(written)


@given(BIRTHS, st.sampled_from([0, 2, 3, 12, 15]))
def test_epoch_milliseconds_of_a_birth_give_its_day(day: date, hour: int) -> None:
    """00:00 UTC, midnight of Brazil with and without daylight saving, and midday."""
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    if milliseconds != 0:  # what an empty field becomes
        assert _birth(str(milliseconds)) == (day, None)


@given(BIRTHS, st.sampled_from([2, 3, 12, 15]))
def test_epoch_seconds_of_a_birth_give_its_day_and_an_issue(day: date, hour: int) -> None:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)

    if abs(seconds) >= 100_000_000:  # below, the text is not longer than ddmmyyyy
        assert _birth(str(seconds)) == (day, EPOCH_SECONDS)


@pytest.mark.parametrize(
    ("text", "day"), [("662742000000", date(1991, 1, 1)), ("-360018000000", date(1958, 8, 5))]
)
def test_published_epoch_samples(text: str, day: date) -> None:
    assert _birth(text) == (day, None)


@pytest.mark.parametrize(
    ("text", "day"), [("662742000", date(1991, 1, 1)), ("-360018000", date(1958, 8, 5))]
)
def test_epoch_seconds_give_the_day_and_an_issue(text: str, day: date) -> None:
    assert _birth(text) == (day, EPOCH_SECONDS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31/02/1990", Reason.IMPOSSIBLE_DATE),
        ("1990-02-31", Reason.IMPOSSIBLE_DATE),
        ("29/02/2023", Reason.IMPOSSIBLE_DATE),
        ("12/13/1990", Reason.IMPOSSIBLE_DATE),
        ("00/00/0000", Reason.IMPOSSIBLE_DATE),
        ("00000000", Reason.IMPOSSIBLE_DATE),
        ("0000-00-00", Reason.IMPOSSIBLE_DATE),
        ("00/00/1987", Reason.IMPOSSIBLE_DATE),
        ("0", Reason.DEFAULT_DATE),
        ("1900-01-01", Reason.DEFAULT_DATE),
        ("01/01/1900", Reason.DEFAULT_DATE),
        ("30121899", Reason.DEFAULT_DATE),
        ("2026-11-24", Reason.FUTURE_DATE),
        ("9999-12-31", Reason.FUTURE_DATE),
        ("1849-12-31", Reason.TOO_OLD),
        ("01/06/1900", Reason.TOO_OLD),
        ("21/03/87", Reason.UNUSABLE),
        ("ontem", Reason.UNUSABLE),
        ("123", Reason.UNUSABLE),
        ("999999999999999999", Reason.UNUSABLE),
    ],
)
def test_unusable_birth_date_says_why(text: str, reason: Reason) -> None:
    day, problem = _birth(text)

    assert day is None
    assert problem is not None
    assert problem.reason is reason


def test_the_reference_date_decides_what_is_future() -> None:
    text = "2020-05-05"

    assert read_date(text, date(2020, 5, 5), DateKind.BIRTH)[0] == date(2020, 5, 5)
    assert read_date(text, date(2020, 5, 4), DateKind.BIRTH)[0] is None


def test_a_service_may_start_within_a_year_but_nothing_past_may_lie_ahead() -> None:
    assert read_date("2027-02-15", TODAY, DateKind.START) == (date(2027, 2, 15), None)
    assert read_date("2028-02-15", TODAY, DateKind.START)[0] is None
    assert read_date("2027-02-15", TODAY, DateKind.PAST_EVENT)[0] is None


@given(MIXED)
def test_dates_and_timestamps_never_raise_and_lie_in_the_possible_range(text: str) -> None:
    day, problem = _birth(text)
    moment = read_timestamp(text, TODAY)

    assert (day is None) == (problem is not None and problem != EPOCH_SECONDS)
    assert day is None or date(1850, 1, 1) <= day <= TODAY
    assert isinstance(moment, Problem) or moment.tzinfo is None


@given(MIXED)
def test_a_date_read_once_reads_the_same_again(text: str) -> None:
    day, _ = _birth(text)

    if day is not None:
        assert _birth(day.isoformat()) == (day, None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-01T08:30:00", datetime.fromisoformat("2026-10-01T08:30:00")),
        ("2026-10-01 08:30:00.123", datetime.fromisoformat("2026-10-01T08:30:00.123000")),
        ("2026-10-01T11:30:00Z", datetime.fromisoformat("2026-10-01T08:30:00")),
        ("2026-10-01T08:30:00-03:00", datetime.fromisoformat("2026-10-01T08:30:00")),
        ("20261001083000", datetime.fromisoformat("2026-10-01T08:30:00")),
        ("01/10/2026 08:30:15", datetime.fromisoformat("2026-10-01T08:30:15")),
        ("01/10/2026", datetime.fromisoformat("2026-10-01T00:00:00")),
        ("2026-10-01", datetime.fromisoformat("2026-10-01T00:00:00")),
        ("01102026", datetime.fromisoformat("2026-10-01T00:00:00")),
    ],
)
def test_moments_are_local_time_of_the_city(text: str, moment: datetime) -> None:
    assert read_timestamp(text, TODAY) == moment


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2027-10-01T08:30:00", Problem(Reason.FUTURE_DATE, ValueClass.AFTER_TODAY)),
        ("1900-01-01T00:00:00", Problem(Reason.DEFAULT_DATE, ValueClass.JANUARY_1900)),
        ("0001-01-01T00:00:00+14:00", Problem(Reason.UNUSABLE, ValueClass.NOT_A_DATE)),
    ],
)
def test_unusable_moment_says_why(text: str, problem: Problem) -> None:
    assert read_timestamp(text, TODAY) == problem


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("1990-17-23", "19901723"),
        ("23/17/1990", "19901723"),
        ("42.5.1949", "19490542"),
        ("19319924", "19319924"),
        ("24991931", "19319924"),
        ("6199-11-02", "61991102"),
        ("0000-00-00", None),
        ("1990-00-00", None),
        ("9999-12-31", None),
        ("31/12/2999", None),
        ("01/01/0001", None),
        ("99/99/9999", None),
        ("não sabe", None),
        ("1990-17", None),
    ],
)
def test_of_an_impossible_birth_date_the_digits_stay(text: str, digits: str | None) -> None:
    assert mistyped_date(text, TODAY) == digits
