"""Who reads, in which role and for what: the reader that every answer is measured against."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an account or a client may be; an account has exactly one."""

    CASEWORKER = "caseworker"
    STEWARD = "steward"
    SUPERVISOR = "supervisor"
    DATA_OWNER = "data_owner"
    OPERATOR = "operator"
    SYSTEM = "system"
    AUDITOR = "auditor"
    DATA_PROTECTION_OFFICER = "data_protection_officer"


class Purpose(StrEnum):
    """What personal data may be read for: the closed list of `X-Purpose-Of-Use`."""

    CARE = "care"
    RECORD_UPDATE = "record_update"
    OUTREACH = "outreach"
    CITIZEN_REQUEST = "citizen_request"
    COURT_ORDER = "court_order"
    STEWARDSHIP = "stewardship"
    INTEGRATION = "integration"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One authenticated reader of one request.

    Attributes:
        actor: Name of the account, or of the client: who acts, in ledger and audit.
        role: Its role.
        sector: Its sector ("health", "education", "social", ...).
        unit: Its unit within the sector, if it has one.
        client_id: Key of the client; None for an account.
        sources: Sources that a client may speak for; empty for an account.
        purpose: What it reads for; None where the request states none.
        request_id: Of the caller, or drawn by the service.
    """

    actor: str
    role: Role
    sector: str
    unit: str | None = None
    client_id: str | None = None
    sources: frozenset[str] = frozenset()
    purpose: Purpose | None = None
    request_id: str

    @property
    def holder(self) -> str:
        """The name under which IDs that leave are noted as told."""
        return self.actor
