"""A reader before the registry: which records they may know of, and how values are shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from mdm.domain import visibility
from mdm.domain.access import Reader, Role
from mdm.domain.visibility import Field, Flag, Shown, Side
from mdm.errors import ForbiddenError
from mdm.ports import ReadSession
from mdm.services.seals import Hidden, unsealed


@dataclass(frozen=True, slots=True)
class Sight:
    """What one reader sees.

    Attributes:
        reader: Who reads.
        own: Sources on the reader's own side.
    """

    reader: Reader
    own: frozenset[str]

    def side(self, source: str) -> Side:
        """On whose side a source is."""
        return Side.OWN if source in self.own else Side.OTHER

    def shown(self, source: str | None, flags: Iterable[Flag], field: Field) -> Shown:
        """How what a source says is shown; None where no source says it."""
        side = Side.OTHER if source is None else self.side(source)
        return self.shown_on(side, flags, field)

    def shown_on(self, side: Side, flags: Iterable[Flag], field: Field) -> Shown:
        """The same for one side."""
        return visibility.shown(self.reader.role, side, self.reader.purpose, flags, field)

    def sees(self, flags: Iterable[Flag], field: Field) -> bool:
        """Whether anything of a group of fields is shown, of whatever source."""
        given = tuple(flags)
        return any(self.shown_on(side, given, field) is not Shown.HIDDEN for side in Side)

    def visible(self, record: str) -> str:
        """SQL condition on an alias of table `record`: whether the reader may know of it.

        It belongs into every query over records: what is left out is not counted, ranked,
        hinted at or timed.
        """
        sides = visibility.sees_restricted(self.reader.role, self.reader.purpose)
        rest = "true" if self.sees_sealed else unsealed(record)
        if sides == frozenset(Side):
            return rest
        if Side.OWN in sides and self.own:
            # Names of sources are slugs, checked when they are declared.
            listed = ", ".join(f"'{name}'" for name in sorted(self.own))
            return f"(NOT {record}.restricted OR ({record}.source IN ({listed}) AND {rest}))"
        return f"NOT {record}.restricted"

    @property
    def sees_sealed(self) -> bool:
        """Whether the reader may know of sealed citizens."""
        return visibility.sees_sealed(self.reader.role, self.reader.purpose)

    def may_know(self, source: str, hidden: Hidden) -> bool:
        """The same of one record that was read already."""
        if hidden is Hidden.SEALED and not self.sees_sealed:
            return False
        sides = visibility.sees_restricted(self.reader.role, self.reader.purpose)
        return hidden is Hidden.NO or self.side(source) in sides


def sight_of(session: ReadSession, reader: Reader) -> Sight:
    """What a reader sees.

    Raises:
        ForbiddenError: Nobody: the role may not read citizens for this purpose.
    """
    if not visibility.sees_anybody(reader.role, reader.purpose):
        raise ForbiddenError("this role may not read citizens for this purpose")
    if reader.role is Role.SYSTEM:
        return Sight(reader, reader.sources)
    rows = session.rows(
        "SELECT name FROM source WHERE sector = :sector ORDER BY name", {"sector": reader.sector}
    )
    return Sight(reader, frozenset(str(row["name"]) for row in rows))
