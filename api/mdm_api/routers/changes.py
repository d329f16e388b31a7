"""The feed: what changed since a system asked last."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from mdm.bootstrap.feed import changes_page
from mdm.domain.audit import AuditAction
from mdm_api import API
from mdm_api.answering import PersonalReader, answered, json_answer
from mdm_api.dependencies import ServingDep
from mdm_api.schemas.changes import Feed, FeedEntry
from mdm_api.schemas.citizens import Slug
from mdm_api.schemas.problem import VERSIONED, refusals

router = APIRouter(prefix=API, tags=["changes"])
MOST = 10_000


@router.get(
    "/changes",
    summary="Follow changes",
    response_model=Feed,
    responses=VERSIONED | refusals(),
)
async def follow(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    after: Annotated[
        str,
        Query(
            description="The cursor of the last answer; nothing for the beginning.",
            max_length=60,
            pattern=r"^[0-9A-Z:.\-]*$",
        ),
    ] = "",
    source: Annotated[
        list[Slug] | None,
        Query(description="Sources; all that the reader may speak for where none is named."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 1_000,
) -> Response:
    """Changes of IDs after a cursor, oldest first.

    Every entry carries the whole new standing of a record or of an ID. Keep for each the entry
    with the latest `at`: told twice, late or out of order it comes to the same. An ID that is
    ambiguous answers alone again when every system that was told it has read of the split, at the
    latest after 90 days: read on until `more` is false.
    """
    asked = (tuple(source or ()), after, limit)
    page = await answered(
        serving,
        reader,
        AuditAction.CHANGES_READ,
        lambda: changes_page(serving.application, serving.reads, reader, asked),
    )
    entries = [FeedEntry.model_validate(change) for change in page.changes]
    feed = Feed.model_construct(changes=entries, cursor=str(page.cursor), more=page.more)
    return json_answer(request, feed, headers={})
