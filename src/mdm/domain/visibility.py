"""Who may see what of a citizen: one table, deny by default, and pure functions over it.

A line says for whom it holds (role, side, purposes, flags) and how each group of fields is shown.
The first line that holds decides; where none does, everything is hidden. A citizen with several
flags is shown as the strictest of them allows.

`own` is what sources of the reader's own sector say (for a client: sources it may speak for),
`other` what the other sources say: a phone that health knows is `other` to a school.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from mdm.domain.access import Purpose, Role


class Side(StrEnum):
    """Whose value it is, seen from the reader."""

    OWN = "own"
    OTHER = "other"


class Flag(StrEnum):
    """What a record or a citizen is marked as; `ORDINARY` where nothing is."""

    ORDINARY = "ordinary"
    RESTRICTED = "restricted"
    SEALED = "sealed"
    CHILD = "child"
    DECEASED = "deceased"


class Shown(StrEnum):
    """How a value leaves.

    `ON_REQUEST`: masked (the civil name: left out) until the reader asks for it whole, which is
    noted.
    """

    HIDDEN = "hidden"
    MASKED = "masked"
    ON_REQUEST = "on_request"
    SHOWN = "shown"


class Field(StrEnum):
    """Groups of fields, as the columns of the table.

    `NAME` is the name a person goes by, with the municipal ID; `CIVIL` the civil or former name
    where there is a nome social; `NICKNAME` is never a headline. `NUMBERS` are CNS, NIS, INEP ID
    and other documents. `RECORDS` are the records themselves: source, local ID, link. `DOUBTS`
    are open questions and the weights of links.
    """

    NAME = "name"
    CIVIL = "civil"
    NICKNAME = "nickname"
    BIRTH = "birth"
    RACE = "race"
    PARENTS = "parents"
    CPF = "cpf"
    NUMBERS = "numbers"
    CONTACTS = "contacts"
    ADDRESS = "address"
    DEATH = "death"
    SERVICES = "services"
    FAMILY = "family"
    RECORDS = "records"
    ORIGIN = "origin"
    DOUBTS = "doubts"


# `-` hidden, `m` masked, `r` on request, `s` shown. `*` stands for all, `attending` for ATTENDING.
# A change here is a change of policy: tests/golden/visibility.csv is kept by hand beside it.
_TABLE = """
role        side  purposes      flags       name civil nickname birth race parents cpf numbers contacts address death services family records origin doubts

caseworker  *     *             restricted  -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
caseworker  own   attending     ordinary    s    r     s        s     s    r       r   r       s        s       s     s        s      s       s      s
caseworker  own   attending     child       s    r     s        s     s    r       r   r       s        s       s     s        s      s       s      s
caseworker  own   attending     deceased    s    r     s        s     s    r       r   r       -        -       s     s        s      s       s      s
caseworker  other attending     ordinary    s    r     -        s     -    r       r   r       r        m       s     s        s      m       s      s
caseworker  other attending     child       s    -     -        s     -    m       m   m       -        -       s     s        m      m       s      s
caseworker  other attending     deceased    s    r     -        s     -    r       r   r       -        -       s     s        s      m       s      s
caseworker  *     other         ordinary    s    -     -        s     -    m       m   -       -        -       s     s        -      -       -      -
caseworker  *     other         deceased    s    -     -        s     -    m       m   -       -        -       s     s        -      -       -      -

supervisor  *     *             sealed      -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
supervisor  other *             restricted  -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
supervisor  own   attending     restricted  s    r     s        s     s    r       r   r       r        r       s     s        s      s       s      s
supervisor  own   attending     *           s    r     s        s     s    r       r   r       s        s       s     s        s      s       s      s
supervisor  other attending     child       s    r     -        s     -    r       r   r       -        -       s     s        m      m       s      s
supervisor  other attending     *           s    r     -        s     -    r       r   r       r        m       s     s        s      m       s      s
supervisor  own   stewardship   ordinary    s    r     s        s     s    s       r   r       s        s       s     s        s      s       s      s
supervisor  *     stewardship   ordinary    s    r     s        s     -    s       r   r       s        s       s     s        s      s       s      s
supervisor  *     stewardship   child       s    r     s        s     -    s       r   r       s        s       s     s        s      s       s      s
supervisor  *     stewardship   deceased    s    r     s        s     -    s       r   r       s        s       s     s        s      s       s      s

steward     *     *             sealed      -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
steward     *     *             restricted  -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
steward     *     stewardship   *           s    r     s        s     -    s       r   r       s        s       s     s        s      s       s      s
steward     *     record_update *           s    r     s        s     -    s       r   r       r        r       s     s        s      s       s      s

data_owner  *     *             sealed      -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
data_owner  other *             *           -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
data_owner  own   record_update restricted  s    r     s        s     s    r       r   r       r        r       s     s        s      s       s      -
data_owner  own   record_update *           s    r     s        s     s    s       r   r       s        s       s     s        s      s       s      -
data_owner  own   stewardship   ordinary    s    r     s        s     s    s       r   r       s        s       s     s        s      s       s      s

