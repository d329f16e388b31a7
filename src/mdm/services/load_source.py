"""Load a delivery of a source: stage, compare, and either bring into force or hold for a person."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mdm.domain.delivery import WITHDRAWS_TOO_MUCH, Comparison, HoldRule
from mdm.domain.ledger import TxHeader
from mdm.errors import LoadHeldError, LoadStateError, NotFoundError
from mdm.ports import Delivery, Intake, ProgressStep, ReadSession, Store, WriteSession
from mdm.services.known_records import known_issues, known_records
from mdm.services.overlays import ask_overlays
from mdm.services.source_merges import known_marks, level_mark_issues
from mdm.services.sources import source_declaration

DEFAULT_HOLD = HoldRule()
_WAITING = pa.schema(
    [
        ("quarantine_id", pa.int64()),
        ("local_id", pa.string()),
        ("reason", pa.string()),
        ("content", pa.string()),
    ]
)
_WAITING_SQL = """
SELECT quarantine_id, local_id, reason, content FROM quarantine
WHERE source = :source AND resolved_load_id IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadContext:
    """What a load works with.

    Attributes:
        store: The registry.
        intake: The volume database's side.
        header: Who loads, and why.
        hold: When a delivery waits for a person.
        progress: Told a step and its share done.
    """

    store: Store
    intake: Intake
    header: TxHeader
    hold: HoldRule = DEFAULT_HOLD
    progress: ProgressStep


def load_source(context: LoadContext, source: str, files: Sequence[Path]) -> dict[str, object]:
    """Load one delivery; nothing of it is in force if it is refused or held.

    Returns:
        load_id, source, state and the counts; read = new + changed + unchanged + reinstated +
        quarantined.

    Raises:
        UnknownSourceError: The source is not declared.
        FileRefusedError: A file as a whole cannot be read.
        LoadHeldError: The load waits for `accept_load`; `where` is its number.
    """
    declaration = source_declaration(context.store, source)
    delivery = context.intake.stage(declaration, files, progress=context.progress)
    snapshot = context.intake.is_snapshot(declaration)
    return load_delivery(context, source, delivery, snapshot=snapshot)


def load_corrected(
    context: LoadContext, source: str, file: Path, quarantine_ids: Sequence[int]
) -> dict[str, object]:
    """Load quarantined rows that a person has mended; they no longer wait.

    Raises:
        NotFoundError: The source has no such row waiting.
        FileRefusedError: The file as a whole cannot be read.
    """
    declaration = source_declaration(context.store, source)
    with context.store.reading() as session:
        _check_waiting(session, source, quarantine_ids)
    delivery = context.intake.stage_corrected(declaration, file, progress=context.progress)
    return load_delivery(context, source, delivery, snapshot=False, mended=quarantine_ids)


def _check_waiting(session: ReadSession, source: str, quarantine_ids: Sequence[int]) -> None:
    rows = session.rows(
        "SELECT quarantine_id FROM quarantine WHERE source = :source AND resolved_load_id IS NULL",
        {"source": source},
    )
    waiting = {row["quarantine_id"] for row in rows}
    gone = sorted(set(quarantine_ids) - waiting)
    if gone:
        shown = ", ".join(map(str, gone[:5]))
        raise NotFoundError(f"{len(gone)} rows do not wait in quarantine", where=shown)


def load_delivery(
    context: LoadContext,
    source: str,
    delivery: Delivery,
    *,
    snapshot: bool,
    mended: Sequence[int] = (),
) -> dict[str, object]:
    """Bring what is staged into force, or hold it; see `load_source`.

    Args:
        context: See `LoadContext`.
        source: The source.
        delivery: What was staged.
        snapshot: Whether records of its scopes that it leaves out were withdrawn.
        mended: Quarantined rows that it answers.
    """
    intake = context.intake
    overtaken: list[int] = []
    with context.store.writing(context.header) as session:
        before = intake.registry_state(session)
        context.progress("compare", 0.0)
        comparison = _compare(session, intake, source, delivery.scopes, snapshot=snapshot)
        reason = _held_reason(context.hold, delivery, comparison)
        load_id = _same_held(session, source, delivery) if reason is not None else None
        first_time = load_id is None
        load_id = session.next_ids("load") if load_id is None else load_id
        row = _load_row(load_id, source, delivery, comparison, reason)
        if reason is None:
            _publish(context, session, row, comparison, before)
            _settle_quarantine(session, intake, row, delivery.scopes, mended, snapshot=snapshot)
            overtaken = _overtake_held(session, source, delivery.scopes, load_id)
        elif first_time:
            session.insert_rows("load", [row])
            intake.keep(load_id)
    if reason is not None:
        raise _held(load_id, reason, comparison)
    _finish(context, session.tx_id, overtaken)
    return _result(row)


