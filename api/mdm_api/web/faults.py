"""Refusals and faults as pages; where htmx asked, as what takes the place of the content."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from mdm.bootstrap.access import WebSession
from mdm.errors import MdmError, UnauthenticatedError
from mdm_api.dependencies import cookie_name, web_session
from mdm_api.problems import status_of
from mdm_api.shell import request_id_of
from mdm_api.web.frames import HOME, frame_of
from mdm_api.web.i18n import mark as _
from mdm_api.web.render import page, translate_of
from mdm_api.web.views.frame import Message

LOGIN: Final = "/entrar"
_SEE_OTHER, _UNAUTHORIZED = 303, 401
_NOT_FOUND, _NOT_ALLOWED, _INVALID, _FAULT = 404, 405, 422, 500


@dataclass(frozen=True, slots=True)
class _Said:
    """What a refusal says on a page: texts of the catalogue."""

    kind: str
    heading: str
    text: str
    advice: str | None = None


_NO_ID: Final = _Said(
    "warning",
    _("This municipal ID does not exist."),
    _("No such municipal ID was ever issued, or you may not see it."),
    _("Check its ten characters, or search by document or name."),
)
_SAID: Final[Mapping[str, _Said]] = MappingProxyType(
    {
        "not_found": _NO_ID,
        "invalid_municipal_id": _Said(
            "warning",
            _("This is no municipal ID."),
            _("A character is wrong or missing."),
            _("Check its ten characters, or search by document or name."),
        ),
        "id_withdrawn": _Said(
            "info",
            _("This municipal ID is withdrawn."),
            _("The link run that issued it was taken back; it returns with the same record."),
            _("Search by document or name."),
        ),
        "id_tombstone": _Said(
            "info",
            _("This municipal ID names nobody any more."),
            _("A data steward decided that nobody keeps it."),
            _("Search by document or name."),
        ),
        "id_erased": _Said(
            "info",
            _("What stood under this municipal ID was erased."),
            _("It was erased by law. The ID is never given to anybody else."),
            _("Remove it from your own records, too."),
        ),
        "ambiguous_id": _Said(
            "warning",
            _("This municipal ID is not clear at present."),
            _("It was told for two people who have been taken apart."),
            _("Search by the key of your own system, or by document."),
        ),
        "forbidden": _Said(
            "warning",
            _("You may not see this."),
            _("Your role does not allow it."),
            _("If you need it for your work, ask your supervisor."),
        ),
        "purpose_required": _Said(
            "warning",
            _("A purpose is needed."),
            _("Personal data are opened for a purpose only."),
            _("Go back to the search and choose one."),
        ),
        "over_budget": _Said(
            "warning",
            _("Too many attempts."),
            _("For protection this is blocked for a while."),
            _("Try again in a quarter of an hour."),
        ),
        "lane_busy": _Said(
            "info",
            _("The registry is busy."),
            _("New data are being applied right now. Nothing was saved."),
            _("Try again in a minute."),
        ),
        "audit_unavailable": _Said(
            "danger",
            _("The access could not be noted."),
            _("What cannot be noted is not shown. Nothing was saved."),
            _("Try again; if it stays like this, call support."),
        ),
        "split_held": _Said(
            "warning",
            _("It is open who keeps the municipal ID."),
            _("The answer parts a citizen, and no rule says which part keeps the ID."),
            _("Nothing was saved. On the command line the answer can say who keeps it."),
        ),
        "stale": _Said(
            "warning",
            _("The page is out of date."),
            _("Something changed since you opened it. Nothing was saved."),
            _("Open it again."),
        ),
    }
)
_CONFLICT: Final = _Said(
    "warning",
    _("This contradicts another decision."),
    _("Nothing was saved."),
    _("Open the queue again."),
)
_INVALID_FORM: Final = _Said(
    "warning",
    _("The form could not be read."),
    _("Something is missing in it. Nothing was saved."),
    _("Go back and try again."),
)
_NO_PAGE: Final = _Said(
    "warning", _("This page does not exist."), _("The address is wrong or out of date.")
)
_FAULTY: Final = _Said(
    "danger",
    _("That could not be done."),
    _("Nothing was saved."),
    _("Try again; if it stays like this, name the code to support."),
)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose refusals are pages: who is not logged in is sent to log in."""

    def get_route_handler(self) -> Handler:
        """Wrap the handler of the route."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except UnauthenticatedError:
                return to_login(request)
            except MdmError as error:
                return refused(request, error)
            except RequestValidationError:
                return _told(request, _INVALID_FORM, _INVALID)

        return handled


def refused(request: Request, error: MdmError) -> Response:
    """The page of a refusal."""
    status = status_of(error)
    said = _SAID.get(error.code)
    if said is None:
        by_status = {403: _SAID["forbidden"], 404: _NO_ID, 409: _CONFLICT, 503: _SAID["lane_busy"]}
        said = by_status.get(status, _FAULTY)
    return _told(request, said, status)


def to_login(request: Request) -> Response:
    """Send somebody to log in, and back to where they were."""
    ended = "&fim=1" if cookie_name(request) in request.cookies else ""
    back = request.url.path if request.method == "GET" else HOME
    where = f"{LOGIN}?volta={back}{ended}"
    if is_htmx(request):
        return Response(status_code=_UNAUTHORIZED, headers={"HX-Redirect": where})
    return RedirectResponse(where, status_code=_SEE_OTHER)


def is_htmx(request: Request) -> bool:
    """Whether a script of the page asks, which takes a part of the answer."""
    return request.headers.get("hx-request") == "true"


def add_handlers(app: FastAPI) -> None:
    """Where a person mistypes an address, tell them on a page; programs get their problem."""
    problems = app.exception_handlers[HTTPException]

    async def handled(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        wants_page = "text/html" in request.headers.get("accept", "")
        if wants_page and error.status_code in {_NOT_FOUND, _NOT_ALLOWED}:
            return _told(request, _NO_PAGE, error.status_code)
        answer = problems(request, error)
        assert isinstance(answer, Response)
        return answer

    app.add_exception_handler(HTTPException, handled)


def _told(request: Request, said: _Said, status: int) -> Response:
    translate = translate_of(request)
    session = _session(request)
    view = Message(
        kind=said.kind,
        heading=translate(said.heading),
        text=translate(said.text),
        advice=None if said.advice is None else translate(said.advice),
        code=request_id_of(request.scope) if status >= _FAULT or said is _FAULTY else None,
        link=HOME if session is not None else LOGIN,
        link_label=translate(_("Find a citizen") if session is not None else _("Log in")),
    )
    answer = page(
        request,
        "message.html",
        frame_of(request, said.heading, session=session),
        view,
        status=status,
    )
    if is_htmx(request):
        answer.headers["HX-Retarget"] = "#conteudo"
        answer.headers["HX-Reselect"] = "#conteudo"
        answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _session(request: Request) -> WebSession | None:
    with suppress(MdmError):
        return web_session(request)
    return None
