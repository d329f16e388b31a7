"""Values of `support.api_city` that name the leak where they are found, and who may see them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mdm.domain.access import Purpose, Role
from mdm.domain.visibility import Field, Flag, Shown, Side, shown


@dataclass(frozen=True, slots=True)
class Canary:
    """A value of one source that names the leak; `masked`: it may stand in a masked value."""

    text: str
    source: str
    field: Field
    flags: tuple[Flag, ...] = ()
    masked: bool = False


CHILD, DEAD, SECRET = (Flag.CHILD,), (Flag.DECEASED,), (Flag.RESTRICTED,)
CANARIES = (
    Canary("zqclinicmother", "clinic", Field.PARENTS),
    Canary("zqclinicfather", "clinic", Field.PARENTS),
    Canary("11144477735", "clinic", Field.CPF),
    Canary("705000000000014", "clinic", Field.NUMBERS),
    Canary("123456789012", "school", Field.NUMBERS),
    Canary("51981112233", "clinic", Field.CONTACTS),
    Canary("zqclinicemail", "clinic", Field.CONTACTS),
    Canary("51982223344", "school", Field.CONTACTS),
    Canary("zqschoolemail", "school", Field.CONTACTS),
    Canary("zqclinicstreet", "clinic", Field.ADDRESS, masked=True),
    Canary("98761", "clinic", Field.ADDRESS),
    Canary("zqclinicdistrict", "clinic", Field.ADDRESS),
    Canary("90020005", "clinic", Field.ADDRESS),
    Canary("zqclinicunit", "clinic", Field.SERVICES),
    Canary("zqschoolunit", "school", Field.SERVICES),
    Canary("zqclinicnickname", "clinic", Field.NICKNAME),
    Canary("zqschoolnickname", "school", Field.NICKNAME),
    Canary("zqcivilname", "clinic", Field.CIVIL),
    Canary("zqoldnickname", "clinic", Field.CIVIL),
    Canary("zqchildmother", "school", Field.PARENTS, CHILD),
    Canary("zqchildguardian", "school", Field.FAMILY, CHILD),
    Canary("zqhousehold7", "school", Field.FAMILY, CHILD),
    Canary("51984445566", "school", Field.CONTACTS, CHILD),
    Canary("zqchildstreet", "school", Field.ADDRESS, CHILD, masked=True),
    Canary("51985556677", "clinic", Field.CONTACTS, DEAD),
    Canary("zqdeadstreet", "clinic", Field.ADDRESS, DEAD, masked=True),
    Canary("zqshelterhidden", "shelter", Field.NAME, SECRET),
    Canary("zqshelterunit", "shelter", Field.SERVICES, SECRET),
    Canary("zqshelterstreet", "shelter", Field.ADDRESS, SECRET, masked=True),
    Canary("51983334455", "shelter", Field.CONTACTS, SECRET),
    Canary("zqsecretname", "clinic", Field.NAME, SECRET),
    Canary("zqsecretunit", "clinic", Field.SERVICES, SECRET),
    Canary("zqsecretstreet", "clinic", Field.ADDRESS, SECRET, masked=True),
    Canary("51986667788", "clinic", Field.CONTACTS, SECRET),
)
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""IDs of requests: any digits may stand in one."""
NEVER = ("zqpendingname", "zqerasedname")
"""What no answer holds, whoever asks."""


def without_drawn(text: str, ids: Iterable[str]) -> str:
    """Text in small letters without what was drawn: any signs may stand in that.

    Args:
        text: What is searched for canaries.
        ids: Municipal IDs.
    """
    said = DRAWN.sub("", text.lower())
    for one in ids:
        said = said.replace(one.lower(), "")
    return said


def may_see(
    role: Role, own: frozenset[str], purpose: Purpose, canary: Canary, *, on_request: bool = False
) -> bool:
    """Whether a reader may see it, of their own accord or where they ask for it whole."""
    side = Side.OWN if canary.source in own else Side.OTHER
    level = shown(role, side, purpose, canary.flags, canary.field)
    if level is Shown.SHOWN or (canary.masked and level is not Shown.HIDDEN):
        return True
    return on_request and level is Shown.ON_REQUEST
