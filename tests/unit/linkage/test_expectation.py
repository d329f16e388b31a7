"""Expectation maximisation finds what made the data, and what Splink finds on the same pairs."""

import itertools
import logging

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from splink import DuckDBAPI, Linker

from mdm.linkage.expectation import Array, Learned, learn_m, level_shares

# Three classes over four attributes of three, two, four and two levels, strongest first.
M = [
    np.array([0.90, 0.07, 0.03]),
    np.array([0.97, 0.03]),
    np.array([0.80, 0.10, 0.06, 0.04]),
    np.array([0.60, 0.40]),
]
U = [
    np.array([0.01, 0.04, 0.95]),
    np.array([0.05, 0.95]),
    np.array([0.002, 0.008, 0.09, 0.90]),
    np.array([0.30, 0.70]),
]
R = [
    np.array([0.03, 0.12, 0.85]),
    np.array([0.80, 0.20]),
    np.array([0.01, 0.02, 0.17, 0.80]),
    np.array([0.90, 0.10]),
]
START = [np.array([0.8, *([0.2 / (len(m) - 1)] * (len(m) - 1))]) for m in M]
FILLED = (0.9, 1.0, 0.7, 0.8)
Patterns = tuple[np.ndarray, Array]


def expected_counts(shares: tuple[float, float, float], pairs: float = 1e7) -> Patterns:
    """Every level pattern with the number of pairs that the three classes are expected to give."""
    patterns, counts = [], []
    for pattern in itertools.product(*(range(-1, len(m)) for m in M)):
        chance = 0.0
        for share, classes in zip(shares, (M, R, U), strict=True):
            each = share
            for level, values, filled in zip(pattern, classes, FILLED, strict=True):
                each *= (1 - filled) if level < 0 else filled * values[level]
            chance += each
        if chance > 0:
            patterns.append(pattern)
            counts.append(pairs * chance)
    return np.array(patterns), np.array(counts)


def learned(patterns: Patterns, **options: float) -> Learned:
    return learn_m(*patterns, U, R, START, tolerance=options.get("tolerance", 1e-10),
                   most_iterations=5000)  # fmt: skip


@pytest.mark.parametrize("shares", [(0.6, 0.1, 0.3), (0.2, 0.5, 0.3), (0.9, 0.02, 0.08)])
def test_parameters_and_shares_that_made_the_data_are_found_again(
    shares: tuple[float, float, float],
) -> None:
    found = learned(expected_counts(shares))

    assert np.allclose(found.share, shares, atol=2e-4)
    for true, values in zip(M, found.m, strict=True):
        assert values is not None
        assert np.allclose(values, true, atol=2e-4)


def test_a_sample_gives_the_parameters_within_its_chance() -> None:
    patterns, counts = expected_counts((0.5, 0.2, 0.3), 200_000)
    drawn = np.random.default_rng(3).poisson(counts).astype(float)

    found = learned((patterns, drawn))

    assert np.allclose(found.share, (0.5, 0.2, 0.3), atol=0.01)
    for true, values in zip(M, found.m, strict=True):
        assert values is not None
        assert np.allclose(values, true, atol=0.01)


def test_pairs_of_relatives_are_not_taken_for_matches() -> None:
    """Without the third class relatives would be learned as matches that disagree in name."""
    patterns = expected_counts((0.5, 0.3, 0.2))
    with_them = learned(patterns)
    without = learn_m(*patterns, U, U, START)

    assert with_them.m[0] is not None
    assert without.m[0] is not None
    assert abs(with_them.m[0][0] - M[0][0]) < 0.001
    assert abs(without.m[0][0] - M[0][0]) > 0.05


def test_a_missing_side_says_nothing() -> None:
    """Pairs of which nothing is known beside the sure ones change no parameter."""
    gammas, counts = expected_counts((0.6, 0.1, 0.3))
    empty = np.full((1, len(M)), -1)
    known = learned((gammas, counts))
    among = learned((np.vstack([gammas, empty]), np.append(counts, 5e6)))

    for one, other in zip(known.m, among.m, strict=True):
        assert one is not None
        assert other is not None
        assert np.allclose(one, other, atol=1e-6)


def test_an_attribute_never_seen_is_not_learned() -> None:
    gammas, counts = expected_counts((0.6, 0.1, 0.3))
    gammas[:, 2] = -1

    found = learned((gammas, counts))

    assert found.m[2] is None
    assert all(found.m[k] is not None for k in (0, 1, 3))


