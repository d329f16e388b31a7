"""Restricted records sway neither whose a number is, nor what is compared, nor any weight."""

from collections.abc import Iterator

import duckdb
import pytest

from mdm.duck import count, first_row
from mdm.linkage import engine
from mdm.linkage.model import load_model, population_class
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.prepare import ORDINARY, PHONE_SHARED_BY_AT_MOST, usable_phones
from support.linkage_city import SHIPPED_MODEL, city
from support.linkage_run import prepare

CPF = "11144477735"
PHONE = "51981112233"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with city() as made:
        made.execute("UPDATE standard SET cpf = NULL, nis = NULL, cns = [], guardian_cpf = NULL, "
                     "guardian = NULL, mother = NULL, phones = [], restricted = false")  # fmt: skip
        yield made


def say(
    con: duckdb.DuckDBPyConnection, record_id: int, name: str, born: str, *, secret: bool = False
) -> None:
    con.execute(
        "UPDATE standard SET name = $2, birth_date = $3, cpf = $4, restricted = $5 "
        "WHERE record_id = $1",
        [record_id, name, born, CPF, secret],
    )


def owners(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    decide_ownership(con)
    return dict(con.execute("SELECT record_id, state FROM ownership").fetchall())


def test_a_restricted_record_makes_no_number_doubtful(con: duckdb.DuckDBPyConnection) -> None:
    say(con, 1, "MARIA SILVA", "1985-04-09")
    say(con, 2, "JOSE COSTA", "1984-01-02", secret=True)

    assert set(owners(con)) <= {2}

    con.execute("UPDATE standard SET restricted = false WHERE record_id = 2")
    assert set(owners(con)) == {1, 2}


def test_a_restricted_record_decides_no_dispute_of_others(con: duckdb.DuckDBPyConnection) -> None:
    """Two dispute a number; a third of another source would settle it, were it not restricted."""
    say(con, 1, "MARIA SILVA", "1985-04-09")
    say(con, 2, "JOSE COSTA", "1984-01-02")
    before = owners(con)
    say(con, 3, "JOSE COSTA", "1984-01-02", secret=True)
    con.execute("UPDATE standard SET source = 'another' WHERE record_id = 3")

    after = owners(con)

    assert {r: state for r, state in after.items() if r < 3} == before
    con.execute("UPDATE standard SET restricted = false WHERE record_id = 3")
    assert {r: state for r, state in owners(con).items() if r < 3} != before


def test_a_restricted_record_does_not_make_a_phone_one_of_many(
    con: duckdb.DuckDBPyConnection,
) -> None:
    most = PHONE_SHARED_BY_AT_MOST
    con.execute(f"UPDATE standard SET phones = ['{PHONE}'] WHERE record_id <= {most}")
    con.execute(
        f"UPDATE standard SET phones = ['{PHONE}'], restricted = true WHERE record_id = {most + 1}"
    )

    prepare(con, load_model(SHIPPED_MODEL))

    assert usable_phones(con, [PHONE]) == {PHONE}
    held = count(con, "SELECT count(*) FROM link_record WHERE len(phones) > 0")
    assert held == most + 1


def test_restricted_records_are_not_of_the_population(con: duckdb.DuckDBPyConnection) -> None:
    (records,) = first_row(con, "SELECT count(*) FROM standard")
    half = population_class(records) // 2
    con.execute(f"UPDATE standard SET restricted = true WHERE record_id > {half}")

    assert engine._ordinary(con) <= half < records
    (taught,) = first_row(con, f"SELECT count(*) FROM {ORDINARY}")
    assert taught == engine._ordinary(con)
