"""Days as `2026-10-01` and moments as `2026-10-01T08:30:00`, read many at once.

See `mdm.standardise.dates`.
"""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mdm.ingest.plain_digits import characters
from mdm.standardise.dates import FIRST_YEAR, MAX_AGE_YEARS

Rows = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

_DAY_FORM = "0000-00-00"
_FORM = f"{_DAY_FORM}T00:00:00"
_FIRST_PLAIN_YEAR = 1901
"""Days that stand for an empty field all lie before it."""


def read_plain_births(texts: pa.StringArray, today: date) -> tuple[Rows, pa.Date32Array]:
    """The rows that hold a possible day of birth in this form, and the days."""
    rows, pairs = _pairs(texts, _DAY_FORM)
    days, good = _days(pairs)
    good &= pairs[:, 0] * 100 + pairs[:, 1] >= today.year - MAX_AGE_YEARS
    good &= days <= np.datetime64(today, "D")
    return rows[good], pa.array(days[good], pa.date32())


def read_plain_moments(texts: pa.StringArray, today: date) -> tuple[Rows, pa.TimestampArray]:
    """The rows that hold a possible moment in this form, and the moments."""
    rows, pairs = _pairs(texts, _FORM)
    days, good = _days(pairs)
    clock = pairs[:, 4:]
    good &= (clock < np.array([24, 60, 60])).all(axis=1)
    good &= days <= _tomorrow(today)
    seconds = clock @ np.array([3600, 60, 1])
    moments = days.astype("datetime64[us]") + seconds.astype("timedelta64[s]")
    return rows[good], pa.array(moments[good], pa.timestamp("us"))


def _pairs(texts: pa.StringArray, form: str) -> tuple[Rows, Rows]:
    """The rows written in a form, and their numbers of two digits: a row of them each."""
    signs = np.frombuffer(form.encode(), np.uint8)
    is_digit = signs == ord("0")
    rows, found = characters(texts, len(form))
    digits = found[:, is_digit] - np.uint8(ord("0"))
    plain = (digits <= 9).all(axis=1)  # noqa: PLR2004 - a digit; smaller characters wrap around
    plain &= (found[:, ~is_digit] == signs[~is_digit]).all(axis=1)
    chosen = digits[plain].astype(np.int64)
    return rows[plain], chosen[:, 0::2] * 10 + chosen[:, 1::2]


def _days(pairs: Rows) -> tuple[Days, npt.NDArray[np.bool_]]:
    """The days of century, year, month and day, and whether there is such a day of a plain year."""
    year, month, day = pairs[:, 0] * 100 + pairs[:, 1], pairs[:, 2], pairs[:, 3]
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    days: Days = first + (day - 1).astype("timedelta64[D]")
    good = (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - months of a year
    good &= days.astype("datetime64[M]").astype(np.int64) == months
    good &= year >= max(FIRST_YEAR, _FIRST_PLAIN_YEAR)
    return days, good


def _tomorrow(today: date) -> np.datetime64:
    return np.datetime64(today if today == date.max else today + timedelta(days=1), "D")
