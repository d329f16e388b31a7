"""Registries of a handful of records, made by hand: for tests of what happens after a link run.

made = SmallRegistry(store)
ana, bia = made.records(("clinic", "1", {"full_name": "Ana Souza"}), ("school", "7", {}))
made.citizens((ana, bia))
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

from mdm.domain.events import (
    ALONE,
    Ambiguous,
    Anchor,
    Event,
    Link,
    LinkStatus,
    Mint,
    Move,
    Place,
    RecordState,
    RecordStateSet,
    TombstoneId,
    Unplace,
    WithdrawId,
)
from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import mint
from mdm.domain.scored_pair import Guard
from mdm.ports import WriteSession
from mdm.services.apply_events import apply_events, event_table
from mdm.storage.store import Store

HEADER = TxHeader(kind="test", actor="tester")
Given = tuple[str, str, Mapping[str, str]]
AUTOMATIC = Link(LinkStatus.AUTOMATIC, 12.0)


def digest(text: str) -> str:
    """As `record_version.content_hash`."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class SmallRegistry:
    """Writes records and citizens the way the services leave them.

    Args:
        store: An empty registry.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def records(self, *given: Given) -> tuple[int, ...]:
        """Load new records, one load for all; returns their numbers."""
        with self.store.writing(HEADER) as session:
            first = session.next_ids("record", len(given))
            load_id = self._load(session, sorted({source for source, _, _ in given}), len(given))
            rows = [_content(values) for _, _, values in given]
            session.insert_rows(
                "record",
                [
                    {
                        "record_id": first + n,
                        "source": source,
                        "local_id": local_id,
                        "state": "pending",
                        "version": 1,
                        "content_hash": digest(rows[n]),
                        "last_load_id": load_id,
                        "restricted": values.get("restricted") == "1",
                    }
                    for n, (source, local_id, values) in enumerate(given)
                ],
            )
            self._versions(session, [(first + n, 1, text) for n, text in enumerate(rows)], load_id)
        return tuple(range(first, first + len(given)))

    def change(self, record_id: int, values: Mapping[str, str]) -> None:
        """The source delivers other content for a record."""
        text = _content(values)
        with self.store.writing(HEADER) as session:
            row = session.row(
                "SELECT source, version FROM record WHERE record_id = :id", {"id": record_id}
            )
            assert row is not None
            version = int(str(row["version"])) + 1
            load_id = self._load(session, [str(row["source"])], 1)
            session.update_rows(
                "record",
                [
                    {
                        "record_id": record_id,
                        "version": version,
                        "content_hash": digest(text),
                        "last_load_id": load_id,
                    }
                ],
            )
            self._versions(session, [(record_id, version, text)], load_id)

    def citizens(self, *clusters: Sequence[int], link: Link | None = None) -> list[str]:
        """Make each cluster of pending records a new citizen; returns their IDs."""
        ids = [str(mint()) for _ in clusters]
        events: list[Event] = [Mint(i, c[0]) for i, c in zip(ids, clusters, strict=True)]
        for municipal_id, cluster in zip(ids, clusters, strict=True):
            several = AUTOMATIC if link is None else link
            events += [
                Place(r, municipal_id, several if len(cluster) > 1 else ALONE) for r in cluster
            ]
        self.apply(*events)
        return ids

    def merge(self, record_id: int, from_id: str, to_id: str) -> None:
        """A record moves to another citizen; its anchors stay."""
        self.apply(Move(record_id, from_id, to_id, AUTOMATIC))

    def apply(self, *events: Event) -> None:
        """Append events in one transaction and bring the tables level."""
        with self.store.writing(HEADER) as session:
            apply_events(session, event_table(events))
            states = [e for e in events if isinstance(e, RecordStateSet)]
            session.update_rows(
                "record", [{"record_id": e.record_id, "state": e.state.value} for e in states]
            )

    def pairs(self, *scored: tuple[int, int, float]) -> None:
        """Store scored pairs as the last plan would have."""
        with self.store.writing(HEADER) as session:
            session.upsert_rows(
                "scored_pair",
                [
                    {
                        "record_l": left,
                        "record_r": right,
                        "match_weight": weight,
                        "pattern": 0,
                        "guard": None,
                        "outcome": "review",
                        "plan_id": None,
                    }
                    for left, right, weight in scored
                ],
            )

    def question(
        self,
        left: int,
        right: int,
        kind: str = "between_thresholds",
        guard: Guard | None = None,
        priority: float = 0.25,
    ) -> int:
        """An open question about a pair; returns its number."""
        with self.store.writing(HEADER) as session:
            review_id = session.next_ids("review_item")
            session.insert_rows(
                "review_item",
                [
                    {
                        "review_id": review_id,
                        "kind": kind,
                        "record_l": left,
                        "record_r": right,
                        "state": "open",
                        "match_weight": 5.0,
                        "match_probability": 0.97,
                        "reason": kind if guard is None else f"{kind}:{guard.value}",
                        "group_id": left,
                        "priority": priority,
                    }
                ],
            )
        return review_id

    def issue(self, record_id: int, field: str, reason: str) -> None:
        """An issue of a record."""
        with self.store.writing(HEADER) as session:
            session.insert_rows(
                "issue",
                [
                    {
                        "issue_id": session.next_ids("issue"),
                        "load_id": 1,
                        "record_id": record_id,
                        "field": field,
                        "value_class": "test",
                        "reason": reason,
                    }
                ],
            )

    def home(self, record_id: int) -> str | None:
        """The ID of the citizen that a record belongs to now."""
        with self.store.reading() as session:
            found = session.value(
                "SELECT municipal_id FROM membership WHERE record_id = :r", {"r": record_id}
            )
        return None if found is None else str(found)

    def _load(self, session: WriteSession, sources: Sequence[str], count: int) -> int:
        declared = {row["name"] for row in session.rows("SELECT name FROM source")}
        for source in sources:
            if source in declared:
                continue
            session.insert_rows(
                "source",
                [
                    {
                        "name": source,
                        "sector": "health",
                        "layout": "canonical",
                        "declaration": "",
                        "declaration_hash": "",
                        "tx_id": session.tx_id,
                    }
                ],
            )
        load_id = session.next_ids("load")
        zero = dict.fromkeys(
            ("changed", "unchanged", "reinstated", "withdrawn", "quarantined", "issues"), 0
        )
        session.insert_rows(
            "load",
            [
                {
                    "load_id": load_id,
                    "source": sources[0],
                    "state": "applied",
                    "scopes": "[]",
                    "files": "[]",
                    "read": count,
                    "new": count,
                    **zero,
                }
            ],
        )
        return load_id

    def _versions(
        self, session: WriteSession, contents: Sequence[tuple[int, int, str]], load_id: int
    ) -> None:
        session.insert_rows(
            "record_version",
            [
                {
                    "record_id": record_id,
                    "version": version,
                    "load_id": load_id,
                    "content_hash": digest(text),
                    "payload": text,
                }
                for record_id, version, text in contents
            ],
        )


def _content(values: Mapping[str, str]) -> str:
    return json.dumps(dict(values), ensure_ascii=False)


def withdrawn(record_id: int) -> Event:
    """The record's source holds it no longer."""
    return RecordStateSet(record_id, RecordState.WITHDRAWN)


__all__ = [
    "AUTOMATIC",
    "HEADER",
    "Ambiguous",
    "Anchor",
    "SmallRegistry",
    "TombstoneId",
    "Unplace",
    "WithdrawId",
    "withdrawn",
]
