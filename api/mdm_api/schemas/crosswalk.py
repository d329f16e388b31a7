"""From record keys to citizens."""

from typing import Annotated

from pydantic import Field, StringConstraints

from mdm_api.schemas import Given, Told
from mdm_api.schemas.citizens import PRINTED, Slug

MOST = 10_000
LocalId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTED)]


class RecordKey(Given):
    """A record, as its source names it."""

    source: Slug
    local_id: LocalId


class Entry(Told):
    """The citizen that a record belongs to."""

    source: str
    local_id: str
    municipal_id: str | None = Field(description="null while the record belongs to nobody.")
    status: str = Field(
        description="active, dormant, withdrawn, superseded; pending: not placed yet."
    )
    link_status: str | None = Field(description="alone, automatic, or confirmed by a steward.")
    linked_at: str | None


class BatchItem(RecordKey):
    """A record under a key of the caller's own."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Batch(Given):
    """Up to ten thousand records."""

    items: Annotated[list[BatchItem], Field(min_length=1, max_length=MOST)]


class BatchAnswer(Told):
    """The answer to one item: `code` 200 with an entry, or 404."""

    key: str
    code: int
    entry: Entry | None = None


class BatchAnswers(Told):
    """One answer for each item, in their order."""

    items: list[BatchAnswer]
