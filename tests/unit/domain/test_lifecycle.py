"""The table of states: what may happen, what is refused, and that the page says the same."""

import re
from itertools import product
from pathlib import Path

import pytest

from mdm.domain.events import RecordState
from mdm.domain.lifecycle import (
    CITIZENS,
    RECORDS,
    CitizenStatus,
    RecordEvent,
    citizen_status_of,
    next_record_state,
    stated_record_state,
)
from mdm.errors import StateTransitionError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "architecture.md"


def listed(heading: str) -> list[tuple[str, ...]]:
    part = PAGE.read_text("utf-8").split(f"| {heading} is | what happens |")[1].split("\n\n")[0]
    return re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \|$", part, re.MULTILINE)


@pytest.mark.parametrize(("heading", "table"), [("record", RECORDS), ("citizen", CITIZENS)])
def test_the_page_repeats_the_table(heading: str, table: tuple[object, ...]) -> None:
    rows = [(str(row.state), str(row.event), str(row.then)) for row in table]  # type: ignore[attr-defined]

    assert listed(heading) == rows
    assert len({row[:2] for row in rows}) == len(rows), "one next state for a state and an event"


def test_what_the_table_does_not_name_is_refused() -> None:
    known = {(row.state, row.event): row.then for row in RECORDS}
    for state, event in product(RecordState, RecordEvent):
        if (state, event) in known:
            assert next_record_state(state, event) is known[state, event]
        else:
            with pytest.raises(StateTransitionError):
                next_record_state(state, event)


def test_nothing_leads_out_of_erased() -> None:
    assert {row.state for row in RECORDS if row.then is RecordState.ERASED} == {*RecordState} - {
        RecordState.ERASED
    }
    assert not [row for row in RECORDS if row.state is RecordState.ERASED]
    assert not [row for row in CITIZENS if row.state is CitizenStatus.ERASED]


def test_what_happens_to_a_record_changes_its_citizen_as_the_table_says() -> None:
    known = {(row.state, row.then) for row in CITIZENS}
    seen = set()
    placed = [row for row in RECORDS if row.state is not RecordState.PENDING]
    for row, other in product(placed, {*RecordState} - {RecordState.PENDING}):
        if row.then is RecordState.PENDING:
            continue
        for rest, sealed in product(([], [other]), (False, True)):
            before, after = (
                citizen_status_of([one, *rest], sealed=sealed) for one in (row.state, row.then)
            )
            if before is not after:
                seen.add((before, after))
            if before is not CitizenStatus.ERASED:
                # The seal is put on, or taken off.
                seen.add((before, citizen_status_of([row.state, *rest], sealed=not sealed)))
    assert seen == known


def test_a_record_comes_back_present_only_to_a_citizen() -> None:
    back = stated_record_state(RecordState.WITHDRAWN, RecordState.PRESENT, placed=True)
    assert back is RecordState.PRESENT
    for placed, stated in ((False, RecordState.PRESENT), (True, RecordState.PENDING)):
        with pytest.raises(StateTransitionError):
            stated_record_state(RecordState.WITHDRAWN, stated, placed=placed)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ("present withdrawn", "active"),
        ("withdrawn superseded erased", "dormant"),
        ("pending", "dormant"),
        ("erased erased", "erased"),
    ],
)
def test_a_citizen_stands_as_their_records_do(records: str, status: str) -> None:
    states = [RecordState(word) for word in records.split()]
    assert citizen_status_of(states) is CitizenStatus(status)
