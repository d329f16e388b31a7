"""Who is shown as a child: until the 18th birthday by the latest plausible date of birth.

What protects minors must not end early because of a mistyped date, so of several dates that
records give the latest counts. One that is after the person was first served is an error, and
1 January is often typed when only the year is known: the person may then be born at its end.
"""

from collections.abc import Collection
from datetime import date

CHILD_YEARS = 18


def latest_birth(dates: Collection[date], first_served: date | None = None) -> date | None:
    """The latest plausible date of birth.

    Args:
        dates: What the records of one person say.
        first_served: The earliest day on which a service for them began.

    Returns:
        None where no record gives a date. Where all dates are implausible, the latest of them.
    """
    full = [day for day in dates if not _is_default(day)]
    if full:
        candidates = full
    elif first_served is None:
        candidates = [day.replace(month=12, day=31) for day in dates]
    else:
        ends = [(day, day.replace(month=12, day=31)) for day in dates]
        candidates = [max(day, min(end, first_served)) for day, end in ends]
    plausible = [day for day in candidates if first_served is None or day <= first_served]
    return max(plausible or candidates, default=None)


def is_child(born: date, today: date) -> bool:
    """Whether somebody born on a day is under 18; on 29 February: until 1 March."""
    birthday = (born.year + CHILD_YEARS, born.month, born.day)
    return birthday > (today.year, today.month, today.day)


def _is_default(day: date) -> bool:
    return day.month == 1 and day.day == 1
