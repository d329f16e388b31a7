"""Pair review: the queue, one pair, the decision, and taking it back."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.access import WebSession
from mdm.bootstrap.previewing import preview_same
from mdm.bootstrap.reads import Cursor, ReviewRead
from mdm.bootstrap.serving import Serving
from mdm.domain.access import Purpose, Reader
from mdm.domain.audit import AuditAction
from mdm.domain.judgement import Verdict
from mdm.domain.scored_pair import Guard
from mdm.domain.visibility import Field as Group
from mdm.errors import JudgementConflictError, NotFoundError, ReviewTakenError, StaleContentError
from mdm.services.preview_join import JoinPreview
from mdm.services.review_desk import ReviewItem
from mdm_api.answering import answered
from mdm_api.dependencies import CheckedFormDep, ServingDep, WebSessionDep
from mdm_api.problems import status_of
from mdm_api.shell import request_id_of
from mdm_api.web import words
from mdm_api.web.build_conflict import ConflictPage, refusal_text, who_was_first
from mdm_api.web.build_queue import LISTED, Desk, queue_page
from mdm_api.web.build_review import Situation, needs_two, pair_page
from mdm_api.web.faults import PageRoute
from mdm_api.web.frames import frame_of
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import known_sources
from mdm_api.web.people import display_names
from mdm_api.web.render import page, translate_of
from mdm_api.web.views.frame import Undo

router = APIRouter(prefix="/revisao", route_class=PageRoute, include_in_schema=False)
ReviewId = Annotated[int, Path(ge=1, le=2**53)]
Done = Annotated[int | None, Query(alias="feito", ge=1, le=2**53)]
Skipped = Annotated[bool | None, Query(alias="pulado")]
_SEE_OTHER, _INVALID, _TAKEN = 303, 422, 409
_TITLE: Final = _("Pair review")
_SHORTEST_REASON = 3
_NO_REASON: Final = "pela evidência mostrada"
"""The reason that is stored where the steward gave none: they decided on what the page shows."""


class DecisionForm(BaseModel):
    """What the page of a pair sends."""

    verdict: Verdict
    version: str = Field(max_length=64)
    reason: str = Field("", max_length=500)


@router.get("")
async def queue(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    done: Done = None,
    skipped: Skipped = None,
) -> Response:
    """The pairs that wait."""
    reader = _reader(request, session)
    items = await _waiting(serving, reader)
    view = queue_page(
        items[:LISTED], await _desk(request, serving, session), more=len(items) > LISTED
    )
    told = await _told(request, serving, reader, done, skipped=skipped)
    frame = frame_of(
        request, _TITLE, session=session, section="review", status=told[0], undo=told[1]
    )
    return page(request, "queue.html", frame, view)


@router.get("/{review_id}")
async def pair(
    request: Request,
    *,
    serving: ServingDep,
    session: WebSessionDep,
    review_id: ReviewId,
    done: Done = None,
    skipped: Skipped = None,
) -> Response:
    """One pair."""
    reader = _reader(request, session)
    found = await _read(serving, reader, review_id)
    if found.item.state in {"decided", "stale"}:
        return await _taken(request, serving, session, found.item.review_id, done=done)
    return await _pair(request, serving, session, found, done=done, skipped=skipped)


@router.post("/{review_id}/abrir")
async def open_pair(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    review_id: ReviewId,
) -> Response:
    """Reserves a pair, or prolongs that, and shows it."""
    reader = _reader(request, session)
    try:
        await answered(
            serving,
            reader,
            AuditAction.REVIEW_WRITE,
            lambda: serving.reads.claim(reader, review_id),
        )
    except ReviewTakenError:
        return await _taken(request, serving, session, review_id)
    return RedirectResponse(f"/revisao/{review_id}", status_code=_SEE_OTHER)


@router.post("/{review_id}/mostrar")
async def reveal(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    review_id: ReviewId,
) -> Response:
    """The pair with its civil names; that is noted by itself."""
    reader = _reader(request, session)
    asked = frozenset({Group.CIVIL})
    found = await answered(
        serving,
        reader,
        AuditAction.REVIEW_READ,
        lambda: serving.reads.review(reader, review_id, asked),
    )
    return await _pair(request, serving, session, found, civil=True)


@router.post("/{review_id}/decidir")
async def decide(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    review_id: ReviewId,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Takes the answer, and goes on with the next pair."""
    reader, say = _reader(request, session), translate_of(request)
    reason = form.reason.strip()
    if form.verdict is Verdict.SAME and len(reason) < _SHORTEST_REASON:
        found = await _read(serving, reader, review_id)
        if needs_two(found.item, (await _previewed(serving, found.item))[1]):
            refused = say(_("Write the reason: what makes you sure in spite of the rule?"))
            return await _pair(
                request, serving, session, found, form=form, error=refused, status=_INVALID
            )
    said = form.verdict, reason if reason != "" else _NO_REASON
    item = await run_in_threadpool(serving.reads.question, reader, review_id)
    try:
        await answered(
            serving,
            reader,
            AuditAction.REVIEW_WRITE,
            lambda: serving.reads.decide(reader, review_id, said, form.version),
        )
    except ReviewTakenError:
        return await _taken(request, serving, session, review_id, reason_text=reason)
    except (JudgementConflictError, StaleContentError) as error:
        found = await _read(serving, reader, review_id)
        return await _pair(
            request,
            serving,
            session,
            found,
            form=form,
            error=refusal_text(error, say),
            status=status_of(error),
        )
    where = await _next(serving, reader, item, from_start=True)
    return RedirectResponse(f"{where}?feito={review_id}", status_code=_SEE_OTHER)


