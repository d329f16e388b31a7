"""What link thresholds would give, read from the scored pairs: errors, finds, questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from mdm.domain.tolerance import STEP, Expected, WeighedPairs, expected
from mdm.duck import first_row
from mdm.volume.components import label_components

# Beyond this many bits nothing is wrong; a power of two must fit a double.
_MOST_BITS = 900
_WRONG = f"1 / (1 + power(2.0, least(match_weight, {_MOST_BITS})))"
# What a threshold has no say in: a guard refused it, so a steward is asked at any.
_FREE = "(outcome = 'linked' OR guard IS NULL) AND outcome <> 'refused'"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A threshold, what it gives, and the questions that it leaves to stewards."""

    expected: Expected
    questions: int


def weighed_pairs(
    con: duckdb.DuckDBPyConnection, relation: str = "scored"
) -> tuple[WeighedPairs, ...]:
    """The pairs of a relation with `match_weight`, by steps of weight."""
    rows = con.execute(
        f"SELECT floor(match_weight / {STEP} + 1e-9)::BIGINT, count(*), sum({_WRONG}) "
        f"FROM {relation} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return tuple(WeighedPairs(round(step * STEP, 6), pairs, wrong) for step, pairs, wrong in rows)


def outlooks(
    con: duckdb.DuckDBPyConnection, thresholds: Sequence[float], *, review: float, others: int
) -> tuple[Outlook, ...]:
    """What each link threshold is expected to give for the plan at hand.

    Args:
        con: Holds `plan_pair`.
        thresholds: Link thresholds, bits.
        review: The review threshold, bits.
        others: Questions that no threshold answers: refused by a guard, contradictions.
    """
    free = f"(SELECT * FROM plan_pair WHERE {_FREE})"
    weighed = weighed_pairs(con, free)
    (apart,) = first_row(
        con, f"SELECT coalesce(sum(1 - {_WRONG}), 0) FROM plan_pair WHERE NOT ({_FREE})"
    )
    pairs = con.sql(f"SELECT record_l, record_r, match_weight FROM {free}").to_arrow_table()
    questions = _questions(pairs, thresholds, review)
    return tuple(
        Outlook(expected(weighed, link, apart), others + asked)
        for link, asked in zip(thresholds, questions, strict=True)
    )


def _questions(pairs: pa.Table, thresholds: Sequence[float], review: float) -> list[int]:
    """Questions between the thresholds: for k groups that may be one, the k - 1 that settle it."""
    if pairs.num_rows == 0:
        return [0] * len(thresholds)
    weights = pairs["match_weight"].to_numpy()
    left, right = (pairs[end].to_numpy() for end in ("record_l", "record_r"))
    everybody = len(np.unique(np.concatenate([left, right])))

    def groups(least: float) -> int:
        kept = weights >= least - 1e-9
        linked, component = label_components(left[kept], right[kept])
        return everybody - len(linked) + len(np.unique(component))

    fewest = groups(review)
    return [groups(max(link, review)) - fewest for link in thresholds]
