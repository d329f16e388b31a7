"""Refusals as problem+json (RFC 9457): one table from refusal to status, no personal value.

    {"type": "about:blank", "title": "Conflict", "status": 409, "code": "ambiguous_id",
     "detail": "...", "where": null, "request_id": "..."}

`code` is the refusal's stable name. What nobody foresaw is a 500 without detail.
"""

from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mdm import errors
from mdm_api.shell import request_id_of

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5

STATUS: Final[dict[type[errors.MdmError], int]] = {
    errors.MdmError: 422,
    errors.UnauthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.PurposeRequiredError: 400,
    errors.InvalidMunicipalIdError: 400,
    errors.UsageError: 400,
    errors.NotFoundError: 404,
    errors.IdWithdrawnError: 404,
    errors.PostOnlyError: 400,
    errors.IdErasedError: 410,
    errors.AmbiguousIdError: 409,
    errors.JudgementConflictError: 409,
    errors.ReviewTakenError: 409,
    errors.SplitHeldError: 409,
    errors.StaleContentError: 412,
    errors.VersionRequiredError: 428,
    errors.JobStateError: 409,
    errors.OverBudgetError: 429,
    errors.LaneBusyError: 503,
    errors.DatabaseUnavailableError: 503,
    errors.SchemaVersionError: 503,
    errors.NoRegistryError: 503,
    errors.AuditUnavailableError: 503,
    errors.DiskFullError: 507,
}
"""The status of a refusal is that of its nearest class in this table."""


def status_of(error: errors.MdmError) -> int:
    """The status of a refusal."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(
    request: Request,
    status: int,
    code: str,
    *,
    detail: str | None = None,
    where: str | None = None,
    extra: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem as a response; members that say nothing are left out."""
    members: dict[str, object | None] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "where": where,
        "request_id": request_id_of(request.scope),
        **({} if extra is None else extra),
    }
    body = {name: value for name, value in members.items() if value is not None}
    return JSONResponse(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def refusal(request: Request, error: errors.MdmError) -> JSONResponse:
    """The problem of a refusal."""
    status = status_of(error)
    return problem(
        request,
        status,
        error.code,
        detail=error.message,
        where=error.where,
        extra=_conflict(error),
        headers=_headers(status),
    )


def _conflict(error: errors.MdmError) -> dict[str, object] | None:
    """What a 409 contradicts: a steward's lease or decision, a judgement."""
    if isinstance(error, errors.ReviewTakenError):
        return {"conflict_with": error.conflict_with}
    if isinstance(error, errors.JudgementConflictError) and error.where is not None:
        return {"conflict_with": {"judgement": error.where}}
    return None


def add_handlers(app: FastAPI) -> None:
    """Let every refusal and every fault of `app` leave as a problem."""
    app.add_exception_handler(errors.MdmError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.MdmError)
    return refusal(request, error)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Names the fields that cannot be read, never what stood in them."""
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"]), "reason": str(fault["type"])}
        for fault in error.errors()
    ]
    return problem(
        request,
        422,
        "invalid_request",
        detail="fields are missing or cannot be read",
        extra={"errors": faults},
    )


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    headers = None if error.headers is None else dict(error.headers)
    return problem(request, error.status_code, code, headers=headers)


def _headers(status: int) -> dict[str, str] | None:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="mdm"'}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return {"Retry-After": str(RETRY_SECONDS)}
    return None
