"""What surrounds every request: its ID, headers that browsers obey, metrics, the access log.

One ASGI middleware, because each further one costs every request. The log names method, route
template, status and time: never a path, a query or a value.
"""

import logging
import re
import time
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdm_api import metrics

LOG: Final = logging.getLogger("mdm.access")
_REQUEST_ID: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{8,64}")
MAX_BODY_BYTES: Final = 4_000_000  # ten thousand keys of a batch fit four times
_KEY: Final = "mdm.request_id"

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'"
)
HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", CSP),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
)
HSTS: Final = ("strict-transport-security", "max-age=31536000; includeSubDomains")


def request_id_of(scope: Scope) -> str:
    """The ID of a request: the caller's, where it is one, or one drawn here.

    The caller's may have letters, digits, `-` and `_`, and must have a letter: a number of a
    person must not come into the logs this way.
    """
    found = scope.get(_KEY)
    if found is None:
        given = Headers(scope=scope).get("x-request-id", "")
        found = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope[_KEY] = found
    return str(found)


class Shell:
    """The middleware around the whole service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        began = time.perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                _add_headers(scope, message, request_id)
            await send(message)

        bounded = receive if scope["method"] == "GET" else _bounded(scope, receive)
        try:
            await self._app(scope, bounded, sent)
        except Exception as error:
            if status != 0:
                raise
            # Without the trace: its lines may show values.
            LOG.error(  # noqa: TRY400
                "unforeseen %s request=%s", type(error).__name__, request_id
            )
            await _fault(request_id)(scope, receive, sent)
        finally:
            took = time.perf_counter() - began
            route = route_of(scope)
            metrics.observe(scope["method"], route, status, took)
            LOG.info(
                "%s %s %d %.1fms request=%s",
                scope["method"],
                route,
                status,
                took * 1000,
                request_id,
            )


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """A request's body, refused where it is longer than it may be."""
    stated = Headers(scope=scope).get("content-length", "")
    read = int(stated) if stated.isdecimal() and int(stated) > MAX_BODY_BYTES else 0

    async def bounded() -> Message:
        nonlocal read
        if read <= MAX_BODY_BYTES:
            message = await receive()
            read += len(message.get("body", b""))
            if read <= MAX_BODY_BYTES:
                return message
        raise HTTPException(413)

    return bounded


def route_of(scope: Scope) -> str:
    """The template of the route that answered: paths hold keys of records."""
    route = scope.get("route")
    return str(getattr(route, "path", "(none)"))


def _add_headers(scope: Scope, message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS:
        headers.setdefault(name, value)
    headers.setdefault("cache-control", "no-store")
    headers["x-request-id"] = request_id
    if scope["scheme"] == "https":
        headers.setdefault(*HSTS)


def _fault(request_id: str) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "code": "internal",
        "request_id": request_id,
    }
    return JSONResponse(body, status_code=500, media_type="application/problem+json")
