"""One model, one answer: Splink, our batch and the one-record scorer give the same weights."""

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import duckdb
import pytest
from splink import DuckDBAPI, Linker

from mdm.linkage import predict_by_splink
from mdm.linkage.blocking import block
from mdm.linkage.ceiling import within_reach_sql
from mdm.linkage.explain import explain_pattern, unpack_pattern
from mdm.linkage.model import PersonModel, load_model, population_class, splink_settings
from mdm.linkage.pair_scorer import PairScorer
from mdm.linkage.person_model import COMPARISONS, GIVEN_BY_SURNAME
from mdm.linkage.scoring import score_pairs
from support.linkage_city import SHIPPED_MODEL, city
from support.linkage_run import (
    all_pairs,
    prepare,
    prepared_one_by_one,
    rows_of,
    without_relatives,
)

POPULATION = 2048
EVERY_PAIR = -10_000.0
Scores = dict[tuple[int, int], tuple[float, int]]


@pytest.fixture(scope="module")
def model() -> PersonModel:
    return load_model(SHIPPED_MODEL)


@pytest.fixture(scope="module")
def con(model: PersonModel) -> Iterator[duckdb.DuckDBPyConnection]:
    """A city with its candidates and three thousand pairs at random."""
    with city() as made:
        prepare(made, model)
        block(made)
        all_pairs(made, 3000)
        yield made


def scores(
    con: duckdb.DuckDBPyConnection, model: PersonModel, threshold: float = EVERY_PAIR
) -> Scores:
    score_pairs(con, model, population=POPULATION, threshold=threshold)
    return {
        (row[0], row[1]): (row[2], row[3])
        for row in con.execute(
            "SELECT record_l, record_r, match_weight, pattern FROM scored"
        ).fetchall()
    }


@pytest.fixture(scope="module")
def scored(con: duckdb.DuckDBPyConnection, model: PersonModel) -> Scores:
    return scores(con, model)


def test_every_candidate_is_scored_once(con: duckdb.DuckDBPyConnection, scored: Scores) -> None:
    pairs = con.execute("SELECT join_key_l, join_key_r FROM candidate").fetchall()

    assert len(pairs) > 3000
    assert sorted(scored) == sorted(pairs)


