"""A city with its restricted records and the same without: the same bytes to who may not see them.

Held as they are: municipal IDs come from their founder's key (`support.hidden_city`).
"""

from pathlib import Path

import pytest

from mdm_api.app import create_app
from support.api_city import City
from support.everything_asked import Answers, everything, in_peace, subjects, with_the_right
from support.hidden_city import HIDDEN, STEPS, built, go_on, restricted
from support.service import asked
from support.small_registry import SmallRegistry

pytestmark = pytest.mark.extended
ABOUT = subjects(STEPS, HIDDEN)


def told_by(folder: Path, patch: pytest.MonkeyPatch, *, hidden: bool) -> tuple[Answers, str]:
    """All answers after the second round; those of before are asked as of then."""
    folder.mkdir()
    added = HIDDEN if hidden else ((), ())
    with built(folder / "home", patch, restricted(added[0])) as application:
        go_on(application, folder / "home", 1, restricted(added[1]))
        with asked(create_app(application)) as client:
            city = City(application, client, SmallRegistry(application.store), {}, {}, {})
            in_peace(city)
            return everything(application, city, ABOUT, folder), with_the_right(city, ABOUT)


def test_who_may_not_see_restricted_records_gets_the_same_bytes_with_and_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_them, seen = told_by(tmp_path / "with", monkeypatch, hidden=True)
    without, _ = told_by(tmp_path / "without", monkeypatch, hidden=False)

    assert {k: (with_them[k], text) for k, text in without.items() if with_them[k] != text} == {}
    assert with_them.keys() == without.keys()
    assert all(f'"local_id":"h{n}"' in seen for n in (1, 3, 4, 5, 6, 7, 8, 9))
    assert sum(text.startswith("200 ") for text in without.values()) > 300
