"""Whose numbers were at a past moment: what plans found, kept as spans of transactions."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from mdm.domain.identifier_judgement import IdentifierJudgement, identifier_hash, numbers_of
from mdm.domain.judgement import JudgementState
from mdm.domain.ownership import Ownership
from mdm.domain.standard_record import StandardRecord
from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int, rows_of_numbers

_OPEN = (
    "SELECT span_id, record_id, identifier, value_hash, state FROM ownership_span "
    "WHERE until_tx IS NULL"
)
_THEN = (
    "SELECT record_id, identifier, value_hash FROM ownership_span WHERE from_tx <= :tx "
    "AND (until_tx IS NULL OR until_tx > :tx) AND record_id IN ({keys})"
)
_SAID = """
SELECT j.judgement_id, j.record_id, j.identifier, j.value_hash, j.verdict, j.actor, j.content_hash,
       EXISTS (SELECT 1 FROM ledger_event e WHERE e.tx_id <= :tx
         AND e.kind = 'judge_identifier_suspend'
         AND e.detail = CAST(j.judgement_id AS TEXT)) AS suspended
FROM identifier_judgement j
WHERE j.tx_id <= :tx AND j.value_hash IS NOT NULL AND j.record_id IN ({keys})
  AND NOT EXISTS (SELECT 1 FROM ledger_event e WHERE e.tx_id <= :tx
    AND e.kind = 'judge_identifier_undo' AND e.detail = CAST(j.judgement_id AS TEXT))
"""


def note_ownership(session: WriteSession, rows: pa.Table) -> None:
    """Begin and end spans, so that those without an end are what a plan has found.

    Args:
        session: The writer lane.
        rows: record_id, field, reason, value_hash: all that is not plainly own.
    """
    wanted = {
        (row["record_id"], row["field"], row["value_hash"], row["reason"])
        for row in rows.to_pylist()
    }
    known = {
        (
            as_int(row["record_id"]),
            str(row["identifier"]),
            str(row["value_hash"]),
            str(row["state"]),
        ): as_int(row["span_id"])
        for row in session.rows(_OPEN)
    }
    ended = sorted(known[key] for key in known.keys() - wanted)
    session.update_rows(
        "ownership_span", [{"span_id": n, "until_tx": session.tx_id} for n in ended]
    )
    begun = sorted(wanted - known.keys())
    first = session.next_ids("ownership_span", len(begun)) if begun else 0
    names = ("record_id", "identifier", "value_hash", "state")
    session.insert_rows(
        "ownership_span",
        [
            {
                "span_id": first + n,
                **dict(zip(names, key, strict=True)),
                "from_tx": session.tx_id,
                "until_tx": None,
            }
            for n, key in enumerate(begun)
        ],
    )


def forget_ownership(session: WriteSession, record_ids: Iterable[int]) -> None:
    """Delete what is known of the numbers of records that are erased."""
    sql = "SELECT span_id FROM ownership_span WHERE record_id IN ({keys})"
    gone = sorted(as_int(row["span_id"]) for row in rows_of_numbers(session, sql, record_ids))
    if gone:
        session.delete_arrow("ownership_span", pa.table({"span_id": pa.array(gone, pa.int64())}))


@dataclass(frozen=True, slots=True)
class PastNumbers:
    """What was known of the numbers of some records after a transaction.

    Attributes:
        doubted: Record -> (identifier, hash of the number) that were not plainly its own.
        said: Record -> what stewards had said of its numbers, with the content that they saw.
    """

    doubted: dict[int, set[tuple[str, str]]]
    said: dict[int, list[tuple[IdentifierJudgement, str]]]

    def judged(self, record_id: int, content_hash: str) -> list[IdentifierJudgement]:
        """What stewards had said of a record with a content."""
        return [
            judgement if seen == content_hash else suspended(judgement)
            for judgement, seen in self.said.get(record_id, ())
        ]

    def own_cns(self, record_id: int, record: StandardRecord) -> frozenset[str]:
        """The CNS of a record that no plan had found to be another's."""
        doubted = self.doubted.get(record_id, set())
        return frozenset(
            number
            for identifier, number in numbers_of(record)
            if identifier == "cns" and (identifier, identifier_hash("cns", number)) not in doubted
        )


def suspended(judgement: IdentifierJudgement) -> IdentifierJudgement:
    """A judgement on content that has changed since."""
    names = judgement.__slots__
    values = {name: getattr(judgement, name) for name in names}
    return IdentifierJudgement(**{**values, "state": JudgementState.SUSPENDED})


def numbers_then(session: ReadSession, record_ids: Iterable[int], tx_id: int) -> PastNumbers:
    """What was known of the numbers of some records after a transaction."""
    wanted, params = sorted(set(record_ids)), {"tx": tx_id}
    found = PastNumbers({}, {})
    for row in rows_of_numbers(session, _THEN, wanted, params):
        doubted = found.doubted.setdefault(as_int(row["record_id"]), set())
        doubted.add((str(row["identifier"]), str(row["value_hash"])))
    for row in rows_of_numbers(session, _SAID, wanted, params):
        state = JudgementState.SUSPENDED if row["suspended"] else JudgementState.ACTIVE
        judgement = IdentifierJudgement(
            as_int(row["judgement_id"]),
            as_int(row["record_id"]),
            str(row["identifier"]),
            str(row["value_hash"]),
            Ownership(str(row["verdict"])),
            str(row["actor"]),
            state,
        )
        said = found.said.setdefault(judgement.record_id, [])
        said.append((judgement, str(row["content_hash"])))
    return found
