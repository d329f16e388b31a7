"""What is sealed, as every read of the registry asks for it: see `mdm.domain.seal`.

Sealed records are restricted, so what leaves restricted records out leaves them out, too. Asked
for apart are reads of whoever may know of restricted records, of what decides, and of the past.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from mdm.domain.seal import SealReason
from mdm.errors import NotFoundError
from mdm.ports import ReadSession
from mdm.services.lists import rows_of_texts

SEALED_IDS = (
    "SELECT i.municipal_id FROM sealed_record s "
    "JOIN municipal_id i ON i.anchor_record_id = s.record_id"
)
"""SQL of every ID that is sealed now: see `sealed_ids`."""


class Hidden(Enum):
    """From whom a record is hidden."""

    NO = auto()
    RESTRICTED = auto()
    SEALED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOn:
    """A seal that is on.

    Attributes:
        reason: On what ground.
        people: Who put it on, and the second person.
        at: When, UTC ISO text.
    """

    reason: SealReason
    people: tuple[str, str]
    at: str


def hidden(record: str) -> str:
    """SQL columns `restricted` and `sealed` of an alias of table `record`: see `hidden_of`."""
    return f"{record}.restricted, {sealed(record)} AS sealed"


def hidden_of(row: Mapping[str, object]) -> Hidden:
    """From whom the record of a row is hidden."""
    if row["sealed"]:
        return Hidden.SEALED
    return Hidden.RESTRICTED if row["restricted"] else Hidden.NO


def sealed(record: str) -> str:
    """SQL condition on an alias of a table with `record_id`: it is sealed."""
    return f"EXISTS (SELECT 1 FROM sealed_record z WHERE z.record_id = {record}.record_id)"


def unsealed(record: str) -> str:
    """SQL condition on an alias of a table with `record_id`: it is not sealed."""
    return f"NOT {sealed(record)}"


def state_to_deliveries(record: str) -> str:
    """SQL of a record's state as a delivery meets it: nothing of an erased row is stored."""
    return f"CASE WHEN {sealed(record)} THEN 'erased' ELSE {record}.state END"


def sealed_ids(session: ReadSession) -> frozenset[str]:
    """Every ID that is sealed now: those of sealed citizens, and all that name them."""
    return frozenset(str(row["municipal_id"]) for row in session.rows(SEALED_IDS))


def sealed_records(session: ReadSession) -> frozenset[int]:
    """Every record that is sealed now."""
    return frozenset(
        int(str(row["record_id"])) for row in session.rows("SELECT record_id FROM sealed_record")
    )


def sealed_among(session: ReadSession, records: Collection[int]) -> bool:
    """Whether one of some records is sealed."""
    names = {f"r{n}": record_id for n, record_id in enumerate(sorted(records))}
    listed = ", ".join(f":{name}" for name in names)
    sql = f"SELECT 1 FROM sealed_record WHERE record_id IN ({listed}) LIMIT 1"
    return bool(names) and session.value(sql, names) is not None


def open_citizens(session: ReadSession, citizens: Collection[str]) -> set[str]:
    """Of some citizens those that are not sealed."""
    sql = (
        "SELECT DISTINCT m.municipal_id FROM membership m "
        f"WHERE m.municipal_id IN ({{keys}}) AND {sealed('m')}"
    )
    return {*citizens} - {str(row["municipal_id"]) for row in rows_of_texts(session, sql, citizens)}


def seal_on(session: ReadSession, municipal_id: str) -> SealOn:
    """The seal on a sealed citizen, by the ID that they have."""
    row = session.row(
        "SELECT reason, actor, second, at FROM seal "
        "WHERE municipal_id = :id AND state = 'active' ORDER BY seal_id DESC LIMIT 1",
        {"id": municipal_id},
    )
    assert row is not None
    people = (str(row["actor"]), str(row["second"]))
    return SealOn(reason=SealReason(str(row["reason"])), people=people, at=str(row["at"]))


def is_sealed(session: ReadSession, municipal_id: str) -> bool:
    """Whether an ID is sealed now."""
    sql = f"{SEALED_IDS} WHERE i.municipal_id = :id"
    return session.value(sql, {"id": municipal_id}) is not None


def refuse_sealed(session: ReadSession, municipal_id: str) -> None:
    """Nothing is told of an ID that is sealed, nor that there is one.

    Raises:
        NotFoundError: It is.
    """
    if is_sealed(session, municipal_id):
        raise NotFoundError("no such municipal ID was issued", where=municipal_id)
