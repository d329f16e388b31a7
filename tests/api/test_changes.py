"""The feed over the API: whose changes, what is noted, what it ends."""

import json

import pytest

from mdm.domain.events import Ambiguous
from support.api_city import DOCUMENT, City

CHANGES = "/api/v1/changes"
pytestmark = pytest.mark.slow


def read(city: City, headers: dict[str, str], **query: object) -> dict[str, object]:
    answer = city.client.get(CHANGES, params=query, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_client_follows_its_own_sources_and_nothing_restricted(city: City) -> None:
    feed = read(city, city.system(("clinic",)), limit=10_000)

    told = feed["changes"]
    assert isinstance(told, list)
    keys = {one["local_id"] for one in told if one["source"] is not None}
    assert {one["source"] for one in told} == {"clinic", None}
    assert {"c1", "c7", "c12"} <= keys
    assert not keys & {"c9", "c13", "c14"}, "restricted, erased, and placed nowhere"
    of_ids = {one["municipal_id"]: one["change"] for one in told if one["source"] is None}
    assert of_ids[city.ids["tomb"]] == "retired"
    assert city.ids["secret"] not in str(feed)


def test_what_the_feed_told_and_how_far_it_was_read_is_noted(city: City) -> None:
    headers = city.system(("clinic",))
    first = read(city, headers, limit=10_000)
    city.registry.apply(Ambiguous(city.ids["adult"], "2099-01-01"))
    second = read(city, headers, after=first["cursor"])
    assert [one["change"] for one in second["changes"]] == ["ambiguous"]  # type: ignore[attr-defined]

    assert read(city, headers, after=second["cursor"])["changes"] == []
    chains = city.application.chains
    rows = [json.loads(r.body) for chain in chains.heads() for r in chains.rows(chain)]
    entries = [row for row in rows if row["action"] == "changes.read"]
    assert [city.ids["adult"], city.records["clinic", "c1"]] in entries[0]["told"]
    assert [entry.get("feed_read") for entry in entries] == [
        None, first["cursor"], second["cursor"],
    ]  # fmt: skip
    # The next command brings the registry level: everybody who held the ID has read of it.
    with city.application.store.writing(city.application.header("test")):
        pass
    with city.application.store.reading() as session:
        sql = "SELECT ambiguous_until FROM municipal_id WHERE municipal_id = :id"
        assert session.value(sql, {"id": city.ids["adult"]}) is None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"source": "school"}, 403, "forbidden"),
        ({"after": "2026"}, 400, "usage"),
        ({"after": "a b"}, 422, "invalid_request"),
        ({"limit": 0}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    city: City, query: dict[str, object], status: int, code: str
) -> None:
    answer = city.client.get(CHANGES, params=query, headers=city.system())  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_key_that_is_a_document_stands_in_no_cursor(city: City) -> None:
    feed = read(city, city.system(("benefits",)))

    # That golden values changed is told of a citizen, without a key.
    told = [one["local_id"] for one in feed["changes"] if one["change"] != "golden_changed"]  # type: ignore[attr-defined]
    assert told == [DOCUMENT]
    assert DOCUMENT not in str(feed["cursor"])
