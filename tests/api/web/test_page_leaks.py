"""No value stands in a page of who may not see it; none in an address, a log or the trail."""

import logging
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from mdm.domain.access import Purpose, Role
from support.api_city import SECTORS, City, city_served
from support.canaries import CANARIES, NEVER, may_see, without_drawn
from support.service import Lines

pytestmark = pytest.mark.slow
PEOPLE = tuple(product([role for role in Role if role is not Role.SYSTEM], ["health", "education"]))
TYPED = (("Alves Prado", "17/05/1980"), ("Jorge Lima", "03/02/1990"), ("Souza", "09/04/2018"))
"""What is typed into the search comes back in the page: no canary is among it."""


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """The citizens of `support.api_city`; pages are the same over either database."""
    with city_served(tmp_path / "home") as made:
        yield made


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def pages(city: City, role: Role, sector: str, purpose: Purpose) -> Iterator[tuple[str, bool]]:
    """Every page that a person opens, with its headers; and whether it is one of review."""
    client = city.client
    headers = city.person(role, sector, purpose.value)
    csrf = {"csrf_token": headers.pop("X-CSRF-Token")}

    def got(path: str, **form: str) -> str:
        if form:
            answer = client.post(path, data={**csrf, **form}, headers=headers)
        else:
            answer = client.get(path, headers=headers)
        assert answer.status_code < 500
        return f"{answer.headers}{answer.text}"

    for name, born in TYPED:
        yield got("/buscar", text=name, birth=born, purpose=purpose.value), False
    for municipal_id in city.ids.values():
        yield got(f"/cidadaos/{municipal_id}/finalidade", purpose=purpose.value), False
        yield got(f"/cidadaos/{municipal_id}"), False
        yield got(f"/cidadaos/{municipal_id}/historia"), False
    yield got("/revisao"), True
    for number in city.questions.values():
        yield got(f"/revisao/{number}"), True


def leaks(city: City, role: Role, sector: str, purpose: Purpose) -> list[str]:
    own = frozenset(name for name, of in SECTORS.items() if of == sector)
    found = set()
    for text, is_review in pages(city, role, sector, purpose):
        said = without_drawn(text, city.ids.values())
        said += re.sub(r"[ .()-]", "", said)
        read_for = Purpose.STEWARDSHIP if is_review else purpose
        found |= {
            canary.text
            for canary in CANARIES
            if canary.text in said and not may_see(role, own, read_for, canary)
        }
        found |= {one for one in NEVER if one in said}
        with city.client.app.state.serving.beside.writing() as session:  # type: ignore[attr-defined]
            session.execute("DELETE FROM looked")
    return sorted(found)


@pytest.mark.parametrize(
    "purpose",
    [
        Purpose.CARE,
        Purpose.RECORD_UPDATE,
        Purpose.COURT_ORDER,
        Purpose.STEWARDSHIP,
        Purpose.OTHER,
    ],
)
def test_pages_show_nobody_what_they_may_not_see(
    city: City, lines: Lines, purpose: Purpose
) -> None:
    found = {who: leaks(city, *who, purpose) for who in PEOPLE}

    assert {who: leaked for who, leaked in found.items() if leaked} == {}
    noted = without_drawn("\n".join(lines.lines), city.ids.values())
    assert len(lines.lines) > 100
    assert [one.text for one in CANARIES if one.text in noted] == []
    assert "zq" not in noted


def test_no_address_in_a_page_holds_a_value(city: City) -> None:
    text = "".join(page for page, _ in pages(city, Role.SUPERVISOR, "health", Purpose.STEWARDSHIP))
    named = re.findall(
        r'(?:href|action|hx-\w+|src|location)"?[=:] ?["\']([^"\']*)',
        without_drawn(text, city.ids.values()),
    )
    ours = {one for one in named if not one.startswith("/static/")}

    assert len(ours) > 20
    assert [one for one in ours if "zq" in one or re.search(r"\d{5,}", one)] == []


def test_the_hunt_through_pages_finds_what_may_be_seen(city: City) -> None:
    """A hunt that could find nothing would prove nothing."""
    text = "".join(page for page, _ in pages(city, Role.CASEWORKER, "health", Purpose.CARE)).lower()
    review = [page for page, is_review in pages(city, Role.STEWARD, "health", Purpose.STEWARDSHIP)
              if is_review]  # fmt: skip

    for seen in ("zqclinicunit", "zqschoolunit", "zqclinicstreet", "zqsocialname"):
        assert seen in text
    assert "zqpairname" in "".join(review).lower()
