"""`POST /oauth/token`, and what a token is good for."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mdm.bootstrap import Application
from mdm.bootstrap.serving import new_client
from mdm_api.app import create_app
from mdm_api.dependencies import PersonalReaderDep, ReaderDep
from mdm_api.description import openapi
from support.intake import declare, made_application
from support.service import asked

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    with made_application(tmp_path / "home") as made:
        declare(made)
        yield made


@pytest.fixture
def credentials(application: Application) -> tuple[str, str]:
    made = new_client(application, name="pec", sector="health", sources=["clinic"])
    return str(made["client_id"]), str(made["client_secret"])


@pytest.fixture
def client(application: Application) -> Iterator[TestClient]:
    app = create_app(application)

    @app.get("/test/reader")
    async def reader(asks: ReaderDep) -> dict[str, object]:
        return {"actor": asks.actor, "role": asks.role, "purpose": asks.purpose}

    @app.get("/test/personal")
    async def personal(asks: PersonalReaderDep) -> dict[str, object]:
        return {"purpose": asks.purpose, "request_id": asks.request_id}

    with asked(app) as opened:
        yield opened


def actions(application: Application) -> list[tuple[object, object, object]]:
    rows = [
        json.loads(row.body)
        for chain in application.chains.heads()
        for row in application.chains.rows(chain)
    ]
    return [(row["action"], row["actor"], row["outcome"]) for row in rows]


def bearer(client: TestClient, credentials: tuple[str, str]) -> dict[str, str]:
    token = client.post("/oauth/token", data=GRANT, auth=credentials).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("how", ["basic", "form"])
def test_a_client_gets_a_token_by_either_way(
    client: TestClient, application: Application, credentials: tuple[str, str], how: str
) -> None:
    if how == "basic":
        answer = client.post("/oauth/token", data=GRANT, auth=credentials)
    else:
        named = {"client_id": credentials[0], "client_secret": credentials[1]}
        answer = client.post("/oauth/token", data={**GRANT, **named})

    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.headers["cache-control"] == "no-store"
    assert actions(application) == [("token", credentials[0], "ok")]


def test_a_token_names_the_client_as_reader(
    client: TestClient, credentials: tuple[str, str]
) -> None:
    headers = {**bearer(client, credentials), "X-Purpose-Of-Use": "integration"}

    said = client.get("/test/reader", headers=headers).json()
    assert said == {"actor": "pec", "role": "system", "purpose": "integration"}


def test_what_is_wrong_with_credentials_is_not_told_and_what_was_typed_not_noted(
    client: TestClient, application: Application, credentials: tuple[str, str]
) -> None:
    wrong = [(credentials[0], "x"), ("52998224725", credentials[1]), ("", "")]
    answers = [client.post("/oauth/token", data=GRANT, auth=given) for given in wrong]
    answers.append(client.post("/oauth/token", data=GRANT))

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {'{"error":"invalid_client"}'}
    assert actions(application) == [("token", "unknown", "login_refused")] * 3


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "x"}, 401, "invalid_client"),
    ],
)
def test_other_requests_are_refused_in_the_words_of_the_standard(
    client: TestClient, form: dict[str, str], status: int, error: str
) -> None:
    answer = client.post("/oauth/token", data=form)

    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !", "Basic YQ==", "Basic /w=="])
def test_a_basic_header_that_cannot_be_read_is_no_client(client: TestClient, header: str) -> None:
    answer = client.post("/oauth/token", data=GRANT, headers={"Authorization": header})

    assert answer.json() == {"error": "invalid_client"}


def test_a_secret_with_signs_is_form_encoded_in_basic(client: TestClient) -> None:
    text = base64.b64encode(b"a%20b:c%3Ad").decode()

    answer = client.post("/oauth/token", data=GRANT, headers={"Authorization": f"Basic {text}"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic abc", "bearer a.b.c", "Token abc"]
)
def test_without_a_valid_token_nobody_is_named(client: TestClient, header: str) -> None:
    answer = client.get("/test/reader", headers={"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="mdm"'


def test_no_operation_of_the_description_answers_who_is_nobody(client: TestClient) -> None:
    nobody: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer a.b.c"},
        {"Cookie": "mdm_session=guess"},
    )
    asked_for = [
        (method, re.sub(r"{\w+}", "1", path))
        for path, item in openapi()["paths"].items()
        for method in item
        if path.startswith("/api/")
    ]
    statuses = {
        (method, path): {client.request(method, path, headers=headers).status_code
                         for headers in nobody}
        for method, path in asked_for
    }  # fmt: skip

    assert len(statuses) == 12
    assert {found for statuses in statuses.values() for found in statuses} == {401}


def test_a_token_in_the_address_is_no_token(
    client: TestClient, credentials: tuple[str, str]
) -> None:
    token = bearer(client, credentials)["Authorization"].removeprefix("Bearer ")

    assert client.get(f"/test/reader?access_token={token}").status_code == 401


@pytest.mark.parametrize("purpose", [None, "", "curiosity", "CARE"])
def test_personal_data_need_a_purpose_of_the_list(
    client: TestClient, credentials: tuple[str, str], purpose: str | None
) -> None:
    headers = bearer(client, credentials)
    if purpose is not None:
        headers["X-Purpose-Of-Use"] = purpose

    answer = client.get("/test/personal", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_required")
    assert "curiosity" not in answer.text


def test_a_reader_carries_the_callers_request_id(
    client: TestClient, credentials: tuple[str, str]
) -> None:
    headers = {**bearer(client, credentials), "X-Purpose-Of-Use": "care"}

    answer = client.get("/test/personal", headers={**headers, "X-Request-ID": "request-77"})
    assert answer.json() == {"purpose": "care", "request_id": "request-77"}
