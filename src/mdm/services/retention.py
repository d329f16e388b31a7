"""What a source's retention time is over for, and how much of it may go without a person's word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mdm.errors import RetentionCapError
from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int
from mdm.services.seals import unsealed

CAP_SHARE = 0.005
"""More than this share of a source's records needs a person's word."""
FEWEST = 5

# Withdrawn for longer than the source says. A record that its source replaced goes on answering
# for its old local ID while the source holds the citizen; after that it is as a withdrawn one.
# What is sealed stays until somebody decides of it.
_DUE = f"""
SELECT r.record_id FROM record r WHERE r.source = :source AND {unsealed("r")}
AND (r.state = 'withdrawn' OR r.state = 'superseded' AND NOT EXISTS (
  SELECT 1 FROM membership m JOIN membership o ON o.municipal_id = m.municipal_id
  JOIN record p ON p.record_id = o.record_id
  WHERE m.record_id = r.record_id AND p.source = r.source AND p.state = 'present'))
AND (SELECT MAX(t.at) FROM ledger_event e JOIN ledger_tx t ON t.tx_id = e.tx_id
  WHERE e.record_id = r.record_id AND e.kind = 'record_state') < :before
ORDER BY r.record_id
"""
_TEXTS = """
SELECT q.quarantine_id, q.load_id, q.resolved_load_id FROM quarantine q
JOIN load l ON l.load_id = q.load_id JOIN ledger_tx t ON t.tx_id = l.tx_id
WHERE q.source = :source AND q.content IS NOT NULL AND t.at < :before ORDER BY q.quarantine_id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What of one source is past its time.

    Attributes:
        source: The source.
        retention_days: How long it keeps withdrawn records.
        records: How many records it has that are not erased.
        due: Numbers of those whose time is over.
        texts: Rows in quarantine whose text is as old.
    """

    source: str
    retention_days: int
    records: int
    due: Sequence[int]
    texts: Sequence[Mapping[str, object]]

    @property
    def allowed(self) -> int:
        """How many records may go without a person's word."""
        return max(int(self.records * CAP_SHARE), FEWEST)

    def as_dict(self) -> dict[str, object]:
        """What is told of it."""
        return {
            "source": self.source,
            "retention_days": self.retention_days,
            "records": self.records,
            "due": len(self.due),
            "quarantined": len(self.texts),
            "over_cap": len(self.due) > self.allowed,
        }


def what_is_due(session: ReadSession, days: Mapping[str, int], today: date) -> list[Due]:
    """What is past its retention time, source by source.

    Args:
        session: A snapshot.
        days: Retention time of each source.
        today: The day that counts: a record withdrawn exactly so many days ago stays.
    """
    counts = {
        str(row["source"]): as_int(row["records"])
        for row in session.rows(
            "SELECT r.source, COUNT(*) AS records FROM record r "
            f"WHERE r.state <> 'erased' AND {unsealed('r')} GROUP BY r.source"
        )
    }
    found = []
    for source, kept in sorted(days.items()):
        params = {"source": source, "before": (today - timedelta(days=kept)).isoformat()}
        due = [as_int(row["record_id"]) for row in session.rows(_DUE, params)]
        texts = session.rows(_TEXTS, params)
        found.append(Due(source, kept, counts.get(source, 0), due, texts))
    return found


def refuse_over_cap(found: Sequence[Due], accepted: int) -> None:
    """Refuse to erase more than goes without a person's word.

    Args:
        found: What is due.
        accepted: How many records of one source a person lets go.

    Raises:
        RetentionCapError: More of a source is due; the first one is named.
    """
    for one in found:
        allowed = max(one.allowed, accepted)
        if len(one.due) > allowed:
            raise RetentionCapError(
                f"{len(one.due)} of {one.records} records are past their time, {allowed} may go; "
                f"--accept-erasures {len(one.due)} lets them go",
                where=one.source,
            )


def empty_old_texts(session: WriteSession, found: Sequence[Due]) -> int:
    """Take the text of rows in quarantine that is past its time; they wait no longer."""
    rows = [
        {
            "quarantine_id": row["quarantine_id"],
            "content": None,
            "resolved_load_id": row["load_id"]
            if row["resolved_load_id"] is None
            else row["resolved_load_id"],
        }
        for one in found
        for row in one.texts
    ]
    return session.update_rows("quarantine", rows)
