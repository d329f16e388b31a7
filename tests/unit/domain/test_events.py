import pytest

from mdm.domain.event_rows import EventRow, from_row, to_row
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
    Seal,
    SetValue,
    TombstoneId,
    Unplace,
    Unseal,
    UnsetValue,
    WithdrawId,
    with_drawn_ids,
)
from mdm.domain.fold import fold
from mdm.domain.identity import IdFacts, RegistryState, broken_rules, resolve_id
from mdm.domain.judgement import JudgementState, Verdict
from mdm.domain.ledger import LedgerKind
from mdm.domain.revert import LaterChanges, revert_events
from mdm.errors import IdWithdrawnError, LedgerError, NotFoundError

BY_WEIGHT = Link(LinkStatus.AUTOMATIC, 12.5)
EVENTS: list[Event] = [
    Mint("A", 1),
    Place(1, "A", BY_WEIGHT),
    Move(1, "A", "B", Link(LinkStatus.CONFIRMED)),
    Relink(1, "A", BY_WEIGHT),
    Unplace(1, "A"),
    Anchor("A", 2, 1),
    WithdrawId("A"),
    ReinstateId("A", 1),
    TombstoneId("A", 1),
    Ambiguous("A", "2027-01-01"),
    Ambiguous("A", None),
    RecordStateSet(1, RecordState.WITHDRAWN),
    Judge(7, Verdict.SAME, 1, 2),
    JudgeSuspend(7),
    JudgeResume(7),
    JudgeUndo(7),
    JudgeIdentifier(8),
    JudgeIdentifierSuspend(8),
    JudgeIdentifierUndo(8),
    SetValue(9),
    LapseValue(9),
    UnsetValue(9),
    Seal(1, "A", 10),
    Unseal(1, "A", 10),
]


def numbered(events: list[Event], start: int = 1) -> list[Logged]:
    return [Logged(seq, event) for seq, event in enumerate(events, start)]


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_an_event_survives_the_ledger(event: Event) -> None:
    assert from_row(to_row(event), lambda number: Judge(number, Verdict.SAME, 1, 2)) == event


def test_every_kind_of_the_ledger_has_an_event() -> None:
    assert {to_row(event).kind for event in EVENTS} == set(LedgerKind)


def test_a_row_with_an_empty_column_is_refused_by_name() -> None:
    with pytest.raises(LedgerError, match="'mint'"):
        from_row(EventRow(kind=LedgerKind.MINT, record_id=1))
    with pytest.raises(LedgerError, match="'record_state'"):
        from_row(EventRow(kind=LedgerKind.RECORD_STATE, record_id=1, detail="gone"))
    with pytest.raises(LedgerError, match="'judge'"):
        from_row(EventRow(kind=LedgerKind.JUDGE, detail="1"))


def test_planned_ids_are_replaced_by_drawn_ones_everywhere() -> None:
    drawn = iter(["X", "Y"])
    plan: list[Event] = [
        Mint("new:1", 1),
        Mint("new:2", 2),
        Place(1, "new:1"),
        Move(2, "A", "new:2"),
    ]

    assert with_drawn_ids(plan, lambda: next(drawn)) == (
        Mint("X", 1),
        Mint("Y", 2),
        Place(1, "X"),
        Move(2, "A", "Y"),
    )


def test_the_fold_tells_who_is_whose() -> None:
    state = fold(
        numbered(
            [
                Mint("A", 1),
                Place(1, "A"),
                Place(2, "A", BY_WEIGHT),
                RecordStateSet(2, RecordState.WITHDRAWN),
                Judge(7, Verdict.SAME, 1, 2),
                JudgeSuspend(7),
            ]
        )
    )

    assert state.membership == {1: "A", 2: "A"}
    assert state.links[2] == BY_WEIGHT
    assert state.records == {1: RecordState.PRESENT, 2: RecordState.WITHDRAWN}
    assert state.judgements[7].state is JudgementState.SUSPENDED
    assert broken_rules(state) == []


SEALED: list[Event] = [Mint("A", 1), Place(1, "A"), Mint("B", 2), Place(2, "B"), Seal(1, "A", 10)]


@pytest.mark.parametrize(
    "impossible",
    [
        Move(1, "A", "B"),
        Unplace(1, "A"),
        Relink(1, "A", BY_WEIGHT),
        RecordStateSet(1, RecordState.WITHDRAWN),
        Seal(1, "A", 11),
        Seal(2, "A", 11),
        Seal(3, "A", 11),
        Unseal(1, "A", 11),
        Unseal(2, "B", 10),
    ],
    ids=str,
)
def test_a_sealed_record_stays_where_it_is(impossible: Event) -> None:
    with pytest.raises(LedgerError) as refused:
        fold(numbered([*SEALED, impossible]))
    assert refused.value.where == "ledger event 6"


