"""Clusters of the whole city, set-wise: components of accepted links, and what is contested.

Components are of ordinary records: one without a guard or a judgement is a cluster as it stands.
The others go one by one to `mdm.clustering`, which decides by the same rules; a test holds both
to the same result. Restricted records are attached afterwards (`mdm.volume.attach`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Records = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinkRules:
    """Thresholds in bits; see `mdm.linkage.model.Thresholds`."""

    link: float
    review: float
    fracture: float
    margin: float


def find_components(
    con: duckdb.DuckDBPyConnection, rules: LinkRules, must_links: Sequence[tuple[int, int]]
) -> None:
    """Write `component(record_id, component)`: the smallest record ID names a component.

    Reads `standard`, `scored(record_l, record_r, match_weight)`, `home(record_id, home)`,
    the existing citizens, and `hidden(record_id)`, the restricted records: each is alone. Links at
    or above the link threshold count; inside an existing citizen down to the fracture threshold;
    must-links always.
    """
    edges = con.execute(
        f"""
        SELECT record_l, record_r FROM (
          SELECT record_l, record_r FROM scored WHERE match_weight >= {rules.link}
          UNION ALL
          SELECT s.record_l, s.record_r FROM scored s
          JOIN home l ON l.record_id = s.record_l JOIN home r ON r.record_id = s.record_r
          WHERE s.match_weight >= {rules.fracture} AND s.match_weight < {rules.link}
            AND l.home = r.home)
        ANTI JOIN hidden h ON h.record_id = record_l ANTI JOIN hidden k ON k.record_id = record_r
        """
    ).fetchnumpy()
    left = np.concatenate([edges["record_l"], [pair[0] for pair in must_links]]).astype(np.int64)
    right = np.concatenate([edges["record_r"], [pair[1] for pair in must_links]]).astype(np.int64)
    records, labels = label_components(left, right)
    con.register("labelled", pa.table({"record_id": records, "component": labels}))
    con.execute(
        """
        CREATE OR REPLACE TABLE component AS
        SELECT s.record_id, coalesce(l.component, s.record_id) AS component
        FROM standard s LEFT JOIN labelled l USING (record_id)
        """
    )
    con.unregister("labelled")


def label_components(left: Records, right: Records) -> tuple[Records, Records]:
    """Records that have a link, in order, and the smallest record of each one's component.

    Each round hooks the roots of linked trees to the smaller root, then flattens the trees: the
    rounds are few, as components are small. (scipy would do it; to import it costs a delta 0.5 s.)

    Args:
        left: One record of each link.
        right: The other one.
    """
    records, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    one, other = places[: len(left)], places[len(left) :]
    # A place stands for its record: both are in one order.
    root = np.arange(len(records))
    while True:
        ends = root[one], root[other]
        lower = np.minimum(*ends)
        if np.array_equal(*ends):
            return records, records[root]
        for end in ends:
            np.minimum.at(root, end, lower)
        while not np.array_equal(root, root[root]):
            root = root[root]
