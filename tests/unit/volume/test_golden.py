"""The set-wise golden records are those of `build_golden`, citizen by citizen."""

import random
from collections.abc import Sequence

import pytest

from mdm.domain.golden_record import GOLDEN_COLUMNS, Attribute
from mdm.survivorship.build import Override, build_golden, value_digest
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.policy import Group, Policy, Rule, default_policy, load_policy
from mdm.volume.golden import GOLDEN_SCHEMA, GoldenScope, drop_temporary, golden_rows
from mdm.volume.golden_members import GoldenInputs, read_members
from support.golden_tables import INPUTS, city_of
from support.members import drawn_city, member

POLICY = default_policy()
Rows = dict[str, dict[str, object]]


def _set_wise(
    city: dict[str, list[MemberRecord]], policy: Policy, scope: GoldenScope | None = None
) -> Rows:
    with city_of(city) as con:
        table = golden_rows(con, INPUTS, policy, scope).read_all()
    return {row["municipal_id"]: row for row in table.to_pylist()}


def _one_by_one(city: dict[str, list[MemberRecord]], policy: Policy) -> Rows:
    built = {c: build_golden(members, policy) for c, members in city.items()}
    return {c: golden.to_row(c) for c, golden in built.items() if golden.record_ids}


CONFIRMED = {Group.BIRTH_DATE, Group.SEX, Group.CPF, Group.ADDRESS}
RULES = {
    group: [
        rule
        for rule in Rule
        if (rule is not Rule.CONFIRMED or group in CONFIRMED)
        and (rule is not Rule.SPELLED_OUT or group in {Group.NAME, Group.FILIATION})
        and (rule is not Rule.NOT_DEFAULT_DATE or group is Group.BIRTH_DATE)
    ]
    for group in Group
}


def _drawn_policy(seed: int) -> Policy:
    rng = random.Random(seed)
    lines = ["version = 1", f"truncated_from = {rng.choice((20, 30, 200))}"]
    for group, rules in RULES.items():
        chosen = rng.sample(rules, rng.randint(1, len(rules)))
        lines.append(f"[groups.{group}]\nrules = {[str(rule) for rule in chosen]}")
    return load_policy("\n".join(lines))


def _differing(found: Rows, expected: Rows) -> Sequence[object]:
    """The first cells that differ, short enough to read."""
    if found.keys() != expected.keys():
        return sorted(found.keys() ^ expected.keys())[:5]
    cells = [
        (citizen, column, found[citizen][column], value)
        for citizen, row in expected.items()
        for column, value in row.items()
        if found[citizen][column] != value
    ]
    return cells[:5]


@pytest.mark.parametrize("seed", [1, 2])
def test_set_wise_rows_are_those_of_each_citizen(seed: int) -> None:
    city = drawn_city(seed, 1500)

    assert _differing(_set_wise(city, POLICY), _one_by_one(city, POLICY)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_both_twins_follow_any_policy(seed: int) -> None:
    city, policy = drawn_city(seed, 1000), _drawn_policy(seed)

    assert _differing(_set_wise(city, policy), _one_by_one(city, policy)) == []


def test_rows_have_the_declared_columns() -> None:
    assert tuple(GOLDEN_SCHEMA.names) == GOLDEN_COLUMNS


def test_a_citizen_of_restricted_records_only_has_no_row() -> None:
    city = {
        "A": [member(1, name="ANA", restricted=True)],
        "B": [member(2, name="BIA"), member(3, name="BEA", restricted=True)],
    }
    rows = _set_wise(city, POLICY)

    assert list(rows) == ["B"]
    assert (rows["B"]["name"], rows["B"]["record_count"]) == ("BIA", 1)


def test_a_stewards_value_stands_in_the_row() -> None:
    city = {"A": [member(1, name="ANA LYMA"), member(2)], "B": [member(3, name="BIA")]}
    judged = value_digest(city["A"][0], Attribute.NAME)
    override = Override(Attribute.NAME, "Ana Lima", ("ANA LIMA", None), 1, judged, override_id=3)
    scope = GoldenScope(overrides={"A": [override]})
    rows = _set_wise(city, POLICY, scope)

    assert rows["A"] == build_golden(city["A"], POLICY, [override]).to_row("A")
    assert rows["B"]["name"] == "BIA"
    hidden = {**city, "A": [*city["A"], member(4, name="ANA LIMA", restricted=True)]}
    assert _set_wise(hidden, POLICY, scope)["A"]["name"] == "ANA LYMA"


def test_only_the_citizens_asked_for_are_computed() -> None:
    city = {"A": [member(1)], "B": [member(2), member(3)], "C": [member(4)]}
    judged = value_digest(city["C"][0], Attribute.SEX)
    override = Override(Attribute.SEX, "F", None, 4, judged)
    with city_of(city) as con:
        con.execute("CREATE TABLE touched AS SELECT 'B' AS municipal_id UNION ALL SELECT 'B'")
        scope = GoldenScope(municipal_ids="touched", overrides={"C": [override]})
        rows = golden_rows(con, INPUTS, POLICY, scope).read_all().to_pylist()

    assert [row["municipal_id"] for row in rows] == ["B"]


def test_membership_without_states_means_present_records() -> None:
    with city_of({"A": [member(1, sex="F"), member(2, race="01")]}) as con:
        con.execute("CREATE TABLE plain AS SELECT municipal_id, record_id FROM membership")
        rows = golden_rows(con, GoldenInputs(membership="plain"), POLICY).read_all().to_pylist()

    assert [(row["sex"], row["race"]) for row in rows] == [("F", "01")]


def test_nothing_temporary_is_left_behind() -> None:
    with city_of({"A": [member(1), member(2)]}) as con:
        golden_rows(con, INPUTS, POLICY).read_all()
        drop_temporary(con)

        left = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert left == []


def test_members_come_back_as_they_were() -> None:
    city = drawn_city(3, 100)
    with city_of(city) as con:
        found = read_members(con, INPUTS, list(city))

    assert found == city
