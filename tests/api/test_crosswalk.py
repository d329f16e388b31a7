"""The crosswalk: one record, ten thousand, all."""

import csv
import io
import json
from collections.abc import Mapping

import pytest

from mdm.domain.access import Role
from mdm.storage.read_session import NO_PARAMS, ReadSession
from support.api_city import ADULT_CLINIC, DOCUMENT, City
from support.small_registry import withdrawn

CROSSWALK = "/api/v1/crosswalk"
pytestmark = pytest.mark.slow


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def noted(city: City, action: str) -> list[dict[str, object]]:
    chains = city.application.chains
    rows = [row for chain in chains.heads() for row in chains.rows(chain)]
    return [body for row in rows if (body := json.loads(row.body))["action"] == action]


def test_a_record_names_its_citizen(city: City) -> None:
    body = city.client.get(f"{CROSSWALK}/clinic/c1", headers=city.system()).json()

    assert (body["municipal_id"], body["status"]) == (city.ids["adult"], "active")
    (entry,) = noted(city, "crosswalk.read")
    assert entry["told"] == [[city.ids["adult"], city.records["clinic", "c1"]]]


@pytest.mark.parametrize(
    ("local_id", "who", "status"),
    [
        ("c7", "first", "active"),
        ("c8", "dormant", "dormant"),
        ("c10", "ambiguous", "active"),
        ("c14", None, "pending"),
    ],
)
def test_each_state_of_a_record_is_told(
    city: City, local_id: str, who: str | None, status: str
) -> None:
    body = city.client.get(f"{CROSSWALK}/clinic/{local_id}", headers=city.system()).json()

    assert body["status"] == status
    assert body["municipal_id"] == (None if who is None else city.ids[who])


def test_a_withdrawn_record_says_so_while_others_keep_the_citizen_active(city: City) -> None:
    city.registry.apply(withdrawn(city.records["clinic", "c1"]))

    body = city.client.get(f"{CROSSWALK}/clinic/c1", headers=city.system()).json()
    assert (body["municipal_id"], body["status"]) == (city.ids["adult"], "withdrawn")


