"""Merges that sources state of their own records: what they name, and what they took back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from mdm.domain.ledger import LedgerKind
from mdm.domain.source_merge import MarkProblem
from mdm.ports import ReadSession, WriteSession
from mdm.services.history import memberships_before
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.seals import unsealed
from mdm.standardise.text import clean

MARK_FIELD = "merged_into"
_CLASSES = {
    MarkProblem.UNKNOWN: "local ID that the source has not delivered",
    MarkProblem.CIRCLE: "local IDs that name each other",
}
_REASONS = ", ".join(f"'{problem}'" for problem in MarkProblem)
# Few records carry a mark: spelled so that they are looked for first, by the indexes of just them.
_MARKED = f"""
SELECT r.local_id, v.payload FROM (
  SELECT s.record_id FROM record s WHERE s.state = 'superseded'
  UNION
  SELECT i.record_id FROM issue i WHERE i.field = '{MARK_FIELD}' AND i.reason IN ({_REASONS})) m
CROSS JOIN record r JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.record_id = m.record_id AND r.source = :source AND r.state <> 'erased' AND {unsealed("r")}
"""
_MARK_ISSUES = f"""
SELECT i.issue_id, i.record_id, i.reason FROM issue i
WHERE i.reason IN ({_REASONS})
  AND i.issue_id IN (SELECT m.issue_id FROM issue m WHERE m.field = '{MARK_FIELD}')
  AND EXISTS (SELECT 1 FROM record r WHERE r.record_id = i.record_id AND r.source = :source)
"""
# Of each record the states it went through, up to its last one of the newest loads.
_TAKEN_BACK = f"""
SELECT e.record_id, e.seq, e.tx_id, e.detail FROM ledger_event e
WHERE e.kind = '{LedgerKind.RECORD_STATE}' AND e.record_id IN (
  SELECT n.record_id FROM ledger_event n WHERE n.kind = '{LedgerKind.RECORD_STATE}'
  AND n.detail IN ('pending', 'present', 'superseded')
  AND n.tx_id > coalesce((SELECT MAX(applied_tx) FROM plan WHERE state = 'applied'), 0)
  AND EXISTS (SELECT 1 FROM ledger_event o WHERE o.record_id = n.record_id AND o.seq < n.seq
              AND o.kind = '{LedgerKind.RECORD_STATE}' AND o.detail = 'superseded'))
ORDER BY e.record_id, e.seq
"""
_APPLIED = "SELECT coalesce(MAX(applied_tx), 0) FROM plan WHERE state = 'applied'"
_VERSIONS = """
SELECT v.record_id, v.version, v.payload, r.source FROM record_version v
JOIN record r ON r.record_id = v.record_id
WHERE r.state <> 'erased' AND v.record_id IN ({keys}) ORDER BY v.record_id, v.version DESC
"""
_MEMBERS = """
SELECT record_id, municipal_id FROM membership WHERE municipal_id IN (
  SELECT o.municipal_id FROM membership o WHERE o.record_id IN ({keys}))
"""


def known_marks(session: ReadSession, source: str) -> dict[str, str]:
    """Of a source's records that name a replacement, local ID -> the local ID named."""
    found: dict[str, str] = {}
    for row in session.rows(_MARKED, {"source": source}):
        named = _mark(row["payload"])
        if named is not None:
            found[str(row["local_id"])] = named
    return found


def level_mark_issues(
    session: WriteSession, source: str, load_id: int, unusable: Iterable[tuple[int, str]]
) -> None:
    """Make the issues of marks those that are unusable now: a mark may come to count later.

    Args:
        session: The writer lane.
        source: The source loaded.
        load_id: The load that found out.
        unusable: Every record of the source whose mark does not count, with the reason.
    """
    wanted = {*unusable}
    known = {
        (as_int(row["record_id"]), str(row["reason"])): as_int(row["issue_id"])
        for row in session.rows(_MARK_ISSUES, {"source": source})
    }
    settled = sorted(known[key] for key in known.keys() - wanted)
    if settled:
        session.delete_arrow("issue", pa.table({"issue_id": pa.array(settled, pa.int64())}))
    fresh = sorted(wanted - known.keys())
    if not fresh:
        return
    first = session.next_ids("issue", len(fresh))
    session.insert_rows(
        "issue",
        [
            {
                "issue_id": first + n,
                "load_id": load_id,
                "record_id": record_id,
                "field": MARK_FIELD,
                "value_class": _CLASSES[MarkProblem(reason)],
                "reason": reason,
            }
            for n, (record_id, reason) in enumerate(fresh)
        ],
    )