def test_splink_writes_its_sql_once_for_a_model(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    scored: Scores,
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def refused(*_: object, **__: object) -> None:
        raise LookupError

    monkeypatch.setattr(predict_by_splink, "Linker", refused)

    again = scores(con, model)

    assert again == scored
    with pytest.raises(LookupError):
        score_pairs(con, model, population=2 * POPULATION, threshold=EVERY_PAIR)


def test_without_relatives_the_weight_is_that_of_splinks_public_prediction(
    con: duckdb.DuckDBPyConnection, model: PersonModel
) -> None:
    """This pins the internals of Splink that scoring runs, frozen frequencies among them."""
    plain = without_relatives(model)
    settings = splink_settings(plain, POPULATION) | {
        "blocking_rules_to_generate_predictions": ["l.birth = r.birth", "l.surname = r.surname"],
        "retain_intermediate_calculation_columns": False,
    }
    # Splink's own frequencies would be those of this city; the model's are registered instead.
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(con)
    con.execute(
        "CREATE OR REPLACE TABLE with_names AS "
        "SELECT *, given || ' of ' || surname AS given_by_surname FROM link_record"
    )
    frozen_columns = ("given", GIVEN_BY_SURNAME, "surname", "mother")
    without = ", ".join(f"tf_{column}" for column in frozen_columns)
    con.execute(
        f"CREATE OR REPLACE TABLE without_tf AS SELECT * EXCLUDE ({without}) FROM with_names"
    )
    linker = Linker(api.register("without_tf"), settings)
    for column in frozen_columns:
        con.execute(
            f"CREATE OR REPLACE TABLE frozen_{column} AS SELECT DISTINCT {column}, tf_{column} "
            f"FROM with_names WHERE {column} IS NOT NULL"
        )
        frozen = api.register(f"frozen_{column}")
        linker.table_management.register_term_frequency_lookup(frozen, column)
    predicted = linker.inference.predict()
    wanted = {
        (row["unique_id_l"], row["unique_id_r"]): row["match_weight"]
        for row in predicted.as_record_list()
    }
    con.execute("ALTER TABLE candidate RENAME TO kept")
    con.execute("CREATE TABLE candidate AS SELECT unique_id_l AS join_key_l, unique_id_r AS "
                f"join_key_r, '0' AS match_key FROM {predicted.physical_name}")  # fmt: skip
    ours = scores(con, plain)
    con.execute("DROP TABLE candidate")
    con.execute("ALTER TABLE kept RENAME TO candidate")

    assert len(wanted) > 1000
    assert ours.keys() == wanted.keys()
    assert all(math.isclose(ours[pair][0], wanted[pair], abs_tol=2e-6) for pair in wanted)


def test_the_one_record_scorer_gives_the_weight_and_the_pattern_of_the_batch(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    records = prepared_one_by_one(con, model)
    scorer = PairScorer(model, POPULATION)

    for (left, right), (weight, pattern) in scored.items():
        found = scorer.weight(records[left], records[right])
        assert math.isclose(found.total, weight, abs_tol=1e-6)
        assert found.pattern == pattern


def test_the_order_of_two_records_is_of_no_effect(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    records = prepared_one_by_one(con, model)
    scorer = PairScorer(model, POPULATION)

    for left, right in list(scored)[::7]:
        one = scorer.weight(records[left], records[right])
        other = scorer.weight(records[right], records[left])
        assert one == other


def test_the_parts_of_a_weight_add_up_to_it_and_name_the_levels_of_its_pattern(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    records = prepared_one_by_one(con, model)
    scorer = PairScorer(model, POPULATION)

    for left, right in list(scored)[::7]:
        found = scorer.weight(records[left], records[right])
        parts = [found.prior, found.relatives]
        for said in found.contributions:
            parts += [said.bits, said.frequency_bits]
        assert math.isclose(math.fsum(parts), found.total, abs_tol=1e-6)
        assert found.relatives <= 0
        assert unpack_pattern(found.pattern) == {c.comparison: c.level for c in found.contributions}


def test_a_stored_pair_is_explained_like_one_that_is_weighed_and_adds_up(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    records = prepared_one_by_one(con, model)
    scorer = PairScorer(model, POPULATION)

    for (left, right), (weight, pattern) in list(scored.items())[::7]:
        told = explain_pattern(model, POPULATION, pattern, weight)
        weighed = scorer.weight(records[left], records[right])
        bits = {c.comparison: (c.level, c.bits) for c in weighed.contributions}
        parts = [told.prior, told.relatives, told.rarity, *(f.bits for f in told.findings)]
        assert {f.comparison: (f.level, f.bits) for f in told.findings} == bits
        assert math.isclose(math.fsum(parts), weight, abs_tol=1e-9)
        assert told.relatives <= 0
        if not any(c.frequency_bits for c in weighed.contributions):
            assert abs(told.rarity) < 1e-5


def test_a_stored_pattern_names_the_levels_that_splink_found(
    con: duckdb.DuckDBPyConnection, scored: Scores
) -> None:
    """Each single level is its own condition on the values: the unpacking is the inverse."""
    records = {row["unique_id"]: row for row in rows_of(con, "link_record")}
    seen = set()
    for (left, right), (_, pattern) in list(scored.items())[::3]:
        labels = unpack_pattern(pattern)
        for comparison in COMPARISONS:
            label = labels[comparison.name]
            one, other = records[left], records[right]
            missing = comparison.missing.holds(one, other)
            assert missing == (label == "missing")
            if not missing:
                first = next(x for x in comparison.levels
                             if x.condition is None or x.condition.holds(one, other))  # fmt: skip
                assert first.label == label
                seen.add((comparison.name, label))
    assert len(seen) > 50


def by_formula(model: PersonModel, pattern: int, splink: float) -> float:
    """odds = a m / (N u + b r + c t), written down from the four classes themselves."""
    labels = unpack_pattern(pattern)
    m_to_r = m_to_t = 1.0
    for comparison in COMPARISONS:
        for level, parameters in zip(comparison.levels, model.levels[comparison.name], strict=True):
            if level.label == labels[comparison.name]:
                m_to_r *= parameters.m / parameters.r
                m_to_t *= parameters.m / parameters.t
    match_to_unrelated = 2.0**splink
    match_to_relative = model.matches_per_record / model.relatives_per_record * m_to_r
    # The prior of Splink is a share, a/N over 1 - a/N; the mixture's is a/N itself.
    share = model.matches_per_record / POPULATION
    match_to_relative *= 1 / (1 - share)
    match_to_twin = model.matches_per_record / model.twins_per_record * m_to_t / (1 - share)
    return math.log2(1 / (1 / match_to_unrelated + 1 / match_to_relative + 1 / match_to_twin))


def test_the_correction_for_relatives_and_twins_is_theirs_in_the_mixture(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    plain = scores(con, without_relatives(model))
    moved = 0
    for pair, (weight, pattern) in scored.items():
        expected = by_formula(model, pattern, plain[pair][0])
        assert math.isclose(weight, expected, abs_tol=5e-6)
        moved += weight < plain[pair][0] - 0.5
    assert moved > 10


def test_more_relatives_never_raise_a_weight(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    more = replace(model, relatives_per_record=10 * model.relatives_per_record)

    assert all(weight <= scored[pair][0] for pair, (weight, _) in scores(con, more).items())


@pytest.mark.parametrize("threshold", [-25.0, -3.0, 3.0, 12.0])
def test_a_threshold_only_leaves_out_what_is_below_it(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores, threshold: float
) -> None:
    wanted = {pair: found for pair, found in scored.items() if found[0] >= threshold}

    assert scores(con, model, threshold) == wanted
    assert 0 < len(wanted) < len(scored)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_levels_weigh_nothing_is_left_out_that_reaches_the_threshold(
    con: duckdb.DuckDBPyConnection, model: PersonModel, seed: int
) -> None:
    """The first step knows nothing of how levels are ordered by what they give."""
    chance = Random(seed)
    threshold = chance.uniform(-30, 30)
    levels = {name: tuple(chance.sample(found, len(found))) for name, found in model.levels.items()}
    other = replace(model, levels=levels)
    every = scores(con, other)

    assert scores(con, other, threshold) == {
        pair: found for pair, found in every.items() if found[0] >= threshold
    }


def test_most_candidates_are_left_out_before_they_are_weighed(
    con: duckdb.DuckDBPyConnection, model: PersonModel, scored: Scores
) -> None:
    within = within_reach_sql(
        model, population=POPULATION, threshold=3.0, records="link_record", pairs="candidate"
    )
    reaching = sum(weight >= 3.0 for weight, _ in scored.values())
    left = con.sql(within).to_arrow_table().num_rows

    assert reaching <= left < reaching + (len(scored) - reaching) / 4


@pytest.mark.parametrize(
    ("records", "population"), [(0, 1024), (1024, 1024), (1025, 2048), (1_780_000, 2_097_152)]
)
def test_a_population_is_the_next_power_of_two(records: int, population: int) -> None:
    assert population_class(records) == population
