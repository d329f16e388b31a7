"""Sealed citizens: `mdm.domain.seal` says what a seal does."""

from sqlmodel import Index

from mdm.domain.seal import SealReason, SealState
from mdm.storage.tables.base import STRICT, Registry, num, one_of, txt


class SealRow(Registry, table=True):
    """A seal that two people put on a citizen; `at` and `tx_id` are those of the sealing."""

    __tablename__ = "seal"
    __table_args__ = (
        one_of("reason", SealReason),
        one_of("state", SealState),
        Index(None, "municipal_id"),
        STRICT,
    )

    seal_id: int = num(key=True)
    municipal_id: str = txt()
    reason: str = txt()
    actor: str = txt()
    second: str = txt()
    at: str = txt()
    state: str = txt()
    tx_id: int = num()
    row_check: int = num()


class SealedRecord(Registry, table=True):
    """A record that is sealed now."""

    __tablename__ = "sealed_record"
    __table_args__ = STRICT

    record_id: int = num(key=True)
    seal_id: int = num()
    row_check: int = num()
