"""From record keys to citizens: one, ten thousand, all."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from mdm.bootstrap.reads import Export
from mdm.domain.audit import AuditAction, entry_of
from mdm.errors import MdmError
from mdm.services.crosswalk import CrosswalkEntry
from mdm.services.export_file import csv_bytes, csv_header, ndjson_bytes
from mdm_api import API
from mdm_api.answering import PersonalReader, answered, json_answer
from mdm_api.dependencies import ServingDep
from mdm_api.routers.citizens import AsOf
from mdm_api.schemas.citizens import PRINTED, Slug
from mdm_api.schemas.crosswalk import Batch, BatchAnswer, BatchAnswers, Entry, RecordKey
from mdm_api.schemas.problem import VERSIONED, refusals

router = APIRouter(prefix=API, tags=["crosswalk"])
CURSOR_HEADER = "Feed-Cursor"
_FOUND, _NOT_FOUND = 200, 404


@router.get(
    "/crosswalk/export",
    summary="Export the crosswalk",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One row a record; CSV with a header, or one JSON object a line.",
            "headers": {
                CURSOR_HEADER: {
                    "description": "Go on from here with the feed of changes: `after`.",
                    "schema": {"type": "string"},
                }
            },
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        **refusals(),
    },
)
async def export_crosswalk(
    serving: ServingDep,
    reader: PersonalReader,
    source: Annotated[
        list[Slug] | None,
        Query(description="Sources; all that the reader may speak for where none is named."),
    ] = None,
    format: Annotated[Literal["csv", "ndjson"], Query()] = "csv",  # noqa: A002 - the API's word
) -> StreamingResponse:
    """Every placed record of the sources with its municipal ID, as one stream.

    Columns: municipal_id, source, local_id, record_status, link_status, under_review, ambiguous,
    linked_at. All rows are of one moment, which the header `Feed-Cursor` names: what changed since
    is told by the feed after that cursor. Pending and restricted records are not among them.
    """
    names = sorted(set(source or ()))
    try:
        export, entries = await run_in_threadpool(serving.reads.crosswalk_export, reader, names)
    except MdmError as error:
        refused = entry_of(reader, AuditAction.CROSSWALK_EXPORT, outcome=error.code)
        await serving.audit.append_soon(refused)
        raise
    try:
        for entry in entries:
            await serving.audit.append_soon(entry)
    except MdmError:
        export.close()
        raise
    media = "text/csv; charset=utf-8" if format == "csv" else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="crosswalk.{format}"'}
    if export.cursor:
        headers[CURSOR_HEADER] = export.cursor
    return StreamingResponse(_stream(export, format), media_type=media, headers=headers)


async def _stream(export: Export, form: str) -> AsyncIterator[bytes]:
    """Bytes of an export; its snapshot is let go of also where the caller goes away."""
    write = csv_bytes if form == "csv" else ndjson_bytes

    def part() -> bytes | None:
        batch = next(export.batches, None)
        return None if batch is None else write(batch)

    try:
        if form == "csv":
            yield csv_header(export.schema)
        while (made := await run_in_threadpool(part)) is not None:
            yield made
    finally:
        export.close()


@router.post(
    "/crosswalk/batch",
    summary="Look up to ten thousand records up",
    response_model=BatchAnswers,
    responses=refusals(413),
)
async def look_batch_up(
    request: Request, serving: ServingDep, reader: PersonalReader, batch: Batch
) -> Response:
    """The citizens of up to ten thousand records, each under a key of the caller's own.

    Every item has an answer of its own: `code` 200 with an entry, or 404.
    """
    keys = [(item.source, item.local_id) for item in batch.items]
    found = await answered(
        serving,
        reader,
        AuditAction.CROSSWALK_BATCH,
        lambda: serving.reads.crosswalk_batch(reader, keys),
    )
    items = []
    for item, key in zip(batch.items, keys, strict=True):
        entry = found.get(key)
        code = _NOT_FOUND if entry is None else _FOUND
        told = None if entry is None else _entry(entry)
        items.append(BatchAnswer.model_construct(key=item.key, code=code, entry=told))
    missing = sum(key not in found for key in keys)
    await run_in_threadpool(
        serving.reads.budget.count, reader, hits=len(keys) - missing, misses=missing
    )
    return json_answer(request, BatchAnswers.model_construct(items=items), headers={})


@router.post(
    "/crosswalk/lookup",
    summary="Look one record up whose key is a document",
    response_model=Entry,
    responses=refusals(404, 413),
)
async def look_document_up(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    key: RecordKey,
    as_of: AsOf = None,
) -> Response:
    """The same as by address, for any source.

    Where a source's local ID is itself a CPF, CNS or NIS it must not stand in an address, and
    this is the only way.
    """
    found = await answered(
        serving,
        reader,
        AuditAction.CROSSWALK_READ,
        lambda: serving.reads.crosswalk(reader, (key.source, key.local_id), as_of=as_of),
        quick=as_of is None,
    )
    serving.reads.budget.count(reader, hits=1, misses=0)
    return json_answer(request, _entry(found), headers={})


@router.get(
    "/crosswalk/{source}/{local_id}",
    summary="Look one record up",
    response_model=Entry,
    responses=VERSIONED | refusals(404),
)
async def look_up(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    source: Slug,
    local_id: Annotated[str, Path(min_length=1, max_length=200, pattern=PRINTED)],
    as_of: AsOf = None,
) -> Response:
    """The citizen that a record belongs to.

    `status` tells whether the record is active, withdrawn or superseded at its source, still
    pending here, or its citizen dormant. Sources whose local ID is the number of a document
    answer `post_only`: use `POST /crosswalk/lookup`.
    """
    found = await answered(
        serving,
        reader,
        AuditAction.CROSSWALK_READ,
        lambda: serving.reads.crosswalk(reader, (source, local_id), as_of=as_of, in_path=True),
        quick=as_of is None,
    )
    serving.reads.budget.count(reader, hits=1, misses=0)
    return json_answer(request, _entry(found), headers={})


def _entry(found: CrosswalkEntry) -> Entry:
    """Not checked again: the service's own answer has these fields, and there may be thousands."""
    return Entry.model_construct(
        source=found.source,
        local_id=found.local_id,
        municipal_id=found.municipal_id,
        status=found.status,
        link_status=found.link_status,
        linked_at=found.linked_at,
    )
