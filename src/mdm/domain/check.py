"""The result of one check of the registry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Attributes:
        name: Which rule.
        ok: Whether it holds.
        rows: How many rows were looked at.
        first: The first thing that differs: table, key and column; never a value.
    """

    name: str
    ok: bool
    rows: int
    first: str | None = None
