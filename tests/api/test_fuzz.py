"""The API against requests made from its own description, over a real connection.

Schemathesis makes them: as the description allows, as it forbids, and with IDs, keys and versions
that are known, so that it meets somebody. The same requests are made each time.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks, positive_data_acceptance
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from mdm.bootstrap.serving import new_client
from mdm.domain.access import Role
from mdm.domain.municipal_id import shown
from mdm.services import miss_budget
from mdm_api.description import FILE
from support.api_city import DOCUMENT, PURPOSE, City, Filled, city_served
from support.running import running
from support.service import PASSWORD

load_all_checks()
pytestmark = pytest.mark.extended
TOKEN = "POST /oauth/token"
SPOKEN_FOR = ("clinic", "school", "benefits")
REFUSED = frozenset({401, 403})
ENOUGH = 0.6
Operation = APIOperation[Any, Any, Any, Any]
UNLIKE_ITS_WORD = [positive_data_acceptance]
"""What the description cannot say: a cursor is one of ours, a key was not used before."""


@dataclass
class Run:
    """What was asked of a service, and what it answered.

    Attributes:
        address: Of the service.
        system: Headers of the system that asks.
        log_in: Gives headers of a steward with a new session; the clock of these tests runs fast.
        answers: Statuses by operation.
        faults: Promises of the description that were broken.
    """

    address: str
    system: dict[str, str]
    log_in: Callable[[], dict[str, str]]
    steward: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def get(self, case: Case[Any], _context: object) -> dict[str, str]:
        """Stewards answer questions, a system asks the rest."""
        return self.steward if "/reviews" in case.operation.path else self.system

    def set(self, case: Case[Any], data: dict[str, str], _context: object) -> None:
        """Send the credentials; and the purpose, where a request is to be as it should."""
        for name, value in data.items():
            is_right = case.meta is not None and case.meta.generation.mode.is_positive
            if name == "Cookie":
                key, _, session = value.partition("=")
                case.cookies[key] = session
            elif name != PURPOSE or is_right:
                case.headers[name] = value

    def ask(self, description: dict[str, Any], mode: GenerationMode, times: int) -> None:
        """Ask every operation so many times."""
        schema = schemathesis.openapi.from_dict(description)
        schema.auth.providers.append(self)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            self.steward = self.log_in()
            self._ask_one(found.ok(), mode, times)

    def _ask_one(self, operation: Operation, mode: GenerationMode, times: int) -> None:
        counted = self.answers.setdefault(operation.label, Counter())
        strategy = operation.as_strategy(mode, auth_storage=operation.schema.auth)
        session = requests.Session()

        @settings(
            max_examples=times,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def one(case: Case[Any]) -> None:
            answer = case.call(base_url=self.address, session=session)
            session.cookies.clear()
            counted[answer.status_code] += 1
            try:
                case.validate_response(answer, excluded_checks=UNLIKE_ITS_WORD)
            except FailureGroup as error:
                told = ", ".join(map(str, error.exceptions))
                self.faults.append(f"{operation.label} {answer.status_code}: {told}")

        one()


@pytest.fixture
def served(
    city_copy: tuple[str, Filled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[City, str]]:
    """The city with its address; nobody is stopped for asking in vain."""
    for name in ("PERSON_HOUR", "PERSON_DAY", "SYSTEM_FREE"):
        monkeypatch.setattr(miss_budget, name, 10**9)
    with city_served(tmp_path / "home", city_copy) as city:
        app = city.client.app
        with running(app) as address:  # type: ignore[arg-type]
            yield city, address


def plain() -> dict[str, Any]:
    """The description; a token is what it is on the wire, where its checks know of it."""
    described: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    described["components"]["securitySchemes"]["client"] = {"type": "http", "scheme": "bearer"}
    return described


def offered(city: City, steward: dict[str, str]) -> dict[str, Any]:
    """The description with what is known in the place of what is allowed."""
    described = plain()
    keys = [{"source": s, "local_id": key} for s, key in city.records if s in SPOKEN_FOR]
    numbers = [city.questions["pair"], city.questions["guarded"]]
    reviews = [city.client.get(f"/api/v1/reviews/{n}", headers=steward) for n in numbers]
    known: dict[str, list[Any]] = {
        "municipal_id": [*city.ids.values(), shown(city.ids["adult"]).lower(), "000000000V"],
        "source": ["clinic", "school"],
        "local_id": [key["local_id"] for key in keys if key["local_id"] != DOCUMENT],
        "review_id": [*numbers, city.questions["secret"], 999],
        "If-Match": [one.headers["etag"] for one in reviews],
        "as_of": ["2026-03-10", "2026-01-01T00:00:07Z"],
    }
    for item in described["paths"].values():
        for parameter in (p for one in item.values() for p in one.get("parameters", [])):
            if parameter["name"] in known:
                parameter["schema"] = {"enum": known[parameter["name"]]}
                parameter["required"] = parameter["required"] or parameter["name"] == "If-Match"
    made = new_client(city.application, name="known", sector="health", sources=["clinic"])
    given = {name: {"const": made[name]} for name in ("client_id", "client_secret")}
    schemas = described["components"]["schemas"]
    schemas["Body_token"]["properties"] = {"grant_type": {"const": "client_credentials"}, **given}
    schemas["Body_token"]["required"] = list(schemas["Body_token"]["properties"])
    schemas["RecordKey"] = {"enum": keys}
    schemas["BatchItem"] = {"enum": [{"key": key["local_id"], **key} for key in keys]}
    schemas["Identifier"] = {
        "enum": [
            *({"kind": "municipal_id", "value": one} for one in city.ids.values()),
            *({"kind": "local_id", "value": key["local_id"], **key} for key in keys),
        ]
    }
    schemas["Search"]["oneOf"] = [{"required": ["identifier"]}, {"required": ["name"]}]
    return described


def test_no_request_breaks_the_service_or_passes_without_leave(served: tuple[City, str]) -> None:
    city, address = served
    steward = city.person(Role.STEWARD, "health", "stewardship", "ana")
    access = city.client.app.state.serving.access  # type: ignore[attr-defined]

    def log_in() -> dict[str, str]:
        city.tokens["ana"] = access.log_in("ana", PASSWORD, "127.0.0.1").token
        return city.person(Role.STEWARD, "health", "stewardship", "ana")

    run = Run(address, city.system(SPOKEN_FOR), log_in)

    run.ask(offered(city, steward), GenerationMode.POSITIVE, 40)
    run.ask(plain(), GenerationMode.POSITIVE, 20)
    run.ask(plain(), GenerationMode.NEGATIVE, 40)

    assert run.faults == []
    past = {name: counted for name, counted in run.answers.items() if name != TOKEN}
    total = sum(map(Counter.total, past.values()))
    refused = sum(counted[status] for counted in past.values() for status in REFUSED)
    assert refused <= (1 - ENOUGH) * total
    assert [name for name, counted in run.answers.items() if counted[200] == 0] == []
