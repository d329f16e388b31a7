"""Dates and times as sources write them. The clock is never read: `today` is passed in."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum

from mdm.standardise.reasons import Problem, Reason, ValueClass
from mdm.standardise.text import clean

_ZEROS = Problem(Reason.IMPOSSIBLE_DATE, ValueClass.ZEROS)
_NO_SUCH_DAY = Problem(Reason.IMPOSSIBLE_DATE, ValueClass.DAY_NOT_IN_MONTH)
_NO_SUCH_MONTH = Problem(Reason.IMPOSSIBLE_DATE, ValueClass.MONTH_OVER_12)
_NOT_A_DATE = Problem(Reason.UNUSABLE, ValueClass.NOT_A_DATE)
_TWO_DIGIT_YEAR = Problem(Reason.UNUSABLE, ValueClass.TWO_DIGIT_YEAR)
_DEFAULT = Problem(Reason.DEFAULT_DATE, ValueClass.JANUARY_1900)
_FUTURE = Problem(Reason.FUTURE_DATE, ValueClass.AFTER_TODAY)
_TOO_OLD = Problem(Reason.TOO_OLD, ValueClass.AGE_OVER_125)
EPOCH_SECONDS = Problem(Reason.EPOCH_SECONDS, ValueClass.EPOCH)

FIRST_YEAR = 1850
MAX_AGE_YEARS = 125
_DEFAULTS = frozenset({date(1900, 1, 1), date(1899, 12, 30), date(1899, 12, 31)})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BRASILIA = timezone(timedelta(hours=-3))
# A date of birth is stored as the first or a middle hour of its day. Two hours west of Greenwich
# midnight of both standard (-3) and daylight-saving time (-2) still falls on the day meant.
_DAY_ZONE = timezone(timedelta(hours=-2))
_HOUR_MS = 3_600_000
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})(?:[ T].*)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:[ T].*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2}")
_ZONED = re.compile(r"[T ]\d{2}:?\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$")
_NUMBER = re.compile(r"-?\d{1,18}")
_ISO_LENGTH = 10
_EIGHT = 8
_FILLER_DAYS = frozenset({"0101", "1231", "3112", "9999", "1230"})


class DateKind(Enum):
    """What a date tells, which decides what dates are possible."""

    BIRTH = "birth"
    PAST_EVENT = "past event"
    START = "start"


def read_date(text: str, today: date, kind: DateKind) -> tuple[date | None, Problem | None]:
    """Read a date and judge whether it is possible.

    Args:
        text: ISO, dd/mm/yyyy, ddmmyyyy, yyyymmdd, an ISO timestamp, or milliseconds since 1970.
        today: The reference date; later births and past events are impossible.
        kind: BIRTH refuses defaults and ages over 125; START may lie up to a year ahead.

    Returns:
        The date, or None and the problem. A date read from seconds where milliseconds belong
        comes with both, since it is usable.
    """
    if len(text) == _ISO_LENGTH and text[4] == "-" and text[7] == "-":
        try:
            day: date | None = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is not None:
            problem = _impossible(day, today, kind)
            return (day, None) if problem is None else (None, problem)
    found = _parse(clean(text), today)
    note: Problem | None = None
    if isinstance(found, _Seconds):
        found, note = found.day, EPOCH_SECONDS
    if isinstance(found, Problem):
        return None, found
    problem = _impossible(found, today, kind)
    return (None, problem) if problem is not None else (found, note)


def mistyped_date(text: str, today: date) -> str | None:
    """Digits yyyymmdd of a birth date that is no possible one, as they were typed: 19901723.

    One slip makes month 17 or year 6199 of a date, and the other digits still tell who it is.
    What people type for an unknown date is none: zeros, one digit over and over, 1 January or 31
    December of an impossible year.
    """
    cleaned = clean(text)
    match = _DAY_FIRST.fullmatch(cleaned)
    if match is not None:
        year, month, day = match[3], match[2].zfill(2), match[1].zfill(2)
    elif (match := _YEAR_FIRST.fullmatch(cleaned)) is not None:
        year, month, day = match[1], match[2].zfill(2), match[3].zfill(2)
    elif len(cleaned) == _EIGHT and cleaned.isascii() and cleaned.isdigit():
        is_year_first = FIRST_YEAR <= int(cleaned[:4]) <= today.year
        year = cleaned[:4] if is_year_first else cleaned[4:]
        month = cleaned[4:6] if is_year_first else cleaned[2:4]
        day = cleaned[6:] if is_year_first else cleaned[:2]
    else:
        return None
    digits = year + month + day
    if not digits.isascii() or len(set(digits)) == 1 or not int(year) or not int(month + day):
        return None
    return None if month + day in _FILLER_DAYS else digits


def read_timestamp(text: str, today: date) -> datetime | Problem:
    """Read a moment in Brasília time without zone; a date alone is its first instant.

    Moments of more than a day after `today` are refused.
    """
    cleaned = clean(text)
    if re.fullmatch(r"\d{14}", cleaned):
        cleaned = f"{cleaned[:8]}T{cleaned[8:]}"
    try:
        found = datetime.fromisoformat(cleaned)
    except ValueError:
        return _timestamp_from_date(cleaned, today)
    try:
        moment = found.replace(tzinfo=None) if found.tzinfo is None else _local(found)
    except OverflowError:
        return _NOT_A_DATE
    return _possible_moment(moment, today)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(_BRASILIA).replace(tzinfo=None)


def _timestamp_from_date(text: str, today: date) -> datetime | Problem:
    match = _DAY_FIRST.fullmatch(text)
    clock = re.search(r"[ T](\d{2}):(\d{2})(?::(\d{2}))?", text)
    found = _parse(text, today)
    if isinstance(found, _Seconds):
        found = found.day
    if isinstance(found, Problem):
        return found
    moment = datetime(found.year, found.month, found.day)  # noqa: DTZ001 - local time, see above
    if match is not None and clock is not None:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        if hours < 24 and minutes < 60 and seconds < 60:  # noqa: PLR2004 - a clock
            moment = moment.replace(hour=hours, minute=minutes, second=seconds)
    return _possible_moment(moment, today)


def _possible_moment(moment: datetime, today: date) -> datetime | Problem:
    if moment.date() in _DEFAULTS:
        return _DEFAULT
    if moment.date() > _shift_days(today, 1):
        return _FUTURE
    return moment if moment.year >= FIRST_YEAR else _TOO_OLD


class _Seconds:
    """A date that was given in seconds where milliseconds were promised."""

    __slots__ = ("day",)

    def __init__(self, day: date) -> None:
        self.day = day


def _parse(text: str, today: date) -> date | _Seconds | Problem:
    if not text.isascii():
        return _NOT_A_DATE
    if _NUMBER.fullmatch(text):
        return _from_number(text, today)
    match = _DAY_FIRST.fullmatch(text)
    if match is not None:
        return _build(match[3], match[2], match[1])
    match = _YEAR_FIRST.fullmatch(text)
    if match is None:
        return _TWO_DIGIT_YEAR if _SHORT_YEAR.fullmatch(text) else _NOT_A_DATE
    if _ZONED.search(text) is not None:
        return _from_zoned(text)
    return _build(match[1], match[2], match[3])


def _from_zoned(text: str) -> date | Problem:
    try:
        return _day_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return _NOT_A_DATE


def _from_number(text: str, today: date) -> date | _Seconds | Problem:
    digits = text.removeprefix("-")
    if not digits.strip("0"):
        # Milliseconds zero is what an empty field becomes, not 1 January 1970.
        return _ZEROS if len(digits) > 1 else _DEFAULT
    if len(digits) in {7, 8} and text[0] != "-":
        found = _from_eight(digits.zfill(_EIGHT))
        # A full hour of the first days of 1970 is as short as a date, and never one.
        whole_hour = isinstance(found, Problem) and int(digits) % _HOUR_MS == 0
        return _from_epoch(int(digits), today) if whole_hour else found
    if len(digits) == 14 and text[0] != "-":  # noqa: PLR2004 - yyyymmddhhmmss
        return _build(digits[:4], digits[4:6], digits[6:8])
    if len(digits) < _EIGHT and text[0] != "-":
        return _NOT_A_DATE
    return _from_epoch(int(text), today)


def _from_eight(digits: str) -> date | Problem:
    """Ddmmyyyy or yyyymmdd: no text is a date of a possible year in both."""
    day_first = _build(digits[4:], digits[2:4], digits[:2])
    if isinstance(day_first, Problem) or day_first.year < FIRST_YEAR:
        year_first = _build(digits[:4], digits[4:6], digits[6:])
        if not isinstance(year_first, Problem) and year_first.year >= FIRST_YEAR:
            return year_first
    return day_first


def _from_epoch(number: int, today: date) -> date | _Seconds | Problem:
    """Milliseconds, unless only seconds give a possible date.

    Births from 1966 to 1973 are less than 1e11 milliseconds, so size alone cannot tell. Read as
    milliseconds, a date in seconds falls within 45 days of 1970-01-01 and not on a full hour.
    """
    seconds = _moment(number * 1000)
    if seconds is not None and number % _HOUR_MS != 0:
        day = _day_of(seconds)
        if date(FIRST_YEAR, 1, 1) <= day <= _shift_days(today, 366):
            return _Seconds(day)
    milliseconds = _moment(number)
    return _NOT_A_DATE if milliseconds is None else _day_of(milliseconds)


def _moment(milliseconds: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _day_of(moment: datetime) -> date:
    """The day meant: exactly 00:00 UTC is that UTC day, anything else the day in Brazil."""
    if moment.tzinfo is not None:
        utc = moment.astimezone(UTC)
        midnight = (utc.hour, utc.minute, utc.second, utc.microsecond) == (0, 0, 0, 0)
        moment = utc if midnight else utc.astimezone(_DAY_ZONE)
    return moment.date()


def _build(year: str, month: str, day: str) -> date | Problem:
    numbers = int(year), int(month), int(day)
    if 0 in numbers:
        return _ZEROS
    if numbers[1] > 12:  # noqa: PLR2004 - months of a year
        return _NO_SUCH_MONTH
    try:
        return date(*numbers)
    except ValueError:
        return _NO_SUCH_DAY


def _impossible(day: date, today: date, kind: DateKind) -> Problem | None:
    if day in _DEFAULTS:
        return _DEFAULT
    if day > today and (kind is not DateKind.START or day > _shift_days(today, 366)):
        return _FUTURE
    if day.year < FIRST_YEAR or today.year - day.year > MAX_AGE_YEARS:
        return _TOO_OLD
    return None


def _shift_days(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max
