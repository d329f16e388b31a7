"""Whether the probabilities mean what they say: pairs in bins of equal count against the truth."""

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

BINS = 10
LEAST, MOST = 0.05, 0.95


_SURE = (0.99, 0.999, 0.9999, 0.99999)


def calibration(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """Calibration of `scored` against `bench_truth`; `applied` says which pairs are linked.

    Returns:
        Of all pairs `between` (stated, whether one person), and of them what `binned` says; and
        `sure`: for pairs linked and given at least a probability, their
        count, the wrong share that their probabilities state, and the true one.
    """
    pairs = con.execute(
        "SELECT s.match_weight AS w, (l.person = r.person)::INT AS same, "
        "(a.cluster = b.cluster)::INT AS linked FROM scored s "
        "JOIN bench_truth l ON l.record_id = s.record_l "
        "JOIN bench_truth r ON r.record_id = s.record_r "
        "JOIN applied a ON a.record_id = s.record_l JOIN applied b ON b.record_id = s.record_r "
        "ORDER BY 1"
    ).fetchnumpy()
    weight, same = np.asarray(pairs["w"]), np.asarray(pairs["same"]).astype(float)
    stated = 1 / (1 + np.exp2(-weight))
    chosen = (stated >= LEAST) & (stated <= MOST)
    between = [
        (float(one), int(other)) for one, other in zip(stated[chosen], same[chosen], strict=True)
    ]
    sure = {}
    linked = np.asarray(pairs["linked"]).astype(bool)
    for least in _SURE:
        chosen = (stated >= least) & linked
        sure[str(least)] = {
            "n": int(chosen.sum()),
            "stated": float((1 - stated[chosen]).mean()) if chosen.any() else 0.0,
            "wrong": float(1 - same[chosen].mean()) if chosen.any() else 0.0,
        }
    return {"between": between, **binned(between), "sure": sure}


def binned(between: Sequence[tuple[float, int]]) -> dict[str, Any]:
    """Calibration of pairs in bins of equal count.

    Args:
        between: For each pair the probability stated and 1 for one person, else 0.

    Returns:
        `n` pairs, `bins` (n, stated, true), `error`: the mean of their absolute differences,
        weighted by count; and `chance`: the error to expect of probabilities that are true, by the
        normal approximation of each bin's binomial: no set of n pairs can show less.
    """
    pairs = np.asarray(sorted(between), dtype=float).reshape(-1, 2)
    parts = [part for part in np.array_split(pairs, BINS) if len(part)]
    bins = [
        {"n": len(p), "stated": float(p[:, 0].mean()), "true": float(p[:, 1].mean())} for p in parts
    ]
    spread = [float(np.sqrt((p[:, 0] * (1 - p[:, 0])).sum())) for p in parts]
    total = max(len(pairs), 1)
    return {
        "n": len(pairs),
        "bins": bins,
        "error": sum(b["n"] * abs(b["stated"] - b["true"]) for b in bins) / total,
        "chance": math.sqrt(2 / math.pi) * sum(spread) / total,
    }
