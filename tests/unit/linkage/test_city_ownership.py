"""Ownership over a whole city: a relative's number joins nobody, and the truth agrees."""

from collections.abc import Iterator

import duckdb
import pytest

from mdm.domain.identifier_judgement import IdentifierJudgement, identifier_hash
from mdm.domain.ownership import Ownership
from mdm.duck import count
from mdm.linkage.ownership import MOST_HOLDERS, decide_ownership
from support.linkage_city import city


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with city() as made:
        made.execute("UPDATE standard SET cpf = NULL, nis = NULL, cns = [], guardian_cpf = NULL, "
                     "guardian = NULL, name = NULL, mother = NULL, birth_date = NULL")  # fmt: skip
        yield made


def holder(con: duckdb.DuckDBPyConnection, record_id: int, **values: object) -> None:
    columns = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    con.execute(
        f"UPDATE standard SET {columns} WHERE record_id = $1", [record_id, *values.values()]
    )


def decided(
    con: duckdb.DuckDBPyConnection, *judgements: IdentifierJudgement
) -> set[tuple[int, str, str]]:
    decide_ownership(con, judgements)
    rows = con.execute("SELECT record_id, identifier, state FROM ownership").fetchall()
    flags = con.execute("SELECT record_id, cpf, cns, nis FROM not_own").fetchall()
    told = {
        (row[0], name)
        for row in flags
        for name, flag in zip(("cpf", "cns", "nis"), row[1:], strict=True)
        if flag
    }
    assert told == {(row[0], row[1]) for row in rows}
    return {(row[0], row[1], row[2]) for row in rows}


MOTHER = {"name": "MARIA SILVA", "birth_date": "1985-04-09"}
CHILD = {"name": "JOAO SOUZA", "birth_date": "2015-02-01", "mother": "MARIA SILVA"}


@pytest.mark.parametrize(
    ("column", "value"), [("cpf", "24681357928"), ("nis", "12068910251"), ("cns", ["7" * 15])]
)
def test_a_childs_record_under_its_mothers_number(
    con: duckdb.DuckDBPyConnection, column: str, value: object
) -> None:
    holder(con, 1, **MOTHER, **{column: value})
    holder(con, 2, **CHILD, **{column: value})

    assert decided(con) == {(2, column, "not_theirs")}


def test_a_siblings_record_tells_that_a_number_is_the_guardians(
    con: duckdb.DuckDBPyConnection,
) -> None:
    number = "24681357928"
    holder(con, 1, **CHILD, cpf=number)
    holder(con, 2, name="ANA SOUZA", birth_date="2012-05-06", guardian_cpf=number)

    assert decided(con) == {(1, "cpf", "not_theirs")}

    holder(con, 3, **MOTHER, cpf=number)

    assert decided(con) == {(1, "cpf", "not_theirs")}


def said(record_id: int, verdict: str, number: str, by: str = "ana") -> IdentifierJudgement:
    kind = {11: "cpf", 15: "cns"}[len(number)]
    value = identifier_hash(kind, number)
    return IdentifierJudgement(record_id, record_id, kind, value, Ownership(verdict), by)


def test_a_steward_outranks_what_is_found(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, **MOTHER, cpf="24681357928")
    holder(con, 2, **CHILD, cpf="24681357928", guardian_cpf="24681357928")
    holder(con, 3, **CHILD, cpf="24681357928")
    own, theirs = "24681357928", "not_theirs"

    assert decided(con, said(2, "own", own)) == {(1, "cpf", theirs)}
    assert con.execute("SELECT record_id, stewards FROM own_cpf_by ORDER BY 1").fetchall() == [
        (2, ["ana"]), (3, ["ana"]),
    ]  # fmt: skip
    assert decided(con, said(1, theirs, own)) == {(1, "cpf", theirs), (2, "cpf", theirs)}
    assert decided(con, said(1, theirs, "11144477735")) == {(2, "cpf", theirs), (3, "cpf", theirs)}
    assert con.execute("SELECT count(*) FROM own_cpf_by").fetchone() == (0,)


def test_one_of_several_cns_is_judged(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, **MOTHER, cns=["7" * 15, "8" * 15])

    assert decided(con) == set()
    assert decided(con, said(1, "not_theirs", "8" * 15)) == {(1, "cns", "not_theirs")}
    assert con.execute("SELECT value FROM ownership").fetchall() == [("8" * 15,)]


def test_a_steward_finds_the_owner_of_a_filler(con: duckdb.DuckDBPyConnection) -> None:
    for record_id in range(1, MOST_HOLDERS + 2):
        holder(con, record_id, **MOTHER, cpf="24681357928")

    found = decided(con, said(1, "own", "24681357928"))
    assert (len(found), {row[0] for row in found} & {1}) == (MOST_HOLDERS, set())


SON = {"name": "JOAO PEDRO SOUZA", "birth_date": "2015-02-01", "mother": "MARIA SILVA",
       "updated_at": "2024-03-04 10:00:00", "birth_date_default": False}  # fmt: skip
ONE, OTHER = "24681357928", "11144477735"
NOBODYS = {(1, "cpf", "contested"), (2, "cpf", "contested")}


def test_of_a_child_under_two_numbers_neither_is_known_to_be_its_own(
    con: duckdb.DuckDBPyConnection,
) -> None:
    holder(con, 1, **SON, cpf=ONE)
    holder(con, 2, **SON, cpf=OTHER)

    assert decided(con) == NOBODYS

    # Whoever else carries one of them is no better known by it.
    holder(con, 3, **(SON | {"mother": "M SILVA"}), cpf=OTHER)

    assert decided(con) == NOBODYS | {(3, "cpf", "contested")}


