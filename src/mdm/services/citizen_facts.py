"""What the registry knows of a few records, standardised: for decisions about few citizens.

The set-wise twin is the cache of the volume plane (`mdm.volume.contested`, `golden_members`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mdm.domain.identifier_judgement import (
    IdentifierJudgement,
    Judged,
    judged_numbers,
    numbers_of,
)
from mdm.domain.ownership import Ownership
from mdm.domain.record_facts import RecordFacts, documents
from mdm.domain.standard_record import StandardRecord
from mdm.ports import ReadSession
from mdm.services.judged_identifiers import identifiers_on, stewards_of_cpfs
from mdm.services.lists import as_int, rows_of_numbers, rows_of_texts
from mdm.services.past_numbers import numbers_then
from mdm.services.publish_review import OWNERSHIP_REASONS
from mdm.services.seals import unsealed
from mdm.standardise.record import standardise_record

# One question of the database instead of four: what few records have beside their content comes
# as a flag, and is asked for where it is set.
KNOWN = f"""
r.record_id, r.source, r.local_id, r.state, r.restricted,
(SELECT string_agg(i.field, ' ') FROM issue i WHERE i.record_id = r.record_id
 AND i.reason IN ({", ".join(f"'{reason}'" for reason in OWNERSHIP_REASONS)})) AS doubted,
EXISTS (SELECT 1 FROM identifier_judgement j WHERE j.record_id = r.record_id) AS judged,
EXISTS (SELECT 1 FROM golden_override o WHERE o.record_id = r.record_id) AS corrected
"""
"""Columns of a record `r` that `known_records` needs, but for its content."""

CONTENT = "r.version, r.content_hash, r.last_load_id, v.payload"
"""The same of its present content; `v` is a `record_version`."""

_RECORDS = f"""
SELECT {KNOWN}, {CONTENT}
FROM record r JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.record_id IN ({{keys}})
"""
_RECORDS_AT = f"""
SELECT {KNOWN}, v.version, v.content_hash, v.payload, CASE WHEN coalesce((
    SELECT MAX(l.load_id) FROM ledger_event e JOIN load l ON l.tx_id = e.tx_id
    WHERE e.record_id = r.record_id AND e.kind = 'record_state' AND e.tx_id <= :tx), 0) > v.load_id
  THEN (SELECT MAX(l.load_id) FROM ledger_event e JOIN load l ON l.tx_id = e.tx_id
    WHERE e.record_id = r.record_id AND e.kind = 'record_state' AND e.tx_id <= :tx)
  ELSE v.load_id END AS last_load_id
FROM record r JOIN record_version v ON v.record_id = r.record_id AND v.version = (
  SELECT MAX(o.version) FROM record_version o JOIN load l ON l.load_id = o.load_id
  WHERE o.record_id = r.record_id AND l.tx_id <= :tx)
