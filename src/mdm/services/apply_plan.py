"""Apply a plan: one transaction, ledger first; a plan overtaken by events is decided again.

What changed since a plan was made is decided anew inside the transaction, with the writer lane
held. Deciding is a pure function of the registry, so what did not change comes out as planned.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from mdm.domain.ledger import TxHeader
from mdm.domain.plan_size import PlanSize
from mdm.domain.told_sets import Holders
from mdm.errors import (
    LaneBusyError,
    NotFoundError,
    PlanStaleError,
    PlanStateError,
    TooManyChangesError,
)
from mdm.ports import Linking, ReadSession, Store, WriteSession
from mdm.services.apply_events import apply_events
from mdm.services.golden_changes import ever_noted, golden_digests, note_golden, seen
from mdm.services.golden_due import GOLDEN_RULES, content_state, due_golden
from mdm.services.judge_identifier import suspend_changed_identifiers
from mdm.services.judgements import suspend_changed
from mdm.services.overlays import close_overlays
from mdm.services.overrides import lapse_corrected
from mdm.services.publish_review import publish_ownership, publish_review
from mdm.services.replaced_pairs import items_row, with_replaced
from mdm.services.told_holders import told_holders

# A plan that would change more than this share of the present IDs needs a person's word.
CHANGES_ALLOWED = 0.001
FEWEST_CHANGES = 10
# More than this share of the records touched since: the plan is another one, make it anew.
STALE_SHARE = 0.01
FEWEST_STALE = 20
NO_ITEMS = b""
"""A plan applied at once keeps no events of its own: they are in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDraft:
    """What is known of a plan besides its tables.

    Attributes:
        base_seq: Last ledger event that it was made from.
        base_tx: Last transaction that it saw.
        model_version: Model of its weights.
        inputs_digest: Hash of what it was decided from.
        fresh: Decided without hysteresis.
        ambiguous_until: ISO day until which IDs that it splits are ambiguous.
        counts: The counts of the contract and what else is told of the plan.
    """

    base_seq: int
    base_tx: int
    model_version: str
    inputs_digest: str
    fresh: bool
    ambiguous_until: str
    counts: dict[str, object]

    def row(self, plan_id: int, at: str) -> dict[str, object]:
        """The row of table `plan`, without state and content."""
        return {
            "plan_id": plan_id,
            "base_seq": self.base_seq,
            "model_version": self.model_version,
            "inputs_digest": self.inputs_digest,
            "counts": json.dumps(
                {
                    **self.counts,
                    "base_tx": self.base_tx,
                    "fresh": self.fresh,
                    "ambiguous_until": self.ambiguous_until,
                }
            ),
            "at": at,
        }


def store_plan(store: Store, linking: Linking, header: TxHeader, draft: PlanDraft) -> int:
    """Store a proposed plan with its content; returns its number."""
    items, digest = linking.pack()
    with store.writing(header) as session:
        plan_id = session.next_ids("plan")
        session.insert_rows(
            "plan",
            [
                {
                    **draft.row(plan_id, session.at),
                    "state": "proposed",
                    "items": items,
                    "items_digest": digest,
                }
            ],
        )
    return plan_id


def apply_draft(
    store: Store, linking: Linking, header: TxHeader, draft: PlanDraft, *, accepted: int = 0
) -> int:
    """Apply a plan that was just made and is still in the volume plane; returns its number.

    Raises:
        TooManyChangesError: Decided again, it would change too many present IDs.
        PlanStaleError: Too much changed meanwhile.
        LaneBusyError: Another run made a plan meanwhile.
    """
    with store.reading() as reading:
        plan_id = reading.number("SELECT MAX(plan_id) FROM plan") + 1
    with store.writing(replace(header, plan_id=plan_id)) as session:
        if session.next_ids("plan") != plan_id:
            raise LaneBusyError("another run made a plan meanwhile")
        before = linking.registry_state(session)
        replaced = _bring_in(session, linking, draft, plan_id, accepted)
        session.insert_rows(
            "plan",
            [
                {
                    **draft.row(plan_id, session.at),
                    "state": "applied",
                    **items_row(with_replaced(NO_ITEMS, replaced)),
                    "applied_tx": session.tx_id,
                }
            ],
        )
    _follow(store, linking, before)
    return plan_id


