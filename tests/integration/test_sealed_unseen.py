"""A city with a sealed citizen and the same without: the same bytes to all who may not see them.

Whoever begins anew is there in both. Municipal IDs come from their founder's key.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.sealing import seal
from mdm.domain.access import Role
from mdm.domain.seal import SealReason
from mdm_api.app import create_app
from support.api_city import City
from support.databases import SteppingClock
from support.everything_asked import (
    READERS,
    Answers,
    everything,
    in_peace,
    subjects,
    with_the_right,
)
from support.hidden_city import STEPS, Delivery, built, founded_id, go_on
from support.link_runs import assert_sound, who
from support.service import asked
from support.small_registry import SmallRegistry

pytestmark = pytest.mark.extended

EARLIER = {"full_name": "Bruna Teles Nogueira", "birth_date": "2014-08-19", "sex": "F",
           "mother_name": "Sonia Teles", "cpf": "987.654.321-00", "nis": "12068910251",
           "phone": "51985550000", "street": "Rua Anterior", "street_number": "77",
           "household_id": "F77", "household_role": "03"}  # fmt: skip
ANEW = {"full_name": "Bruna Martins Rolim", "birth_date": "2014-08-19", "sex": "F",
        "mother_name": "Paula Martins Rolim", "cpf": "987.654.321-00",
        "phone": "51981239999"}  # fmt: skip
SEALED: tuple[tuple[Delivery, ...], ...] = (
    (("clinic", [who("e1", EARLIER)]), ("school", [who("n2", EARLIER)]),
     ("shelter", [who("e3", EARLIER)])),
    (("clinic", [who("e1", EARLIER, phone="51980008888")]), ("shelter", [who("e3", EARLIER)])),
)  # fmt: skip
"""Who is sealed between the rounds; the school's local ID goes on to the one who begins anew."""
BEGINS: tuple[Delivery, ...] = (("clinic", [who("n1", ANEW)]), ("school", [who("n2", ANEW)]))
ABOUT = subjects((*STEPS, BEGINS), SEALED)
EVERYBODY = (
    *READERS,
    (Role.SUPERVISOR, "education", "care"),
    (Role.DATA_OWNER, "health", "record_update"),
)
"""Also who may know of restricted records of their own sector."""


def sealed(application: Application, *, dry_run: bool = False) -> dict[str, object]:
    clock = application.clock
    assert isinstance(clock, SteppingClock)
    clock.now = datetime(2026, 1, 1, 22, tzinfo=UTC)
    return seal(
        application,
        ("clinic", "e1"),
        SealReason.ADOPTION,
        second="rita",
        anew=[("school", "n2")],
        dry_run=dry_run,
    )


def told_by(folder: Path, patch: pytest.MonkeyPatch, *, there: bool) -> tuple[Answers, str]:
    """All answers after the second round; those of before are asked as of then."""
    folder.mkdir()
    earlier = SEALED if there else ((), ())
    with built(folder / "home", patch, earlier[0]) as application:
        if there:
            done = sealed(application)
            assert (done["records"], done["freed"], done["told"]) == (3, 1, [])
        go_on(application, folder / "home", 1, [*BEGINS, *earlier[1]])
        assert_sound(application)
        with asked(create_app(application)) as client:
            city = City(application, client, SmallRegistry(application.store), {}, {}, {})
            in_peace(city)
            return everything(application, city, ABOUT, folder, readers=EVERYBODY), with_the_right(
                city, ABOUT
            )


def test_who_may_not_see_a_sealed_citizen_gets_the_same_bytes_with_and_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_them, seen = told_by(tmp_path / "with", monkeypatch, there=True)
    without, unseen = told_by(tmp_path / "without", monkeypatch, there=False)

    assert {k: (with_them[k], text) for k, text in without.items() if with_them[k] != text} == {}
    assert with_them.keys() == without.keys()
    assert founded_id("clinic", "e1") in seen
    assert '"status":"sealed"' in seen
    assert '"status":"sealed"' not in unseen
    begun = founded_id("clinic", "n1")
    assert sum(begun in text and text.startswith("200 ") for text in with_them.values()) > 20
