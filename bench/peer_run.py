"""The peer on one city, in a process of its own: `python -m bench.peer_run CITY` prints JSON."""

import json
import resource
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bench import peer
from mdm.linkage.evaluation import Measure, measure_pairs

THRESHOLDS = range(-2, 36)
RECALL = 0.993


def by_threshold(con: duckdb.DuckDBPyConnection, city: Path) -> list[Measure]:
    """Pairwise measure of connected components at each threshold, in bits."""
    con.execute(
        f"CREATE TABLE truth AS SELECT row_number() OVER (ORDER BY p.unique_id) - 1 AS record_id, "
        f"p.unique_id, t.person_id AS person FROM person p "
        f"JOIN read_csv('{city}/truth.csv', all_varchar = true) t USING (source, local_id)"
    )
    pairs = con.execute(
        "SELECT l.record_id AS l, r.record_id AS r, match_weight AS w FROM predicted p "
        "JOIN truth l ON l.unique_id = p.unique_id_l JOIN truth r ON r.unique_id = p.unique_id_r"
    ).fetchnumpy()
    records = con.execute("SELECT count(*) FROM truth").fetchall()[0][0]
    found = []
    for threshold in THRESHOLDS:
        kept = np.asarray(pairs["w"]) >= threshold
        left, right = np.asarray(pairs["l"])[kept], np.asarray(pairs["r"])[kept]
        graph = coo_array((np.ones(len(left)), (left, right)), shape=(records, records))
        labels = connected_components(graph, directed=False)[1]
        con.register("labels", pa.table({"record_id": np.arange(records), "cluster": labels}))
        found.append(measure_pairs(con, "labels", "truth"))
        con.unregister("labels")
    return found


def main() -> None:
    city = Path(sys.argv[1])
    run = peer.run(city)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    measures = by_threshold(run.con, city)
    best = max(measures, key=lambda m: m.f1)
    enough = [m.precision for m in measures if m.recall >= RECALL]
    print(
        json.dumps(
            {
                "records": run.records,
                "pairs": run.pairs,
                "seconds": run.seconds,
                "peak": peak,
                "best": best.as_dict(),
                "precision_at_recall": max(enough) if enough else None,
            }
        )
    )


if __name__ == "__main__":
    main()
