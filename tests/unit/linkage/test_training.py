"""Training: one hash for any thread count, row order and repetition; nothing rare is told."""

from dataclasses import replace
from math import log2
from pathlib import Path

import duckdb
import numpy as np
import pytest

from mdm.duck import first_row
from mdm.errors import ModelFileError, TrainingError
from mdm.linkage import training
from mdm.linkage.engine import train
from mdm.linkage.model import PersonModel, load_model, save_model
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.person_model import COMPARISONS, TF_COLUMNS
from mdm.linkage.training import _GIVEN_TOKENS, train_model
from mdm.linkage.training_chances import (
    HELD_BY_AT_LEAST,
    LEAST_M,
    LEAST_M_OF_GIVEN_NAMES,
    LEAST_M_OF_NUMBERS,
    at_least,
    chance_of_equal,
)
from support.linkage_city import city
from support.linkage_run import prepare

PEOPLE, SEED = 3000, 11


def silent(step: str, share: float) -> None:
    """Nobody looks."""


@pytest.fixture(autouse=True)
def fewer_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the random pairs: the rules are the same, the wait is shorter."""
    monkeypatch.setattr(training, "RANDOM_PAIRS", 100_000)


def trained(folder: Path, *, threads: int = 1, order: str = "record_id") -> str:
    """Train with a thread count and records in another order under other numbers."""
    with city(PEOPLE, SEED, threads=threads) as con:
        if order != "record_id":
            number = f"row_number() OVER (ORDER BY {order}) AS record_id"
            con.execute(
                f"CREATE TABLE other AS SELECT * REPLACE ({number}) FROM standard ORDER BY {order}"
            )
            con.execute("DROP TABLE standard")
            con.execute("ALTER TABLE other RENAME TO standard")
        return train(con, folder, silent)


@pytest.mark.slow
def test_threads_order_numbers_and_repetition_are_of_no_effect(tmp_path: Path) -> None:
    first = trained(tmp_path / "a")

    assert trained(tmp_path / "b") == first
    assert trained(tmp_path / "c", threads=2, order="md5(local_id)") == first
    assert trained(tmp_path / "d", threads=2, order="local_id DESC, source DESC") == first
    with city(PEOPLE, SEED + 1) as con:
        assert train(con, tmp_path / "e", silent) != first
    with pytest.raises(ModelFileError):
        save_model(load_model(tmp_path / "e"), tmp_path / "a")


@pytest.fixture(scope="module")
def model() -> PersonModel:
    """A model of the city, trained once for the tests below."""
    with city(PEOPLE, SEED) as con, pytest.MonkeyPatch.context() as patched:
        patched.setattr(training, "RANDOM_PAIRS", 100_000)
        decide_ownership(con)
        return train_model(con)


@pytest.mark.slow
def test_only_values_of_at_least_ten_holders_have_a_frequency_of_their_own(
    model: PersonModel,
) -> None:
    with city(PEOPLE, SEED) as con:
        con.execute("DELETE FROM standard WHERE restricted")
        prepare(con, model)
        for column in TF_COLUMNS:
            rows = con.execute(
                f"SELECT {column}, count(*) FROM link_record WHERE {column} IS NOT NULL GROUP BY 1"
            ).fetchall()
            total = sum(n for _, n in rows)
            wanted = {value: n / total for value, n in rows if n >= HELD_BY_AT_LEAST}
            told = {v: tf for (c, v), tf in model.term_frequencies.items() if c == column and v}
            assert told == wanted
            assert 1 / total <= model.term_frequencies[column, ""] < HELD_BY_AT_LEAST / total


@pytest.mark.slow
def test_a_given_name_token_is_held_by_at_least_ten(model: PersonModel) -> None:
    with city(PEOPLE, SEED) as con:
        for token in model.given_tokens:
            (held,) = first_row(
                con, f"SELECT count(*) FROM standard WHERE split_part(name, ' ', 1) = '{token}'"
            )
            assert held >= HELD_BY_AT_LEAST


@pytest.mark.slow
def test_a_name_a_letter_away_from_one_far_more_frequent_is_no_given_name() -> None:
    names = {
        "MARIA": 2000,
        "MRIA": 10,
        "MARTA": 11,
        "JOAO": 150,
        "JOANA": 10,
        "ROSA": 9,
        "SILVA": 30,
    }
    with duckdb.connect() as con:
        con.execute("CREATE TABLE standard (name VARCHAR, restricted BOOLEAN)")
        for first, number in names.items():
            row = f"SELECT '{first} SILVA', false FROM range({number})"
            con.execute(f"INSERT INTO standard {row}")
        found = {token for (token,) in con.execute(_GIVEN_TOKENS).fetchall()}

    assert found == {"MARIA", "MARTA", "JOAO", "JOANA"}


def test_two_check_digits_let_a_level_of_a_number_be_as_rare_as_one_of_names() -> None:
    seen = np.array([1.0, 0.0, 0.0])
    for comparison in ("surname", "cpf", "birth_certificate"):
        assert at_least(seen, comparison)[2] == pytest.approx(LEAST_M, rel=0.01)
    assert at_least(seen, "rg")[2] == pytest.approx(LEAST_M_OF_NUMBERS, rel=0.01)


def test_a_given_name_is_read_over_but_twins_are_too_few_for_the_lower_floor() -> None:
    seen = np.array([1.0, 0.0, 0.0])

    assert at_least(seen, "given")[2] == pytest.approx(LEAST_M_OF_GIVEN_NAMES, rel=0.01)
    assert at_least(seen, "given", among_twins=True)[2] == pytest.approx(LEAST_M, rel=0.01)


def test_a_saved_and_loaded_model_is_the_trained_one_to_nine_digits(
    model: PersonModel, tmp_path: Path
) -> None:
    digest = save_model(model, tmp_path / "v1")
    loaded = load_model(tmp_path / "v1")

    assert save_model(replace(loaded, digest=""), tmp_path / "again") == digest
    assert loaded.given_tokens == model.given_tokens
    assert loaded.term_frequencies.keys() == model.term_frequencies.keys()
    for name, levels in model.levels.items():
        for one, other in zip(levels, loaded.levels[name], strict=True):
            for kind in ("m", "u", "r"):
                assert getattr(other, kind) == pytest.approx(getattr(one, kind), rel=1e-8)


@pytest.mark.slow
def test_matches_agree_more_than_relatives_and_these_more_than_strangers(
    model: PersonModel,
) -> None:
    for name in ("mother", "surname"):
        top = model.levels[name][0]
        assert top.m > top.r > top.u, name
    # Relatives live together about as often as one person's records tell one address.
    home = model.levels["address"][0]
    assert min(home.m, home.r) > 100 * home.u
    given = model.levels["given"][0]
    assert given.m > 10 * given.r


@pytest.mark.slow
def test_shares_of_a_comparison_add_up_to_one(model: PersonModel) -> None:
    for comparison in COMPARISONS:
        levels = zip(comparison.levels, model.levels[comparison.name], strict=True)
        apart = [parameters for level, parameters in levels if level.same_as is None]
        for kind in ("m", "u", "r"):
            total = sum(getattr(parameters, kind) for parameters in apart)
            assert total == pytest.approx(1.0), comparison.name


def test_too_few_records_train_nothing() -> None:
    with city() as con:
        con.execute("DELETE FROM standard WHERE record_id > 500")
        decide_ownership(con)
        with pytest.raises(TrainingError):
            train_model(con)


@pytest.mark.slow
def test_records_without_anything_in_common_train_nothing() -> None:
    with city(PEOPLE, SEED) as con:
        con.execute(
            "UPDATE standard SET cpf = NULL, guardian_cpf = NULL, birth_date = NULL, "
            "mother = NULL, father = NULL, phones = [], emails = [], street = NULL, "
            "district = NULL, postal_code = NULL, cns = [], nis = NULL, inep_id = NULL, "
            "birth_certificate = NULL, dnv = NULL, rg = NULL, name_phonetic = NULL, name = "
            "'ANA ' || translate(md5(record_id::VARCHAR), '0123456789abcdef', 'ABCDEFGHIJKLMNOP')"
        )
        decide_ownership(con)
        with pytest.raises(TrainingError):
            train_model(con)


@pytest.mark.slow
def test_what_is_declared_weighs_as_declared(model: PersonModel) -> None:
    """A filler date says no more than its year; what another comparison tells says nothing."""
    levels = {
        (c.name, level.label): model.levels[c.name][place]
        for c in COMPARISONS
        for place, level in enumerate(c.levels)
    }
    filler, date = levels["birth_date", "equal_default_day"], levels["birth_date", "equal"]
    assert 4 < log2(filler.m / filler.u) < 8 < log2(date.m / date.u)
    assert filler.r == pytest.approx(filler.u)
    for name in (("surname", "exchanged"), ("father", "exchanged_with_mother")):
        told = levels[name]
        assert [told.u, told.r, told.t] == pytest.approx([told.m] * 3, rel=0.001)


def chance(con: duckdb.DuckDBPyConnection, values: list[int], matches: float) -> float | None:
    rows = ", ".join(f"({n}, '{value}')" for n, value in enumerate(values))
    con.execute(f"CREATE OR REPLACE TABLE link_record AS FROM (VALUES {rows}) t(unique_id, sex)")
    return chance_of_equal(con, "sex", matches)


def test_u_from_value_counts_is_the_share_of_equal_pairs_less_the_matches() -> None:
    with duckdb.connect(":memory:") as con:
        half = [n % 2 for n in range(2000)]
        exact = 2 * 1000 * 999 / (2000 * 1999)
        assert chance(con, half, 0.0) == pytest.approx(exact)
        assert chance(con, half, 0.5) == pytest.approx(exact - 0.5 / 2000)
        assert chance(con, half[:100], 0.0) is None
