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
    must-links always. `kept_tie` are those of the second kind.
    """
    write_ties(con, "TABLE kept_tie", rules)
    _label(con, "TABLE component", "standard", _links(con, rules, "kept_tie"), must_links)


def write_ties(con: duckdb.DuckDBPyConnection, table: str, rules: LinkRules) -> None:
    """Write `table(record_l, record_r)`: links that count because one citizen has both records."""
    con.execute(
        f"""
        CREATE OR REPLACE {table} AS SELECT s.record_l, s.record_r FROM scored s
        JOIN home l ON l.record_id = s.record_l JOIN home r ON r.record_id = s.record_r
        WHERE s.match_weight >= {rules.fracture} AND s.match_weight < {rules.link}
          AND l.home = r.home
        """
    )


def find_components_of(
    con: duckdb.DuckDBPyConnection,
    rules: LinkRules,
    must_links: Sequence[tuple[int, int]],
    *,
    members: str,
    ties: str,
    out: str,
) -> None:
    """Write the temporary table `out` as `component`, of some records that lead to no others.

    Args:
        con: As of `find_components`.
        rules: The thresholds.
        must_links: All of them: some go by way of erased records.
        members: Table `(record_id)`.
        ties: What `write_ties` wrote.
        out: The table to write.
    """
    links = _links(con, rules, ties, f"SEMI JOIN {members} m ON m.record_id = record_l")
    _label(con, f"TEMP TABLE {out}", members, links, must_links)


def _links(
    con: duckdb.DuckDBPyConnection, rules: LinkRules, ties: str, among: str = ""
) -> tuple[Records, Records]:
    edges = con.execute(
        f"""
        SELECT record_l, record_r FROM (
          SELECT record_l, record_r FROM scored WHERE match_weight >= {rules.link}
          UNION ALL FROM {ties}) {among}
        ANTI JOIN hidden h ON h.record_id = record_l ANTI JOIN hidden k ON k.record_id = record_r
        """
    ).fetchnumpy()
    return np.asarray(edges["record_l"]), np.asarray(edges["record_r"])


def _label(
    con: duckdb.DuckDBPyConnection,
    table: str,
    records: str,
    links: tuple[Records, Records],
    must_links: Sequence[tuple[int, int]],
) -> None:
    left, right = (
        np.concatenate([links[end], [pair[end] for pair in must_links]]).astype(np.int64)
        for end in (0, 1)
    )
    linked, labels = label_components(left, right)
    con.register("labelled", pa.table({"record_id": linked, "component": labels}))
    con.execute(
        f"""
        CREATE OR REPLACE {table} AS
        SELECT s.record_id, coalesce(l.component, s.record_id) AS component
        FROM {records} s LEFT JOIN labelled l USING (record_id)
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
