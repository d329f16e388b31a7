"""Reading one citizen and searching for few: every status that an integrator meets."""

import json

import pytest

from mdm.domain.access import Role
from mdm.domain.municipal_id import ALPHABET, check_character, shown
from support.api_city import ADULT_CLINIC, DOCUMENT, SOCIAL, City, refresh

CITIZENS = "/api/v1/citizens"
SEARCH = f"{CITIZENS}/search"
pytestmark = pytest.mark.slow


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def values(body: dict[str, object], name: str) -> list[object]:
    return [entry["value"] for entry in body["values"][name]]  # type: ignore[index]


def entries(city: City, action: str) -> list[dict[str, object]]:
    chains = city.application.chains
    rows = [row for chain in chains.heads() for row in chains.rows(chain)]
    return [body for row in rows if (body := json.loads(row.body))["action"] == action]


def mistyped(municipal_id: str) -> str:
    """The same ID with another check character."""
    right = check_character(municipal_id[:-1])
    return municipal_id[:-1] + next(char for char in ALPHABET if char != right)


def test_a_citizen_is_read_with_values_and_origins(city: City) -> None:
    answer = city.client.get(f"{CITIZENS}/{city.ids['adult']}", headers=city.system())
    body = answer.json()

    assert answer.status_code == 200
    assert body["requested_id"] == body["municipal_id"] == city.ids["adult"]
    assert values(body, "name") == [ADULT_CLINIC["full_name"]]
    assert body["values"]["name"][0]["source"] == "clinic"
    assert {one["source"] for one in body["services"]} == {"clinic", "school"}
    assert answer.headers["cache-control"] == "no-store"


def test_an_id_is_read_as_people_write_it(city: City) -> None:
    written = shown(city.ids["adult"]).lower()

    answer = city.client.get(f"{CITIZENS}/{written}", headers=city.system())
    assert answer.json()["municipal_id"] == city.ids["adult"]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("secret", (404, "not_found")),
        ("ambiguous", (409, "ambiguous_id")),
        ("tomb", (404, "id_tombstone")),
        ("withdrawn", (404, "id_withdrawn")),
        ("erased", (410, "id_erased")),
    ],
)
def test_ids_that_name_nobody_say_why(city: City, who: str, expected: tuple[int, str]) -> None:
    answer = city.client.get(f"{CITIZENS}/{city.ids[who]}", headers=city.system())

    assert code(answer) == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert "zq" not in answer.text.lower().replace(city.ids[who].lower(), "")


def test_what_is_restricted_answers_as_what_does_not_exist(city: City) -> None:
    unknown = "000000000V"
    headers = city.system()
    absent = city.client.get(f"{CITIZENS}/{unknown}", headers=headers)
    hidden = city.client.get(f"{CITIZENS}/{city.ids['secret']}", headers=headers)

    def shape(answer: object, municipal_id: str) -> dict[str, object]:
        body = dict(answer.json())  # type: ignore[attr-defined]
        body.pop("request_id")
        return {**body, "where": body["where"].replace(municipal_id, "")}

    assert shape(absent, unknown) == shape(hidden, city.ids["secret"])
    assert len(absent.content) == len(hidden.content)


def test_a_mistyped_id_is_refused_before_anybody_is_looked_for(city: City) -> None:
    answer = city.client.get(f"{CITIZENS}/{mistyped(city.ids['adult'])}", headers=city.system())

    assert code(answer) == (400, "invalid_municipal_id")


def test_a_purpose_is_needed(city: City) -> None:
    path = f"{CITIZENS}/{city.ids['adult']}"

    for purpose in (None, "", "curiosity", "CARE"):
        answer = city.client.get(path, headers=city.system(purpose=purpose))
        assert code(answer) == (400, "purpose_required")
        assert "curiosity" not in answer.text


def test_nobody_is_answered_without_a_token(city: City) -> None:
    path = f"{CITIZENS}/{city.ids['adult']}"
    bad = {**city.system(), "Authorization": "Bearer nonsense"}

    assert code(city.client.get(path)) == (401, "unauthenticated")
    assert code(city.client.get(path, headers=bad)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "purpose"),
    [
        (Role.OPERATOR, "care"),
        (Role.AUDITOR, "court_order"),
        (Role.CASEWORKER, "stewardship"),
        (Role.CASEWORKER, "integration"),
        (Role.STEWARD, "care"),
    ],
)
def test_roles_that_may_not_read_for_a_purpose_are_refused(
    city: City, role: Role, purpose: str
) -> None:
    headers = city.person(role, "health", purpose)

    answer = city.client.get(f"{CITIZENS}/{city.ids['adult']}", headers=headers)
    assert code(answer) == (403, "forbidden")


