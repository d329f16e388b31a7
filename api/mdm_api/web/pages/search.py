"""Finding a citizen: one box, sent by POST, so that no number of a person stands in an address."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.access import WebSession
from mdm.bootstrap.serving import Serving
from mdm.domain.access import Purpose, Reader
from mdm.domain.audit import AuditAction
from mdm.domain.visibility import sees_anybody
from mdm.errors import ForbiddenError
from mdm.services.find_citizens import Found
from mdm_api.answering import answered
from mdm_api.dependencies import CheckedFormDep, ServingDep, WebSessionDep
from mdm_api.shell import request_id_of
from mdm_api.web import build_search, words
from mdm_api.web.asking import A_NAME, UNDERSTOOD, Asked, NotUnderstoodError, understand
from mdm_api.web.faults import PageRoute
from mdm_api.web.frames import HOME, frame_of
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import known_sources
from mdm_api.web.render import page, translate_of
from mdm_api.web.views.search import SearchPage

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_INVALID = 422
_LONGEST = 200


class SearchForm(BaseModel):
    """What the search page sends."""

    text: str = Field("", max_length=_LONGEST)
    birth: str = Field("", max_length=20)
    mother: str = Field("", max_length=_LONGEST)
    purpose: str = Field("", max_length=30)


@router.get(HOME)
def search_page(request: Request, session: WebSessionDep) -> Response:
    """The search, before anything was typed."""
    choices = build_search.purpose_choices(
        session.account.role, session.purpose, translate_of(request)
    )
    if not choices:
        raise ForbiddenError("this role looks at no citizens")
    return _shown(request, session, SearchPage(purposes=choices))


@router.post(HOME)
async def search(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    form: Annotated[SearchForm, Form()],
) -> Response:
    """What was found."""
    translate = translate_of(request)
    stated = purpose_of_form(session, form.purpose)
    role = session.account.role
    view = SearchPage(
        text=form.text,
        birth=form.birth,
        mother=form.mother,
        purposes=build_search.purpose_choices(role, stated, translate),
    )
    if stated is None:
        refused = _("Choose what you search for.")
        return _shown(request, session, _with_error(view, translate(refused)), status=_INVALID)
    if stated is not session.purpose:
        await run_in_threadpool(serving.access.set_purpose, session, stated)
    reader = session.account.reader(purpose=stated, request_id=request_id_of(request.scope))
    asked = Asked(text=form.text, birth=form.birth, mother=form.mother)
    try:
        understood, found = await _search(serving, reader, asked)
    except NotUnderstoodError as error:
        refused = translate(error.message)
        return _shown(request, session, _with_error(view, refused), status=_INVALID)
    sources = await run_in_threadpool(known_sources, serving.application)
    today = serving.application.today()
    view = SearchPage(
        text=view.text,
        birth=view.birth,
        mother=view.mother,
        purposes=view.purposes,
        understood=translate(understood),
        hits=tuple(build_search.hit_of(hit, sources, today, translate) for hit in found.hits),
        more=found.more,
    )
    return _shown(request, session, view)


def purpose_of_form(session: WebSession, code: str) -> Purpose | None:
    """The purpose that a form states, or the one in force; None where the role has neither."""
    stated = session.purpose if code == "" else None
    if code in words.PURPOSES:
        stated = Purpose(code)
    return stated if stated is not None and sees_anybody(session.account.role, stated) else None


async def _search(serving: Serving, reader: Reader, asked: Asked) -> tuple[str, Found]:
    """What was understood, and the first of its readings that finds somebody."""
    application = serving.application
    sources = await run_in_threadpool(application.declarations)
    wanted = understand(asked, sources.keys(), application.today())
    found, understood = Found(hits=(), more=False), A_NAME
    for one in wanted:
        if found.hits:
            break
        understood = A_NAME if one.kind is None else UNDERSTOOD[one.kind]
        found = await answered(
            serving,
            reader,
            AuditAction.CITIZEN_SEARCH,
            lambda one=one: serving.reads.search(reader, one),  # type: ignore[misc]
        )
    misses = 0 if found.hits else 1
    await run_in_threadpool(serving.reads.budget.count, reader, hits=len(found.hits), misses=misses)
    return understood, found


def _with_error(view: SearchPage, error: str) -> SearchPage:
    return SearchPage(
        text=view.text,
        birth=view.birth,
        mother=view.mother,
        purposes=view.purposes,
        error=error,
    )


def _shown(
    request: Request, session: WebSession, view: SearchPage, *, status: int = 200
) -> Response:
    frame = frame_of(request, _("Find a citizen"), session=session, section="search")
    return page(request, "search.html", frame, view, status=status)
