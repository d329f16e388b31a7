"""Sources, their deliveries, and the records received."""

from sqlmodel import Index

from mdm.storage.tables.base import (
    STRICT,
    WITHOUT_ROWID,
    Registry,
    flag,
    maybe_num,
    maybe_txt,
    num,
    one_of,
    txt,
    where_index,
)
from mdm.storage.tables.lookups import household_index


class Source(Registry, table=True):
    """A declared source."""

    __table_args__ = STRICT

    name: str = txt(key=True)
    sector: str = txt()
    layout: str = txt()
    declaration: str = txt()
    declaration_hash: str = txt()
    tx_id: int = num()
    row_check: int = num()


class Load(Registry, table=True):
    """One delivery of a source; read = new + changed + unchanged + reinstated + quarantined."""

    __table_args__ = (
        one_of("state", ("applied", "held", "refused")),
        Index(None, "source"),
        STRICT,
    )

    load_id: int = num(key=True)
    source: str = txt()
    state: str = txt()
    scopes: str = txt()
    files: str = txt()
    read: int = num()
    new: int = num()
    changed: int = num()
    unchanged: int = num()
    reinstated: int = num()
    withdrawn: int = num()
    quarantined: int = num()
    issues: int = num()
    held_reason: str | None = maybe_txt()
    content_digest: str | None = maybe_txt()
    tx_id: int = num()
    row_check: int = num()


class Record(Registry, table=True):
    """A record, named outside by (source, local_id); `record_id` is never reused."""

    __table_args__ = (
        one_of("state", ("pending", "present", "withdrawn", "superseded", "erased")),
        Index(None, "source", "local_id", unique=True),
        Index(None, "last_load_id"),
        where_index("ix_record_pending", "record_id", where="state = 'pending'"),
        where_index("ix_record_superseded", "record_id", where="state = 'superseded'"),
        STRICT,
    )

    record_id: int = num(key=True)
    source: str = txt()
    local_id: str = txt()
    scope: str | None = maybe_txt()
    state: str = txt()
    version: int = num()
    content_hash: str = txt()
    last_load_id: int = num()
    stale: bool = flag()
    restricted: bool = flag()
    row_check: int = num()


class RecordVersion(Registry, table=True):
    """Content as received; `content_hash` is the MD5 of `payload` in hex."""

    __tablename__ = "record_version"
    __table_args__ = (household_index(), WITHOUT_ROWID)

    record_id: int = num(key=True)
    version: int = num(key=True)
    load_id: int = num()
    content_hash: str = txt()
    payload: str = txt()
    row_check: int = num()


class Issue(Registry, table=True):
    """A received value that could not be used; never the value itself."""

    # What a delta asks of all issues: the marks of merges, and whose numbers are in doubt.
    __table_args__ = (
        Index(None, "record_id"),
        Index(None, "load_id"),
        where_index("ix_issue_mark", "record_id", where="field = 'merged_into'"),
        where_index(
            "ix_issue_ownership", "record_id", where="reason IN ('not_theirs', 'contested')"
        ),
        STRICT,
    )

    issue_id: int = num(key=True)
    load_id: int = num()
    record_id: int = num()
    field: str = txt()
    value_class: str = txt()
    reason: str = txt()
    row_check: int = num()


class Quarantine(Registry, table=True):
    """A row that could not be named; waits for `quarantine reload`."""

    __table_args__ = (Index(None, "source", "local_id"), Index(None, "load_id"), STRICT)

    quarantine_id: int = num(key=True)
    load_id: int = num()
    source: str = txt()
    file: str = txt()
    line: int | None = maybe_num()
    local_id: str | None = maybe_txt()
    reason: str = txt()
    content: str | None = maybe_txt()
    resolved_load_id: int | None = maybe_num()
    row_check: int = num()
