"""What is noted of a read: who, why, whom, which fields; never a name, a date or a number."""

from dataclasses import dataclass
from enum import StrEnum

from mdm.domain.access import Reader
from mdm.domain.told_sets import ToldSet


class AuditAction(StrEnum):
    """What was done."""

    CITIZEN_READ = "citizen.read"
    CITIZEN_SEARCH = "citizen.search"
    CITIZEN_REVEAL = "citizen.reveal"
    DOCUMENT_CHECK = "document.check"
    CROSSWALK_READ = "crosswalk.read"
    CROSSWALK_BATCH = "crosswalk.batch"
    CROSSWALK_EXPORT = "crosswalk.export"
    CHANGES_READ = "changes.read"
    REVIEW_LIST = "review.list"
    REVIEW_READ = "review.read"
    REVIEW_WRITE = "review.write"
    LOGIN = "login"
    LOGOUT = "logout"
    TOKEN = "token"  # noqa: S105 - an action's name


OK = "ok"
"""The outcome of what was answered; a refusal's outcome is its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One read, as it is noted before it is answered.

    Attributes:
        actor: Name of the account or client.
        client: Key of the client, if one asks.
        role: Role of the reader.
        purpose: Code of the purpose, if one was stated.
        action: What was done.
        request_id: Of the request.
        outcome: `OK`, or the code of the refusal.
        municipal_ids: IDs concerned, found or asked for.
        records: Numbers of the records concerned.
        fields: Names of the fields that left; never their values.
        holder: Who is told the IDs, where any leave.
        told: (municipal ID, record number or 0) of each ID that leaves.
        told_set: Those of an export.
        feed_read: How far the holder has read the feed (a cursor of an earlier answer).
    """

    actor: str
    client: str | None
    role: str
    purpose: str | None
    action: str
    request_id: str
    outcome: str = OK
    municipal_ids: tuple[str, ...] = ()
    records: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    holder: str | None = None
    told: tuple[tuple[str, int], ...] = ()
    told_set: ToldSet | None = None
    feed_read: str | None = None


def entry_of(
    reader: Reader,
    action: AuditAction,
    *,
    outcome: str = OK,
    municipal_ids: tuple[str, ...] = (),
    records: tuple[int, ...] = (),
    fields: tuple[str, ...] = (),
    told: tuple[tuple[str, int], ...] = (),
    told_set: ToldSet | None = None,
    feed_read: str | None = None,
) -> AuditEntry:
    """The entry of a reader's request; see `AuditEntry`."""
    leaves = bool(told) or told_set is not None or feed_read is not None
    return AuditEntry(
        actor=reader.actor,
        client=reader.client_id,
        role=reader.role,
        purpose=reader.purpose,
        action=action,
        request_id=reader.request_id,
        outcome=outcome,
        municipal_ids=municipal_ids,
        records=records,
        fields=fields,
        holder=reader.holder if leaves else None,
        told=told,
        told_set=told_set,
        feed_read=feed_read,
    )
