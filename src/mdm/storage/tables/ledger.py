"""The append-only ledger and the digests that each transaction leaves behind."""

from sqlmodel import Index

from mdm.domain.ledger import LedgerKind
from mdm.storage.tables.base import (
    STRICT,
    Registry,
    maybe_num,
    maybe_real,
    maybe_txt,
    num,
    one_of,
    txt,
)


class LedgerTx(Registry, table=True):
    """One committed command; `content_digest` chains and states what it left behind."""

    __tablename__ = "ledger_tx"
    __table_args__ = STRICT

    tx_id: int = num(key=True)
    at: str = txt()
    kind: str = txt()
    actor: str = txt()
    purpose: str = txt()
    request: str | None = maybe_txt()
    cause: str | None = maybe_txt()
    plan_id: int | None = maybe_num()
    model_version: str | None = maybe_txt()
    content_digest: str = txt()
    row_check: int = num()


class LedgerEvent(Registry, table=True):
    """One change of identity; `seq` has no gap."""

    __tablename__ = "ledger_event"
    __table_args__ = (
        one_of("kind", LedgerKind),
        Index(None, "record_id"),
        Index(None, "municipal_id"),
        Index(None, "tx_id"),
        STRICT,
    )

    seq: int = num(key=True)
    tx_id: int = num()
    kind: str = txt()
    record_id: int | None = maybe_num()
    municipal_id: str | None = maybe_txt()
    from_id: str | None = maybe_txt()
    weight: float | None = maybe_real()
    detail: str | None = maybe_txt()
    row_check: int = num()


class StateDigest(Registry, table=True):
    """Present rows and checksums of one state table, as the last transaction on it left them."""

    __tablename__ = "state_digest"
    __table_args__ = STRICT

    name: str = txt(key=True)
    rows: int = num()
    sum_a: int = num()
    sum_b: int = num()
    tx_id: int = num()
