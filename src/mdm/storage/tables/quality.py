"""Control samples: pairs drawn at random, to be judged by stewards who do not know it."""

from sqlmodel import CheckConstraint, Index

from mdm.storage.tables.base import STRICT, WITHOUT_ROWID, Registry, maybe_num, maybe_txt, num, txt


class QualitySample(Registry, table=True):
    """One control sample; `strata` says what it was drawn from (JSON list, see `mdm quality`)."""

    __tablename__ = "quality_sample"
    __table_args__ = (STRICT,)

    sample_id: int = num(key=True)
    at: str = txt()
    plan_id: int | None = maybe_num()
    model_version: str = txt()
    seed: int = num()
    strata: str = txt()
    tx_id: int = num()
    row_check: int = num()


class QualityPair(Registry, table=True):
    """A pair of a control sample, with the content that was drawn.

    `held_verdict`: a steward's answer that waits for a word on who keeps the municipal ID.
    """

    __tablename__ = "quality_pair"
    __table_args__ = (
        CheckConstraint("record_l < record_r", name="pair_order"),
        Index(None, "record_l", "record_r"),
        WITHOUT_ROWID,
    )

    sample_id: int = num(key=True)
    record_l: int = num(key=True)
    record_r: int = num(key=True)
    stratum: str = txt()
    content_hash: str = txt()
    held_verdict: str | None = maybe_txt()
    row_check: int = num()
