"""Which citizens contradict themselves, and what is asked of them."""

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.volume.over_merge import over_merges

ANA = ("ANA LIMA", date(1980, 3, 1), "ROSA")
BIA = ("BEATRIZ LIMA", date(1991, 7, 23), "ROSA")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 1}) as opened:
        opened.execute("CREATE TABLE cluster (record_id BIGINT, cluster BIGINT)")
        opened.execute(
            "CREATE TABLE scored (record_l BIGINT, record_r BIGINT, match_weight DOUBLE)"
        )
        opened.execute("CREATE TABLE record_state (record_id BIGINT, state VARCHAR)")
        opened.execute(
            "CREATE TABLE standard (record_id BIGINT, name VARCHAR, name_phonetic VARCHAR, "
            "name_kind VARCHAR, birth_date DATE, mother VARCHAR, deceased_on DATE, "
            "last_contact_on DATE, service_since DATE, updated_at TIMESTAMP)"
        )
        yield opened


def citizen(
    con: duckdb.DuckDBPyConnection, *people: tuple[str, date | None, str], state: str = "present"
) -> None:
    """A citizen of records 1, 2, 3, ... each linked with the next."""
    for number, (name, born, mother) in enumerate(people, start=1):
        con.execute("INSERT INTO cluster VALUES (?, 1)", [number])
        con.execute("INSERT INTO record_state VALUES (?, ?)", [number, state])
        con.execute(
            "INSERT INTO standard BY NAME SELECT ? AS record_id, ? AS name, ? AS name_phonetic, "
            "'civil' AS name_kind, ? AS birth_date, ? AS mother",
            [number, name, name, born, mother],
        )
        if number > 1:
            con.execute("INSERT INTO scored VALUES (?, ?, 12.0)", [number - 1, number])


def asked(con: duckdb.DuckDBPyConnection, *judgements: Judgement) -> list[tuple[object, object]]:
    return [(row["record_l"], row["record_r"]) for row in over_merges(con, judgements, [])]


def test_the_ends_of_a_chain_that_contradict_each_other_are_asked(
    con: duckdb.DuckDBPyConnection,
) -> None:
    citizen(con, ANA, ("ANA BEATRIZ LIMA", None, "ROSA"), BIA)

    (row,) = over_merges(con, (), [])

    assert (row["record_l"], row["record_r"], row["kind"]) == (1, 3, "over_merge")
    assert row["match_weight"] is None


@pytest.mark.parametrize(
    "other",
    [
        ("ANA PAULA LIMA", date(1980, 3, 1), "ROSA"),
        ("ANA LIMA", date(1980, 3, 2), "ROSA"),
        ("LIMA ANA", date(1980, 3, 1), "ROSA"),
        ("A LIMA", None, "ROSA"),
    ],
    ids=["more of the name", "one digit", "another order", "an initial"],
)
def test_what_a_clerk_mistypes_is_no_contradiction(
    con: duckdb.DuckDBPyConnection, other: tuple[str, date | None, str]
) -> None:
    citizen(con, ANA, ANA, other)

    assert asked(con) == []


def test_one_conflict_is_asked_only_where_the_pair_itself_was_not_worth_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    other = ("ANA LIMA", date(1971, 11, 29), "ROSA")
    citizen(con, ANA, other)
    assert asked(con) == []

    con.execute("DELETE FROM scored")
    assert asked(con) == [(1, 2)]


def test_a_citizen_is_asked_about_once(con: duckdb.DuckDBPyConnection) -> None:
    citizen(con, ANA, BIA, ANA, BIA)

    assert len(asked(con)) == 1


@pytest.mark.parametrize("verdict", [Verdict.SAME, Verdict.UNSURE])
def test_what_a_steward_has_answered_is_not_asked(
    con: duckdb.DuckDBPyConnection, verdict: Verdict
) -> None:
    citizen(con, ANA, BIA)
    assert asked(con) == [(1, 2)]

    assert asked(con, Judgement(1, verdict, 1, 2, JudgementState.ACTIVE)) == []


def test_records_that_are_gone_contradict_nobody(con: duckdb.DuckDBPyConnection) -> None:
    citizen(con, ANA, BIA, state="withdrawn")

    assert asked(con) == []


@pytest.mark.parametrize(
    ("contact", "began", "known", "is_asked"),
    [
        (date(2026, 6, 1), None, None, True),
        (date(2026, 3, 20), None, None, False),
        (None, date(2026, 6, 1), date(2026, 6, 2), True),
        (None, date(2026, 6, 1), date(2026, 5, 1), False),
        (None, None, date(2026, 6, 2), False),
    ],
    ids=["contact", "contact soon after", "service", "planned service", "mere update"],
)
def test_who_outlives_a_reported_death_is_asked_about(
    con: duckdb.DuckDBPyConnection,
    contact: date | None,
    began: date | None,
    known: date | None,
    *,
    is_asked: bool,
) -> None:
    citizen(con, ANA, ANA)
    con.execute("UPDATE standard SET deceased_on = DATE '2026-03-01' WHERE record_id = 1")
    con.execute(
        "UPDATE standard SET last_contact_on = $1, service_since = $2, updated_at = $3"
        " WHERE record_id = 2",
        [contact, began, known],
    )

    found = over_merges(con, (), [])

    assert [row["guard"] for row in found] == ["activity_after_death"] * is_asked
