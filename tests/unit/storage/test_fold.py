"""The set-wise fold gives what the fold event by event gives."""

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.event_rows import to_row
from mdm.domain.events import (
    Ambiguous,
    Anchor,
    Event,
    Judge,
    JudgeIdentifier,
    JudgeIdentifierSuspend,
    JudgeIdentifierUndo,
    JudgeResume,
    JudgeSuspend,
    JudgeUndo,
    LapseValue,
    Link,
    LinkStatus,
    Logged,
    Mint,
    Move,
    Place,
    RecordState,
    RecordStateSet,
    ReinstateId,
    Relink,
    SetValue,
    TombstoneId,
    Unplace,
    UnsetValue,
    WithdrawId,
)
from mdm.domain.fold import fold as fold_one_by_one
from mdm.domain.identity import RegistryState
from mdm.domain.judgement import Verdict
from mdm.errors import LedgerError
from mdm.storage.fold import FOLDS, fold

RECORDS = st.integers(1, 4)
IDS = st.sampled_from(["A", "B", "C"])
LINKS = st.builds(Link, st.sampled_from(LinkStatus), st.none() | st.sampled_from([1.5, 9.0]))
JUDGEMENTS = st.integers(1, 2)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Mint, IDS, RECORDS),
    st.builds(Place, RECORDS, IDS, LINKS),
    st.builds(Place, RECORDS, IDS, LINKS),
    st.builds(Move, RECORDS, IDS, IDS, LINKS),
    st.builds(Relink, RECORDS, IDS, LINKS),
    st.builds(Unplace, RECORDS, IDS),
    st.builds(Anchor, IDS, RECORDS, RECORDS),
    st.builds(WithdrawId, IDS),
    st.builds(ReinstateId, IDS, RECORDS),
    st.builds(TombstoneId, IDS, RECORDS),
    st.builds(Ambiguous, IDS, st.none() | st.just("2026-12-01")),
    st.builds(RecordStateSet, RECORDS, st.sampled_from(RecordState)),
    st.builds(Judge, JUDGEMENTS, st.just(Verdict.SAME), st.just(1), st.just(2)),
    st.builds(JudgeSuspend, JUDGEMENTS),
    st.builds(JudgeResume, JUDGEMENTS),
    st.builds(JudgeUndo, JUDGEMENTS),
    *(st.builds(of, JUDGEMENTS) for of in (JudgeIdentifier, SetValue)),
    *(st.builds(of, JUDGEMENTS) for of in (JudgeIdentifierSuspend, LapseValue)),
    *(st.builds(of, JUDGEMENTS) for of in (JudgeIdentifierUndo, UnsetValue)),
)


def history(drawn: list[Event]) -> tuple[list[Logged], RegistryState]:
    """The drawn events that fit the state before them, and the state after them."""
    state = RegistryState()
    kept: list[Logged] = []
    for event in drawn:
        logged = Logged(len(kept) + 1, event)
        try:
            state = fold_one_by_one([logged], state)
        except LedgerError:
            continue
        kept.append(logged)
    return kept, state


def folded_tables(events: list[Logged]) -> dict[str, dict[object, tuple[object, ...]]]:
    rows = [to_row(logged.event) for logged in events]
    con = duckdb.connect(":memory:")
    ledger = pa.table(
        {
            "seq": pa.array([logged.seq for logged in events], pa.int64()),
            "tx_id": pa.array([1] * len(events), pa.int64()),
            "kind": pa.array([row.kind.value for row in rows], pa.string()),
            "record_id": pa.array([row.record_id for row in rows], pa.int64()),
            "municipal_id": pa.array([row.municipal_id for row in rows], pa.string()),
            "from_id": pa.array([row.from_id for row in rows], pa.string()),
            "weight": pa.array([row.weight for row in rows], pa.float64()),
            "detail": pa.array([row.detail for row in rows], pa.string()),
        }
    )
    con.register("ledger_event", ledger)
    con.register("ledger_tx", pa.table({"tx_id": [1], "at": ["now"]}))
    versions = {"record_id": range(1, 5), "version": [1] * 4, "content_hash": ["h"] * 4}
    con.register("record_version", pa.table({k: pa.array(v) for k, v in versions.items()}))
    found: dict[str, dict[object, tuple[object, ...]]] = {}
    for folded in FOLDS:
        fold(con, folded)
        columns = ", ".join((folded.key, *folded.columns))
        answer = con.execute(f"SELECT {columns} FROM folded_{folded.table}").fetchall()
        found[folded.table] = {row[0]: row[1:] for row in answer}
    con.close()
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_set_wise_is_one_by_one(drawn: list[Event]) -> None:
    events, state = history(drawn)

    found = folded_tables(events)

    assert {k: row[0] for k, row in found["membership"].items()} == state.membership
    assert {k: (row[1], row[2]) for k, row in found["membership"].items()} == {
        k: (link.status.value, link.weight) for k, link in state.links.items()
    }
    assert found["municipal_id"] == {
        k: (f.founder, f.anchor, f.minted_seq, f.state.value, f.ambiguous_until)
        for k, f in state.ids.items()
    }
    assert {k: row[0] for k, row in found["record"].items()} == {
        record: state.records.get(record, RecordState.PENDING).value for record in range(1, 5)
    }
    assert {k: row[0] for k, row in found["judgement"].items()} == {
        k: judgement.state.value for k, judgement in state.judgements.items()
    }
    assert {k: row[0] for k, row in found["identifier_judgement"].items()} == {
        k: judged.value for k, judged in state.judged_identifiers.items()
    }
    assert {k: row[0] for k, row in found["golden_override"].items()} == {
        k: override.value for k, override in state.overrides.items()
    }