@pytest.mark.parametrize("local_id", ["c1", "c8", "c14", "nobody"])
def test_a_system_is_answered_from_one_statement(
    city: City, local_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, headers = f"{CROSSWALK}/clinic/{local_id}", city.system()
    before = city.client.get(path, headers=headers)  # the rules are known from now on
    asked: list[str] = []
    rows = ReadSession.rows

    def counted(self: ReadSession, sql: str, params: Mapping[str, object] = NO_PARAMS) -> object:
        asked.append(sql)
        return rows(self, sql, params)

    monkeypatch.setattr(ReadSession, "rows", counted)
    after = city.client.get(path, headers=headers)

    assert after.status_code == before.status_code
    assert len([sql for sql in asked if "FROM record" in sql]) == 1
    assert len(asked) == 1


@pytest.mark.parametrize("local_id", ["nobody", "c9", "c13"])
def test_unknown_restricted_and_erased_records_answer_alike(city: City, local_id: str) -> None:
    answer = city.client.get(f"{CROSSWALK}/clinic/{local_id}", headers=city.system())
    body = answer.json()

    assert code(answer) == (404, "not_found")
    assert body["where"] == "clinic"
    assert local_id not in answer.text.replace(body["request_id"], "")


def test_a_client_speaks_for_its_own_sources_alone(city: City) -> None:
    headers = city.system(("clinic",))

    for source in ("school", "nowhere"):
        answer = city.client.get(f"{CROSSWALK}/{source}/s1", headers=headers)
        assert code(answer) == (403, "forbidden")


def test_a_key_that_is_a_document_is_asked_for_by_post_alone(city: City) -> None:
    headers = city.system(("benefits",))
    key = {"source": "benefits", "local_id": DOCUMENT}
    refused = city.client.get(f"{CROSSWALK}/benefits/{DOCUMENT}", headers=headers)
    answer = city.client.post(f"{CROSSWALK}/lookup", json=key, headers=headers)

    assert code(refused) == (400, "post_only")
    assert DOCUMENT not in refused.text
    assert answer.json()["municipal_id"] == city.ids["benefits"]


def test_a_past_answer_is_that_of_the_past(city: City) -> None:
    record = city.records["clinic", "c1"]
    with city.application.store.reading() as session:
        before = str(session.value("SELECT MAX(at) FROM ledger_tx"))
    city.registry.merge(record, city.ids["adult"], city.ids["first"])
    path, headers = f"{CROSSWALK}/clinic/c1", city.system()

    past = city.client.get(path, params={"as_of": before}, headers=headers).json()
    assert past["municipal_id"] == city.ids["adult"]
    assert city.client.get(path, headers=headers).json()["municipal_id"] == city.ids["first"]
    early = city.client.get(path, params={"as_of": "1999-01-01"}, headers=headers)
    assert code(early) == (404, "not_found")
    for text in ("soon", "0001-01-01T00:00:00+14:00"):
        assert code(city.client.get(path, params={"as_of": text}, headers=headers)) == (
            400,
            "usage",
        )


# ---------------------------------------------------------------------- batch


def test_a_batch_has_an_answer_for_each_item_under_the_callers_key(city: City) -> None:
    asked = [("a", "c1"), ("b", "nobody"), ("c", "c9"), ("d", "c14"), ("a", "c1")]
    items = [{"key": key, "source": "clinic", "local_id": local_id} for key, local_id in asked]
    answer = city.client.post(f"{CROSSWALK}/batch", json={"items": items}, headers=city.system())

    told = [(one["key"], one["code"]) for one in answer.json()["items"]]
    assert told == [("a", 200), ("b", 404), ("c", 404), ("d", 200), ("a", 200)]
    assert answer.json()["items"][0]["entry"]["municipal_id"] == city.ids["adult"]
    (entry,) = noted(city, "crosswalk.batch")
    assert entry["told"] == [[city.ids["adult"], city.records["clinic", "c1"]]]


def test_a_batch_of_a_foreign_source_is_refused_whole(city: City) -> None:
    items = [{"key": "a", "source": "school", "local_id": "s1"}]
    answer = city.client.post(f"{CROSSWALK}/batch", json={"items": items}, headers=city.system())

    assert code(answer) == (403, "forbidden")


def test_ten_thousand_are_answered_and_one_more_is_not(city: City) -> None:
    items = [{"key": str(n), "source": "clinic", "local_id": "c1"} for n in range(10_001)]
    headers = city.system()
    many = city.client.post(f"{CROSSWALK}/batch", json={"items": items[1:]}, headers=headers)
    more = city.client.post(f"{CROSSWALK}/batch", json={"items": items}, headers=headers)

    assert len(many.json()["items"]) == 10_000
    assert code(more) == (422, "invalid_request")


def test_a_system_that_misses_one_in_a_hundred_of_a_thousand_is_stopped(city: City) -> None:
    headers = city.system()

    def ask(local_ids: list[str]) -> int:
        items = [{"key": "k", "source": "clinic", "local_id": one} for one in local_ids]
        body = {"items": items}
        return city.client.post(f"{CROSSWALK}/batch", json=body, headers=headers).status_code

    assert ask(["c1"] * 2000 + ["nobody"] * 20) == 200
    assert ask(["c1"]) == 200
    assert ask(["nobody"]) == 200
    stopped = city.client.get(f"{CROSSWALK}/clinic/c1", headers=headers)
    assert code(stopped) == (429, "over_budget")


# ---------------------------------------------------------------------- export


def exported(city: City, headers: dict[str, str], **query: str) -> str:
    answer = city.client.get(f"{CROSSWALK}/export", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_an_export_holds_every_placed_record_that_the_reader_may_know_of(city: City) -> None:
    headers = city.system(("clinic",))
    rows = list(csv.DictReader(io.StringIO(exported(city, headers))))
    lines = [json.loads(line) for line in exported(city, headers, format="ndjson").splitlines()]

    keys = {row["local_id"] for row in rows}
    assert keys == {one["local_id"] for one in lines}
    assert keys == {"c1", "c2", "c5", "c6", "c7", "c8", "c10", "c20", "c21"}
    assert {row["source"] for row in rows} == {"clinic"}
    ids = {row["local_id"]: row["municipal_id"] for row in rows}
    assert ids["c7"] == city.ids["first"]


def test_an_open_question_about_a_restricted_record_is_no_hint(city: City) -> None:
    headers = city.system(("clinic", "school"))
    lines = [json.loads(line) for line in exported(city, headers, format="ndjson").splitlines()]

    under_review = {one["local_id"] for one in lines if one["under_review"]}
    assert under_review == {"c20", "s20", "c21", "s21"}
    with city.application.store.writing(city.application.header("test")) as session:
        gone = {"review_id": city.questions["guarded"], "state": "stale"}
        session.update_rows("review_item", [gone])
    lines = [json.loads(line) for line in exported(city, headers, format="ndjson").splitlines()]
    assert {one["local_id"] for one in lines if one["under_review"]} == {"c20", "s20"}


def test_an_export_is_noted_with_what_was_told(city: City) -> None:
    exported(city, city.system(("clinic", "school")))

    told = [entry["told_set"] for entry in noted(city, "crosswalk.export")]
    assert [(one["source"], one["kind"]) for one in told] == [  # type: ignore[index]
        ("clinic", "open_records"),
        ("school", "open_records"),
    ]


def test_text_that_needs_an_escape_survives_both_formats(city: City) -> None:
    odd = 'a"b,c\\d'
    (number,) = city.registry.records(("clinic", odd, ADULT_CLINIC))
    city.registry.citizens((number,))
    headers = city.system()

    rows = list(csv.DictReader(io.StringIO(exported(city, headers))))
    lines = [json.loads(line) for line in exported(city, headers, format="ndjson").splitlines()]
    assert odd in {row["local_id"] for row in rows} & {one["local_id"] for one in lines}


def test_an_export_of_a_foreign_source_is_refused(city: City) -> None:
    answer = city.client.get(
        f"{CROSSWALK}/export", params={"source": "school"}, headers=city.system()
    )

    assert code(answer) == (403, "forbidden")


def test_people_export_their_own_sector(city: City) -> None:
    headers = city.person(Role.DATA_OWNER, "health", "record_update")
    rows = list(csv.DictReader(io.StringIO(exported(city, headers))))

    assert {row["source"] for row in rows} == {"clinic"}
