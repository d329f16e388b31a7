"""The real volume plane with weights from outside: nothing is scored."""

import pyarrow as pa

from mdm.bootstrap.linking import DuckLinking
from mdm.duck import write_batches
from mdm.linkage.engine import Scored
from support.registry_under_test import THRESHOLDS, Weights

_SCORED = pa.schema(
    [
        ("record_l", pa.int64()),
        ("record_r", pa.int64()),
        ("match_weight", pa.float64()),
        ("pattern", pa.int64()),
        ("rules", pa.int64()),
    ]
)
# What a decision reads of each record besides, and what it was scored with last.
_READ = """
SELECT record_id, content_hash AS said FROM standard
UNION ALL SELECT record_id, concat(identifier, value, state) FROM ownership
UNION ALL SELECT record_id, list_sort(stewards)::VARCHAR FROM own_cpf_by
UNION ALL SELECT record_l, concat(record_r, ' ', match_weight) FROM scored
UNION ALL SELECT record_r, concat(record_l, ' ', match_weight) FROM scored
"""


class GivenScores(DuckLinking):
    """The real volume plane with weights from outside."""

    weights: Weights

    def score(self) -> Scored:
        """Write `scored` and what else scoring leaves."""
        self.decide_owners()
        known = {row[0] for row in self._con.execute("SELECT record_id FROM standard").fetchall()}
        rows = [
            {"record_l": left, "record_r": right, "match_weight": weight, "pattern": 0, "rules": 1}
            for (left, right), weight in self.weights.items()
            if weight >= THRESHOLDS.review and known >= {left, right}
        ]
        batches = pa.Table.from_pylist(rows, schema=_SCORED).to_batches()
        write_batches(self._con, "scored", batches, _SCORED)
        self._tell()
        return Scored(len(self.weights), len(rows), len(rows), 0, (), reused=False)

    def _tell(self) -> None:
        """Tell the next decision what changed, as a delta does."""
        tables = {row[0] for row in self._con.execute("SHOW TABLES").fetchall()}
        if {"given_before", "undecided"} <= tables:
            self._con.execute(
                f"INSERT INTO undecided SELECT record_id FROM ((({_READ}) EXCEPT FROM given_before)"
                f" UNION ALL (FROM given_before EXCEPT ({_READ})))"
            )
        self._con.execute(f"CREATE OR REPLACE TABLE given_before AS {_READ}")
