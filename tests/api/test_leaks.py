"""No value leaves to who may not see it: each is looked for, as a canary, in everything that does.

Readers of every role, sector and purpose ask for everything; every body, export, header, log
line, metric and audit entry is searched. What a reader may see is what the table of visibility
says, which `tests/golden/visibility.csv` holds to the requirements.
"""

import logging
from collections.abc import Iterator
from itertools import product

import pytest

from mdm.domain.access import Purpose, Role
from mdm.domain.visibility import Field, Side, sees_restricted
from mdm_api.shell import LOG
from support.api_city import DOCUMENT, SECTORS, City
from support.canaries import CANARIES, NEVER, may_see, without_drawn
from support.service import Lines

pytestmark = pytest.mark.slow
API = "/api/v1"


SYSTEMS = (("clinic",), ("school",), ("shelter",), ("benefits",))
PEOPLE = tuple(product([r for r in Role if r is not Role.SYSTEM], ["health", "education"]))


def everything(city: City, headers: dict[str, str]) -> Iterator[str]:
    """All that a reader can ask for without asking for it whole."""
    client = city.client
    for municipal_id in city.ids.values():
        yield client.get(f"{API}/citizens/{municipal_id}", headers=headers).text
    for source, local_id in city.records:
        yield client.get(f"{API}/crosswalk/{source}/{local_id}", headers=headers).text
        body = {"identifier": {"kind": "local_id", "value": local_id, "source": source}}
        yield client.post(f"{API}/citizens/search", json=body, headers=headers).text
    for name, born in (
        ("Zqclinicname", "1980-05-17"),
        ("Zqshelterhidden", "1980-05-17"),
        ("Zqcivilname", "1990-02-03"),
        ("Zqchildname", "2018-04-09"),
        ("Zqsecretname", "1980-05-17"),
    ):
        asked = {"name": name, "birth_date": born}
        yield client.post(f"{API}/citizens/search", json=asked, headers=headers).text
    asked_cpf = {"identifier": {"kind": "cpf", "value": "11144477735"}}
    yield client.post(f"{API}/citizens/search", json=asked_cpf, headers=headers).text
    for form in ("csv", "ndjson"):
        yield client.get(f"{API}/crosswalk/export", params={"format": form}, headers=headers).text
    yield client.get(f"{API}/reviews", headers=headers).text
    for review_id in city.questions.values():
        yield client.get(f"{API}/reviews/{review_id}", headers=headers).text


def leaks(
    city: City, headers: dict[str, str], role: Role, own: frozenset[str], purpose: Purpose
) -> list[str]:
    # Misses stop a reader; here everything is asked.
    text = ""
    for part in everything(city, headers):
        text += without_drawn(part, city.ids.values())
        with city.client.app.state.serving.beside.writing() as session:  # type: ignore[attr-defined]
            session.execute("DELETE FROM looked")
    found = [c.text for c in CANARIES if c.text in text and not may_see(role, own, purpose, c)]
    return found + [one for one in NEVER if one in text]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, root = Lines(), logging.getLogger()
    before = root.level, LOG.level
    root.setLevel(logging.DEBUG)
    LOG.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before[0])
    LOG.setLevel(before[1])


# Who sees what is decided above the database: PostgreSQL is asked for two unlike purposes only.
@pytest.mark.parametrize(
    ("city_copy", "purpose"),
    [
        *product(["sqlite"], Purpose),
        ("postgresql", Purpose.INTEGRATION),
        ("postgresql", Purpose.COURT_ORDER),
    ],
    indirect=["city_copy"],
)
def test_people_of_every_role_get_nothing_that_they_may_not_see(
    city: City, purpose: Purpose
) -> None:
    found = {}
    for role, sector in PEOPLE:
        own = frozenset(name for name, of in SECTORS.items() if of == sector)
        headers = city.person(role, sector, purpose.value)
        if leaked := leaks(city, headers, role, own, purpose):
            found[role, sector] = leaked

    assert found == {}


