"""Questions for stewards."""

from typing import Annotated, TypeVar

from pydantic import Field, StringConstraints

from mdm.domain.judgement import Verdict
from mdm_api.schemas import Given, Told
from mdm_api.schemas.citizens import PRINTED, Attended, Value

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=500, pattern=PRINTED),
]


T = TypeVar("T")
Two = Annotated[list[T], Field(min_length=2, max_length=2)]
"""One of each record. No tuple: generators of clients do not know those."""


class Review(Told):
    """A question about two records."""

    review_id: int
    kind: str
    guard: str | None = Field(description="What forbids the machine to join the two.")
    state: str = Field(description="open, claimed, decided, stale.")
    match_weight: float | None
    match_probability: float | None
    group_id: int | None
    names: Two[str | None]
    sources: Two[str]
    municipal_ids: Two[str | None]
    claimed_by: str | None
    lease_until: str | None
    needs_second: bool
    first_steward: str | None
    decided_by: str | None
    verdict: str | None
    judgement_id: int | None


class Reviews(Told):
    """Questions that wait, in the order in which to answer them."""

    items: list[Review]
    next: str | None = Field(description="Cursor of the next page; null at the end.")


class Side(Told):
    """One of the two records."""

    source: str
    local_id: str
    municipal_id: str | None
    record_status: str
    service: Attended
    values: dict[str, list[Value]]
    companions: list[str] = Field(description="Sources of the citizen's other records.")


class Finding(Told):
    """What one comparison found."""

    comparison: str
    level: str
    bits: float


class Evidence(Told):
    """The match weight in steps, in bits, that add up to it."""

    weight: float
    prior: float
    findings: list[Finding]
    relatives: float
    rarity: float


class ReviewDetail(Review):
    """A question with both records and the evidence; its ETag is what a decision must name."""

    sides: Two[Side]
    evidence: Evidence | None
    sentences: tuple[str, ...] = Field(
        description="The evidence in two plain Portuguese sentences: what was found, what would "
        "settle it."
    )


class Decision(Given):
    """A steward's answer."""

    verdict: Verdict
    reason: Reason = Field(description="In the steward's words; it names nobody.")


class Outcome(Told):
    """What became of an answer."""

    review_id: int
    judgement_id: int
    verdict: str
    state: str = Field(description="active; needs_second: another steward must answer; undone.")
    merged: int
    split: int
    moved: int
    municipal_ids: list[str]
