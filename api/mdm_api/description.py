"""The API's description (OpenAPI 3.1) as the golden file `api/openapi.json`.

    python -m mdm_api.description

writes it anew (`make golden`). The service itself shows none of it: integrators have the file.
"""

import json
from pathlib import Path
from typing import Any, Final

from mdm.__about__ import __version__
from mdm_api.schemas.problem import Problem

FILE: Final = Path(__file__).resolve().parents[1] / "openapi.json"
_REF: Final = "#/components/schemas/{model}"

INFO: Final[dict[str, Any]] = {
    "title": "Citizen registry",
    "version": __version__,
    "summary": "From local IDs to municipal IDs and back; one citizen; pairs for stewards.",
    "description": (
        "Every read of personal data needs a token (`POST /oauth/token`) or a session, states "
        "its purpose (`X-Purpose-Of-Use`) and is noted. Refusals are `application/problem+json` "
        "with a stable `code`. No benefit may be granted or refused on an automatic link alone: "
        "see `link_status`."
    ),
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "openapi_tags": [
        {"name": "tokens", "description": "Access tokens for clients."},
        {"name": "citizens", "description": "One citizen, and searches for few."},
        {"name": "crosswalk", "description": "From record keys to citizens: one, 10,000, all."},
        {"name": "reviews", "description": "Pairs that the machine must not decide."},
    ],
    # The name of a function, not its address: generated clients take it for theirs.
    "generate_unique_id_function": lambda route: route.name,
}


def openapi() -> dict[str, Any]:
    """The description, with the model of refusals that no route names by its class."""
    from mdm_api.app import described

    made = described().openapi()
    schemas = made["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template=_REF)
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    return made


def text() -> str:
    """What the golden file holds."""
    return json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
