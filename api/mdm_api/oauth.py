"""`POST /oauth/token`: client credentials (RFC 6749, section 4.4) for an access token."""

import base64
import binascii
from typing import Annotated
from urllib.parse import unquote_plus

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from mdm.domain.access import Role
from mdm.domain.audit import OK, AuditAction, AuditEntry
from mdm.errors import LoginRefusedError
from mdm_api.dependencies import ServingDep
from mdm_api.schemas.problem import refusal
from mdm_api.shell import request_id_of

router = APIRouter(tags=["tokens"])
_BASIC = "basic "
_LONGEST = 200


class TokenAnswer(BaseModel):
    """A token and how long it is good for."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int


class TokenError(BaseModel):
    """Why there is no token, in the words of RFC 6749."""

    error: str


@router.post(
    "/oauth/token",
    response_model=TokenAnswer,
    summary="Get an access token",
    responses={
        400: {"model": TokenError, "description": "The form cannot be read, or asks for more."},
        401: {"model": TokenError, "description": "There is no such client, or not with it."},
        413: refusal(413),
        422: refusal(422),
        503: refusal(503),
    },
)
async def token(
    request: Request,
    serving: ServingDep,
    grant_type: Annotated[str | None, Form(max_length=100)] = None,
    client_id: Annotated[str | None, Form(max_length=_LONGEST)] = None,
    client_secret: Annotated[str | None, Form(max_length=_LONGEST)] = None,
) -> JSONResponse:
    """An access token for a client; its ID and secret by HTTP Basic or in the form."""
    if grant_type != "client_credentials":
        known = grant_type is not None and grant_type != ""
        return _refused(400, "unsupported_grant_type" if known else "invalid_request")
    given = _basic(request)
    if given is None and client_id is not None and client_secret is not None:
        given = (client_id, client_secret)
    if given is None:
        return _refused(401, "invalid_client")
    try:
        made, seconds = await run_in_threadpool(serving.access.issue_token, *given)
    except LoginRefusedError as error:
        await serving.audit.append_soon(_entry(request, None, error.code))
        return _refused(401, "invalid_client")
    await serving.audit.append_soon(_entry(request, given[0], OK))
    answer = TokenAnswer(access_token=made, expires_in=seconds)
    return JSONResponse(answer.model_dump(), headers={"Pragma": "no-cache"})


def _basic(request: Request) -> tuple[str, str] | None:
    """Client and secret of HTTP Basic, each form-encoded as RFC 6749 wants."""
    header = request.headers.get("authorization", "")
    if header[: len(_BASIC)].lower() != _BASIC:
        return None
    try:
        text = base64.b64decode(header[len(_BASIC) :], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, secret = text.partition(":")
    if colon == "" or len(text) > 2 * _LONGEST:
        return None
    return unquote_plus(name), unquote_plus(secret)


def _refused(status: int, error: str) -> JSONResponse:
    headers = {"WWW-Authenticate": 'Basic realm="mdm"'} if status == 401 else None  # noqa: PLR2004
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def _entry(request: Request, client: str | None, outcome: str) -> AuditEntry:
    """Who asked is noted only where it is somebody: others may type anything."""
    return AuditEntry(
        actor="unknown" if client is None else client,
        client=client,
        role=Role.SYSTEM,
        purpose=None,
        action=AuditAction.TOKEN,
        request_id=request_id_of(request.scope),
        outcome=outcome,
    )
