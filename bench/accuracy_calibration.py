"""Whether the probabilities mean what they say: pairs in bins of equal count against the truth."""

import duckdb
import numpy as np

BINS = 10
LEAST, MOST = 0.05, 0.95


_SURE = (0.99, 0.999, 0.9999, 0.99999)


def calibration(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """Calibration of `scored` against `bench_truth`; `applied` says which pairs are linked.

    Returns:
        Of all pairs `bins` (n, stated, true), `error` (mean of their absolute differences,
        weighted by count), and `sure`: for pairs linked and given at least a probability, their
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
    between = (stated >= LEAST) & (stated <= MOST)
    parts = np.array_split(np.flatnonzero(between), BINS)
    bins = [
        {"n": len(p), "stated": float(stated[p].mean()), "true": float(same[p].mean())}
        for p in parts
        if len(p)
    ]
    total = sum(int(b["n"]) for b in bins)
    error = sum(b["n"] * abs(b["stated"] - b["true"]) for b in bins) / total if total else 0.0
    sure = {}
    linked = np.asarray(pairs["linked"]).astype(bool)
    for least in _SURE:
        chosen = (stated >= least) & linked
        sure[str(least)] = {
            "n": int(chosen.sum()),
            "stated": float((1 - stated[chosen]).mean()) if chosen.any() else 0.0,
            "wrong": float(1 - same[chosen].mean()) if chosen.any() else 0.0,
        }
    return {"bins": bins, "error": error, "n": total, "sure": sure}
