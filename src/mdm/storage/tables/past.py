"""What the ledger does not tell of the past: whose numbers were, and when golden values changed."""

from sqlmodel import Index

from mdm.storage.tables.base import (
    STRICT,
    WITHOUT_ROWID,
    Registry,
    maybe_num,
    maybe_txt,
    num,
    txt,
)


class OwnershipSpan(Registry, table=True):
    """From which transaction on, and until which, a number was found not to be a record's own.

    `value_hash` is that of the number and its kind (`domain.identifier_judgement`); `state` is
    not_theirs or contested; `until_tx` is empty while it holds.
    """

    __tablename__ = "ownership_span"
    __table_args__ = (Index(None, "record_id"), STRICT)

    span_id: int = num(key=True)
    record_id: int = num()
    identifier: str = txt()
    value_hash: str = txt()
    state: str = txt()
    from_tx: int = num()
    until_tx: int | None = maybe_num()
    row_check: int = num()


class GoldenChange(Registry, table=True):
    """A transaction after which a citizen has other golden values, or has them no longer.

    The digests are `golden_record.content_digest`, empty where there was none. The first build of
    a registry writes no row: what a citizen was minted with is `digest_before` of their first one.
    """

    __tablename__ = "golden_change"
    __table_args__ = (Index(None, "tx_id"), WITHOUT_ROWID)

    municipal_id: str = txt(key=True)
    tx_id: int = num(key=True)
    digest_before: str | None = maybe_txt()
    digest_after: str | None = maybe_txt()
    row_check: int = num()