WHERE r.record_id IN ({{keys}}) AND r.state <> 'erased'
"""
Memo = dict[str, StandardRecord]
"""Content hash -> comparable values, of one day."""

NOBODY: frozenset[str] = frozenset()
_IN_FORCE = frozenset({"pending", "present"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecord:
    """A record as the registry holds it now.

    Attributes:
        record_id, source, local_id, state, version, content_hash, last_load_id: See `record`.
        restricted: Flagged by its source or by a steward.
        record: Its comparable values.
        family: The key of the declared family, as the source wrote it.
        corrected: Whether a steward ever set a value on it.
        not_own: Identifier columns whose number is not, or not plainly, this record's own.
        judged: What stewards say of its numbers.
        doubted: Of `not_own` what the last plan found.
    """

    record_id: int
    source: str
    local_id: str
    state: str
    version: int
    content_hash: str
    last_load_id: int
    restricted: bool
    record: StandardRecord
    family: str | None = None
    corrected: bool = False
    not_own: frozenset[str] = field(default_factory=frozenset)
    judged: Judged = field(default_factory=dict)
    doubted: frozenset[str] = field(default_factory=frozenset)


def read_records(
    session: ReadSession,
    record_ids: Iterable[int],
    *,
    today: date,
    memo: Memo | None = None,
    as_of: int | None = None,
) -> dict[int, KnownRecord]:
    """Read and standardise records; those that are erased or unknown are left out.

    Args:
        session: A snapshot of the registry.
        record_ids: The records.
        today: The day that dates are measured against.
        memo: What was standardised on the same day before; filled further.
        as_of: The last transaction that counts for their content and whose their numbers were;
            None for now. Their state and their flag are told as of now.
    """
    sql, params = (_RECORDS, {}) if as_of is None else (_RECORDS_AT, {"tx": as_of})
    rows = list(rows_of_numbers(session, sql, record_ids, params))
    if as_of is None:
        return known_records(session, rows, today=today, memo=memo)
    then = numbers_then(session, (as_int(row["record_id"]) for row in rows), as_of)
    found = {}
    for row in rows:
        record_id = as_int(row["record_id"])
        named = {identifier for identifier, _ in then.doubted.get(record_id, ())}
        said = then.judged(record_id, str(row["content_hash"]))
        past = {**row, "doubted": " ".join(sorted(named))}
        found[record_id] = _known(past, said, today, {} if memo is None else memo)
    return dict(sorted(found.items()))


def known_records(
    session: ReadSession,
    rows: Iterable[Mapping[str, object]],
    *,
    today: date,
    memo: Memo | None = None,
) -> dict[int, KnownRecord]:
    """Standardise records that were read; those that are erased are left out.

    Args:
        session: The snapshot that they were read from.
        rows: The columns `KNOWN` and `CONTENT`.
        today: The day that dates are measured against.
        memo: See `read_records`.
    """
    memo = {} if memo is None else memo
    wanted = {as_int(row["record_id"]): row for row in rows if row["state"] != "erased"}
    said = identifiers_on(session, (r for r, row in wanted.items() if row["judged"]))
    return {
        record_id: _known(row, said.get(record_id, ()), today, memo)
        for record_id, row in sorted(wanted.items())
    }


def _known(
    row: Mapping[str, object], said: Sequence[IdentifierJudgement], today: date, memo: Memo
) -> KnownRecord:
    content = str(row["content_hash"])
    payload = json.loads(str(row["payload"]))
    if content not in memo:
        memo[content], _ = standardise_record(payload, today=today)
    standard = memo[content]
    judged = judged_numbers(said, numbers_of(standard)) if said else {}
    doubted = frozenset(str(row["doubted"]).split()) if row["doubted"] else NOBODY
    return KnownRecord(
        record_id=as_int(row["record_id"]),
        source=str(row["source"]),
        local_id=str(row["local_id"]),
        state=str(row["state"]),
        version=as_int(row["version"]),
        content_hash=content,
        last_load_id=as_int(row["last_load_id"]),
        restricted=bool(row["restricted"]) or standard.restricted,
        record=standard,
        family=None if standard.household_id is None else str(payload["household_id"]),
        corrected=bool(row["corrected"]),
        not_own=_not_own(standard, doubted, judged),
        judged=judged,
        doubted=doubted,
    )


def _not_own(standard: StandardRecord, doubted: frozenset[str], judged: Judged) -> frozenset[str]:
    """What the last plan found, set right by what stewards have said since."""
    if not judged:
        return doubted
    found = {*doubted}
    for (identifier, _), one in judged.items():
        if one.verdict is Ownership.NOT_THEIRS:
            found.add(identifier)
        elif identifier != "cns" or len(standard.cns) == 1:
            found.discard(identifier)
    return frozenset(found)


def facts_of(session: ReadSession, known: Mapping[int, KnownRecord]) -> dict[int, RecordFacts]:
    """The decision inputs of records."""
    merged = _merged_into(session, known)
    own = {one.record.cpf for one in known.values() if "cpf" not in one.not_own} - {None}
    stewards = stewards_of_cpfs(session, {number for number in own if number is not None})
    return {
        record_id: _facts(one, merged.get(record_id), stewards)
        for record_id, one in sorted(known.items())
    }


def _merged_into(session: ReadSession, known: Mapping[int, KnownRecord]) -> dict[int, int]:
    """Of records that their source replaced by another one, that other one."""
    targets: dict[str, dict[str, list[int]]] = {}
    for one in known.values():
        if one.record.merged_into is not None and one.state == "superseded":
            by_key = targets.setdefault(one.source, {})
            by_key.setdefault(one.record.merged_into, []).append(one.record_id)
    found: dict[int, int] = {}
    for source, by_key in targets.items():
        for row in rows_of_texts(
            session,
            "SELECT r.record_id, r.local_id FROM record r WHERE r.source = :source "
            f"AND r.state <> 'erased' AND {unsealed('r')} AND r.local_id IN ({{keys}})",
            by_key,
            {"source": source},
        ):
            target = as_int(row["record_id"])
            found |= {r: target for r in by_key[str(row["local_id"])] if r != target}
    return found


def _facts(
    known: KnownRecord, superseded_by: int | None, stewards: Mapping[str, frozenset[str]]
) -> RecordFacts:
    record = known.record
    own_cpf = None if "cpf" in known.not_own else record.cpf
    household = record.household_id
    return RecordFacts(
        record_id=known.record_id,
        source=known.source,
        household_key=None if household is None else f"{known.source}|{household}",
        class_key=_class_key(known),
        own_cpf=own_cpf,
        own_cpf_by=NOBODY if own_cpf is None else stewards.get(own_cpf, NOBODY),
        documents=documents(
            cns=() if "cns" in known.not_own else record.cns,
            nis=None if "nis" in known.not_own else record.nis,
            birth_certificate=record.birth_certificate,
            dnv=record.dnv,
            inep_id=record.inep_id,
        ),
        name=_tokens(record.name),
        social=_tokens(record.social_name),
        name_phonetic=_tokens(record.name_phonetic),
        suffix=record.suffix,
        name_kind=record.name_kind,
        twin_order=record.twin_order,
        mother=_tokens(record.mother),
        birth_date=record.birth_date,
        deceased_on=record.deceased_on,
        last_activity=record.last_contact_on,
        restricted=known.restricted,
        superseded_by=superseded_by,
        active=known.state in _IN_FORCE,
    )


def _class_key(known: KnownRecord) -> str | None:
    code, unit = known.record.class_code, known.record.unit_code
    if code is None:
        return None
    return f"{known.source}|{'' if unit is None else unit}|{code}"


def _tokens(text: str | None) -> tuple[str, ...]:
    return () if text is None else tuple(text.split())
