"""Questions for stewards: list, claim, decide, take back."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.reads import Cursor, ReviewRead
from mdm.bootstrap.serving import Serving
from mdm.domain.access import Reader
from mdm.domain.audit import AuditAction, AuditEntry, entry_of
from mdm.domain.visibility import Field
from mdm.errors import MdmError, UsageError, VersionRequiredError
from mdm.services.repeatable import once
from mdm_api import API
from mdm_api.answering import PersonalReader, answered, json_answer
from mdm_api.dependencies import ServingDep
from mdm_api.schemas.problem import VERSIONED, refusals
from mdm_api.schemas.reviews import Decision, Outcome, Review, ReviewDetail, Reviews

router = APIRouter(prefix=API, tags=["reviews"])
MOST = 100
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Sent again with the same key, a request is done once.",
        min_length=8,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
    ),
]
ReviewId = Annotated[int, Path(ge=1, le=2**53)]
Act = Callable[[], tuple[dict[str, object], AuditEntry]]


@router.get(
    "/reviews", summary="List questions", response_model=Reviews, responses=VERSIONED | refusals()
)
async def list_reviews(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Pairs that the machine must not decide, in the order in which to decide them."""
    after = None if cursor is None else _read_cursor(cursor)
    items = await answered(
        serving,
        reader,
        AuditAction.REVIEW_LIST,
        lambda: serving.reads.reviews(reader, limit=limit, after=after),
    )
    body = Reviews(
        items=[Review.model_validate(item) for item in items],
        next=_cursor(items[-1].cursor) if len(items) == limit else None,
    )
    return json_answer(request, body, headers={})


@router.get(
    "/reviews/{review_id}",
    summary="Read one question",
    response_model=ReviewDetail,
    responses=VERSIONED | refusals(404),
)
async def read_review(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    review_id: ReviewId,
    reveal: Annotated[
        list[Field] | None,
        Query(description="Groups of fields to show whole where the reader may ask for that."),
    ] = None,
) -> Response:
    """Both records of a pair, and the evidence in bits. Its `ETag` is what a decision names."""
    asked = frozenset(reveal or ())
    found = await answered(
        serving,
        reader,
        AuditAction.REVIEW_READ,
        lambda: serving.reads.review(reader, review_id, asked),
    )
    return json_answer(request, _detail(found), etag=found.item.content_hash, headers={})


@router.post(
    "/reviews/{review_id}/claim",
    summary="Claim a question",
    response_model=Review,
    responses=refusals(404, 409),
)
async def claim_review(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    review_id: ReviewId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Reserve a pair for 15 minutes; to claim it again prolongs that.

    409 `review_taken` names the steward who holds or decided it.
    """

    def act() -> tuple[dict[str, object], AuditEntry]:
        item, entry = serving.reads.claim(reader, review_id)
        return Review.model_validate(item).model_dump() | {"etag": item.content_hash}, entry

    said = ["claim", review_id]
    answer = await _write(serving, reader, act, key=idempotency_key, said=said)
    etag = str(answer.pop("etag"))
    return json_answer(request, Review.model_validate(answer), etag=etag, headers={})


@router.post(
    "/reviews/{review_id}/decision",
    summary="Decide a question",
    response_model=Outcome,
    responses=refusals(404, 409, 412, 413, 428),
)
async def decide_review(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    review_id: ReviewId,
    decision: Decision,
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="The `ETag` of the question as it was read."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Say that two records are the same person, different people, or that it cannot be told.

    The decision names what it is about: 428 without `If-Match`, 412 where the records have
    changed. *Same* across a guard needs another steward, too: `needs_second`.
    """
    if if_match is None:
        raise VersionRequiredError("send If-Match with the ETag of the question as you read it")
    version = if_match.strip().removeprefix("W/").strip('"')
    answer = await _write(
        serving,
        reader,
        lambda: serving.reads.decide(
            reader, review_id, (decision.verdict, decision.reason), version
        ),
        key=idempotency_key,
        said=["decide", review_id, decision.model_dump(mode="json"), version],
    )
    return json_answer(request, Outcome.model_validate(answer), headers={})


@router.post(
    "/reviews/{review_id}/undo",
    summary="Take a decision back",
    response_model=Outcome,
    responses=refusals(404, 409),
)
async def undo_review(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    review_id: ReviewId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take the answer back, with all that followed; each side gets its former ID back."""
    answer = await _write(
        serving,
        reader,
        lambda: serving.reads.undo(reader, review_id),
        key=idempotency_key,
        said=["undo", review_id],
    )
    return json_answer(request, Outcome.model_validate(answer), headers={})


async def _write(
    serving: Serving, reader: Reader, act: Act, *, key: str | None, said: list[object]
) -> dict[str, object]:
    """Do it once for a key, and note it."""
    if key is None:
        return await answered(serving, reader, AuditAction.REVIEW_WRITE, act)

    def kept() -> dict[str, object]:
        answer, entry = act()
        serving.audit.append(entry)
        return answer

    try:
        return await run_in_threadpool(
            once,
            serving.beside,
            kept,
            moment=serving.application.clock(),
            actor=reader.actor,
            key=key,
            request=said,
        )
    except MdmError as error:
        refused = entry_of(reader, AuditAction.REVIEW_WRITE, outcome=error.code)
        await serving.audit.append_soon(refused)
        raise


def _detail(found: ReviewRead) -> ReviewDetail:
    item = Review.model_validate(found.item).model_dump()
    evidence = None if found.evidence is None else asdict(found.evidence)
    return ReviewDetail.model_validate(
        {
            **item,
            "sides": tuple(asdict(side) for side in found.sides),
            "evidence": evidence,
            "sentences": found.sentences,
        }
    )


def _cursor(place: Cursor) -> str:
    text = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str) -> Cursor:
    """The place that a cursor names.

    Raises:
        UsageError: It is no cursor of ours.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        rank, priority, group, review = json.loads(base64.urlsafe_b64decode(padded))
        return int(rank), float(priority), int(group), int(review)
    except (binascii.Error, ValueError, TypeError, OverflowError):
        raise UsageError("no cursor of this list") from None
