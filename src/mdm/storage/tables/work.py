"""Plans, review items and golden records."""

from sqlmodel import Field, Index

from mdm.domain.golden_record import OverrideState
from mdm.storage.tables.base import (
    STRICT,
    Registry,
    maybe_num,
    maybe_real,
    maybe_txt,
    num,
    one_of,
    txt,
    where_index,
)
from mdm.storage.tables.lookups import number_indexes


class Plan(Registry, table=True):
    """What a link run would change; `items` is a Parquet file, `items_digest` its SHA-256."""

    __table_args__ = (one_of("state", ("proposed", "applied", "reverted", "refused")), STRICT)

    plan_id: int = num(key=True)
    state: str = txt()
    base_seq: int = num()
    model_version: str | None = maybe_txt()
    inputs_digest: str = txt()
    counts: str = txt()
    items: bytes = Field()
    items_digest: str = txt()
    applied_tx: int | None = maybe_num()
    reverted_tx: int | None = maybe_num()
    at: str = txt()
    row_check: int = num()


class ReviewItem(Registry, table=True):
    """A question for a steward about one pair (or one record: `record_r` empty)."""

    __tablename__ = "review_item"
    __table_args__ = (
        one_of("state", ("open", "claimed", "decided", "stale")),
        Index(None, "record_l"),
        Index(None, "record_r"),
        where_index(
            "ux_review_item_waiting",
            "kind",
            "record_l",
            "record_r",
            where="state IN ('open', 'claimed')",
            unique=True,
        ),
        STRICT,
    )

    review_id: int = num(key=True)
    kind: str = txt()
    record_l: int = num()
    record_r: int | None = maybe_num()
    state: str = txt()
    match_weight: float | None = maybe_real()
    match_probability: float | None = maybe_real()
    reason: str | None = maybe_txt()
    group_id: int | None = maybe_num()
    priority: float | None = maybe_real()
    content_hash: str | None = maybe_txt()
    claimed_by: str | None = maybe_txt()
    lease_until: str | None = maybe_txt()
    plan_id: int | None = maybe_num()
    judgement_id: int | None = maybe_num()
    row_check: int = num()


class GoldenOverride(Registry, table=True):
    """A golden value that a steward set in place of what a record says.

    `value` is what the steward gave, as a source would give it (empty: the citizen has none, or
    the record is erased); `judged` is the digest of what the record said then.
    """

    __tablename__ = "golden_override"
    __table_args__ = (
        one_of("state", OverrideState),
        Index(None, "record_id"),
        where_index(
            "ux_golden_override_active",
            "record_id",
            "attribute",
            where="state = 'active'",
            unique=True,
        ),
        STRICT,
    )

    override_id: int = num(key=True)
    record_id: int = num()
    attribute: str = txt()
    value: str | None = maybe_txt()
    judged: str = txt()
    actor: str = txt()
    reason: str | None = maybe_txt()
    at: str = txt()
    state: str = txt()
    tx_id: int = num()
    row_check: int = num()


class GoldenRecord(Registry, table=True):
    """One citizen's values; lists and the address as JSON, `lineage` names record and rule.

    Rows are quickest to write in the order of municipal_id.
    """

    __tablename__ = "golden_record"
    __table_args__ = (
        Index(None, "birth_date", "name_key"),
        Index(None, "cpf"),
        Index(None, "inep_id"),
        *number_indexes(),
        STRICT,
    )

    municipal_id: str = txt(key=True)
    name: str | None = maybe_txt()
    name_key: str | None = maybe_txt()
    social_name: str | None = maybe_txt()
    mother: str | None = maybe_txt()
    father: str | None = maybe_txt()
    birth_date: str | None = maybe_txt()
    sex: str | None = maybe_txt()
    race: str | None = maybe_txt()
    cpf: str | None = maybe_txt()
    cns: str | None = maybe_txt()
    nis: str | None = maybe_txt()
    inep_id: str | None = maybe_txt()
    phones: str | None = maybe_txt()
    emails: str | None = maybe_txt()
    address: str | None = maybe_txt()
    deceased_on: str | None = maybe_txt()
    deceased_status: str | None = maybe_txt()
    sources: str | None = maybe_txt()
    record_count: int = num()
    lineage: str = txt()
    content_digest: str = txt()
    row_check: int = num()