system      *     *             restricted  -    -     -        -     -    -       -   -       -        -       -     -        -      -       -      -
system      own   serving       ordinary    s    -     -        s     -    s       r   r       s        s       s     s        s      s       s      -
system      own   serving       child       s    -     -        s     -    s       r   r       s        s       s     s        s      s       s      -
system      own   serving       deceased    s    -     -        s     -    s       r   r       -        -       s     s        s      s       s      -
system      other serving       ordinary    s    -     -        s     -    m       m   -       -        -       s     s        -      -       s      -
system      other serving       child       s    -     -        s     -    m       m   -       -        -       s     s        -      -       s      -
system      other serving       deceased    s    -     -        s     -    m       m   -       -        -       s     s        -      -       s      -

data_protection_officer * oversight *        s    r     s        s     s    s       r   r       s        s       s     s        s      s       s      s
"""  # noqa: E501 - a table is read across

_PURPOSES = {
    "*": frozenset(Purpose),
    "attending": frozenset(
        {
            Purpose.CARE,
            Purpose.RECORD_UPDATE,
            Purpose.OUTREACH,
            Purpose.CITIZEN_REQUEST,
            Purpose.COURT_ORDER,
        }
    ),
    "serving": frozenset(
        {
            Purpose.CARE,
            Purpose.RECORD_UPDATE,
            Purpose.OUTREACH,
            Purpose.CITIZEN_REQUEST,
            Purpose.INTEGRATION,
        }
    ),
    "oversight": frozenset({Purpose.CITIZEN_REQUEST, Purpose.COURT_ORDER}),
    **{purpose.value: frozenset({purpose}) for purpose in Purpose},
}
_LEVELS = {
    "-": Shown.HIDDEN,
    "m": Shown.MASKED,
    "r": Shown.ON_REQUEST,
    "s": Shown.SHOWN,
}
_STRICTEST = tuple(Shown)
_KEYS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: for whom it holds, and what it says of each group of fields."""

    role: Role
    sides: frozenset[Side]
    purposes: frozenset[Purpose]
    flags: frozenset[Flag]
    shown: tuple[Shown, ...]

    def holds(self, role: Role, side: Side, purpose: Purpose, flag: Flag) -> bool:
        """Whether it decides, if no earlier line does."""
        return (
            role is self.role
            and side in self.sides
            and purpose in self.purposes
            and flag in self.flags
        )


@cache
def lines() -> tuple[Line, ...]:
    """The table, line by line."""
    head, *rest = [text.split() for text in _TABLE.splitlines() if text.strip() != ""]
    if tuple(head[_KEYS:]) != tuple(Field):
        raise ValueError("the columns of the table are not the groups of fields")
    return tuple(_line(cells) for cells in rest)


def _line(cells: list[str]) -> Line:
    role, side, purposes, flag = cells[:_KEYS]
    shown = tuple(_LEVELS[cell] for cell in cells[_KEYS:])
    if len(shown) != len(Field):
        raise ValueError(f"a line for {role} lacks columns")
    return Line(
        role=Role(role),
        sides=frozenset(Side) if side == "*" else frozenset({Side(side)}),
        purposes=_PURPOSES[purposes],
        flags=frozenset(Flag) if flag == "*" else frozenset({Flag(flag)}),
        shown=shown,
    )


@cache
def _cells(role: Role, side: Side, purpose: Purpose, flag: Flag) -> tuple[Shown, ...]:
    for line in lines():
        if line.holds(role, side, purpose, flag):
            return line.shown
    return (Shown.HIDDEN,) * len(Field)


@cache
def _strictest(
    role: Role, side: Side, purpose: Purpose, flags: frozenset[Flag]
) -> dict[Field, Shown]:
    columns = zip(*(_cells(role, side, purpose, flag) for flag in flags), strict=True)
    return {
        field: min(column, key=_STRICTEST.index)
        for field, column in zip(Field, columns, strict=True)
    }


def shown(
    role: Role, side: Side, purpose: Purpose | None, flags: Iterable[Flag], field: Field
) -> Shown:
    """How a group of fields is shown.

    Args:
        role: Of the reader.
        side: Whose value it is.
        purpose: What it is read for; without one everything is hidden.
        flags: Of the citizen or record; none stands for `ORDINARY`.
        field: The group.
    """
    if purpose is None:
        return Shown.HIDDEN
    given = frozenset(flags) or frozenset({Flag.ORDINARY})
    return _strictest(role, side, purpose, given)[field]


def sees_restricted(role: Role, purpose: Purpose | None) -> frozenset[Side]:
    """Whose restricted records a reader may know of at all."""
    restricted = (Flag.RESTRICTED,)
    return frozenset(
        side
        for side in Side
        if shown(role, side, purpose, restricted, Field.NAME) is not Shown.HIDDEN
    )


def sees_sealed(role: Role, purpose: Purpose | None) -> bool:
    """Whether a reader may know of sealed citizens at all."""
    sealed = (Flag.SEALED,)
    return any(shown(role, side, purpose, sealed, Field.NAME) is not Shown.HIDDEN for side in Side)


def sees_anybody(role: Role, purpose: Purpose | None) -> bool:
    """Whether a reader may look at citizens at all."""
    ordinary = (Flag.ORDINARY,)
    return any(
        shown(role, side, purpose, ordinary, Field.NAME) is not Shown.HIDDEN for side in Side
    )
