"""The columns that are compared: made for a city by SQL and for one record by Python."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.standard_record import StandardRecord
from mdm.duck import first_row
from mdm.linkage.model import PersonModel, load_model
from mdm.linkage.person_model import GIVEN_BY_SURNAME
from mdm.linkage.prepare import (
    DWELLING_SHARED_BY_AT_MOST,
    PHONE_SHARED_BY_AT_MOST,
    is_crowded_dwelling,
    prepare_records,
)
from mdm.linkage.prepare_one import Decided, prepare_one
from mdm.linkage.training import write_term_frequencies
from support.linkage_city import SHIPPED_MODEL, city
from support.linkage_run import (
    prepare,
    prepared_one_by_one,
    rows_of,
    with_frequencies,
    with_keys,
)


@pytest.fixture(scope="module")
def model() -> PersonModel:
    return load_model(SHIPPED_MODEL)


def test_a_city_and_its_records_one_by_one_get_the_same_columns(model: PersonModel) -> None:
    with city() as con:
        prepare(con, model)
        plain = prepared_one_by_one(con, model)
        made = with_keys(con, {n: with_frequencies(model, row) for n, row in plain.items()})
        for row in rows_of(con, "link_record"):
            assert row == made[int(str(row["unique_id"]))]
        assert len(made) > 1000


def test_a_first_name_is_as_frequent_as_among_the_bearers_of_the_surname(
    model: PersonModel,
) -> None:
    names = {1: "FATOU MBAYE", 2: "FATOU SILVA", 3: "MARIA MBAYE"}
    with city() as con:
        for number, name in names.items():
            con.execute(
                "UPDATE standard SET name = $1, name_phonetic = $1 WHERE record_id = $2",
                [name, number],
            )
        prepare(con, model)
        plain = prepared_one_by_one(con, model)
        expected = with_keys(con, {n: with_frequencies(model, plain[n]) for n in names})
        rows = {int(str(row["unique_id"])): row for row in rows_of(con, "link_record")}
        fatou, among_mbaye = (float(str(rows[1][f"tf_{c}"])) for c in ("given", GIVEN_BY_SURNAME))

        assert {n: rows[n] for n in names} == expected
        assert among_mbaye > 8 * fatou
        assert rows[2][f"tf_{GIVEN_BY_SURNAME}"] == rows[2]["tf_given"] == fatou
        maria = float(str(rows[3][f"tf_{GIVEN_BY_SURNAME}"]))
        assert maria == model.term_frequencies[GIVEN_BY_SURNAME, ""]


def test_of_an_impossible_birth_date_its_digits_are_compared(model: PersonModel) -> None:
    with city() as con:
        con.execute(
            "UPDATE standard SET birth_date = NULL, birth_date_default = false, "
            "birth_mistyped = '19901723' WHERE record_id <= 2"
        )
        prepare(con, model)
        made = prepared_one_by_one(con, model)
        expected = with_keys(con, {n: with_frequencies(model, made[n]) for n in (1, 2)})
        rows = {int(str(row["unique_id"])): row for row in rows_of(con, "link_record")}

        assert {n: rows[n] for n in (1, 2)} == expected
        assert [rows[1][c] for c in ("birth", "birth_exact", "birth_year", "birth_swapped")] == [
            "19901723", 1, 1990, None,
        ]  # fmt: skip


def test_a_phone_of_many_records_is_nobodys(model: PersonModel) -> None:
    with city() as con:
        crowd = PHONE_SHARED_BY_AT_MOST + 1
        con.execute("UPDATE standard SET phones = ['5133334444']")
        few = con.execute(
            f"UPDATE standard SET phones = ['5133335555'] WHERE record_id < {crowd} RETURNING 1"
        ).fetchall()
        prepare(con, model)
        found = con.execute(
            "SELECT DISTINCT phones FROM link_record WHERE phones IS NOT NULL"
        ).fetchall()

        key = first_row(con, "SELECT [hash('5133335555')]")

    assert len(few) == PHONE_SHARED_BY_AT_MOST
    assert found == [key]


def test_a_dwelling_of_many_records_is_nobodys(model: PersonModel) -> None:
    with city() as con:
        crowd = DWELLING_SHARED_BY_AT_MOST + 1
        con.execute("UPDATE standard SET street = 'RUA A', street_number = '1'")
        con.execute(f"UPDATE standard SET street_number = '2' WHERE record_id < {crowd}")
        prepare(con, model)
        found = con.execute(
            "SELECT DISTINCT dwelling FROM link_record WHERE dwelling IS NOT NULL"
        ).fetchall()
        key = first_row(con, "SELECT hash('RUA A 2')")

        assert found == [key]
        assert is_crowded_dwelling(con, "RUA A", "1")
        assert not is_crowded_dwelling(con, "RUA A", "2")


def test_a_surname_that_the_child_bears_stands_as_a_star_in_the_mothers_name() -> None:
    def rest(name: str | None, mother: str) -> object:
        phonetic = None if name is None else name
        record = StandardRecord(
            name=name, name_phonetic=phonetic, mother=mother, mother_phonetic=mother
        )
        return prepare_one(
            record, record_id=1, source="x", decided=Decided(), given_tokens={"MARIA"}
        )["mother_rest"]

    assert rest("JOAO SILVA COSTA", "ANA MARIA SOUZA SILVA") == "ANA MARIA SOUZA *"
    assert rest("JOAO SILVA", "SILVA SILVA") == "SILVA *"
    assert rest("JOAO COSTA", "ANA SILVA") == "ANA SILVA"
    assert rest(None, "ANA SILVA") == "ANA SILVA"


TOKENS = ("ANA", "MARIA", "J", "SILVA", "SOUZA", "LO")
KEYS = {"ANA": "ANA", "MARIA": "MARIA", "J": "J", "SILVA": "SIUVA", "SOUZA": "SOZA", "LO": "LO"}
names = st.one_of(
    st.none(), st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6).map(" ".join)
)


def _key(name: str | None) -> str | None:
    return None if name is None else " ".join(KEYS[token] for token in name.split(" "))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Twenty records of which nothing is decided."""
    with city() as made:
        made.execute("DELETE FROM standard WHERE record_id > 20")
        made.execute("CREATE TABLE model_given_token AS SELECT 'MARIA' AS token")
        write_term_frequencies(made, {})
        made.execute(
            "CREATE TABLE not_own AS SELECT 0::BIGINT AS record_id, true AS cpf, true AS cns, "
            "true AS nis LIMIT 0"
        )
        yield made


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(names, names, names), min_size=1, max_size=20))
def test_names_of_any_shape_are_cut_alike(
    con: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, str | None, str | None]]
) -> None:
    for number, (name, mother, father) in enumerate(rows, 1):
        con.execute(
            "UPDATE standard SET name = $1, name_phonetic = $2, mother = $3, "
            "mother_phonetic = $4, father = $5 WHERE record_id = $6",
            [name, _key(name), mother, _key(mother), father, number],
        )
    prepare_records(con)
    batch = {int(str(row["unique_id"])): row for row in rows_of(con, "link_record")}
    single = {}
    for number, (name, mother, father) in enumerate(rows, 1):
        record = StandardRecord(
            name=name,
            name_phonetic=_key(name),
            mother=mother,
            mother_phonetic=_key(mother),
            father=father,
        )
        single[number] = prepare_one(
            record, record_id=number, source="x", decided=Decided(), given_tokens={"MARIA"}
        )
    for number, one in with_keys(con, single).items():
        for column in one:
            if column.startswith(("given", "surname", "mother", "father")):
                assert one[column] == batch[number][column], column
