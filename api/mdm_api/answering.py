"""Answering a reader: who asks, by token or by session; noted before it leaves."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Request, Response, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import APIKeyCookie, OAuth2
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.serving import Serving
from mdm.domain.access import Purpose, Reader
from mdm.domain.audit import AuditAction, AuditEntry, entry_of
from mdm.errors import (
    ForbiddenError,
    MdmError,
    NotFoundError,
    PurposeRequiredError,
    UnauthenticatedError,
)
from mdm_api.dependencies import (
    CSRF_HEADER,
    SESSION_COOKIE,
    purpose_of,
    serving_of,
    web_session,
)
from mdm_api.dependencies import reader as client_reader
from mdm_api.shell import request_id_of

_T = TypeVar("_T")
_SAFE: Final = frozenset({"GET", "HEAD"})
_CLIENTS: Final = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes={})
    ),
    scheme_name="client",
    description="An access token of a client: `POST /oauth/token`.",
    auto_error=False,
)
_PEOPLE: Final = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="The session of a person; requests that change something carry `X-CSRF-Token`.",
    auto_error=False,
)


async def personal_reader(
    request: Request,
    _client: Annotated[str | None, Security(_CLIENTS)] = None,
    _person: Annotated[str | None, Security(_PEOPLE)] = None,
    purpose: Annotated[
        str | None,
        Header(
            alias="X-Purpose-Of-Use",
            description="What personal data are read for. Needed; a session may have stated it.",
            # Not its type: a purpose that is none is `purpose_required`, as a missing one is.
            json_schema_extra={"enum": [*Purpose]},
        ),
    ] = None,
) -> Reader:
    """Who reads, and for what: a client by its token, or a person by their session.

    Raises:
        UnauthenticatedError: Nobody is named.
        PurposeRequiredError: No purpose is stated.
        ForbiddenError: A session's request that changes something comes from elsewhere.
    """
    if "authorization" in request.headers:
        found = await client_reader(request, purpose)
    elif request.cookies:
        found = await run_in_threadpool(_person_reader, request, purpose)
    else:
        raise UnauthenticatedError("a bearer token is needed: see POST /oauth/token")
    if found.purpose is None:
        raise PurposeRequiredError("personal data need a purpose: X-Purpose-Of-Use")
    return found


def _person_reader(request: Request, purpose: str | None) -> Reader:
    session = web_session(request)
    if request.method not in _SAFE:
        given = request.headers.get(CSRF_HEADER, "")
        if not serving_of(request).access.same_secret(given, session.csrf):
            raise ForbiddenError("the request does not come from one of our own pages")
    stated = purpose_of(purpose)
    return session.account.reader(
        purpose=session.purpose if stated is None else stated,
        request_id=request_id_of(request.scope),
    )


PersonalReader = Annotated[Reader, Depends(personal_reader)]
Work = Callable[[], tuple[_T, AuditEntry]]


async def answered(
    serving: Serving, reader: Reader, action: AuditAction, work: Work[_T], *, quick: bool = False
) -> _T:
    """Do what a reader asks and note it; only then may it be answered.

    Refusals are noted, too; looking for somebody who is not there counts against the budget.

    Args:
        serving: The service.
        reader: Who asks.
        action: What is noted where it is refused.
        work: Gives the answer and its entry.
        quick: It reads a few rows: on SQLite it is done in the event loop, where a thread would
            take longer to wake than the answer takes.
    """
    try:
        if quick and serving.application.store.dialect == "sqlite":
            answer, entry = work()
        else:
            answer, entry = await run_in_threadpool(work)
    except MdmError as error:
        await serving.audit.append_soon(entry_of(reader, action, outcome=error.code))
        if isinstance(error, NotFoundError):
            await run_in_threadpool(serving.reads.budget.count, reader, hits=0, misses=1)
        raise
    await serving.audit.append_soon(entry)
    return answer


def json_answer(
    request: Request, body: BaseModel, *, etag: str | None = None, headers: dict[str, str]
) -> Response:
    """A body as JSON with its ETag; 304 where the caller holds it already.

    Args:
        request: Its `If-None-Match` is looked at.
        body: The answer.
        etag: Its version; None to take a hash of it.
        headers: Further headers.
    """
    content = body.__pydantic_serializer__.to_json(body)
    version = f'"{hashlib.sha256(content).hexdigest()[:32] if etag is None else etag}"'
    sent = {**headers, "ETag": version}
    if request.method in _SAFE and version in _listed(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=sent)
    return Response(content, media_type="application/json", headers=sent)


def _listed(header: str) -> set[str]:
    return {part.strip().removeprefix("W/") for part in header.split(",")}
