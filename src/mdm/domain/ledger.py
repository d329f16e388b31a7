"""The header of a transaction and the kinds of ledger events that the registry stores."""

from dataclasses import dataclass
from enum import StrEnum


class LedgerKind(StrEnum):
    """What one ledger event says; the present state is the fold of these.

    `detail` holds: for `place`, `move` and `relink` the link status, for `anchor` the former
    anchor's record_id, for `ambiguous` the day it ends (None: it has ended), for `record_state`
    the new state, for the `judge*` kinds the judgement_id, for the `override*` kinds the
    override_id, for `seal` and `unseal` the seal_id.
    """

    MINT = "mint"
    PLACE = "place"
    MOVE = "move"
    UNPLACE = "unplace"
    RELINK = "relink"
    ANCHOR = "anchor"
    WITHDRAW_ID = "withdraw_id"
    REINSTATE_ID = "reinstate_id"
    TOMBSTONE_ID = "tombstone_id"
    AMBIGUOUS = "ambiguous"
    RECORD_STATE = "record_state"
    JUDGE = "judge"
    JUDGE_UNDO = "judge_undo"
    JUDGE_SUSPEND = "judge_suspend"
    JUDGE_RESUME = "judge_resume"
    JUDGE_IDENTIFIER = "judge_identifier"
    JUDGE_IDENTIFIER_UNDO = "judge_identifier_undo"
    JUDGE_IDENTIFIER_SUSPEND = "judge_identifier_suspend"
    OVERRIDE = "override"
    OVERRIDE_UNDO = "override_undo"
    OVERRIDE_LAPSE = "override_lapse"
    SEAL = "seal"
    UNSEAL = "unseal"


@dataclass(frozen=True, slots=True, kw_only=True)
class TxHeader:
    """Who opens a write transaction and why; stored with everything the transaction writes.

    Attributes:
        kind: The command ("load", "apply", "judge", ...).
        actor: Account or process that acts.
        purpose: Purpose of use.
        request: Request ID of the caller, if any.
        cause: What led to it (a load, an event of a source), if any.
        plan_id: Plan that is applied or reverted, if any.
        model_version: Linkage model whose weights are used, if any.
    """

    kind: str
    actor: str
    purpose: str = "registry"
    request: str | None = None
    cause: str | None = None
    plan_id: int | None = None
    model_version: str | None = None