@pytest.mark.parametrize(
    "also",
    [
        {"cpf": "24681357982"},  # the same number, mistyped
        {"name": "JOAO LUCAS SOUZA"},  # a twin
        {"name": None},  # perhaps a twin
        {"mother": "CLARA DIAS"},
        {"birth_date": "2015-02-11"},
        {"updated_at": "2034-03-04 10:00:00"},  # grown up by then
        {"updated_at": None, "last_contact_on": None},
        {"birth_date_default": True},
        {"restricted": True},
    ],
)
def test_two_numbers_stand_where_it_may_not_be_one_child(
    con: duckdb.DuckDBPyConnection, also: dict[str, object]
) -> None:
    holder(con, 1, **SON, cpf=ONE)
    holder(con, 2, **(SON | {"cpf": OTHER} | also))

    assert decided(con) == set()


def test_two_numbers_stand_under_names_too_short_to_tell_twins(
    con: duckdb.DuckDBPyConnection,
) -> None:
    holder(con, 1, **(SON | {"name": "JOAO SOUZA"}), cpf=ONE)
    holder(con, 2, **(SON | {"name": "JOAO SOUZA"}), cpf=OTHER)

    assert decided(con) == set()


def test_a_third_record_of_another_name_shows_that_there_are_twins(
    con: duckdb.DuckDBPyConnection,
) -> None:
    holder(con, 1, **SON, cpf=ONE)
    holder(con, 2, **SON, cpf=OTHER)
    holder(con, 3, **(SON | {"name": "JOAO LUCAS SOUZA"}))

    assert decided(con) == set()


def test_what_a_steward_judged_of_a_childs_number_stands(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, **SON, cpf=ONE)
    holder(con, 2, **SON, cpf=OTHER)

    assert decided(con, said(1, "own", ONE)) == set()
    assert decided(con, said(2, "not_theirs", OTHER)) == {(2, "cpf", "not_theirs")}


def test_a_newborn_without_a_name_under_its_mothers_number(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, **MOTHER, cpf="24681357928")
    holder(con, 2, birth_date="2026-02-01", mother="MARIA SILVA", cpf="24681357928")

    assert decided(con) == {(2, "cpf", "not_theirs")}


def test_a_daughter_named_like_her_mother(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, **MOTHER, cpf="24681357928")
    holder(con, 2, name="MARIA SOUZA", mother="MARIA SILVA", birth_date="2015-02-01",
           cpf="24681357928")  # fmt: skip

    assert decided(con) == {(2, "cpf", "not_theirs")}


def test_a_number_that_the_record_itself_calls_the_guardians(
    con: duckdb.DuckDBPyConnection,
) -> None:
    holder(con, 2, **CHILD, cpf="24681357928", guardian_cpf="24681357928")

    assert decided(con) == {(2, "cpf", "not_theirs")}


def test_a_number_of_strangers_is_contested(con: duckdb.DuckDBPyConnection) -> None:
    holder(con, 1, name="PEDRO LIMA", birth_date="1990-01-02", cpf="24681357928")
    holder(con, 2, name="CARLOS REIS", birth_date="1993-07-08", cpf="24681357928")

    assert decided(con) == {(1, "cpf", "contested"), (2, "cpf", "contested")}


def test_a_number_of_too_many_is_nobodys(con: duckdb.DuckDBPyConnection) -> None:
    for record_id in range(1, MOST_HOLDERS + 1):
        holder(con, record_id, **MOTHER, cpf="24681357928")
    assert decided(con) == set()

    holder(con, MOST_HOLDERS + 1, **MOTHER, cpf="24681357928")
    assert decided(con) == {(n, "cpf", "contested") for n in range(1, MOST_HOLDERS + 2)}


def test_a_person_with_many_records_and_slips_owns_the_number(
    con: duckdb.DuckDBPyConnection,
) -> None:
    holder(con, 1, **MOTHER, cpf="24681357928")
    holder(con, 2, name="MARAI SILVA", birth_date="1985-04-09", cpf="24681357928")
    holder(con, 3, name="MARIA SILVA", birth_date="1985-09-04", cpf="24681357928")
    holder(con, 4, name="MARIA SILVA", cpf="24681357928")

    assert decided(con) == set()


@pytest.mark.parametrize("seed", [7, pytest.param(31, marks=pytest.mark.slow)])
def test_no_two_people_of_a_city_own_one_number(seed: int) -> None:
    with city(1000 if seed == 7 else 20_000, seed) as con:
        rows = decide_ownership(con)
        shared = count(
            con,
            """
            SELECT count(*) FROM (
              SELECT s.cpf FROM standard s JOIN truth t USING (record_id)
              LEFT JOIN not_own o USING (record_id)
              WHERE s.cpf IS NOT NULL AND NOT coalesce(o.cpf, false)
              GROUP BY s.cpf HAVING count(DISTINCT t.person) > 1)
            """,
        )
        assert rows > 0
        assert shared == 0


def test_the_order_of_the_records_is_of_no_effect() -> None:
    found = []
    for number in ("record_id", "2000000 - record_id", "hash(record_id) % 1000000007"):
        with city() as con:
            con.execute(f"UPDATE standard SET record_id = {number}")
            decide_ownership(con)
            rows = con.execute(
                "SELECT s.source, s.local_id, o.identifier, o.state FROM ownership o "
                "JOIN standard s USING (record_id) ORDER BY ALL"
            ).fetchall()
            found.append(rows)
    assert found[0] == found[1] == found[2]
