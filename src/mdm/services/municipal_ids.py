"""Municipal IDs: the facts of those that records anchor or founded, and new ones."""

from collections.abc import Iterable

from mdm.domain.identity import IdFacts, IdState
from mdm.domain.municipal_id import mint
from mdm.ports import ReadSession
from mdm.services.lists import as_int, as_text, rows_of_numbers


def ids_of_records(session: ReadSession, records: Iterable[int]) -> dict[str, IdFacts]:
    """Every ID that one of the records anchors or has founded, in any state."""
    found: dict[str, IdFacts] = {}
    columns = (
        "municipal_id, founder_record_id, anchor_record_id, minted_seq, state, ambiguous_until"
    )
    for column in ("founder_record_id", "anchor_record_id"):
        sql = f"SELECT {columns} FROM municipal_id WHERE {column} IN ({{keys}})"
        for row in rows_of_numbers(session, sql, records):
            name = str(row["municipal_id"])
            found[name] = IdFacts(
                municipal_id=name,
                founder=as_int(row["founder_record_id"]),
                anchor=as_int(row["anchor_record_id"]),
                minted_seq=as_int(row["minted_seq"]),
                state=IdState(str(row["state"])),
                ambiguous_until=as_text(row["ambiguous_until"]),
            )
    return found


def draw_id(session: ReadSession) -> str:
    """An ID that was never issued."""
    while True:
        drawn = mint()
        sql = "SELECT 1 FROM municipal_id WHERE municipal_id = :id"
        if session.value(sql, {"id": drawn}) is None:
            return drawn
