"""Logging in and out, the language, help."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from mdm.bootstrap.access import WebSession
from mdm.domain.audit import OK, AuditAction, AuditEntry
from mdm.errors import LoginRefusedError, MdmError, OverBudgetError
from mdm_api.dependencies import (
    CheckedFormDep,
    ServingDep,
    WebSessionDep,
    cookie_name,
    refuse_foreign,
)
from mdm_api.shell import request_id_of
from mdm_api.web.faults import LOGIN, PageRoute
from mdm_api.web.frames import HOME, REVIEWERS, SEARCHERS, frame_of
from mdm_api.web.i18n import LANGUAGES
from mdm_api.web.i18n import mark as _
from mdm_api.web.render import LANGUAGE_COOKIE, page, translate_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_SEE_OTHER, _REFUSED, _TOO_MANY = 303, 401, 429
_YEAR: Final = 365 * 24 * 3600
_QUEUE: Final = "/revisao"
_HELP: Final = "/ajuda"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """What the login page shows.

    Attributes:
        back: Where to go afterwards.
        name: What was typed.
        ended: Whether a session has ended.
        error, advice: Why nobody was logged in.
    """

    back: str = "/"
    name: str = ""
    ended: bool = False
    error: str | None = None
    advice: str = ""


@router.get("/")
def start(session: WebSessionDep) -> Response:
    """Where the work of the role begins."""
    return RedirectResponse(_start_of(session), status_code=_SEE_OTHER)


@router.get(LOGIN)
def login_page(
    request: Request,
    back: Annotated[str, Query(alias="volta", max_length=200)] = "/",
    ended: Annotated[bool, Query(alias="fim")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """The login page."""
    view = LoginPage(back=local_path(back), ended=ended)
    return page(request, "login.html", frame_of(request, _("Log in")), view)


@router.post(LOGIN)
def log_in(
    request: Request,
    serving: ServingDep,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    back: Annotated[str, Form(max_length=200)] = "/",
) -> Response:
    """Begin a session; every try is noted."""
    refuse_foreign(request)
    address = "" if request.client is None else request.client.host
    try:
        session = serving.access.log_in(name.strip(), password, address)
    except (LoginRefusedError, OverBudgetError) as error:
        serving.audit.append(_entry(request, None, AuditAction.LOGIN, error.code))
        return _refused(request, error, LoginPage(back=local_path(back), name=name))
    serving.audit.append(_entry(request, session, AuditAction.LOGIN, OK))
    answer = RedirectResponse(local_path(back), status_code=_SEE_OTHER)
    answer.set_cookie(
        cookie_name(request),
        session.token,
        path="/",
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )
    return answer


@router.post("/sair")
def log_out(
    request: Request, serving: ServingDep, session: WebSessionDep, _checked: CheckedFormDep
) -> Response:
    """End the session."""
    serving.audit.append(_entry(request, session, AuditAction.LOGOUT, OK))
    serving.access.log_out(session.token)
    answer = RedirectResponse(LOGIN, status_code=_SEE_OTHER)
    answer.delete_cookie(cookie_name(request), path="/")
    return answer


@router.post("/idioma")
def choose_language(
    request: Request,
    language: Annotated[str, Form(max_length=10)],
    back: Annotated[str, Form(max_length=200)] = "/",
) -> Response:
    """Read the pages in another language."""
    refuse_foreign(request)
    answer = RedirectResponse(local_path(back), status_code=_SEE_OTHER)
    if language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=_YEAR,
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="strict",
        )
    return answer


@router.get(_HELP)
def help_page(request: Request, session: WebSessionDep) -> Response:
    """How things are found, hidden and compared; the keys."""
    return page(request, "help.html", frame_of(request, _("Help"), session=session, section="help"))


def local_path(text: str) -> str:
    """A path of this service; the start page for whatever else was given."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_local and text.isascii() and text.isprintable() else "/"


def _start_of(session: WebSession) -> str:
    if session.account.role in REVIEWERS:
        return _QUEUE
    return HOME if session.account.role in SEARCHERS else _HELP


def _refused(request: Request, error: MdmError, view: LoginPage) -> Response:
    translate = translate_of(request)
    if isinstance(error, OverBudgetError):
        status = _TOO_MANY
        told = _("Too many failed attempts."), _("Try again in a quarter of an hour.")
    else:
        status = _REFUSED
        told = _("User name and password do not match."), _("Check both and try again.")
    shown = LoginPage(
        back=view.back, name=view.name, error=translate(told[0]), advice=translate(told[1])
    )
    return page(request, "login.html", frame_of(request, _("Log in")), shown, status=status)


def _entry(
    request: Request, session: WebSession | None, action: AuditAction, outcome: str
) -> AuditEntry:
    """Who failed is not noted: people type passwords and numbers in the place of names."""
    return AuditEntry(
        actor="unknown" if session is None else session.account.name,
        client=None,
        role="unknown" if session is None else session.account.role,
        purpose=None,
        action=action,
        request_id=request_id_of(request.scope),
        outcome=outcome,
    )
