"""The feed of changes."""

from pydantic import Field

from mdm_api.schemas import Told


class FeedEntry(Told):
    """How a record, or an ID, stands after a transaction that changed it.

    An entry about a record has `source` and `local_id`, one about an ID has `id_state`; one
    about golden values is `golden_changed`.
    """

    at: str = Field(description="Of two entries about one record or ID the later one counts.")
    change: str = Field(
        description="Of a record: linked, moved, merged, split, unlinked, relinked, status. "
        "Of an ID: merged, split, ambiguous, settled, retired, reinstated. Of a citizen's "
        "golden values: golden_changed."
    )
    municipal_id: str | None = Field(
        description="The record's citizen now (null: nobody's); the ID that the entry is about."
    )
    source: str | None
    local_id: str | None
    former_id: str | None = Field(description="The citizen that the record had before.")
    record_status: str | None
    link_status: str | None
    id_state: str | None = Field(description="active, withdrawn, tombstone.")
    resolves_to: str | None = Field(description="The present ID of the citizen that the ID names.")
    ambiguous_until: str | None = Field(description="Until this day the ID does not answer alone.")
    golden_digest: str | None = Field(
        description="Of golden_changed: equal digests, equal values; null: there are none any more."
    )


class Feed(Told):
    """Entries in the order of their transactions."""

    changes: list[FeedEntry]
    cursor: str = Field(description="Send it as `after` next time, also where nothing was told.")
    more: bool = Field(description="Whether there may be more at once.")