def apply_stored(
    store: Store, linking: Linking, header: TxHeader, plan_id: int, *, accepted: int = 0
) -> dict[str, object]:
    """Apply a stored plan.

    Returns:
        plan_id, state and the counts of the contract.

    Raises:
        NotFoundError: There is no such plan.
        PlanStateError: It is not waiting to be applied.
        PlanStaleError: Too much changed since it was made, or it was made with another model.
        TooManyChangesError: Decided again, it would change too many present IDs.
    """
    with store.writing(replace(header, plan_id=plan_id)) as session:
        row = session.row("SELECT * FROM plan WHERE plan_id = :id", {"id": plan_id})
        if row is None:
            raise NotFoundError("there is no such plan", where=str(plan_id))
        if row["state"] != "proposed":
            raise PlanStateError(f"the plan is {row['state']}", where=str(plan_id))
        if row["model_version"] != linking.model_version:
            raise PlanStaleError("it was made with another model: plan again", where=str(plan_id))
        items = row["items"]
        assert isinstance(items, bytes | memoryview)
        linking.read_registry(session)
        linking.unpack(bytes(items))
        before = linking.registry_state(session)
        draft = draft_of(row)
        replaced = _bring_in(session, linking, draft, plan_id, accepted)
        counts = json.loads(str(row["counts"])) | {GOLDEN_RULES: linking.golden_rules}
        applied = {"plan_id": plan_id, "state": "applied", "applied_tx": session.tx_id}
        applied["counts"] = json.dumps(counts)
        content = items_row(with_replaced(bytes(items), replaced))
        session.update_rows("plan", [{**applied, **content}])
    _follow(store, linking, before)
    return {"plan_id": plan_id, "state": "applied", **contract_counts(draft.counts)}


CONTRACT_COUNTS = (
    "records", "candidate_pairs", "scored_pairs", "minted", "linked", "moved", "merged", "split",
    "review",
)  # fmt: skip


def contract_counts(counts: dict[str, object]) -> dict[str, object]:
    """The counts that the command line promises."""
    return {name: counts.get(name, 0) for name in CONTRACT_COUNTS}


def draft_of(row: dict[str, object]) -> PlanDraft:
    """What a row of table `plan` says besides state and content."""
    counts: dict[str, object] = json.loads(str(row["counts"]))
    return PlanDraft(
        base_seq=int(str(row["base_seq"])),
        base_tx=int(str(counts.pop("base_tx"))),
        model_version=str(row["model_version"]),
        inputs_digest=str(row["inputs_digest"]),
        fresh=bool(counts.pop("fresh")),
        ambiguous_until=str(counts.pop("ambiguous_until")),
        counts=counts,
    )


def plan_counts(size: PlanSize) -> dict[str, object]:
    """Counts of a decided plan by name."""
    names = ("minted", "linked", "moved", "merged", "split", "review", "changed_ids")
    return {name: getattr(size, name) for name in names}


def refuse_many(session: ReadSession, changed: int, accepted: int) -> None:
    """Refuse to change more present IDs than go without a person's word.

    Raises:
        TooManyChangesError: More than the allowed share and than `accepted`.
    """
    if changed <= max(FEWEST_CHANGES, accepted):
        return
    citizens = session.number("SELECT COUNT(DISTINCT municipal_id) FROM membership")
    allowed = max(int(citizens * CHANGES_ALLOWED), FEWEST_CHANGES, accepted)
    if changed > allowed:
        raise TooManyChangesError(
            f"{changed} present IDs would change, {allowed} may; "
            f"--accept-changes {changed} allows them"
        )


