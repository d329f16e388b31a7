"""A record as survivorship sees it: its values, its source's standing, what is known of it."""

from dataclasses import dataclass
from datetime import date, datetime, time

from mdm.domain.standard_record import StandardRecord

PRESENT = "present"
WITHDRAWN_STATES = frozenset({"withdrawn", "superseded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """One record of a citizen.

    Attributes:
        record: Its comparable and shown values.
        state: "present"; "withdrawn" and "superseded" records give a value only where no present
            record has one; records in any other state give none.
        load_order: Grows with each load; settles which of two undated records is newer.
        trust: 0 to 100, as the source's declaration says.
        authoritative: Policy groups for which the source is declared authoritative.
        not_theirs: Columns of `record` whose number was judged to be another person's; as a
            record may hold several CNS, also one of them as `cns:<number>`.
        restricted: Flagged by a steward; a flag of the source stands in `record`.
    """

    record_id: int
    source: str
    record: StandardRecord
    state: str = PRESENT
    load_order: int = 0
    trust: int = 50
    authoritative: frozenset[str] = frozenset()
    not_theirs: frozenset[str] = frozenset()
    restricted: bool = False

    @property
    def is_restricted(self) -> bool:
        """Whether its source or a steward flagged it."""
        return self.restricted or self.record.restricted

    @property
    def eligible(self) -> bool:
        """Whether the common golden record may be built from it."""
        known = self.state == PRESENT or self.state in WITHDRAWN_STATES
        return known and not self.is_restricted

    @property
    def withdrawn(self) -> bool:
        """Whether it gives way to present records."""
        return self.state in WITHDRAWN_STATES

    @property
    def current_at(self) -> datetime | None:
        """When it was last known to be current: its update, else the last contact."""
        if self.record.updated_at is not None:
            return self.record.updated_at
        if self.record.last_contact_on is not None:
            return datetime.combine(self.record.last_contact_on, time.min)
        return None

    @property
    def active_on(self) -> date | None:
        """The last day that proves the person alive: a contact, or a service that had begun.

        An update of the record proves nothing, and a start ahead of it is only planned.
        """
        began, known = self.record.service_since, self.as_of
        has_begun = began is not None and known is not None and began <= known
        days = (self.record.last_contact_on, began if has_begun else None)
        return max((day for day in days if day is not None), default=None)

    @property
    def as_of(self) -> date | None:
        """The day of `current_at`."""
        at = self.current_at
        return None if at is None else at.date()
