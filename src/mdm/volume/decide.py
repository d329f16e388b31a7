"""Clusters of the whole city: components as they stand, contested ones decided one by one.

Writes `cluster(record_id, cluster, link_status, weight)` (a cluster is named by its smallest
ordinary record) and `review_pair(...)`, one row a question.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import duckdb
import pyarrow as pa

from mdm.clustering.components import UnionFind
from mdm.clustering.constrained import cluster_component
from mdm.clustering.decision import ReviewPair, Thresholds, link_statuses
from mdm.domain.judgement import Judgement, close
from mdm.duck import count, count_rows
from mdm.volume.attach import attach_hidden, detach_hidden, write_hidden
from mdm.volume.components import LinkRules, find_components
from mdm.volume.contested import contested_components, find_contested
from mdm.volume.erased import (
    put_spoken_of,
    put_with_ordinary,
    put_with_restricted,
    take_erased_out,
)
from mdm.volume.over_merge import over_merges
from mdm.volume.questions import between_components
from mdm.volume.reopened import (
    PART,
    WHOLE,
    Scope,
    expect_homes,
    reopen_components,
    take_decided,
)

REVIEW_SCHEMA = pa.schema(
    [
        ("record_l", pa.int64()),
        ("record_r", pa.int64()),
        ("match_weight", pa.float64()),
        ("kind", pa.string()),
        ("guard", pa.string()),
        ("group_id", pa.int64()),
        ("rank", pa.int64()),
    ]
)


def decide_clusters(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    judgements: Sequence[Judgement],
    progress: Callable[[float], None] | None = None,
    *,
    reopened_only: bool = False,
    apart: Mapping[int, str] | None = None,
) -> None:
    """Decide over `standard`, `scored`, `placed`, `source_merge` and what ownership wrote.

    Args:
        con: The volume database.
        thresholds: Match weights at which something is done.
        judgements: All that stand.
        progress: Told the share of the contested components that is done.
        reopened_only: Decide what changed since the last decision, which is in force and was made
            with the same thresholds; the rest stands.
        apart: Records that no present citizen holds: see `services.homes_before_merges`.
    """
    _write_homes(con, {} if apart is None else apart)
    rules = LinkRules(thresholds.link, thresholds.review, thresholds.fracture, thresholds.margin)
    hidden = write_hidden(con)
    must_links = _must_links(con, judgements, hidden)
    if reopened_only:
        detach_hidden(con)
        reopen_components(con, rules, must_links, judgements)
    else:
        find_components(con, rules, must_links)
    scope = PART if reopened_only else WHOLE
    find_contested(con, sorted({r for j in judgements for r in j.pair}), scope)
    knots = _Connected(judgements)
    open_judgements = [j for j in judgements if hidden.isdisjoint(j.pair)]
    within = _decide_contested(con, thresholds, knots, progress, scope)
    _write_clusters(con, scope)
    overs = over_merges(con, open_judgements, within, scope)
    if reopened_only:
        take_decided(con)
    are_erased = count(con, "SELECT count(*) FROM record_state WHERE state = 'erased'") > 0
    if are_erased:
        take_erased_out(con, judgements)
        put_with_ordinary(con)
    _keep_questions(con, [*within, *overs], anew=not reopened_only)
    asked = _kept_questions(con)
    between = between_components(con, thresholds, open_judgements, asked)
    # Last, so that restricted records sway nothing of what is decided and asked about others.
    if hidden:
        between += map(_question, attach_hidden(con, thresholds, judgements, knots.among))
        if are_erased:
            put_with_restricted(con)
    if are_erased:
        put_spoken_of(con, judgements)
    _write_rows(con, "TABLE review_pair", [*asked, *between])


def _keep_questions(
    con: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, object]], *, anew: bool
) -> None:
    """Keep the questions within components: those of components not decided again stand."""
    if anew:
        _write_rows(con, "TABLE kept_question", rows)
        return
    _write_rows(con, "TEMP TABLE fresh_question", rows)
    con.execute("INSERT INTO kept_question FROM fresh_question")
    con.execute("DROP TABLE fresh_question")


def _kept_questions(con: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = con.sql("FROM kept_question").to_arrow_table().to_pylist()
    return rows


def _write_rows(
    con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, object]]
) -> None:
    con.register("review_rows", pa.Table.from_pylist(list(rows), schema=REVIEW_SCHEMA))
    con.execute(f"CREATE OR REPLACE {table} AS SELECT * FROM review_rows")
    con.unregister("review_rows")


def _write_homes(con: duckdb.DuckDBPyConnection, apart: Mapping[int, str]) -> None:
    """View `home(record_id, home)`: the citizen that holds each placed record."""
    rows = pa.table(
        {
            "record_id": pa.array(list(apart), pa.int64()),
            "home": pa.array(list(apart.values()), pa.string()),
        }
    )
    con.register("apart_rows", rows)
    con.execute("CREATE OR REPLACE TEMP TABLE held_apart AS SELECT * FROM apart_rows")
    con.unregister("apart_rows")
    con.execute(
        "CREATE OR REPLACE TEMP VIEW home AS SELECT p.record_id,"
        " coalesce(a.home, p.municipal_id) AS home"
        " FROM placed p LEFT JOIN held_apart a USING (record_id)"
    )


def _must_links(
    con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement], hidden: frozenset[int]
) -> list[tuple[int, int]]:
    """Pairs of ordinary records that stewards or a source joined, also through others."""
    groups: dict[int, list[int]] = {}
    for record_id, group in close(judgements).groups.items():
        if record_id not in hidden:
            groups.setdefault(group, []).append(record_id)
    merges = con.execute("SELECT record_id, into_id FROM source_merge").fetchall()
    return [
        *(pair for members in groups.values() for pair in pairwise(members)),
        *((int(a), int(b)) for a, b in merges if hidden.isdisjoint((a, b))),
    ]


class _Connected:
    """Judgements with all that they are connected with, also through erased records."""

    def __init__(self, judgements: Sequence[Judgement]) -> None:
        self._knots = UnionFind()
        for judgement in judgements:
            self._knots.union(*judgement.pair)
        self._connected: dict[int, list[Judgement]] = {}
        for judgement in judgements:
            knot = self._knots.find(judgement.record_l)
            self._connected.setdefault(knot, []).append(judgement)
        self._judged = {r for judgement in judgements for r in judgement.pair}

    def among(self, records: Iterable[int]) -> list[Judgement]:
        """Those on some records, and those connected with them."""
        touched = {self._knots.find(r) for r in records if r in self._judged}
        return [j for knot in sorted(touched) for j in self._connected[knot]]


def _decide_contested(
    con: duckdb.DuckDBPyConnection,
    thresholds: Thresholds,
    knots: _Connected,
    progress: Callable[[float], None] | None,
    scope: Scope,
) -> list[dict[str, object]]:
    total = count_rows(con, scope.contested)
    placed = dict(
        con.execute(
            f"SELECT p.record_id, p.home FROM home p "
            f"JOIN {scope.component} c USING (record_id) SEMI JOIN {scope.contested} "
            "USING (component)"
        ).fetchall()
    )
    has_hysteresis = thresholds.fracture < thresholds.link
    rows: list[tuple[int, int, str, float | None]] = []
    review: list[dict[str, object]] = []
    steady: list[tuple[int, int]] = []
    for number, (facts, pairs) in enumerate(contested_components(con, thresholds.review, scope)):
        known = {fact.record_id: fact for fact in facts}
        # At one threshold nothing holds on: the order of a first build is that of the weights.
        existing = {r: placed[r] for r in known if r in placed} if has_hysteresis else {}
        judged = knots.among(known)
        decision = cluster_component(pairs, known, judged, thresholds, existing)
        status = link_statuses(decision)
        if not (decision.refused or judged or placed.keys() & known.keys()):
            steady += [(r, members[0]) for members in decision.clusters for r in members]
        for members in decision.clusters:
            rows += [(r, members[0], status[r][0].value, status[r][1]) for r in members]
        review += map(_question, decision.review)
        if progress is not None and number % 2000 == 0:
            progress(number / max(total, 1))
    con.register(
        "decided_rows",
        pa.table(
            {
                "record_id": pa.array([row[0] for row in rows], pa.int64()),
                "cluster": pa.array([row[1] for row in rows], pa.int64()),
                "link_status": pa.array([row[2] for row in rows], pa.string()),
                "weight": pa.array([row[3] for row in rows], pa.float64()),
            }
        ),
    )
    con.execute("CREATE OR REPLACE TEMP TABLE decided AS SELECT * FROM decided_rows")
    con.unregister("decided_rows")
    expect_homes(con, steady)
    return review


def _question(pair: ReviewPair) -> dict[str, object]:
    return {
        "record_l": pair.record_l,
        "record_r": pair.record_r,
        "match_weight": pair.match_weight,
        "kind": pair.reason.value,
        "guard": None if pair.guard is None else pair.guard.value,
        "group_id": pair.group,
        "rank": pair.rank,
    }


def _write_clusters(con: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TABLE {scope.cluster} AS
        WITH size AS (SELECT component, count(*) AS n FROM {scope.component} GROUP BY component),
             plain AS (SELECT c.record_id, c.component, n FROM {scope.component} c
                       JOIN size USING (component) ANTI JOIN {scope.contested} USING (component)),
             linked AS (SELECT s.record_l, s.record_r, s.match_weight FROM scored s
                        JOIN plain l ON l.record_id = s.record_l
                        JOIN plain r ON r.record_id = s.record_r AND r.component = l.component),
             best AS (SELECT record_id, max(match_weight) AS weight FROM
                       (SELECT record_l AS record_id, match_weight FROM linked
                        UNION ALL SELECT record_r, match_weight FROM linked) GROUP BY 1)
        SELECT p.record_id, p.component AS cluster,
               CASE WHEN n = 1 THEN 'alone' ELSE 'automatic' END AS link_status, b.weight
        FROM plain p LEFT JOIN best b USING (record_id)
        UNION ALL SELECT record_id, cluster, link_status, weight FROM decided
        """
    )
