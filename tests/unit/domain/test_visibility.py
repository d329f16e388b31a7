"""The table of visibility against cells that were written by hand from the requirements."""

import csv
from itertools import combinations, product
from pathlib import Path

import pytest

from mdm.domain.access import Purpose, Role
from mdm.domain.visibility import (
    Field,
    Flag,
    Shown,
    Side,
    lines,
    sees_anybody,
    sees_restricted,
    shown,
)

EXPECTED = Path(__file__).parents[2] / "golden" / "visibility.csv"
EVERYBODY = tuple(product(Role, Side, Purpose))
ORDER = tuple(Shown)


def expected_rows() -> list[dict[str, str]]:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "row", expected_rows(), ids=lambda r: f"{r['role']}-{r['side']}-{r['purpose']}-{r['flag']}"
)
def test_each_cell_is_as_expected(row: dict[str, str]) -> None:
    who = Role(row["role"]), Side(row["side"]), Purpose(row["purpose"])

    found = {field.value: shown(*who, (Flag(row["flag"]),), field).value for field in Field}
    assert found == {field.value: row[field.value] for field in Field}


def test_the_expected_cells_are_many_and_of_every_role_and_flag() -> None:
    rows = expected_rows()

    assert len(rows) * len(Field) >= 150
    assert {row["role"] for row in rows} == set(Role)
    assert {row["flag"] for row in rows} == set(Flag)


def test_without_a_purpose_nothing_is_shown() -> None:
    assert {shown(r, s, None, (), f) for r in Role for s in Side for f in Field} == {Shown.HIDDEN}


def test_two_flags_show_no_more_than_either_of_them() -> None:
    for (role, side, purpose), (one, other) in product(EVERYBODY, combinations(Flag, 2)):
        for field in Field:
            both = shown(role, side, purpose, (one, other), field)
            alone = [shown(role, side, purpose, (flag,), field) for flag in (one, other)]
            assert both is min(alone, key=ORDER.index)


def test_who_sees_the_name_of_nobody_sees_nothing_of_them() -> None:
    for (role, side, purpose), flag in product(EVERYBODY, Flag):
        if shown(role, side, purpose, (flag,), Field.NAME) is Shown.HIDDEN:
            found = {shown(role, side, purpose, (flag,), field) for field in Field}
            assert found == {Shown.HIDDEN}


@pytest.mark.parametrize("field", [Field.CPF, Field.CIVIL, Field.NUMBERS])
def test_documents_and_civil_names_leave_whole_only_on_request(field: Field) -> None:
    for (role, side, purpose), flag in product(EVERYBODY, Flag):
        assert shown(role, side, purpose, (flag,), field) is not Shown.SHOWN


def test_operators_and_auditors_see_nobody() -> None:
    seen = {
        (role, purpose)
        for role in (Role.OPERATOR, Role.AUDITOR)
        for purpose in Purpose
        if sees_anybody(role, purpose)
    }
    assert seen == set()


def test_restricted_records_are_known_to_few() -> None:
    knows = {(r, s) for r in Role for p in Purpose for s in sees_restricted(r, p)}

    assert knows == {
        (Role.SUPERVISOR, Side.OWN),
        (Role.DATA_OWNER, Side.OWN),
        (Role.DATA_PROTECTION_OFFICER, Side.OWN),
        (Role.DATA_PROTECTION_OFFICER, Side.OTHER),
    }


def test_every_line_decides_something() -> None:
    reached = set()
    for role, side, purpose, flag in product(Role, Side, Purpose, Flag):
        held = [n for n, line in enumerate(lines()) if line.holds(role, side, purpose, flag)]
        reached |= set(held[:1])

    assert reached == set(range(len(lines())))