def accept_load(context: LoadContext, load_id: int) -> dict[str, object]:
    """Bring a held load into force, against the registry as it is now.

    Raises:
        NotFoundError: There is no such load.
        LoadStateError: It is not held, or what was staged is no longer there.
    """
    with context.store.reading() as session:
        found = session.row("SELECT * FROM load WHERE load_id = :id", {"id": load_id})
        if found is None:
            raise NotFoundError("no such load", where=str(load_id))
        _check_held(found)
    source = str(found["source"])
    declaration = source_declaration(context.store, source)
    context.intake.take_up(load_id)
    scopes = [str(scope) for scope in json.loads(str(found["scopes"]))]
    snapshot = context.intake.is_snapshot(declaration)
    with context.store.writing(context.header) as session:
        now = session.row("SELECT * FROM load WHERE load_id = :id", {"id": load_id})
        assert now is not None
        _check_held(now)
        before = context.intake.registry_state(session)
        comparison = _compare(session, context.intake, source, scopes, snapshot=snapshot)
        row = {**now, "state": "applied", **_counts(comparison), "tx_id": session.tx_id}
        row.pop("row_check")
        _publish(context, session, row, comparison, before)
        _settle_quarantine(session, context.intake, row, scopes, (), snapshot=snapshot)
        overtaken = _overtake_held(session, source, scopes, load_id)
    _finish(context, session.tx_id, [load_id, *overtaken])
    return _result(row)


def _check_held(load: dict[str, object]) -> None:
    if load["state"] != "held":
        raise LoadStateError(f"the load is {load['state']}", where=str(load["load_id"]))


def _compare(
    session: ReadSession,
    intake: Intake,
    source: str,
    scopes: Sequence[str] | frozenset[str],
    *,
    snapshot: bool,
) -> Comparison:
    marks = known_marks(session, source)
    return intake.compare(
        known_records(session, source, None if snapshot else intake.named(marks)),
        source=source,
        marks=marks,
        scopes=sorted(scopes),
        snapshot=snapshot,
    )


def _held_reason(hold: HoldRule, delivery: Delivery, comparison: Comparison) -> str | None:
    if delivery.held_reason is not None:
        return delivery.held_reason
    too_much = hold.holds(comparison.before, comparison.losses)
    return WITHDRAWS_TOO_MUCH if too_much else None


def _same_held(session: ReadSession, source: str, delivery: Delivery) -> int | None:
    """The number of the same delivery if it is held already: to send it twice is not two loads."""
    found = session.value(
        "SELECT load_id FROM load WHERE source = :source AND state = 'held' AND files = :files"
        " AND content_digest = :digest",
        {
            "source": source,
            "files": _files_json(delivery),
            "digest": delivery.content_digest,
        },
    )
    return None if found is None else int(str(found))


def _held(load_id: int, reason: str, comparison: Comparison) -> LoadHeldError:
    what = (
        f"it would withdraw {comparison.withdrawn} of {comparison.before} records"
        if reason == WITHDRAWS_TOO_MUCH
        else "the counts that the file states disagree with what it holds"
    )
    return LoadHeldError(f"{what}: check it, then `mdm load accept {load_id}`", where=str(load_id))


def _files_json(delivery: Delivery) -> str:
    return json.dumps(
        [
            {"name": one.name, "sha256": one.sha256, "bytes": one.bytes, "rows": one.rows}
            for one in delivery.files
        ],
        ensure_ascii=False,
    )


def _counts(comparison: Comparison) -> dict[str, object]:
    names = ("new", "changed", "unchanged", "reinstated", "withdrawn")
    return {name: getattr(comparison, name) for name in names}


def _load_row(
    load_id: int, source: str, delivery: Delivery, comparison: Comparison, reason: str | None
) -> dict[str, object]:
    return {
        "load_id": load_id,
        "source": source,
        "state": "applied" if reason is None else "held",
        "scopes": json.dumps(sorted(delivery.scopes), ensure_ascii=False),
        "files": _files_json(delivery),
        "read": delivery.read,
        **_counts(comparison),
        "quarantined": delivery.quarantined,
        "issues": delivery.issues,
        "held_reason": reason,
        "content_digest": delivery.content_digest,
    }


