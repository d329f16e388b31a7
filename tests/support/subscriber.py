"""A subscriber of the feed: it keeps the latest change of each record and each ID."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from mdm.domain.change import Change, ChangeKind
from mdm.ports import ReadSession, Store
from mdm.services.changes import Cursor, Page, Scope, read_changes, told_digest
from mdm.services.seals import sealed_ids, unsealed

UNSEALED = unsealed("r")
# Nobody is told of an erased record, nor what was told of it before.
TOLD = f"{UNSEALED} AND r.state <> 'erased'"
EVERYTHING = Scope(UNSEALED, {})
_Key = TypeVar("_Key")
Crosswalk = dict[tuple[str, str], tuple[str, str, str]]
Answers = dict[str, tuple[str, str | None, str | None]]


@dataclass
class Subscriber:
    """What one system knows of the registry by the feed alone."""

    records: dict[tuple[str, str], Change] = field(default_factory=dict)
    golden: dict[str, Change] = field(default_factory=dict)
    ids: dict[str, Change] = field(default_factory=dict)

    def read(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if change.local_id is not None:
                assert change.source is not None
                _keep_later(self.records, (change.source, change.local_id), change)
            elif change.change is ChangeKind.GOLDEN_CHANGED:
                assert change.municipal_id is not None
                _keep_later(self.golden, change.municipal_id, change)
            else:
                assert change.municipal_id is not None
                _keep_later(self.ids, change.municipal_id, change)

    def crosswalk(self) -> Crosswalk:
        """Record -> its citizen, link status and status."""
        return {
            key: (one.municipal_id, str(one.link_status), str(one.record_status))
            for key, one in self.records.items()
            if one.municipal_id is not None
        }

    def digests(self) -> dict[str, str]:
        """Citizen -> digest of their golden values."""
        return {
            name: one.golden_digest
            for name, one in self.golden.items()
            if one.golden_digest is not None
        }

    def answers(self) -> Answers:
        """ID -> its state, the citizen that it names, until when it is ambiguous."""
        met = {one.municipal_id for one in self.records.values()}
        met |= {one.former_id for one in self.records.values()}
        found: Answers = {name: ("active", name, None) for name in met if name is not None}
        for name, one in self.ids.items():
            found[name] = (str(one.id_state), one.resolves_to, one.ambiguous_until)
        return found


def _keep_later(kept: dict[_Key, Change], key: _Key, change: Change) -> None:
    if key not in kept or kept[key].at < change.at:
        kept[key] = change


def whole_feed(store: Store, *, limit: int, scope: Scope = EVERYTHING) -> list[Change]:
    """All entries, in pages of a size."""
    found: list[Change] = []
    cursor = Cursor()
    with store.reading() as session:
        while True:
            page: Page = read_changes(session, scope, cursor, limit)
            found += page.changes
            assert Cursor.parse(str(page.cursor)) == page.cursor
            cursor = page.cursor
            if not page.more:
                return found


def agree_with_a_subscriber(store: Store, *, seed: int) -> None:
    """Whoever reads the feed twice and in any order ends where the registry is."""
    told = whole_feed(store, limit=1 + seed % 7)
    assert told == whole_feed(store, limit=100)
    late = [*told, *told]
    random.Random(seed).shuffle(late)
    subscriber = Subscriber()
    subscriber.read(late)
    with store.reading() as session:
        assert subscriber.crosswalk() == crosswalk_of(session, TOLD)
        assert subscriber.digests() == digests_of(session, TOLD)
        known = subscriber.answers()
        secret = sealed_ids(session)
        wanted = {n: answer for n, answer in answers_of(session).items() if n not in secret}
    assert known == {name: wanted[name] for name in known}
    # Nobody is told of an ID that no record was ever placed under, but for erased ones.
    assert {name for name in wanted if name not in known} <= never_placed(store)


def digests_of(session: ReadSession, known: str = "true") -> dict[str, str]:
    """Citizen -> digest of their golden values, as it leaves."""
    rows = session.rows(
        "SELECT g.municipal_id, g.content_digest FROM golden_record g WHERE EXISTS (SELECT 1 "
        f"FROM membership m JOIN record r ON r.record_id = m.record_id AND {known} "
        "WHERE m.municipal_id = g.municipal_id)"
    )
    return {
        str(r["municipal_id"]): str(told_digest(session, str(r["content_digest"]))) for r in rows
    }


def never_placed(store: Store) -> set[str]:
    with store.reading() as session:
        rows = session.rows(
            "SELECT municipal_id FROM municipal_id WHERE municipal_id NOT IN "
            "(SELECT e.municipal_id FROM ledger_event e JOIN record r ON r.record_id = e.record_id "
            "WHERE e.municipal_id IS NOT NULL AND e.kind IN ('place', 'move') "
            "AND r.state <> 'erased')"
        )
    return {str(row["municipal_id"]) for row in rows}


def crosswalk_of(session: ReadSession, known: str = "true") -> Crosswalk:
    rows = session.rows(
        "SELECT r.source, r.local_id, m.municipal_id, m.link_status, r.state FROM membership m "
        f"JOIN record r ON r.record_id = m.record_id WHERE {known}"
    )
    return {
        (str(row["source"]), str(row["local_id"])): (
            str(row["municipal_id"]),
            str(row["link_status"]),
            str(row["state"]),
        )
        for row in rows
    }


def answers_of(session: ReadSession) -> Answers:
    rows = session.rows(
        "SELECT i.municipal_id, i.state, i.ambiguous_until, m.municipal_id AS home "
        "FROM municipal_id i LEFT JOIN membership m ON m.record_id = i.anchor_record_id"
    )
    return {
        str(row["municipal_id"]): (
            str(row["state"]),
            str(row["home"]) if row["state"] == "active" else None,
            None if row["ambiguous_until"] is None else str(row["ambiguous_until"]),
        )
        for row in rows
    }
