"""Clusters of the whole city, set-wise: components of accepted links, and what is contested.

Components are of ordinary records: one without a guard or a judgement is a cluster as it stands.
The others go one by one to `mdm.clustering`, which decides by the same rules; a test holds both
to the same result. Restricted records are attached afterwards (`mdm.volume.attach`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from mdm.places import Records, places_of


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
    records = np.asarray(con.execute("SELECT record_id FROM standard").fetchnumpy()["record_id"])
    labels = label_components(records, left, right)
    con.register("labelled", pa.table({"record_id": records, "component": labels}))
    con.execute("CREATE OR REPLACE TABLE component AS SELECT record_id, component FROM labelled")
    con.unregister("labelled")


def label_components(records: Records, left: Records, right: Records) -> Records:
    """The smallest record of each one's component.

    Each round hooks the roots of linked trees to the smaller root, then flattens the trees: the
    rounds are few, as components are small. (scipy would do it; to import it costs a delta 0.5 s.)

    Args:
        records: The records to label.
        left: One record of each link, be it among `records` or not.
        right: The other one.
    """
    size, place = places_of(records, left, right)
    number = np.zeros(size, np.int64)
    for part in (records, left, right):
        number[place(part)] = part
    one, other = place(left), place(right)
    root = np.arange(size)
    while True:
        ends = root[one], root[other]
        lower = np.minimum(*ends)
        if np.array_equal(*ends):
            return number[root[place(records)]]
        for end in ends:
            np.minimum.at(root, end, lower)
        while not np.array_equal(root, flat := root[root]):
            root = flat
