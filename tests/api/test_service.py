"""What is common to every answer of the service: readiness, headers, problems, logs, metrics."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from mdm import errors
from mdm.bootstrap import Application
from mdm.settings import Settings
from mdm_api.app import create_app
from mdm_api.problems import STATUS, status_of
from mdm_api.shell import LOG, MAX_BODY_BYTES
from support.intake import made_application
from support.service import Lines, asked

SECRET = "MARIA 52998224725"
TOKEN = "a metrics token of some length"


class Body(BaseModel):
    cpf: int


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for all tests that leave it as it was."""
    with (
        made_application(tmp_path_factory.mktemp("service") / "home") as application,
        asked(with_faults(application)) as opened,
    ):
        yield opened


@pytest.fixture
def client(shared: TestClient) -> TestClient:
    shared.cookies.clear()
    return shared


@pytest.fixture
def application(tmp_path: Path) -> Iterator[Application]:
    with made_application(tmp_path / "home") as made:
        yield made


def with_faults(application: Application) -> FastAPI:
    """The service with routes that go wrong."""
    made = create_app(application)

    @made.get("/test/fault/{key}")
    def fault(key: str) -> None:
        raise RuntimeError(f"{SECRET} {key}")

    @made.get("/test/refusal/{code}")
    async def refusal(code: str) -> None:
        raise next(kind for kind in STATUS if kind.code == code)("said", where="place")

    @made.post("/test/body")
    async def body(given: Body) -> int:
        return given.cpf

    return made


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    root = logging.getLogger()
    before = root.level, LOG.level
    root.setLevel(logging.DEBUG)
    LOG.setLevel(logging.INFO)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before[0])
    LOG.setLevel(before[1])


def test_it_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "checks": {"database": "ok", "service": "ok", "audit": "ok"},
    }


def test_it_is_not_ready_while_reads_cannot_be_noted(application: Application) -> None:
    with asked(create_app(application)) as client:
        application.home.folder.joinpath("audit").rename(application.home.folder / "gone")
        (application.home.folder / "audit").write_text("in the way")
        answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]["audit"]) == (503, "audit_unavailable")


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/nowhere", "/test/fault/1", "/test/refusal/usage",
             "/oauth/token", "/api/v1/nowhere"]
)  # fmt: skip
def test_every_answer_carries_the_headers_that_browsers_obey(client: TestClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH", "OPTIONS"):
        assert_headers(client.request(method, path).headers)


def assert_headers(headers: Mapping[str, str]) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "server" not in headers


def test_browsers_are_told_to_stay_with_https_where_they_speak_it(client: TestClient) -> None:
    plain, safe = (client.get(f"{way}://registry.test/healthz") for way in ("http", "https"))

    assert "max-age=31536000" in safe.headers["strict-transport-security"]
    assert "strict-transport-security" not in plain.headers


def test_a_fault_tells_nothing_of_what_it_was_about(client: TestClient, lines: Lines) -> None:
    answer = client.get("/test/fault/77788899900")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "code", "request_id"}
    assert "RuntimeError" in "".join(lines.lines)
    for said in (answer.text, *lines.lines):
        assert "MARIA" not in said
        assert "52998224725" not in said
        assert "77788899900" not in said


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.code)
def test_a_refusal_is_a_problem_with_its_code(
    client: TestClient, kind: type[errors.MdmError]
) -> None:
    answer = client.get(f"/test/refusal/{kind.code}")

    assert answer.status_code == STATUS[kind]
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (said["code"], said["detail"], said["where"]) == (kind.code, "said", "place")
    assert said["request_id"] == answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) == (answer.status_code in {429, 503})
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)


def all_refusals(base: type[errors.MdmError] = errors.MdmError) -> Iterator[type[errors.MdmError]]:
    yield base
    for inner in base.__subclasses__():
        yield from all_refusals(inner)


def test_every_refusal_has_a_status_of_a_refusal() -> None:
    assert {400 <= status_of(kind("x")) <= 507 for kind in all_refusals()} == {True}


def test_a_body_that_cannot_be_read_is_named_by_field_never_by_value(client: TestClient) -> None:
    answer = client.post("/test/body", json={"cpf": SECRET})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body.cpf", "reason": "int_parsing"}]
    assert "MARIA" not in answer.text


def test_a_body_is_not_read_without_end(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"1" * (MAX_BODY_BYTES // 4)

    for content in (b"1" * (MAX_BODY_BYTES + 1), chunks()):
        answer = client.post("/test/body", content=content)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_paths_and_methods_that_are_not_there_are_problems(client: TestClient) -> None:
    assert client.get("/api/v1/nowhere").json()["code"] == "not_found"
    assert client.delete("/healthz").json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("given", ["request-1", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_the_callers_request_id_comes_back(client: TestClient, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "52998224725", "529.982.247-25", "705000000000014", "a b c d e f g",
              "x" * 65, "maria@example.org"]
)  # fmt: skip
def test_what_is_no_request_id_is_replaced(client: TestClient, given: str) -> None:
    found = client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"]

    assert found != given
    assert re.fullmatch(r"[0-9a-f-]{36}", found)


def test_the_log_names_the_route_and_no_key_or_query(client: TestClient, lines: Lines) -> None:
    client.get("/test/refusal/usage?cpf=52998224725")
    client.get("/nowhere/52998224725")

    logged = [line for line in lines.lines if "request=" in line]
    assert logged[0].startswith("GET /test/refusal/{code} 400 ")
    assert logged[1].startswith("GET (none) 404 ")
    assert "52998224725" not in "".join(logged)


def test_metrics_name_routes_of_the_api_and_of_the_pages_in_full(client: TestClient) -> None:
    client.get("/api/v1/reviews/7")
    client.get("/cidadaos/0000000000")

    text = client.get("/metrics").text
    assert 'route="/api/v1/reviews/{review_id}",status="401"' in text
    assert 'route="/cidadaos/{municipal_id}",status="303"' in text


def test_metrics_count_by_route_and_hold_no_key(client: TestClient) -> None:
    client.get("/test/fault/52998224725")
    client.request("BREW", "/nowhere/52998224725")

    text = client.get("/metrics").text
    assert 'mdm_http_requests_total{method="GET",route="/test/fault/{key}",status="500"}' in text
    assert 'mdm_http_requests_total{method="other",route="(none)",status="404"}' in text
    assert "52998224725" not in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("testclient", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 403),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}, 403),
        ("10.0.0.7", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("10.0.0.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("10.0.0.7", {"Authorization": "Bearer wrong"}, 403),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(
    tmp_path: Path, address: str, headers: dict[str, str], status: int
) -> None:
    settings = Settings(metrics_token=TOKEN)
    with (
        made_application(tmp_path / "home", settings=settings) as application,
        asked(create_app(application), address=address) as opened,
    ):
        assert opened.get("/metrics", headers=headers).status_code == status


def test_without_a_token_no_token_opens_the_metrics(application: Application) -> None:
    with asked(create_app(application), address="10.0.0.7") as opened:
        for given in ("", "Bearer ", "Bearer None"):
            headers = {"Authorization": given}
            assert opened.get("/metrics", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_the_service_shows_no_documentation_of_itself(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_trail_is_closed_with_the_service(application: Application) -> None:
    app = create_app(application)
    check: Callable[[], None] = app.state.serving.audit.check
    with asked(app):
        check()

    with pytest.raises(errors.AuditUnavailableError):
        check()