def test_a_sealed_record_can_be_erased_and_its_seal_taken_off() -> None:
    state = fold(numbered([*SEALED, RecordStateSet(1, RecordState.ERASED)]))
    assert (state.sealed, state.records[1]) == ({1: 10}, RecordState.ERASED)

    state = fold(numbered([*SEALED, Unseal(1, "A", 10), Move(1, "A", "B")]))
    assert (state.sealed, state.membership[1]) == ({}, "B")


def test_a_citizen_is_sealed_whole() -> None:
    assert broken_rules(fold(numbered(SEALED))) == []
    assert broken_rules(fold(numbered([*SEALED[:-1], Place(3, "A"), SEALED[-1]]))) == [
        "A: sealed in part"
    ]


@pytest.mark.parametrize(
    "impossible",
    [
        Place(1, "A"),
        Place(2, "Z"),
        Move(1, "Z", "A"),
        Move(1, "A", "Z"),
        Unplace(1, "Z"),
        Unplace(3, "A"),
        Relink(1, "Z", BY_WEIGHT),
        Mint("A", 2),
        Anchor("A", 2, 9),
        ReinstateId("A", 1),
        TombstoneId("A", 9),
        JudgeUndo(1),
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_is_refused_with_its_number(impossible: Event) -> None:
    with pytest.raises(LedgerError) as refusal:
        fold(numbered([Mint("A", 1), Place(1, "A"), impossible]))

    assert refusal.value.where == "ledger event 3"


def test_ids_answer_in_one_hop_or_say_why_not() -> None:
    before: list[Event] = [Mint("A", 1), Mint("B", 2), Place(1, "A"), Place(2, "A")]
    state = fold(numbered([*before, Mint("C", 2), WithdrawId("C"), Mint("D", 2)]))
    fold([Logged(9, TombstoneId("D", 2))], state)

    assert [resolve_id(state, name) for name in "AB"] == ["A", "A"]
    with pytest.raises(IdWithdrawnError):
        resolve_id(state, "C")
    for unknown in ("D", "E"):
        with pytest.raises(NotFoundError):
            resolve_id(state, unknown)


def test_an_unsound_state_is_named() -> None:
    first = IdFacts(municipal_id="A", founder=1, anchor=1, minted_seq=1)
    second = IdFacts(municipal_id="B", founder=2, anchor=3, minted_seq=2)

    wrong = RegistryState(ids={"A": first, "B": second}, membership={1: "B", 2: "B"})

    assert broken_rules(wrong) == [
        "B: the anchor is not placed",
        "B: not the oldest ID anchored among the citizen's records",
    ]


PLAN: list[Event] = [
    Anchor("A", 2, 1),
    Mint("C", 1),
    Move(1, "A", "C"),
    Place(4, "A", BY_WEIGHT),
    Relink(2, "A", BY_WEIGHT),
    Ambiguous("A", "2027-01-01"),
    TombstoneId("B", 3),
    Move(3, "B", "A"),
]
BEFORE: list[Event] = [Mint("A", 1), Mint("B", 3), Place(1, "A"), Place(2, "A"), Place(3, "B")]


def test_a_revert_restores_partition_and_answers() -> None:
    plan = numbered(PLAN, 6)
    before = fold(numbered(BEFORE))

    inverse = revert_events(plan, [], before)

    assert isinstance(inverse, tuple)
    after = fold([*numbered(BEFORE), *plan, *numbered(list(inverse), 20)])
    assert after.membership == before.membership
    assert after.links == before.links
    assert {name: after.ids[name] for name in "AB"} == before.ids
    with pytest.raises(IdWithdrawnError):
        resolve_id(after, "C")


@pytest.mark.parametrize(
    ("later", "refused"),
    [
        (Move(9, "Z", "A"), True),
        (Judge(1, Verdict.SAME, 4, 8), True),
        (RecordStateSet(4, RecordState.WITHDRAWN), True),
        (Move(9, "Z", "Y"), False),
        (Judge(1, Verdict.SAME, 8, 9), False),
    ],
)
def test_a_revert_is_refused_when_later_work_touched_its_citizens(
    later: Event, *, refused: bool
) -> None:
    found = revert_events(numbered(PLAN, 6), [Logged(30, later)], fold(numbered(BEFORE)))

    assert (found == LaterChanges((Logged(30, later),))) == refused


def test_only_a_plan_can_be_reverted() -> None:
    with pytest.raises(LedgerError, match="no plan"):
        revert_events([Logged(1, JudgeUndo(3))], [], RegistryState())
