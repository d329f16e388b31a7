"""The seal on a citizen whom adoption or protection gives another identity.

The person begins anew as another citizen; of the earlier one nobody may learn, nor that the two
are one. A seal takes the whole citizen: all its records, and every ID that they anchor. A sealed
record is no evidence, is never asked about, never moves, and what its source goes on to say of it
is not stored.
"""

from enum import StrEnum
from typing import Final

FREED: Final = "sealed:"
"""What the local ID of a sealed record begins with once its source may use the former one anew."""


class SealReason(StrEnum):
    """On what ground a citizen is sealed; the ledger names it and tells nothing else of it."""

    ADOPTION = "adoption"
    PROTECTION = "protection"
    COURT_ORDER = "court_order"


class SealState(StrEnum):
    """Whether a seal is on."""

    ACTIVE = "active"
    UNDONE = "undone"


def freed_local_id(record_id: int) -> str:
    """What a sealed record is called whose local ID its source goes on to use for somebody new."""
    return f"{FREED}{record_id}"