def _publish(
    context: LoadContext,
    session: WriteSession,
    load: dict[str, object],
    comparison: Comparison,
    before: dict[str, str],
) -> None:
    """Write a compared delivery: load, records, versions, events, issues, what it asks."""
    intake, source, load_id = context.intake, str(load["source"]), int(str(load["load_id"]))
    first = session.next_ids("record", comparison.new)
    intake.number(source=source, load_id=load_id, first_record=first)
    overlays = intake.overlays(session)
    session.upsert_rows("load", [load])
    context.progress("records", 0.0)
    with session.prepared("record_version", intake.versions()):
        session.insert_arrow("record", intake.new_records(), ahead=True)
        touched = intake.touched_records()
        session.update_arrow("record", touched)
        intake.anticipate(before)  # not before: versions are copied by one core alone
        context.progress("versions", 0.0)
    session.append_events(intake.state_events())
    context.progress("issues", 0.0)
    if comparison.fresh > comparison.new:
        known = known_issues(session, source, touched["record_id"])
        session.delete_arrow("issue", intake.settled_issues(known))
    level_mark_issues(session, source, load_id, intake.unusable_marks())
    # Last of all issues: how many there are is known once they are written.
    session.insert_arrow("issue", intake.issue_rows(first_issue=session.next_ids("issue")))
    ask_overlays(session, overlays)


def _settle_quarantine(
    session: WriteSession,
    intake: Intake,
    load: dict[str, object],
    scopes: Sequence[str] | frozenset[str],
    mended: Sequence[int],
    *,
    snapshot: bool,
) -> None:
    """Write the rows quarantined now; earlier ones that this load answers no longer wait."""
    source, load_id = str(load["source"]), int(str(load["load_id"]))
    waiting = session.read_arrow(_WAITING_SQL, {"source": source}, schema=_WAITING)
    settled = {*intake.settled_quarantine(waiting), *mended}
    if snapshot:
        settled.update(_of_scopes(session, source, scopes))
    rows = [{"quarantine_id": key, "resolved_load_id": load_id} for key in sorted(settled)]
    session.update_rows("quarantine", rows)
    first = session.next_ids("quarantine")
    session.insert_arrow("quarantine", intake.quarantine_rows(first_quarantine=first))


def _of_scopes(
    session: ReadSession, source: str, scopes: Sequence[str] | frozenset[str]
) -> set[int]:
    """Rows waiting from earlier snapshots of the same scopes: this one states them anew."""
    rows = session.rows(
        "SELECT q.quarantine_id AS quarantine_id, l.scopes AS scopes"
        " FROM quarantine q JOIN load l ON l.load_id = q.load_id"
        " WHERE q.source = :source AND q.resolved_load_id IS NULL",
        {"source": source},
    )
    covered = set(scopes)
    return {
        int(str(row["quarantine_id"]))
        for row in rows
        if covered.issuperset(json.loads(str(row["scopes"])))
    }


def _overtake_held(
    session: WriteSession,
    source: str,
    scopes: Sequence[str] | frozenset[str],
    load_id: int,
) -> list[int]:
    """Refuse earlier loads that wait for a person: a later one of their scopes is in force."""
    held = session.rows(
        "SELECT load_id, scopes FROM load"
        " WHERE source = :source AND state = 'held' AND load_id < :load ORDER BY load_id",
        {"source": source, "load": load_id},
    )
    covered = set(scopes)
    overtaken = [
        int(str(row["load_id"]))
        for row in held
        if not covered.isdisjoint(json.loads(str(row["scopes"])))
    ]
    session.update_rows("load", [{"load_id": key, "state": "refused"} for key in overtaken])
    return overtaken


def _finish(context: LoadContext, tx_id: int, done: Sequence[int]) -> None:
    """After the commit: staged content that no longer waits goes, the cache follows."""
    for load_id in done:
        context.intake.forget(load_id)
    context.progress("cache", 0.0)
    with context.store.reading() as session:
        alone = session.number("SELECT MAX(tx_id) FROM ledger_tx") == tx_id
        after = context.intake.registry_state(session)
    if alone:
        context.intake.follow(after)


def _result(row: dict[str, object]) -> dict[str, object]:
    names = (
        "load_id",
        "source",
        "state",
        "read",
        "new",
        "changed",
        "unchanged",
        "reinstated",
        "withdrawn",
        "quarantined",
        "issues",
    )
    return {name: row[name] for name in names}