def test_the_order_of_the_patterns_is_of_no_effect() -> None:
    gammas, counts = expected_counts((0.6, 0.1, 0.3))
    first = learned((gammas, counts))
    order = np.random.default_rng(1).permutation(len(counts))
    other = learned((gammas[order], counts[order]))

    assert np.allclose(first.share, other.share, rtol=0, atol=1e-9)
    for one, shuffled in zip(first.m, other.m, strict=True):
        assert one is not None
        assert shuffled is not None
        assert np.allclose(one, shuffled, rtol=0, atol=1e-9)


def test_the_same_patterns_give_the_same_bits() -> None:
    patterns = expected_counts((0.6, 0.1, 0.3))
    first, again = learned(patterns), learned(patterns)

    assert first.iterations == again.iterations
    assert [v.tobytes() for v in first.m if v is not None] == [
        v.tobytes() for v in again.m if v is not None
    ]


def test_level_shares_spread_their_prior_and_leave_out_what_is_missing() -> None:
    column = np.array([0, 0, 2, -1])
    weights = np.array([1.0, 2.0, 1.0, 100.0])

    shares = level_shares(column, weights, 3, prior=3.0)

    assert np.allclose(shares, [4 / 7, 1 / 7, 2 / 7])


def test_without_relatives_it_finds_what_splink_finds() -> None:
    """The oracle: Splink's own EM on the very same pairs, u fixed, two classes."""
    gammas, counts = expected_counts((0.7, 0.0, 0.3), 20_000)
    counts = np.round(counts)
    ours = learn_m(gammas, counts, U, [np.full(len(u), 1e-12) for u in U], START,
                   tolerance=1e-9, most_iterations=2000)  # fmt: skip
    theirs = _by_splink(gammas, counts)

    assert ours.share[1] < 1e-6
    for one, other in zip(ours.m, theirs, strict=True):
        assert one is not None
        assert np.allclose(one, other, atol=2e-3)


def _by_splink(gammas: np.ndarray, counts: Array) -> list[Array]:
    """m by Splink: pairs are made as records whose values give the wanted levels."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    rows: dict[str, list[object]] = {"unique_id": [], "pair": []}
    rows |= {f"a{k}": [] for k in range(len(M))}
    number = 0
    for pattern, times in zip(gammas.tolist(), counts.astype(int).tolist(), strict=True):
        for _ in range(times):
            for side in (0, 1):
                rows["unique_id"].append(2 * number + side)
                rows["pair"].append(number)
                for k, level in enumerate(pattern):
                    value = None if level < 0 else (level if side else 0)
                    rows[f"a{k}"].append(value)
            number += 1
    con = duckdb.connect(":memory:")
    con.register("made", pa.table({name: pa.array(v, pa.int64()) for name, v in rows.items()}))
    con.execute("CREATE TABLE people AS SELECT * FROM made")
    settings = {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": 0.5,
        "em_convergence": 1e-7,
        "max_iterations": 500,
        "comparisons": [_comparison(k) for k in range(len(M))],
        "blocking_rules_to_generate_predictions": ["l.pair = r.pair"],
    }
    api = DuckDBAPI(con)
    linker = Linker(api.register("people"), settings)
    linker.training.estimate_parameters_using_expectation_maximisation(
        "l.pair = r.pair", fix_u_probabilities=True
    )
    made = linker._settings_obj
    found = []
    for k in range(len(M)):
        comparison = next(c for c in made.comparisons if c.output_column_name == f"a{k}")
        levels = [level for level in comparison.comparison_levels if not level.is_null_level]
        found.append(np.array([level.m_probability for level in levels], dtype=float))
    con.close()
    return found


def _comparison(k: int) -> dict[str, object]:
    column = f"a{k}"
    levels: list[dict[str, object]] = [
        {
            "sql_condition": f'"{column}_l" IS NULL OR "{column}_r" IS NULL',
            "is_null_level": True,
            "label_for_charts": "missing",
        }
    ]
    for level in range(len(M[k])):
        last = level == len(M[k]) - 1
        levels.append(
            {
                "sql_condition": "ELSE" if last else f'"{column}_r" = {level}',
                "label_for_charts": str(level),
                "m_probability": float(START[k][level]),
                "u_probability": float(U[k][level]),
            }
        )
    return {"output_column_name": column, "comparison_levels": levels}
