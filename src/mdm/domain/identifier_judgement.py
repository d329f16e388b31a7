"""Stewards' judgements about identifiers: whether a number that a record carries is its own."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mdm.domain.judgement import JudgementState
from mdm.domain.ownership import Ownership
from mdm.domain.standard_record import StandardRecord

VERDICTS = (Ownership.OWN, Ownership.NOT_THEIRS)
Number = tuple[str, str]
"""An identifier (`cpf`, `cns`, `nis`) and the number."""


@dataclass(frozen=True, slots=True)
class IdentifierJudgement:
    """One answer about one number of one record.

    Attributes:
        judgement_id: Counts on with the judgements about pairs; larger is later.
        record_id: The record.
        identifier: "cpf", "cns" or "nis".
        value_hash: `identifier_hash` of the number: of another number nothing was said.
        verdict: `OWN` or `NOT_THEIRS`.
        actor: The steward.
        state: Whether it stands; suspended: the record has changed, it is asked again.
    """

    judgement_id: int
    record_id: int
    identifier: str
    value_hash: str
    verdict: Ownership
    actor: str
    state: JudgementState = JudgementState.ACTIVE


@dataclass(frozen=True, slots=True)
class JudgedNumber:
    """What stewards say of a number that a record carries, and who they are."""

    verdict: Ownership
    stewards: frozenset[str]


Judged = Mapping[Number, JudgedNumber]
"""What stewards say of the numbers of one record."""
NOTHING_JUDGED: Judged = {}


def identifier_hash(identifier: str, number: str) -> str:
    """SHA-256 of an identifier and its number, in hexadecimal."""
    return hashlib.sha256(f"{identifier}:{number}".encode()).hexdigest()


def numbers_of(record: StandardRecord) -> list[Number]:
    """The numbers that a record carries, of whom they may be."""
    found = [("cpf", record.cpf), *(("cns", cns) for cns in record.cns), ("nis", record.nis)]
    return [(identifier, number) for identifier, number in found if number is not None]


def judged_numbers(
    judgements: Iterable[IdentifierJudgement], numbers: Iterable[Number]
) -> dict[Number, JudgedNumber]:
    """What standing judgements on a record say of the numbers that it carries now.

    A suspended one goes on counting while the record carries the number, and yields to an active
    one; judgements that stand otherwise agree, for a contradiction is refused.

    Args:
        judgements: On one record; undone ones bind nothing.
        numbers: `numbers_of` the record.
    """
    by_hash = {identifier_hash(*number): number for number in numbers}
    found: dict[Number, JudgedNumber] = {}
    standing = (j for j in judgements if j.state is not JudgementState.UNDONE)
    for judgement in sorted(standing, key=_precedence):
        number = by_hash.get(judgement.value_hash)
        if number is None:
            continue
        known = found.get(number)
        if known is None:
            found[number] = JudgedNumber(judgement.verdict, frozenset({judgement.actor}))
        elif known.verdict is judgement.verdict:
            found[number] = JudgedNumber(known.verdict, known.stewards | {judgement.actor})
    return found


def _precedence(judgement: IdentifierJudgement) -> tuple[bool, int]:
    return judgement.state is JudgementState.SUSPENDED, -judgement.judgement_id
