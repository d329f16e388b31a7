"""Refusals, as the API's description shows them."""

from typing import Any

from pydantic import BaseModel, Field

_TEXTS = {
    400: "It cannot be understood: `usage`, `invalid_municipal_id` (a mistyped character), "
    "`purpose_required`, `post_only`.",
    401: "No token, or one that is not valid: `unauthenticated`.",
    403: "The role, sector or purpose does not allow it: `forbidden`.",
    404: "There is no such thing, or the reader may not know of it: `not_found`, `id_withdrawn`, "
    "`id_tombstone`.",
    409: "It contradicts something: `ambiguous_id`, `review_taken`, `judgement_conflict`.",
    410: "Everything under the ID was erased by law: `id_erased`.",
    412: "What the decision is about has changed: `stale_content`.",
    413: "The body is too large: `content_too_large`.",
    422: "Fields are missing or cannot be read: `invalid_request`; `idempotency_key_reused`.",
    428: "`If-Match` is missing: `if_match_required`.",
    429: "Too many look-ups found nobody: `over_budget`.",
    503: "The registry is busy or cannot be reached: `lane_busy`, `database_unavailable`.",
}


class FieldFault(BaseModel):
    """A field that cannot be read."""

    field: str
    reason: str


class Problem(BaseModel):
    """A refusal (RFC 9457); `code` is its stable name."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
    where: str | None = None
    request_id: str
    errors: list[FieldFault] | None = None
    conflict_with: dict[str, Any] | None = Field(
        default=None, description="What it contradicts: who, and what they did."
    )


_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}
_EVERYWHERE = frozenset({400, 401, 403, 422, 429, 503})
VERSIONED: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "ETag": {"description": "The answer's version.", "schema": {"type": "string"}},
        },
    },
    304: {"description": "The caller holds this version already (`If-None-Match`)."},
}
"""The answers of a route whose body carries its version."""


def refusal(status: int) -> dict[str, Any]:
    """One refusal, for a route's description."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    said: dict[str, Any] = {
        "description": _TEXTS[status],
        "content": {"application/problem+json": schema},
    }
    return said if status not in _HEADERS else {**said, "headers": _HEADERS[status]}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its description; those of every route among them."""
    return {status: refusal(status) for status in sorted({*_EVERYWHERE, *statuses})}
