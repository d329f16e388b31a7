"""What a subscriber is told of a record and of an ID."""

import pytest

from mdm.domain.change import ChangeKind, IdStanding, RecordStanding, id_change, record_change
from mdm.domain.identity import IdState

A, B = "AAAAAAAAAA", "BBBBBBBBBB"


def active(name: str, until: str | None = None) -> IdStanding:
    return IdStanding(IdState.ACTIVE, name, until)


def at(home: str | None, link: str | None = "alone", status: str = "present") -> RecordStanding:
    return RecordStanding(home, link, status)


PENDING = RecordStanding(None, None, "pending")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, at(A), ChangeKind.LINKED),
        (PENDING, at(A), ChangeKind.LINKED),
        (at(A), PENDING, ChangeKind.UNLINKED),
        (at(A), at(A, "automatic"), ChangeKind.RELINKED),
        (at(A), at(A, "alone", "withdrawn"), ChangeKind.STATUS),
        (at(A), at(A), None),
        (PENDING, RecordStanding(None, None, "withdrawn"), None),
    ],
)
def test_a_record_that_stays_with_its_citizen_or_has_none(
    before: RecordStanding | None, after: RecordStanding, kind: ChangeKind | None
) -> None:
    assert record_change(before, after, {A: active(A)}, {A: active(A)}) is kind


@pytest.mark.parametrize(
    ("ids_before", "ids_after", "kind"),
    [
        # A names B's citizen from now on.
        ({A: active(A), B: active(B)}, {A: active(B), B: active(B)}, ChangeKind.MERGED),
        # B was minted for what left A, or had been merged into it.
        ({A: active(A)}, {A: active(A), B: active(B)}, ChangeKind.SPLIT),
        ({A: active(A), B: active(A)}, {A: active(A), B: active(B)}, ChangeKind.SPLIT),
        # Both citizens were there and go on.
        ({A: active(A), B: active(B)}, {A: active(A), B: active(B)}, ChangeKind.MOVED),
    ],
)
def test_a_record_that_changes_its_citizen_says_how(
    ids_before: dict[str, IdStanding], ids_after: dict[str, IdStanding], kind: ChangeKind
) -> None:
    assert record_change(at(A), at(B), ids_before, ids_after) is kind


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, active(A), None),
        (None, active(B), ChangeKind.MERGED),
        (active(A), active(B), ChangeKind.MERGED),
        (active(B), active(A), ChangeKind.SPLIT),
        (active(A), active(A, "2026-05-01"), ChangeKind.AMBIGUOUS),
        (active(A, "2026-05-01"), active(A), ChangeKind.SETTLED),
        (active(A), IdStanding(IdState.WITHDRAWN, None), ChangeKind.RETIRED),
        (active(A), IdStanding(IdState.TOMBSTONE, None), ChangeKind.RETIRED),
        (IdStanding(IdState.WITHDRAWN, None), active(A), ChangeKind.REINSTATED),
        (active(A), active(A), None),
    ],
)
def test_an_id_says_what_became_of_it(
    before: IdStanding | None, after: IdStanding, kind: ChangeKind | None
) -> None:
    assert id_change(before, after, A) is kind
