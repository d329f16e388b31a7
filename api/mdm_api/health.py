"""Is it alive, is it ready, how is it doing: for the machinery around the service."""

import ipaddress

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from mdm.bootstrap.access import Access
from mdm.errors import ForbiddenError, MdmError
from mdm_api import metrics
from mdm_api.dependencies import ServingDep

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(serving: ServingDep) -> JSONResponse:
    """The database answers with this program's schema, and reads can be noted."""
    checks: dict[str, str] = {}
    for name, check in serving.readiness().items():
        try:
            check()
        except MdmError as error:
            checks[name] = error.code
        else:
            checks[name] = "ok"
    is_ready = all(state == "ok" for state in checks.values())
    body = {"status": "ready" if is_ready else "not_ready", "checks": checks}
    return JSONResponse(body, status_code=200 if is_ready else 503)


@router.get("/metrics")
def measured(request: Request, serving: ServingDep) -> Response:
    """Metrics for Prometheus, on this machine or with the token of `MDM_METRICS_TOKEN`."""
    token = serving.application.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    with_token = token is not None and Access.same_secret(given, token.get_secret_value())
    if not with_token and not _is_local(request):
        raise ForbiddenError("metrics are for this machine, or need the metrics token")
    content, media_type = metrics.exposition()
    return Response(content, media_type=media_type)


def _is_local(request: Request) -> bool:
    """Whether the request comes from this machine and through no proxy."""
    proxied = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "via"))
    if request.client is None or proxied:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