def _bring_in(
    session: WriteSession, linking: Linking, draft: PlanDraft, plan_id: int, accepted: int
) -> pa.Table:
    """Bring a plan into force, decided again if need be; returns the pairs that it replaced."""

    def told(ids: Sequence[str]) -> Holders:
        return told_holders(session, ids)

    if _touched_since(session, draft) or linking.is_told_otherwise(told):
        linking.read_registry(session)
        linking.score()
        size = linking.decide(told, fresh=draft.fresh, ambiguous_until=draft.ambiguous_until)
        draft.counts.update(plan_counts(size))
        refuse_many(session, size.changed_ids, accepted)
    draft.counts[GOLDEN_RULES] = linking.golden_rules
    events = linking.events()
    content = _Content(
        *linking.pairs(session),
        owned=linking.ownership_rows(),
        questions=linking.review_rows(),
    )
    if session.value("SELECT 1 FROM municipal_id LIMIT 1") is None:
        _first_build(session, linking, events, content, plan_id)
    else:
        linking.applied(events, apply_events(session, events))
        reowned = _write(session, content, plan_id)
        publish_golden(session, linking, due_golden(session, linking, events, reowned))
    return content.replaced


@dataclass(frozen=True, slots=True)
class _Content:
    """What a plan writes besides its events: `mdm.ports.Linking` tells of each."""

    pairs: pa.Table
    gone: pa.Table
    replaced: pa.Table
    owned: pa.Table
    questions: pa.Table


def _first_build(
    session: WriteSession, linking: Linking, events: pa.Table, content: _Content, plan_id: int
) -> None:
    """Bring in a plan before which no ID was issued.

    Golden records then hang on nothing that is written here: the volume plane computes them
    while the registry takes in the rest.
    """
    first = session.next_ids("ledger_event")
    linking.applied(events, range(first, first + events.num_rows))
    with session.prepared("golden_record", linking.golden(session, None)):
        apply_events(session, events)
        _write(session, content, plan_id)


def _write(session: WriteSession, content: _Content, plan_id: int) -> set[int]:
    """Write pairs, ownership and questions; returns records that are owned otherwise now."""
    if content.gone.num_rows > 0:
        session.delete_arrow("scored_pair", content.gone)
    if content.pairs.num_rows > 0:
        numbers = pa.repeat(pa.scalar(plan_id, pa.int64()), content.pairs.num_rows)
        session.upsert_arrow("scored_pair", content.pairs.append_column("plan_id", numbers))
    reowned = publish_ownership(session, content.owned)
    publish_review(session, content.questions, plan_id)
    suspend_changed(session)
    suspend_changed_identifiers(session)
    lapse_corrected(session)
    close_overlays(session)
    return reowned


def _touched_since(session: ReadSession, draft: PlanDraft) -> bool:
    """Whether anything happened since the plan was made; too much is refused."""
    params = {"seq": draft.base_seq, "base": draft.base_tx}
    other = session.value("SELECT 1 FROM ledger_event WHERE seq > :seq LIMIT 1", params)
    if other is None and draft.counts.get("content") == content_state(session):
        return False
    touched = session.number(
        "SELECT COUNT(*) FROM (SELECT record_id FROM ledger_event WHERE seq > :seq "
        "AND record_id IS NOT NULL UNION SELECT record_id FROM record_version "
        "WHERE load_id IN (SELECT load_id FROM load WHERE tx_id > :base)) AS t",
        params,
    )
    records = session.number("SELECT COUNT(*) FROM record")
    if touched > max(records * STALE_SHARE, FEWEST_STALE):
        raise PlanStaleError(
            f"{touched} of {records} records changed since the plan was made: plan again"
        )
    return touched > 0 or other is not None


def publish_golden(session: WriteSession, linking: Linking, changed: pa.Table | None) -> None:
    """Write the golden records of the given citizens anew, or of all where None is given."""
    if changed is not None and changed.num_rows == 0:
        return
    after: dict[str, str] = {}
    rows = seen(linking.golden(session, changed), after)
    if changed is None:
        session.insert_arrow("golden_record", rows, ahead=True)
        # That a new citizen has values follows from the mint; one that comes back has them again.
        note_golden(session, {}, {name: after[name] for name in ever_noted(session) & after.keys()})
        return
    before = golden_digests(session, changed["municipal_id"].to_pylist())
    session.replace_arrow("golden_record", changed, rows)
    note_golden(session, before, after)


def _follow(store: Store, linking: Linking, before: dict[str, str]) -> None:
    with store.reading() as session:
        linking.follow(before=before, after=linking.registry_state(session))
