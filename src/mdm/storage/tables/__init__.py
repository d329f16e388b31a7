"""The registry's tables: the contract of `docs/architecture.md`, declared with SQLModel.

Every state table ends in `row_check`, two 31-bit checksums over its cells (`row_check.py`);
storage fills and checks it, callers neither give nor read it. Times are UTC ISO text. No table
model is ever bound to a request: rows move as Arrow or as plain dictionaries.
"""

from mdm.storage.tables.access import Account, Client
from mdm.storage.tables.base import CHECK_COLUMN, Registry, declared_tables, table_of
from mdm.storage.tables.identity import (
    FeedMark,
    IdentifierJudgement,
    Judgement,
    Membership,
    MunicipalIdRow,
    ScoredPair,
    Told,
    ToldMark,
    ToldSetRow,
)
from mdm.storage.tables.ledger import LedgerEvent, LedgerTx, StateDigest
from mdm.storage.tables.past import GoldenChange, OwnershipSpan
from mdm.storage.tables.quality import QualityPair, QualitySample
from mdm.storage.tables.records import Issue, Load, Quarantine, Record, RecordVersion, Source
from mdm.storage.tables.seals import SealedRecord, SealRow
from mdm.storage.tables.work import GoldenOverride, GoldenRecord, Plan, ReviewItem

__all__ = [
    "CHECK_COLUMN",
    "Account",
    "Client",
    "FeedMark",
    "GoldenChange",
    "GoldenOverride",
    "GoldenRecord",
    "IdentifierJudgement",
    "Issue",
    "Judgement",
    "LedgerEvent",
    "LedgerTx",
    "Load",
    "Membership",
    "MunicipalIdRow",
    "OwnershipSpan",
    "Plan",
    "QualityPair",
    "QualitySample",
    "Quarantine",
    "Record",
    "RecordVersion",
    "Registry",
    "ReviewItem",
    "ScoredPair",
    "SealRow",
    "SealedRecord",
    "Source",
    "StateDigest",
    "Told",
    "ToldMark",
    "ToldSetRow",
    "declared_tables",
    "table_of",
]
