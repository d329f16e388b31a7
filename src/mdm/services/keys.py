"""Records by the key that they have outside: source and local ID."""

from mdm.errors import NotFoundError, UnknownSourceError
from mdm.ports import ReadSession
from mdm.services.lists import as_int
from mdm.services.seals import unsealed

Key = tuple[str, str]
"""Source and local ID."""

MUNICIPAL = "municipal"
"""In the place of a source: the local ID is a municipal ID. No source can be called so."""


def check_source(session: ReadSession, source: str) -> None:
    """Refuse a source that is not declared.

    Raises:
        UnknownSourceError: It is not.
    """
    if session.value("SELECT 1 FROM source WHERE name = :name", {"name": source}) is None:
        raise UnknownSourceError("no such source: `mdm source list` names them", where=source)


def record_number(session: ReadSession, source: str, local_id: str) -> int:
    """The number of a record; erased and sealed ones have none any more.

    Raises:
        UnknownSourceError: The source is not declared.
        NotFoundError: It has no such record. The local ID is not told: it may be a CPF.
    """
    check_source(session, source)
    found = session.value(
        "SELECT r.record_id FROM record r WHERE r.source = :source AND r.local_id = :local_id "
        f"AND r.state <> 'erased' AND {unsealed('r')}",
        {"source": source, "local_id": local_id},
    )
    if found is None:
        raise NotFoundError("the source has no such record", where=source)
    return as_int(found)
