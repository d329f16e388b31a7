"""What an invariant of the registry is, as `mdm verify` asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant.

    Attributes:
        name: Its number in the list of invariants, and what it says.
        over: The table whose rows it looks at.
        broken: SELECT of one text column that names each row breaking it.
    """

    name: str
    over: str
    broken: str