def test_a_merged_id_answers_with_the_citizen_that_it_names_now(city: City) -> None:
    answer = city.client.get(f"{CITIZENS}/{city.ids['second']}", headers=city.system())
    body = answer.json()

    assert answer.status_code == 200
    assert body["municipal_id"] == city.ids["first"]
    assert body["requested_id"] == city.ids["second"]
    assert body["event"]["kind"] == "merge"
    assert body["event"]["from_id"] == city.ids["second"]
    assert answer.headers["content-location"] == f"{CITIZENS}/{city.ids['first']}"
    assert set(body["ids"]) == {city.ids["first"], city.ids["second"]}


def test_an_ambiguous_id_names_the_right_citizen_with_its_record(city: City) -> None:
    path, headers = f"{CITIZENS}/{city.ids['ambiguous']}", city.system()
    meant = {"source": "clinic", "local_id": "c10"}
    other = {"source": "clinic", "local_id": "c1"}

    assert (
        city.client.get(path, params=meant, headers=headers).json()["municipal_id"]
        == (city.ids["ambiguous"])
    )
    assert code(city.client.get(path, params=other, headers=headers)) == (404, "not_found")
    half = city.client.get(path, params={"source": "clinic"}, headers=headers)
    assert code(half) == (400, "usage")


def test_a_dormant_citizen_says_so(city: City) -> None:
    answer = city.client.get(f"{CITIZENS}/{city.ids['dormant']}", headers=city.system())

    assert answer.json()["status"] == "dormant"


def test_a_past_answer_is_that_of_the_past(city: City) -> None:
    record = city.records["clinic", "c1"]
    with city.application.store.reading() as session:
        before = str(session.value("SELECT MAX(at) FROM ledger_tx"))
    city.registry.change(record, {**ADULT_CLINIC, "full_name": "Zqlatername Alves Prado"})
    city.registry.merge(record, city.ids["adult"], city.ids["first"])
    refresh(city.application, [city.ids["adult"], city.ids["first"]])
    path, headers = f"{CITIZENS}/{city.ids['adult']}", city.system()

    past = city.client.get(path, params={"as_of": before}, headers=headers).json()
    now = city.client.get(path, headers=headers).json()
    assert values(past, "name") == [ADULT_CLINIC["full_name"]]
    assert past["municipal_id"] == city.ids["adult"]
    assert now["municipal_id"] == city.ids["first"]
    assert "Zqlatername" in str(now)
    assert "Zqlatername" not in str(past)
    wrong = city.client.get(path, params={"as_of": "yesterday"}, headers=headers)
    assert code(wrong) == (400, "usage")


