"""What stewards say of identifiers, as the registry holds it."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from mdm.domain.identifier_judgement import (
    IdentifierJudgement,
    identifier_hash,
    judged_numbers,
    numbers_of,
)
from mdm.domain.judgement import JudgementState
from mdm.domain.ownership import Ownership
from mdm.ports import ReadSession
from mdm.services.lists import as_int, rows_of_numbers, rows_of_texts
from mdm.services.seals import unsealed
from mdm.standardise.record import standardise_record

_COLUMNS = (
    "j.judgement_id, j.record_id, j.identifier, j.value_hash, j.verdict, j.actor, j.state, "
    "r.content_hash <> j.content_hash AS changed"
)
_STANDING = f"""
SELECT {_COLUMNS}
FROM identifier_judgement j JOIN record r ON r.record_id = j.record_id
WHERE j.state <> 'undone' AND j.value_hash IS NOT NULL AND {unsealed("j")}
"""
_WITH_CONTENT = f"""
SELECT {_COLUMNS}, v.payload
FROM identifier_judgement j JOIN record r ON r.record_id = j.record_id
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE j.state <> 'undone' AND j.verdict = 'own' AND j.identifier = 'cpf'
  AND r.state <> 'erased' AND {unsealed("j")} AND j.value_hash IN ({{keys}})
"""
_SINCE = """
SELECT DISTINCT m.municipal_id FROM ledger_event e
JOIN identifier_judgement j ON e.detail = CAST(j.judgement_id AS TEXT)
JOIN membership m ON m.record_id = j.record_id
WHERE e.tx_id > :tx AND e.kind LIKE 'judge_identifier%'
"""
# A number is read the same on any day; dates beside it are not looked at.
_ANY_DAY = date(2000, 1, 1)


def standing_identifiers(session: ReadSession) -> tuple[IdentifierJudgement, ...]:
    """Every judgement that stands; one whose record has changed counts as suspended."""
    return tuple(_judgement(row) for row in session.rows(f"{_STANDING} ORDER BY j.judgement_id"))


def identifiers_on(
    session: ReadSession, record_ids: Iterable[int]
) -> dict[int, list[IdentifierJudgement]]:
    """The judgements that stand on some records, by record."""
    found: dict[int, list[IdentifierJudgement]] = {}
    for row in rows_of_numbers(session, f"{_STANDING} AND j.record_id IN ({{keys}})", record_ids):
        judgement = _judgement(row)
        found.setdefault(judgement.record_id, []).append(judgement)
    return found


def stewards_of_cpfs(session: ReadSession, cpfs: Collection[str]) -> dict[str, frozenset[str]]:
    """Who judged a CPF to be own, on any record that carries it now, by number."""
    by_hash = {identifier_hash("cpf", cpf): cpf for cpf in cpfs}
    judgements: dict[int, list[IdentifierJudgement]] = {}
    payloads: dict[int, str] = {}
    for row in rows_of_texts(session, _WITH_CONTENT, by_hash):
        judgement = _judgement(row)
        judgements.setdefault(judgement.record_id, []).append(judgement)
        payloads[judgement.record_id] = str(row["payload"])
    found: dict[str, frozenset[str]] = {}
    for record_id, ones in judgements.items():
        record, _ = standardise_record(json.loads(payloads[record_id]), today=_ANY_DAY)
        for (_, cpf), said in judged_numbers(ones, numbers_of(record)).items():
            if said.verdict is Ownership.OWN:
                found[cpf] = found.get(cpf, frozenset()) | said.stewards
    return found


def citizens_judged_since(session: ReadSession, tx_id: int) -> set[str]:
    """Citizens with a record of which an identifier was judged, or given free, since."""
    return {str(row["municipal_id"]) for row in session.rows(_SINCE, {"tx": tx_id})}


def _judgement(row: Mapping[str, object]) -> IdentifierJudgement:
    state = JudgementState(str(row["state"]))
    if bool(row["changed"]) and state is JudgementState.ACTIVE:
        state = JudgementState.SUSPENDED
    return IdentifierJudgement(
        as_int(row["judgement_id"]),
        as_int(row["record_id"]),
        str(row["identifier"]),
        str(row["value_hash"]),
        Ownership(str(row["verdict"])),
        str(row["actor"]),
        state,
    )
