"""How much a plan would change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanSize:
    """What a plan would do.

    Attributes:
        minted: New municipal IDs.
        linked: Records that join a citizen of more than one record.
        moved: Records that change from one citizen to another.
        merged: Present citizens that become part of an older one.
        split: Present citizens whose records part.
        review: Questions for stewards.
        changed_ids: Present citizens that lose a record.
    """

    minted: int
    linked: int
    moved: int
    merged: int
    split: int
    review: int
    changed_ids: int
