"""One citizen, and searches for few."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from mdm.domain.audit import AuditAction
from mdm.domain.visibility import Field
from mdm.errors import PostOnlyError, UsageError
from mdm.services.citizen_state import Question
from mdm.services.find_citizens import Wanted
from mdm_api import API
from mdm_api.answering import PersonalReader, answered, json_answer
from mdm_api.dependencies import ServingDep
from mdm_api.schemas.citizens import PRINTED, Citizen, Hits, Search, Slug
from mdm_api.schemas.problem import VERSIONED, refusals

router = APIRouter(prefix=API, tags=["citizens"])
AsOf = Annotated[
    str | None,
    Query(
        description="What was answered on that day (its end, UTC) or at that time.",
        examples=["2026-03-10"],
        max_length=40,
    ),
]


@router.get(
    "/citizens/{municipal_id}",
    summary="Read one citizen",
    response_model=Citizen,
    responses=VERSIONED | refusals(404, 409, 410),
)
async def read_citizen(
    request: Request,
    *,
    serving: ServingDep,
    reader: PersonalReader,
    municipal_id: Annotated[str, Path(max_length=40)],
    as_of: AsOf = None,
    reveal: Annotated[
        list[Field] | None,
        Query(description="Groups of fields to show whole where the reader may ask for that."),
    ] = None,
    source: Annotated[
        Slug | None, Query(description="With `local_id`: the record meant by an ambiguous ID.")
    ] = None,
    local_id: Annotated[str | None, Query(max_length=200, pattern=PRINTED)] = None,
) -> Response:
    """The citizen that a municipal ID names, as far as the reader may see them.

    Hyphen, space and case are forgiven, and O for 0, I and L for 1. A merged ID answers with the
    citizen that it names now: `requested_id` is the one asked for, `event` the merge, and
    `Content-Location` the present address; do not store it as a redirect, a merge may be undone.
    An ID that was told to holders of both parts of a split is ambiguous for 90 days: alone it
    answers 409, with the source and local ID of the record it names the right citizen.
    """
    if (source is None) != (local_id is None):
        raise UsageError("source and local_id go together")
    about = None
    if source is not None and local_id is not None:
        if serving.reads.is_document(source):
            raise PostOnlyError("this source's local ID is the number of a document", where=source)
        about = (source, local_id)
    question = Question(municipal_id=municipal_id, as_of=as_of, about=about)
    asked = frozenset(reveal or ())
    answer = await answered(
        serving,
        reader,
        AuditAction.CITIZEN_REVEAL if asked else AuditAction.CITIZEN_READ,
        lambda: serving.reads.citizen(reader, question, asked),
        quick=as_of is None,
    )
    headers = {}
    if answer.requested_id != answer.municipal_id:
        headers["Content-Location"] = f"/api/v1/citizens/{answer.municipal_id}"
    return json_answer(request, Citizen.model_validate(answer), headers=headers)


@router.post(
    "/citizens/search",
    summary="Find citizens",
    response_model=Hits,
    responses=refusals(413),
)
async def search_citizens(
    request: Request, serving: ServingDep, reader: PersonalReader, search: Search
) -> Response:
    """Find citizens by an identifier, or by name and birth date; never by a name alone.

    At most 20, best first; how many there are is not told. Numbers and the mother's name are
    masked. Citizens of whom all is restricted are not found. Somebody who looks for many who are
    not there is stopped for a while.
    """
    given = search.identifier
    wanted = Wanted(
        kind=None if given is None else given.kind,
        value=None if given is None else given.value,
        source=None if given is None else given.source,
        name=search.name,
        birth_date=search.birth_date,
        mother=search.mother,
        dormant=search.dormant,
    )
    found = await answered(
        serving,
        reader,
        AuditAction.CITIZEN_SEARCH,
        lambda: serving.reads.search(reader, wanted),
    )
    return json_answer(request, Hits.model_validate(found), headers={})
