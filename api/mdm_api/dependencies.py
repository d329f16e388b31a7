"""Who asks: the reader of a request, from its token or from its session."""

from typing import Annotated

from fastapi import Depends, Header, Request

from mdm.bootstrap.access import Access, WebSession
from mdm.bootstrap.serving import Serving
from mdm.domain.access import Purpose, Reader
from mdm.errors import ForbiddenError, PurposeRequiredError, UnauthenticatedError
from mdm_api.shell import request_id_of

SESSION_COOKIE = "mdm_session"
SECURE_SESSION_COOKIE = "__Host-mdm_session"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
_BEARER = "bearer "


def serving_of(request: Request) -> Serving:
    """What the service is made of: `request.app.state` holds it once, for every route."""
    found = request.app.state.serving
    assert isinstance(found, Serving)
    return found


async def _serving(request: Request) -> Serving:
    """The same as a dependency: what is not `async` waits for a thread in every request."""
    return serving_of(request)


ServingDep = Annotated[Serving, Depends(_serving)]


def purpose_of(code: str | None) -> Purpose | None:
    """The purpose that a code names.

    Raises:
        PurposeRequiredError: It names none.
    """
    if code is None:
        return None
    try:
        return Purpose(code)
    except ValueError:
        known = ", ".join(Purpose)
        raise PurposeRequiredError(f"unknown purpose; X-Purpose-Of-Use is one of {known}") from None


async def reader(
    request: Request,
    purpose: Annotated[
        str | None,
        Header(alias="X-Purpose-Of-Use", description="What personal data are read for."),
    ] = None,
) -> Reader:
    """The client whose access token the request carries; its purpose, if it states one."""
    given = request.headers.get("authorization", "")
    if not given[: len(_BEARER)].lower() == _BEARER:
        raise UnauthenticatedError("a bearer token is needed: see POST /oauth/token")
    client = serving_of(request).access.client_of(given[len(_BEARER) :].strip())
    return client.reader(purpose=purpose_of(purpose), request_id=request_id_of(request.scope))


async def personal_reader(asks: Annotated[Reader, Depends(reader)]) -> Reader:
    """The same where personal data are read: a purpose is needed."""
    if asks.purpose is None:
        raise PurposeRequiredError("personal data need a purpose: X-Purpose-Of-Use")
    return asks


ReaderDep = Annotated[Reader, Depends(reader)]
PersonalReaderDep = Annotated[Reader, Depends(personal_reader)]


def cookie_name(request: Request) -> str:
    """The session cookie's name: `__Host-` where the browser speaks https."""
    return SECURE_SESSION_COOKIE if request.url.scheme == "https" else SESSION_COOKIE


def web_session(request: Request) -> WebSession:
    """The session that the cookie names.

    Raises:
        UnauthenticatedError: There is none, or it has ended.
    """
    token = request.cookies.get(cookie_name(request))
    if token is None:
        raise UnauthenticatedError("log in first")
    return serving_of(request).access.session_of(token)


WebSessionDep = Annotated[WebSession, Depends(web_session)]


def session_reader(request: Request, session: WebSessionDep) -> Reader:
    """The account behind the session, with the purpose that the session was given."""
    return session.reader(request_id=request_id_of(request.scope))


SessionReaderDep = Annotated[Reader, Depends(session_reader)]


def refuse_foreign(request: Request) -> None:
    """Refuse what a browser says was sent from another site.

    `Sec-Fetch-Site` where the browser sends it; `Origin` is `null` under our referrer policy.

    Raises:
        ForbiddenError: It was.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_foreign = site not in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        own = f"{request.url.scheme}://{request.url.netloc}"
        is_foreign = origin is not None and origin != own
    if is_foreign:
        raise ForbiddenError("the request comes from another site")


async def checked_form(request: Request, session: WebSessionDep) -> None:
    """Refuse a request that changes something and was not sent from one of our own pages.

    The token stands in the form field `csrf_token` or in the header `X-CSRF-Token`.
    """
    refuse_foreign(request)
    given: object = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not Access.same_secret(given, session.csrf):
        raise ForbiddenError("the form is out of date: open the page again")


CheckedFormDep = Annotated[None, Depends(checked_form)]
