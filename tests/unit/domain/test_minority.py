"""Until when somebody counts as a child."""

from datetime import date

import pytest

from mdm.domain.minority import is_child, latest_birth

D = date


@pytest.mark.parametrize(
    ("dates", "served", "born"),
    [
        ([], None, None),
        ([D(2008, 5, 3)], None, D(2008, 5, 3)),
        ([D(2008, 5, 3), D(2009, 5, 3)], None, D(2009, 5, 3)),
        ([D(2008, 5, 3), D(2019, 5, 3)], D(2012, 2, 1), D(2008, 5, 3)),
        ([D(2008, 5, 3)], D(2001, 1, 1), D(2008, 5, 3)),
        ([D(2008, 1, 1)], None, D(2008, 12, 31)),
        ([D(2008, 1, 1)], D(2008, 7, 9), D(2008, 7, 9)),
        ([D(2008, 1, 1), D(2007, 5, 3)], None, D(2007, 5, 3)),
    ],
    ids=[
        "none", "one", "the later of two", "born after being served", "all impossible",
        "the year alone", "the year alone and a service", "the year alone beside a full date",
    ],
)  # fmt: skip
def test_the_latest_plausible_date_counts(
    dates: list[date], served: date | None, born: date | None
) -> None:
    assert latest_birth(dates, served) == born


@pytest.mark.parametrize(
    ("born", "today", "child"),
    [
        (D(2008, 11, 27), D(2026, 11, 26), True),
        (D(2008, 11, 26), D(2026, 11, 26), False),
        (D(2008, 2, 29), D(2026, 2, 28), True),
        (D(2008, 2, 29), D(2026, 3, 1), False),
    ],
)
def test_childhood_ends_with_the_18th_birthday(born: date, today: date, *, child: bool) -> None:
    assert is_child(born, today) is child