def test_an_answer_that_the_caller_holds_is_not_sent_again(city: City) -> None:
    path, headers = f"{CITIZENS}/{city.ids['adult']}", city.system()
    etag = city.client.get(path, headers=headers).headers["etag"]

    again = city.client.get(path, headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert len(entries(city, "citizen.read")) == 2


def test_documents_come_whole_only_on_request_and_that_is_noted(city: City) -> None:
    path, headers = f"{CITIZENS}/{city.ids['adult']}", city.system()
    masked = city.client.get(path, headers=headers)
    whole = city.client.get(path, params={"reveal": "cpf"}, headers=headers)

    assert values(masked.json(), "cpf") == ["•••.•••.777-••"]
    assert ADULT_CLINIC["cpf"] not in masked.text
    assert values(whole.json(), "cpf") == [ADULT_CLINIC["cpf"]]
    assert [entry["fields"] for entry in entries(city, "citizen.reveal")] == [
        sorted({name for name, told in whole.json()["values"].items() if told if name != "cpf"}
               | {"cpf!"})
    ]  # fmt: skip


def test_a_civil_name_is_told_to_who_asks_and_may(city: City) -> None:
    path = f"{CITIZENS}/{city.ids['social']}"
    headers = city.person(Role.CASEWORKER, "health", "care")
    plain = city.client.get(path, headers=headers)
    asked = city.client.get(path, params={"reveal": "civil"}, headers=headers)
    system = city.client.get(path, params={"reveal": "civil"}, headers=city.system())

    assert values(plain.json(), "name") == [SOCIAL["social_name"]]
    assert values(plain.json(), "civil_name") == [None]
    assert plain.json()["values"]["civil_name"][0]["on_request"]
    assert values(plain.json(), "nicknames") == []
    assert values(asked.json(), "civil_name") == [SOCIAL["full_name"]]
    for hidden in ("zqcivilname", "jorge", "zqoldnickname"):
        assert hidden not in plain.text.lower()
        assert hidden not in system.text.lower()


def test_an_email_that_spells_a_name_given_up_is_told_to_who_asks(city: City) -> None:
    path = f"{CITIZENS}/{city.ids['social']}"
    headers = city.person(Role.CASEWORKER, "health", "care")
    plain = city.client.get(path, headers=headers).json()
    asked = city.client.get(path, params={"reveal": "contacts"}, headers=headers).json()

    for body, first in ((plain, "j•••@•••"), (asked, "jorge.zqcivilname@example.org")):
        told = [mail["value"] for mail in values(body, "emails")]  # type: ignore[index]
        assert told == [first, "zqsocialname@example.org"]


def test_a_declared_family_is_told_to_its_own_sector(city: City) -> None:
    path = f"{CITIZENS}/{city.ids['child']}"
    own = city.person(Role.CASEWORKER, "education", "care")
    other = city.person(Role.CASEWORKER, "health", "care")

    (family,) = city.client.get(path, headers=own).json()["family"]
    assert {(one["municipal_id"], one["is_self"]) for one in family["members"]} == {
        (city.ids["child"], True),
        (city.ids["sibling"], False),
    }
    (masked,) = city.client.get(path, headers=other).json()["family"]
    assert (masked["masked"], masked["members"], masked["guardian"]) == (True, [], None)


def test_every_read_is_noted_before_it_is_answered_and_the_id_is_told(city: City) -> None:
    city.client.get(f"{CITIZENS}/{city.ids['adult']}", headers=city.system())
    city.client.get(f"{CITIZENS}/{city.ids['secret']}", headers=city.system())

    read, refused = entries(city, "citizen.read")
    assert (read["outcome"], read["municipal_ids"]) == ("ok", [city.ids["adult"]])
    assert read["told"] == [[city.ids["adult"], 0]]
    assert (refused["outcome"], refused.get("told")) == ("not_found", None)


# ---------------------------------------------------------------------- searches


def search(city: City, headers: dict[str, str], **wanted: object) -> list[dict[str, object]]:
    answer = city.client.post(SEARCH, json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    hits: list[dict[str, object]] = answer.json()["hits"]
    return hits


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("cpf", "111.444.777-35"),
        ("cns", "705000000000014"),
        ("inep_id", "123456789012"),
    ],
)
def test_a_citizen_is_found_by_a_number_of_theirs(city: City, kind: str, value: str) -> None:
    (hit,) = search(city, city.system(), identifier={"kind": kind, "value": value})

    assert (hit["municipal_id"], hit["matched"]) == (city.ids["adult"], kind)


def test_a_citizen_is_found_by_any_of_several_numbers(city: City) -> None:
    record = city.records["clinic", "c6"]
    said = {
        "full_name": "Nina Dias",
        "cns": "705000000000014;898001160660001",
        "nis": "12068910251",
    }
    city.registry.change(record, said)
    refresh(city.application, [city.ids["first"]])

    second = search(city, city.system(), identifier={"kind": "cns", "value": "898001160660001"})
    nis = search(city, city.system(), identifier={"kind": "nis", "value": "12068910251"})
    assert [hit["municipal_id"] for hit in second + nis] == [city.ids["first"]] * 2


def test_a_citizen_is_found_by_municipal_id_and_by_local_id(city: City) -> None:
    headers = city.system()
    by_id = {"kind": "municipal_id", "value": city.ids["adult"]}
    by_key = {"kind": "local_id", "value": "c1", "source": "clinic"}

    found = [search(city, headers, identifier=one)[0] for one in (by_id, by_key)]
    assert [hit["municipal_id"] for hit in found] == [city.ids["adult"]] * 2


