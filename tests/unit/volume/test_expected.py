"""What link thresholds would give is read from the scored pairs of a plan."""

import duckdb
import pytest

from mdm.volume.expected import outlooks, weighed_pairs


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Two people of two records with a doubt between them, and a pair that a guard refused."""
    made = duckdb.connect()
    made.execute(
        """
        CREATE TABLE plan_pair AS FROM (VALUES
            (1, 2, 30.0, NULL, 'linked'), (3, 4, 8.0, NULL, 'linked'),
            (2, 3, 1.0, NULL, 'review'), (1, 3, 0.5, NULL, 'review'),
            (5, 6, 12.0, 'two_cpfs', 'refused')
        ) AS t(record_l, record_r, match_weight, guard, outcome)
        """
    )
    return made


def test_pairs_are_counted_by_steps_of_weight(con: duckdb.DuckDBPyConnection) -> None:
    found = weighed_pairs(con, "plan_pair")

    assert [(one.low, one.pairs) for one in found] == [
        (0.5, 1), (1.0, 1), (8.0, 1), (12.0, 1), (30.0, 1),
    ]  # fmt: skip
    assert found[1].wrong == pytest.approx(1 / 3)


def test_a_higher_threshold_errs_less_finds_less_and_asks_more(
    con: duckdb.DuckDBPyConnection,
) -> None:
    low, middle, high = outlooks(con, [0.0, 6.0, 10.0], review=0.0, others=1)

    assert [one.questions for one in (low, middle, high)] == [1, 2, 3]
    assert [one.expected.links for one in (low, middle, high)] == [4, 2, 1]
    assert low.expected.precision < middle.expected.precision < high.expected.precision
    assert 1 > low.expected.recall > middle.expected.recall > high.expected.recall


def test_without_pairs_nothing_is_wrong_or_asked(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM plan_pair")

    (found,) = outlooks(con, [6.0], review=0.0, others=0)

    assert (found.questions, found.expected.links, found.expected.precision) == (0, 0, 1.0)
