"""The API's description is the golden file, tells every refusal, and holds nobody's data."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mdm_api.description import FILE, openapi, text
from mdm_api.problems import STATUS

NOT_TOLD = {507}
"""A full disk: nothing that a caller could heed."""
EXAMPLES = {"2026-03-10"}
LARGEST = str(2**53)
"""Of the numbers of questions."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return openapi()


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def parts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner)


def test_the_golden_file_is_what_the_routes_say() -> None:
    assert FILE.read_text("utf-8") == text(), "make golden, and look at the difference"


def test_every_reference_leads_to_a_schema(described: dict[str, Any]) -> None:
    named = {part["$ref"].rsplit("/", 1)[1] for part in parts(described) if "$ref" in part}

    assert named <= set(described["components"]["schemas"])
    assert "Problem" in named


def test_every_status_of_a_refusal_is_told(described: dict[str, Any]) -> None:
    told = {int(status) for _, one in operations(described) for status in one["responses"]}

    assert set(STATUS.values()) - told == NOT_TOLD


def test_every_operation_says_who_may_ask_and_how_it_refuses(described: dict[str, Any]) -> None:
    for name, operation in operations(described):
        refused = {s: r for s, r in operation["responses"].items() if s >= "400"}
        if name == "POST /oauth/token":
            continue
        assert operation["security"] == [{"client": []}, {"session": []}], name
        assert {"400", "401", "403", "422", "429", "503"} <= set(refused), name
        for response in refused.values():
            assert list(response["content"]) == ["application/problem+json"], name
        if "requestBody" in operation:
            assert "413" in refused, name


def test_nothing_in_it_is_of_a_person(described: dict[str, Any]) -> None:
    examples = [one for part in parts(described) for one in part.get("examples", [])]
    long_numbers = re.findall(r"\d[\d.\- ]{8,}\d", json.dumps(described))

    assert not any("example" in part for part in parts(described))
    assert set(examples) == EXAMPLES
    assert set(long_numbers) - EXAMPLES == {LARGEST}
