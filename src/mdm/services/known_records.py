"""What a load reads of the registry: of a snapshot all records of its source, of a delta its own.

A delta says nothing of the records that it does not name, so that what it costs follows from its
size and not from the source's.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import pyarrow as pa

from mdm.domain.erasure import CONCEALED
from mdm.ports import ReadSession
from mdm.services.lists import arrow_of_numbers, arrow_of_texts
from mdm.services.seals import state_to_deliveries

MOST_NAMED = 50_000
"""Of more than these the whole source is read, which is then cheaper."""
_KNOWN = pa.schema(
    [
        ("record_id", pa.int64()),
        ("local_id", pa.string()),
        ("scope", pa.string()),
        ("state", pa.string()),
        ("version", pa.int64()),
        ("content_hash", pa.string()),
        ("stale", pa.bool_()),
        ("restricted", pa.bool_()),
        ("placed", pa.bool_()),
    ]
)
_OF_SOURCE = f"""
SELECT r.record_id, r.local_id, r.scope, {state_to_deliveries("r")} AS state, r.version,
       r.content_hash, r.stale, r.restricted, m.record_id IS NOT NULL AS placed
FROM record r LEFT JOIN membership m ON m.record_id = r.record_id WHERE r.source = :source
"""
_NAMED = f"""{_OF_SOURCE}
AND NOT (r.local_id >= :first AND r.local_id < :after) AND r.local_id IN ({{keys}})"""
# Erased records whose local ID was a person's number: who they are only the delivery can tell.
_CONCEALED = f"{_OF_SOURCE} AND r.local_id >= :first AND r.local_id < :after"
_AFTER_CONCEALED = CONCEALED[:-1] + chr(ord(CONCEALED[-1]) + 1)
_ISSUES = pa.schema([("issue_id", pa.int64()), ("record_id", pa.int64())])
# Whose an identifier is, plans say; whether a mark of a merge counts, `level_mark_issues`.
_SETTLED = """
i.reason NOT IN ('not_theirs', 'contested', 'merged_into_unknown', 'merged_in_a_circle')
"""
_ISSUES_OF_SOURCE = f"""
SELECT i.issue_id, i.record_id FROM issue i JOIN record r ON r.record_id = i.record_id
WHERE r.source = :source AND {_SETTLED}
"""
_ISSUES_OF = f"""
SELECT i.issue_id, i.record_id FROM issue i WHERE i.record_id IN ({{keys}}) AND {_SETTLED}
"""


def known_records(
    session: ReadSession, source: str, named: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """The records that a delivery is held against; columns as `mdm.ports.Intake.compare` says.

    Args:
        session: The registry before the delivery.
        source: The source.
        named: The local IDs that a delta names; None for all records.
    """
    if named is None or len(named) > MOST_NAMED:
        return session.read_arrow(_OF_SOURCE, {"source": source}, schema=_KNOWN)
    given = {"source": source, "first": CONCEALED, "after": _AFTER_CONCEALED}
    return chain(
        arrow_of_texts(session, _NAMED, named, given, schema=_KNOWN),
        session.read_arrow(_CONCEALED, given, schema=_KNOWN),
    )


def known_issues(
    session: ReadSession, source: str, touched: pa.Array | pa.ChunkedArray
) -> Iterator[pa.RecordBatch]:
    """Issues (issue_id, record_id) of what records said before: of all that a load touched.

    Args:
        session: The registry.
        source: The source.
        touched: Numbers of the known records that the load changes in any way.
    """
    if len(touched) > MOST_NAMED:
        return session.read_arrow(_ISSUES_OF_SOURCE, {"source": source}, schema=_ISSUES)
    return arrow_of_numbers(session, _ISSUES_OF, touched.to_pylist(), schema=_ISSUES)
