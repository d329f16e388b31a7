"""A citizen's page: opened for a purpose, with their declared family, for an hour."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.access import WebSession
from mdm.bootstrap.serving import Serving
from mdm.domain.access import Reader
from mdm.domain.audit import AuditAction, AuditEntry
from mdm.domain.municipal_id import parse, shown
from mdm.domain.visibility import Field
from mdm.errors import ForbiddenError, PurposeRequiredError
from mdm.services.citizen_state import Question
from mdm.services.disclosure import ShownValue
from mdm.services.read_citizen import CitizenAnswer
from mdm_api.answering import answered
from mdm_api.dependencies import CheckedFormDep, ServingDep, WebSessionDep
from mdm_api.shell import request_id_of
from mdm_api.web import words
from mdm_api.web.build_citizen import Seen, citizen_page, reveal_field, seal_banner
from mdm_api.web.build_search import purpose_choices
from mdm_api.web.faults import PageRoute
from mdm_api.web.frames import REVIEWERS, frame_of
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import known_sources
from mdm_api.web.pages.search import purpose_of_form
from mdm_api.web.render import page, translate_of
from mdm_api.web.shown import hour, moment
from mdm_api.web.views.citizen import Happened, HistoryPage, PurposePage

router = APIRouter(prefix="/cidadaos", route_class=PageRoute, include_in_schema=False)
_SEE_OTHER, _INVALID = 303, 422
_TITLE: Final = _("Citizen")


@router.get("/{municipal_id}")
async def citizen(
    request: Request, serving: ServingDep, session: WebSessionDep, municipal_id: str
) -> Response:
    """The page; where no purpose is stated for this citizen yet, that is asked first."""
    requested = parse(municipal_id)
    if requested not in session.attends or session.purpose is None:
        return RedirectResponse(f"/cidadaos/{requested}/finalidade", status_code=_SEE_OTHER)
    reader = session.reader(request_id=request_id_of(request.scope))
    answer = await _read(serving, reader, requested)
    if requested == session.attends[0]:
        await run_in_threadpool(serving.access.widen, session, answer.municipal_ids)
    return await _shown(request, serving, session, answer)


@router.get("/{municipal_id}/historia")
async def history(
    request: Request, serving: ServingDep, session: WebSessionDep, municipal_id: str
) -> Response:
    """What happened to the citizen, in sentences; for the purpose that their page is open for."""
    requested = parse(municipal_id)
    if requested not in session.attends or session.purpose is None:
        return RedirectResponse(f"/cidadaos/{requested}/finalidade", status_code=_SEE_OTHER)
    reader = session.reader(request_id=request_id_of(request.scope))
    life = await answered(
        serving,
        reader,
        AuditAction.CITIZEN_READ,
        lambda: serving.reads.life(reader, requested),
    )
    view = HistoryPage(
        municipal_id=life.municipal_id,
        shown_id=shown(life.municipal_id),
        events=tuple(
            Happened(when=moment(event.at), sentence=event.sentence) for event in life.events
        ),
        banners=() if life.seal is None else (seal_banner(life.seal, translate_of(request)),),
    )
    frame = frame_of(request, _("History"), session=session, section="search")
    return page(request, "history.html", frame, view)


@router.get("/{municipal_id}/finalidade")
def purpose_page(request: Request, session: WebSessionDep, municipal_id: str) -> Response:
    """Asks what the page is opened for."""
    requested = parse(municipal_id)
    choices = purpose_choices(session.account.role, session.purpose, translate_of(request))
    if not choices:
        raise ForbiddenError("this role looks at no citizens")
    view = PurposePage(municipal_id=requested, shown_id=shown(requested), purposes=choices)
    return page(request, "purpose.html", frame_of(request, _TITLE, session=session), view)


@router.post("/{municipal_id}/finalidade")
def state_purpose(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    municipal_id: str,
    purpose: Annotated[str, Form(max_length=30)] = "",
) -> Response:
    """Notes it, and opens the page."""
    requested = parse(municipal_id)
    stated = purpose_of_form(session, purpose) if purpose != "" else None
    if stated is None:
        translate = translate_of(request)
        view = PurposePage(
            municipal_id=requested,
            shown_id=shown(requested),
            purposes=purpose_choices(session.account.role, None, translate),
            error=translate(_("Choose a purpose.")),
        )
        frame = frame_of(request, _TITLE, session=session)
        return page(request, "purpose.html", frame, view, status=_INVALID)
    serving.access.attend(session, stated, requested)
    return RedirectResponse(f"/cidadaos/{requested}", status_code=_SEE_OTHER)


@router.post("/{municipal_id}/mostrar")
async def reveal(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    municipal_id: str,
    field: Annotated[str, Form(max_length=40)],
) -> Response:
    """The page with one value whole; that is noted by itself."""
    requested = parse(municipal_id)
    if requested not in session.attends or session.purpose is None:
        raise PurposeRequiredError("state the purpose again")
    reader = session.reader(request_id=request_id_of(request.scope))
    answer = await _read(serving, reader, requested)
    value = await _reveal(serving, reader, requested, field)
    return await _shown(request, serving, session, answer, revealed=(field, value))


async def _read(serving: Serving, reader: Reader, municipal_id: str) -> CitizenAnswer:
    question = Question(municipal_id=municipal_id)
    return await answered(
        serving,
        reader,
        AuditAction.CITIZEN_READ,
        lambda: serving.reads.citizen(reader, question),
    )


async def _reveal(serving: Serving, reader: Reader, municipal_id: str, field: str) -> ShownValue:
    """One value whole.

    Raises:
        ForbiddenError: The reader may not see it whole, or there is none.
    """
    attribute, _colon, place = field.partition(":")
    group = reveal_field(attribute)
    if group is None or not place.isdecimal():
        raise ForbiddenError("there is no such value")

    def work() -> tuple[ShownValue, AuditEntry]:
        return _one_value(serving, reader, municipal_id, (group, attribute, int(place)))

    return await answered(serving, reader, AuditAction.CITIZEN_REVEAL, work)


def _one_value(
    serving: Serving, reader: Reader, municipal_id: str, wanted: tuple[Field, str, int]
) -> tuple[ShownValue, AuditEntry]:
    """The value, and the entry that says that it alone left."""
    group, attribute, place = wanted
    question = Question(municipal_id=municipal_id)
    answer, entry = serving.reads.citizen(reader, question, frozenset({group}))
    values = answer.values.get(attribute, ())
    if place >= len(values) or values[place].masked or values[place].value is None:
        raise ForbiddenError("the reader may not see this whole")
    return values[place], replace(entry, fields=(f"{attribute}!",))


async def _shown(
    request: Request,
    serving: Serving,
    session: WebSession,
    answer: CitizenAnswer,
    *,
    revealed: tuple[str, ShownValue] | None = None,
) -> Response:
    translate = translate_of(request)
    seen = Seen(
        sources=await run_in_threadpool(known_sources, serving.application),
        today=serving.application.today(),
        reviews=session.account.role in REVIEWERS,
        revealed=revealed,
    )
    view = citizen_page(answer, seen, translate)
    if session.purpose is not None:
        label = words.word(words.PURPOSES, session.purpose, translate)
        view = replace(view, purpose=label, until=hour(session.attends_until))
    frame = frame_of(request, _TITLE, session=session, section="search")
    return page(request, "citizen.html", frame, view)