@pytest.mark.parametrize("purpose", [Purpose.INTEGRATION, Purpose.CARE, Purpose.COURT_ORDER])
def test_systems_get_nothing_that_they_may_not_see(city: City, purpose: Purpose) -> None:
    found = {}
    for sources in SYSTEMS:
        headers = city.system(sources, purpose.value)
        if leaked := leaks(city, headers, Role.SYSTEM, frozenset(sources), purpose):
            found[sources] = leaked

    assert found == {}


@pytest.mark.parametrize("purpose", [Purpose.CARE, Purpose.STEWARDSHIP, Purpose.CITIZEN_REQUEST])
def test_who_asks_for_everything_whole_gets_what_may_be_asked_for(
    city: City, purpose: Purpose
) -> None:
    found, asked = {}, {"reveal": [field.value for field in Field]}
    paths = [f"{API}/citizens/{one}" for one in city.ids.values()]
    paths += [f"{API}/reviews/{one}" for one in city.questions.values()]
    for role, sector in PEOPLE:
        own = frozenset(name for name, of in SECTORS.items() if of == sector)
        headers = city.person(role, sector, purpose.value)
        answers = [city.client.get(path, params=asked, headers=headers).text for path in paths]
        text = without_drawn("".join(answers), city.ids.values())
        seen = [c for c in CANARIES if c.text in text]
        leaked = [c.text for c in seen if not may_see(role, own, purpose, c, on_request=True)]
        if leaked:
            found[role, sector] = leaked

    assert found == {}


def test_the_hunt_finds_what_may_be_seen(city: City) -> None:
    """A hunt that could find nothing would prove nothing."""
    own = frozenset({"clinic"})
    headers = city.person(Role.CASEWORKER, "health", "care")
    text = "".join(everything(city, headers)).lower()

    seen = {c.text for c in CANARIES if c.text in text}
    expected = {
        c.text for c in CANARIES if may_see(Role.CASEWORKER, own, Purpose.CARE, c) if c.text
    }
    assert seen == expected
    assert len(seen) > 5


def test_who_may_know_of_restricted_records_reads_them(city: City) -> None:
    headers = city.person(Role.DATA_PROTECTION_OFFICER, "other", "court_order")
    body = city.client.get(f"{API}/citizens/{city.ids['secret']}", headers=headers).json()

    assert len(sees_restricted(Role.DATA_PROTECTION_OFFICER, Purpose.COURT_ORDER)) == len(Side)
    assert body["values"]["name"][0]["value"] == "Rosa Zqsecretname"
    assert "restricted" in body["flags"]
    adult = city.client.get(f"{API}/citizens/{city.ids['adult']}", headers=headers).json()
    assert {member["source"] for member in adult["members"]} == {"clinic", "school", "shelter"}


def unnoted_requests(city: City, headers: dict[str, str]) -> Iterator[str]:
    """Answers to requests for personal data that left no entry in the trail; refusals, too."""
    before = entries(city)
    for answer in everything(city, headers):
        after = entries(city)
        if after <= before:
            yield answer
        before = after


def entries(city: City) -> int:
    return sum(number for number, _ in city.application.chains.heads().values())


def test_every_request_is_noted_and_no_value_stands_in_logs_metrics_or_the_trail(
    city: City, lines: Lines
) -> None:
    headers = city.person(Role.CASEWORKER, "health", "care")
    unnoted = list(unnoted_requests(city, headers))
    for path in ("/healthz", "/readyz", "/metrics"):
        lines.lines.append(city.client.get(path).text)
    chains = city.application.chains
    trail = [row.body for chain in chains.heads() for row in chains.rows(chain)]

    noted = without_drawn("\n".join([*lines.lines, *trail]), city.ids.values())
    assert unnoted == []
    assert len(lines.lines) > 50
    assert [c.text for c in CANARIES if c.text in noted] == []
    assert DOCUMENT not in noted
    assert "zq" not in noted
