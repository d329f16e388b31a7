"""Municipal IDs, who belongs together, and what was judged and told."""

from sqlmodel import CheckConstraint, Index

from mdm.domain.told_sets import ToldKind
from mdm.storage.tables.base import (
    STRICT,
    WITHOUT_ROWID,
    Registry,
    maybe_num,
    maybe_real,
    maybe_txt,
    num,
    one_of,
    real,
    txt,
    where_index,
)


class MunicipalIdRow(Registry, table=True):
    """Every ID ever issued, its immutable founder and the record that anchors it now."""

    __tablename__ = "municipal_id"
    __table_args__ = (
        one_of("state", ("active", "withdrawn", "tombstone")),
        Index(None, "founder_record_id"),
        Index(None, "anchor_record_id"),
        WITHOUT_ROWID,
    )

    municipal_id: str = txt(key=True)
    founder_record_id: int = num()
    anchor_record_id: int = num()
    minted_seq: int = num()
    state: str = txt()
    ambiguous_until: str | None = maybe_txt()
    row_check: int = num()


class Membership(Registry, table=True):
    """The citizen a record belongs to now; `seq` is the event that last changed the row."""

    __table_args__ = (
        one_of("link_status", ("alone", "automatic", "confirmed")),
        Index(None, "municipal_id"),
        STRICT,
    )

    record_id: int = num(key=True)
    municipal_id: str = txt()
    link_status: str = txt()
    weight: float | None = maybe_real()
    linked_at: str = txt()
    seq: int = num()
    row_check: int = num()


class ScoredPair(Registry, table=True):
    """A pair above the review threshold, as the last plan that scored it left it."""

    __tablename__ = "scored_pair"
    __table_args__ = (
        one_of("outcome", ("linked", "review", "refused")),
        CheckConstraint("record_l < record_r", name="pair_order"),
        Index(None, "record_r"),
        WITHOUT_ROWID,
    )

    record_l: int = num(key=True)
    record_r: int = num(key=True)
    match_weight: float = real()
    pattern: int = num()
    guard: str | None = maybe_txt()
    outcome: str = txt()
    plan_id: int | None = maybe_num()
    row_check: int = num()


class Judgement(Registry, table=True):
    """What a steward said of two records, with the content that was judged."""

    __table_args__ = (
        one_of("verdict", ("same", "different", "unsure")),
        one_of("state", ("active", "undone", "suspended")),
        CheckConstraint("record_l < record_r", name="pair_order"),
        Index(None, "record_l"),
        Index(None, "record_r"),
        where_index(
            "ux_judgement_active", "record_l", "record_r", where="state = 'active'", unique=True
        ),
        STRICT,
    )

    judgement_id: int = num(key=True)
    verdict: str = txt()
    record_l: int = num()
    record_r: int = num()
    content_hash_l: str = txt()
    content_hash_r: str = txt()
    actor: str = txt()
    reason: str | None = maybe_txt()
    at: str = txt()
    state: str = txt()
    tx_id: int = num()
    row_check: int = num()


class IdentifierJudgement(Registry, table=True):
    """What a steward said of one number of a record, with the content that was judged.

    `judgement_id` counts on with those of table `judgement`. `value_hash` is
    `identifier_hash` of record and number; empty once the record is erased.
    """

    __tablename__ = "identifier_judgement"
    __table_args__ = (
        one_of("identifier", ("cpf", "cns", "nis")),
        one_of("verdict", ("own", "not_theirs")),
        one_of("state", ("active", "undone", "suspended")),
        Index(None, "record_id"),
        where_index(
            "ux_identifier_judgement_active",
            "record_id",
            "identifier",
            "value_hash",
            "actor",
            where="state = 'active'",
            unique=True,
        ),
        STRICT,
    )

    judgement_id: int = num(key=True)
    record_id: int = num()
    identifier: str = txt()
    value_hash: str | None = maybe_txt()
    verdict: str = txt()
    content_hash: str = txt()
    actor: str = txt()
    reason: str | None = maybe_txt()
    at: str = txt()
    state: str = txt()
    tx_id: int = num()
    row_check: int = num()


class Told(Registry, table=True):
    """Who was told which ID for which record (0: without a record), first and last."""

    __table_args__ = (WITHOUT_ROWID,)

    municipal_id: str = txt(key=True)
    holder: str = txt(key=True)
    record_id: int = num(key=True)
    first_at: str = txt()
    last_at: str = txt()
    row_check: int = num()


class FeedMark(Registry, table=True):
    """How far a system has read the feed of changes: a transaction's time, and an ID in it."""

    __tablename__ = "feed_mark"
    __table_args__ = STRICT

    holder: str = txt(key=True)
    at: str = txt()
    citizen: str = txt()
    row_check: int = num()


class ToldSetRow(Registry, table=True):
    """What exports told: those between which no record came or moved are one row.

    `source` is empty where all sources were told; `tx_id` is the last transaction that was seen.
    """

    __tablename__ = "told_set"
    __table_args__ = (one_of("kind", ToldKind), WITHOUT_ROWID)

    holder: str = txt(key=True)
    kind: str = txt(key=True)
    source: str = txt(key=True)
    tx_id: int = num(key=True)
    first_at: str = txt()
    last_at: str = txt()
    row_check: int = num()


class ToldMark(Registry, table=True):
    """How far each audit chain is noted in `told`; `hash` is that of its entry `n`."""

    __tablename__ = "told_mark"
    __table_args__ = STRICT

    chain: str = txt(key=True)
    n: int = num()
    hash: str = txt()
    row_check: int = num()