def homes_before_merges(session: ReadSession) -> dict[int, str]:
    """Where records belong whose source took their merge back since the last plan.

    What a merge alone had joined must not hold together when it is gone, so for the next decision
    such a record, with those that shared its citizen before the merge, counts as a citizen apart.

    Returns:
        Record -> a name for that citizen, which is no municipal ID. Nothing for a record that was
        one citizen with its target before the merge, too.
    """
    taken = list(_taken_back(session))
    if not taken:
        return {}
    records = [one.record_id for one in taken]
    rows = list(rows_of_numbers(session, _MEMBERS, records))
    present = {as_int(row["record_id"]): str(row["municipal_id"]) for row in rows}
    members: dict[str, list[int]] = {}
    for record_id, citizen in present.items():
        members.setdefault(citizen, []).append(record_id)
    targets = _former_targets(session, records)
    found: dict[int, str] = {}
    for one in taken:
        if one.record_id not in present:
            continue
        target = targets.get(one.record_id)
        together = members[present[one.record_id]]
        before = memberships_before(session, sorted(together), one.tx_id)
        home = before.get(one.record_id)
        if target is None or (home is not None and before.get(target) == home):
            continue
        apart = [r for r in together if home is not None and before.get(r) == home]
        found |= dict.fromkeys([*apart, one.record_id], f"apart:{one.record_id}")
    return found


@dataclass(frozen=True, slots=True)
class _Taken:
    """A merge that is gone: the record, and the transaction that had made it."""

    record_id: int
    tx_id: int


def _taken_back(session: ReadSession) -> Iterator[_Taken]:
    applied = session.number(_APPLIED)
    states: dict[int, list[tuple[int, str]]] = {}
    for row in session.rows(_TAKEN_BACK):
        states.setdefault(as_int(row["record_id"]), []).append(
            (as_int(row["tx_id"]), str(row["detail"]))
        )
    for record_id, told in states.items():
        merged: int | None = None
        for tx_id, state in told:
            if tx_id > applied and merged is not None:
                yield _Taken(record_id, merged)
                break
            merged = tx_id if state == "superseded" else None


def _former_targets(session: ReadSession, records: Sequence[int]) -> dict[int, int]:
    """Of each record the one that its last other mark named."""
    payloads: dict[int, list[tuple[str, object]]] = {}
    for row in rows_of_numbers(session, _VERSIONS, records):
        said = (str(row["source"]), row["payload"])
        payloads.setdefault(as_int(row["record_id"]), []).append(said)
    named: dict[int, tuple[str, str]] = {}
    for record_id, versions in payloads.items():
        now = _mark(versions[0][1])
        marks = (_mark(payload) for _, payload in versions)
        former = next((mark for mark in marks if mark not in {None, now}), None)
        if former is not None:
            named[record_id] = (versions[0][0], former)
    return _numbers(session, named)


def _numbers(session: ReadSession, named: Mapping[int, tuple[str, str]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for record_id, (source, local_id) in named.items():
        number = session.value(
            "SELECT r.record_id FROM record r WHERE r.source = :source AND r.local_id = :local "
            f"AND {unsealed('r')}",
            {"source": source, "local": local_id},
        )
        if number is not None:
            found[record_id] = as_int(number)
    return found


def _mark(payload: object) -> str | None:
    named = json.loads(str(payload)).get(MARK_FIELD)
    return None if named is None else clean(str(named)) or None
