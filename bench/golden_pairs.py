"""What plain Splink says of the golden pairs: `python -m bench.golden_pairs CITY`.

The pairs of `tests/golden/pairs/` are put among the records of a synthetic city and the peer is run
on all of it, trained on the city as on any other. Writes `plain_splink.csv` beside the pairs. The
peer has no review: what its clusters join is linked; what it would join from probability 0.5 on is
counted as asked, in its favour.
"""

import csv
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from bench import peer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support.golden_pairs import (  # noqa: E402 - the tests' folder must be on the path first
    APART,
    FOLDER,
    LINKED,
    REVIEW,
    RIGHT,
    GoldenPair,
    golden_pairs,
)

ASKED_AT = 0.5
_OURS = {"health": "saude", "social": "cadunico", "education": "educacao"}


def main() -> None:
    """Run the peer and write its answers."""
    pairs = golden_pairs()
    with tempfile.TemporaryDirectory() as folder:
        _mix(Path(sys.argv[1]), pairs, Path(folder))
        run = peer.run(Path(folder))
    cluster = dict(run.con.execute("SELECT unique_id, cluster_id FROM peer_cluster").fetchall())
    scored = run.con.execute(
        "SELECT unique_id_l, unique_id_r, match_weight, match_probability FROM predicted"
    ).fetchall()
    weights = {frozenset(row[:2]): row[2:] for row in scored}
    wrong = _write(pairs, cluster, weights)
    for trap, number in sorted(wrong.items()):
        print(f"{trap:12} {number}")
    print(f"{'all':12} {wrong.total()} of {len(pairs)}")


def _mix(city: Path, pairs: Sequence[GoldenPair], out: Path) -> None:
    """The city's canonical files with the records of the pairs behind."""
    (out / "canonical").mkdir()
    with duckdb.connect() as con:
        for source in _OURS:
            file = f"canonical/{source}.csv"
            records = [r for pair in pairs for r in pair.records if r["source"] == source]
            columns = sorted({name for record in records for name in record})
            table = {c: pa.array([r.get(c) for r in records], pa.string()) for c in columns}
            con.register("golden", pa.table(table))
            con.execute(
                f"COPY (FROM read_csv('{city / file}', all_varchar = true) UNION ALL BY NAME "
                f"SELECT * EXCLUDE (source) FROM golden) TO '{out / file}' (HEADER)"
            )


def _write(
    pairs: Sequence[GoldenPair],
    cluster: Mapping[str, str],
    weights: Mapping[frozenset[str], tuple[float, float]],
) -> Counter[str]:
    """The file, and how many of each trap are wrong."""
    wrong: Counter[str] = Counter()
    with (FOLDER / "plain_splink.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("id", "grade", "match_weight", "answer", "verdict"))
        for pair in pairs:
            ends = [f"{_OURS[r['source']]}|{r['local_id']}" for r in pair.records[:2]]
            weight, probability = weights.get(frozenset(ends), (None, 0.0))
            is_joined = cluster[ends[0]] == cluster[ends[1]]
            answer = LINKED if is_joined else REVIEW if probability >= ASKED_AT else APART
            is_right = answer in RIGHT[pair.grade]
            wrong[pair.trap] += not is_right
            shown = "" if weight is None else f"{weight:.1f}"
            verdict = "right" if is_right else "wrong"
            out.writerow((pair.pair_id, pair.grade, shown, answer, verdict))
    return wrong


if __name__ == "__main__":
    main()
