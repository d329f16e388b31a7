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
        return Scored(len(self.weights), len(rows), len(rows), 0, (), reused=False)