@pytest.mark.parametrize(
    ("name", "matched"),
    [("prado zqclinicname", "name"), ("Zqcliniqname Prado", "sounds_like")],
)
def test_a_citizen_is_found_by_name_with_birth_date(city: City, name: str, matched: str) -> None:
    (hit,) = search(city, city.system(), name=name, birth_date="1980-05-17")

    assert (hit["municipal_id"], hit["matched"]) == (city.ids["adult"], matched)
    assert (hit["mother"], hit["cpf"]) == ("Maria •••", "•••.•••.777-••")


def test_the_mothers_name_narrows_a_search(city: City) -> None:
    asked = {"name": "Zqclinicname", "birth_date": "1980-05-17"}

    assert search(city, city.system(), **asked, mother="Zqother Silva") == []
    assert len(search(city, city.system(), **asked, mother="Maria Prado")) == 1


def test_a_nome_social_is_found_and_shown(city: City) -> None:
    (hit,) = search(city, city.system(), name="Joana Zqsocialname", birth_date="1990-02-03")

    assert (hit["name"], hit["matched"]) == (SOCIAL["social_name"], "social_name")


def test_a_restricted_record_is_never_found(city: City) -> None:
    headers = city.system()

    assert search(city, headers, name="Rosa Zqsecretname", birth_date="1980-05-17") == []
    assert search(city, headers, name="Zqshelterhidden", birth_date="1980-05-17") == []


def test_a_dormant_citizen_is_found_if_asked_for(city: City) -> None:
    asked = {"name": "Ivo Zqdormantname", "birth_date": "1971-01-02"}

    assert search(city, city.system(), **asked) == []
    (hit,) = search(city, city.system(), **asked, dormant=True)
    assert hit["status"] == "dormant"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Ana"},
        {"birth_date": "1980-05-17"},
        {},
        {"identifier": {"kind": "local_id", "value": "c1"}},
        {"identifier": {"kind": "cpf", "value": "11144477735"}, "name": "Ana"},
        {"name": "Ana", "birth_date": "1980-05-17", "city": "Porto Alegre"},
    ],
)
def test_a_search_that_says_too_little_or_too_much_is_refused(
    city: City, body: dict[str, object]
) -> None:
    answer = city.client.post(SEARCH, json=body, headers=city.system())

    assert code(answer) == (422, "invalid_request")
    assert "Ana" not in answer.text


def test_at_most_twenty_are_shown_and_no_total(city: City) -> None:
    given = [
        ("school", f"many{n}", {"full_name": f"Zqmany Silva {'ABCDEFGHIJKLMNOPQRSTUVWX'[n]}la",
                                "birth_date": "2001-01-02"})
        for n in range(24)
    ]  # fmt: skip
    numbers = city.registry.records(*given)
    ids = city.registry.citizens(*((number,) for number in numbers))
    refresh(city.application, ids)

    asked = {"name": "Zqmany Silva", "birth_date": "2001-01-02"}
    body = city.client.post(SEARCH, json=asked, headers=city.system()).json()
    assert set(body) == {"hits", "more"}
    assert (len(body["hits"]), body["more"]) == (20, True)


def test_who_looks_for_many_who_are_not_there_is_stopped(city: City) -> None:
    headers = city.person(Role.CASEWORKER, "health", "care")
    path = f"{CITIZENS}/000000000V"
    statuses = [city.client.get(path, headers=headers).status_code for _ in range(21)]
    stopped = city.client.get(f"{CITIZENS}/{city.ids['adult']}", headers=headers)
    other = city.client.get(f"{CITIZENS}/{city.ids['adult']}", headers=city.system())

    assert statuses == [404] * 20 + [429]
    assert code(stopped) == (429, "over_budget")
    assert "retry-after" in stopped.headers
    assert other.status_code == 200


def test_a_benefit_record_is_not_asked_for_with_its_document_in_the_address(city: City) -> None:
    meant = {"source": "benefits", "local_id": DOCUMENT}
    headers = city.system(("benefits",))

    answer = city.client.get(f"{CITIZENS}/{city.ids['benefits']}", params=meant, headers=headers)
    assert code(answer) == (400, "post_only")