@router.post("/{review_id}/pular")
async def skip(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    review_id: ReviewId,
) -> Response:
    """Lets go of a pair, and goes on with the next; after the last one the queue comes."""
    reader = _reader(request, session)
    item = await answered(
        serving, reader, AuditAction.REVIEW_WRITE, lambda: serving.reads.release(reader, review_id)
    )
    where = await _next(serving, reader, item, from_start=False)
    return RedirectResponse(f"{where}?pulado=1", status_code=_SEE_OTHER)


@router.post("/{review_id}/desfazer")
async def undo(
    request: Request,
    serving: ServingDep,
    session: WebSessionDep,
    _checked: CheckedFormDep,
    review_id: ReviewId,
) -> Response:
    """Takes the answer back, and shows the pair again."""
    reader = _reader(request, session)
    await answered(
        serving, reader, AuditAction.REVIEW_WRITE, lambda: serving.reads.undo(reader, review_id)
    )
    return RedirectResponse(f"/revisao/{review_id}?feito={review_id}", status_code=_SEE_OTHER)


# ---------------------------------------------------------------------- helpers


def _reader(request: Request, session: WebSession) -> Reader:
    """Whoever reviews reads for stewardship: that is what these pages are for."""
    return session.account.reader(
        purpose=Purpose.STEWARDSHIP, request_id=request_id_of(request.scope)
    )


async def _waiting(
    serving: Serving, reader: Reader, *, after: Cursor | None = None
) -> list[ReviewItem]:
    return await answered(
        serving,
        reader,
        AuditAction.REVIEW_LIST,
        lambda: serving.reads.reviews(reader, limit=LISTED + 1, after=after),
    )


async def _read(serving: Serving, reader: Reader, review_id: int) -> ReviewRead:
    return await answered(
        serving, reader, AuditAction.REVIEW_READ, lambda: serving.reads.review(reader, review_id)
    )


async def _desk(request: Request, serving: Serving, session: WebSession) -> Desk:
    return Desk(
        actor=session.account.name,
        names=await run_in_threadpool(display_names, serving.application),
        sources=await run_in_threadpool(known_sources, serving.application),
        say=translate_of(request),
    )


