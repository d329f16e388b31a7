"""Moments written as `2026-10-01T08:30:00`, read many at once; see `mdm.standardise.dates`."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mdm.ingest.plain_digits import characters
from mdm.standardise.dates import FIRST_YEAR

Rows = npt.NDArray[np.int64]

_FORM = np.frombuffer(b"0000-00-00T00:00:00", np.uint8)
_PLACES = np.flatnonzero(ord("0") == _FORM)
_SIGNS = np.flatnonzero(ord("0") != _FORM)
_FIRST_PLAIN_YEAR = 1901
"""Days that stand for an empty field all lie before it."""


def read_plain_moments(texts: pa.StringArray, today: date) -> tuple[Rows, pa.TimestampArray]:
    """The rows that hold a possible moment in this form, and the moments."""
    rows, found = characters(texts, len(_FORM))
    digits = found[:, _PLACES] - np.uint8(ord("0"))
    plain = (digits <= 9).all(axis=1)  # noqa: PLR2004 - a digit; smaller characters wrap around
    plain &= (found[:, _SIGNS] == _FORM[_SIGNS]).all(axis=1)
    rows, digits = rows[plain], digits[plain].astype(np.int64)
    pairs = digits[:, 0::2] * 10 + digits[:, 1::2]
    year, month, day = pairs[:, 0] * 100 + pairs[:, 1], pairs[:, 2], pairs[:, 3]
    clock = pairs[:, 4:]
    months = (year - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (day - 1)
    good = (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - months of a year
    good &= days.astype("datetime64[M]").astype(np.int64) == months
    good &= (clock < np.array([24, 60, 60])).all(axis=1)
    good &= (year >= max(FIRST_YEAR, _FIRST_PLAIN_YEAR)) & (days <= _tomorrow(today))
    seconds = clock @ np.array([3600, 60, 1])
    moments = days.astype("datetime64[us]") + seconds.astype("timedelta64[s]")
    return rows[good], pa.array(moments[good], pa.timestamp("us"))


def _tomorrow(today: date) -> np.datetime64:
    return np.datetime64(today if today == date.max else today + timedelta(days=1), "D")
