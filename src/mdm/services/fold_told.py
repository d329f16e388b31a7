"""Note in `told` what the audit chains say was told: at the start of every write transaction.

Reads are answered while another command holds the writer lane, so they cannot note themselves
who was told an ID; their audit entries say so. Whatever decides on splits writes, and whatever
writes brings `told` level with the chains first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mdm.domain.audit_chain import ChainRow
from mdm.domain.told_sets import ToldKind, ToldSet
from mdm.ports import AuditTrail, ReadSession, WriteSession
from mdm.services.changes import Cursor
from mdm.services.feed_marks import mark_read
from mdm.services.told import Days, Telling, note, note_sets

AT_ONCE = 50_000
"""Different tellings that are held in memory before they are written."""

_DAY = slice(0, 10)
_Key = tuple[str, str, int]


@dataclass(slots=True)
class _Gathered:
    """What entries say.

    Attributes:
        single: Tellings by (holder, ID, record) with their first and last day.
        sets: Sets told whole, with their day.
        read: Holder -> how far it has read the feed.
    """

    single: dict[_Key, Days] = field(default_factory=dict)
    sets: dict[tuple[str, ToldSet], Days] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)

    def add(self, session: ReadSession, row: ChainRow) -> None:
        said = json.loads(row.body)
        holder, day = str(said["holder"]), str(said["at"])[_DAY]
        for municipal_id, record_id in said.get("told", ()):
            key = (holder, str(municipal_id), int(record_id))
            first, last = self.single.get(key, (day, day))
            self.single[key] = (min(first, day), max(last, day))
        if "told_set" in said:
            one = _told_set(session, said["told_set"])
            first, last = self.sets.get((holder, one), (day, day))
            self.sets[holder, one] = (min(first, day), max(last, day))
        if "feed_read" in said:
            self.read[holder] = max(str(said["feed_read"]), self.read.get(holder, ""))


def fold_told(session: WriteSession, trail: AuditTrail) -> int:
    """Bring `told` level with the audit chains.

    Args:
        session: The writer lane.
        trail: The registry's chains.

    Returns:
        How many entries were noted that told somebody something.
    """
    found = 0
    for chain, (marked, _) in _behind(session, trail).items():
        gathered, last = _Gathered(), None
        for last in trail.rows(chain, marked):
            if '"holder"' in last.body:
                gathered.add(session, last)
                found += 1
            if len(gathered.single) >= AT_ONCE:
                _write(session, gathered)
                gathered = _Gathered()
        if last is not None:
            _write(session, gathered)
            mark = {"chain": chain, "n": last.n, "hash": last.hash}
            session.upsert_rows("told_mark", [mark])
    return found


def is_told_level(session: ReadSession, trail: AuditTrail) -> bool:
    """Whether every telling of the chains is noted."""
    return not _behind(session, trail)


def told_marks(session: ReadSession) -> dict[str, tuple[int, str]]:
    """By chain, number and hash of the last entry that is noted."""
    rows = session.rows("SELECT chain, n, hash FROM told_mark ORDER BY chain")
    return {str(row["chain"]): (int(str(row["n"])), str(row["hash"])) for row in rows}


def _behind(session: ReadSession, trail: AuditTrail) -> dict[str, tuple[int, str]]:
    """Chains with entries that are not noted yet, each with its mark."""
    marks = told_marks(session)
    behind = {}
    for chain, head in trail.heads().items():
        mark = marks.get(chain, (0, ""))
        if head[0] > mark[0]:
            behind[chain] = mark
    return behind


def _write(session: WriteSession, gathered: _Gathered) -> None:
    by_holder: dict[str, dict[Telling, Days]] = {}
    for (holder, municipal_id, record_id), days in gathered.single.items():
        by_holder.setdefault(holder, {})[Telling(municipal_id, record_id)] = days
    for holder, tellings in sorted(by_holder.items()):
        note(session, holder, tellings)
    note_sets(session, gathered.sets)
    for holder, cursor in sorted(gathered.read.items()):
        mark_read(session, holder, Cursor.parse(cursor))


def _told_set(session: ReadSession, said: Mapping[str, Any]) -> ToldSet:
    """What an entry says was told; the first ones name an event in place of a transaction."""
    if "tx_id" in said:
        return ToldSet(said["source"], said["tx_id"], ToldKind(said["kind"]))
    tx_id = session.number("SELECT tx_id FROM ledger_event WHERE seq = :seq", {"seq": said["seq"]})
    kind = ToldKind.ALL_RECORDS if said["restricted"] else ToldKind.OPEN_RECORDS
    return ToldSet(said["source"], tx_id, kind)