async def _pair(
    request: Request,
    serving: Serving,
    session: WebSession,
    found: ReviewRead,
    *,
    form: DecisionForm | None = None,
    error: str | None = None,
    civil: bool = False,
    done: int | None = None,
    skipped: bool | None = None,
    status: int = 200,
) -> Response:
    reader = _reader(request, session)
    waiting = [item.review_id for item in await _waiting(serving, reader)]
    number = found.item.review_id
    preview, guards = await _previewed(serving, found.item)
    situation = Situation(
        position=(waiting.index(number) + 1, len(waiting)) if number in waiting else None,
        thresholds=serving.reads.rules().thresholds,
        preview=preview,
        guards=guards,
        civil=civil,
        reason_text="" if form is None else form.reason,
        error=error,
    )
    view = pair_page(found, await _desk(request, serving, session), situation)
    told = await _told(request, serving, reader, done, skipped=skipped)
    frame = frame_of(
        request, _TITLE, session=session, section="review", status=told[0], undo=told[1]
    )
    return page(request, "pair.html", frame, view, status=status)


async def _previewed(
    serving: Serving, item: ReviewItem
) -> tuple[JoinPreview | None, tuple[Guard, ...]]:
    rules = serving.reads.rules().golden
    return await run_in_threadpool(preview_same, serving.application, rules, item)


async def _next(serving: Serving, reader: Reader, after: ReviewItem, *, from_start: bool) -> str:
    """Reserve the next pair that the steward may answer; its address, or that of the queue.

    `from_start`: past the end of the queue its first pairs come again, skipped ones among them.
    """
    waiting = await _waiting(serving, reader, after=after.cursor)
    if from_start:
        waiting += await _waiting(serving, reader)
    for item in waiting:
        held = item.claimed_by is not None and item.claimed_by != reader.actor
        if item.review_id == after.review_id or held or item.first_steward == reader.actor:
            continue
        try:
            await answered(
                serving,
                reader,
                AuditAction.REVIEW_WRITE,
                lambda item=item: serving.reads.claim(reader, item.review_id),  # type: ignore[misc]
            )
        except ReviewTakenError:
            continue
        return f"/revisao/{item.review_id}"
    return "/revisao"


async def _told(
    request: Request,
    serving: Serving,
    reader: Reader,
    review_id: int | None,
    *,
    skipped: bool | None = None,
) -> tuple[str | None, Undo | None]:
    """What the reader has just done to a question, as it stands now."""
    say = translate_of(request)
    if skipped or review_id is None:
        return say(_("Skipped. The pair goes on waiting.")) if skipped else None, None
    try:
        item = await run_in_threadpool(serving.reads.question, reader, review_id)
    except NotFoundError:
        return None, None
    back = Undo(review_id=review_id)
    if item.state == "decided" and item.decided_by == reader.actor and item.verdict is not None:
        verdict = words.word(words.VERDICTS, item.verdict, say)
        return say(_("Noted: %(verdict)s.")) % {"verdict": verdict}, back
    if item.first_steward == reader.actor:
        return say(_("Noted: same person. A second steward must answer as well.")), back
    if item.judgement_id is None and item.state in {"open", "claimed"}:
        return say(_("Taken back. The pair waits again.")), None
    return None, None


async def _taken(
    request: Request,
    serving: Serving,
    session: WebSession,
    review_id: int,
    *,
    reason_text: str = "",
    done: int | None = None,
) -> Response:
    """The page that says who was first."""
    reader = _reader(request, session)
    item = await run_in_threadpool(serving.reads.question, reader, review_id)
    desk = await _desk(request, serving, session)
    waiting = [
        one.review_id
        for one in await _waiting(serving, reader)
        if desk.can_open(one) and one.review_id != review_id
    ]
    heading, text = who_was_first(item, desk)
    view = ConflictPage(
        heading=heading,
        text=text,
        reason_text=reason_text,
        next_id=waiting[0] if waiting else None,
    )
    told = await _told(request, serving, reader, done)
    frame = frame_of(
        request, _TITLE, session=session, section="review", status=told[0], undo=told[1]
    )
    return page(request, "conflict.html", frame, view, status=_TAKEN)
