"""A plan as tables: read the registry in, number and count what would change, pack and unpack.

`plan_event(step, place, kind, record_id, municipal_id, from_id, weight, detail)`, `plan_pair` (the
scored pairs with their outcome), `review_pair`, `cluster` and `ownership` make a plan. Packed, they
are a ZIP of Parquet files, without `ownership` and with `cluster` as `plan_cluster`: a stored plan
holds record keys, IDs and weights, never a value.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mdm.domain.municipal_id import LENGTH, mint_column
from mdm.domain.plan_size import PlanSize
from mdm.domain.told_sets import Holders
from mdm.duck import count, first_row, write_batches

PLACED = pa.schema(
    [("record_id", pa.int64()), ("municipal_id", pa.string()), ("link_status", pa.string())]
)
ID_FACT = pa.schema(
    [
        ("municipal_id", pa.string()),
        ("founder_record_id", pa.int64()),
        ("anchor_record_id", pa.int64()),
        ("minted_seq", pa.int64()),
        ("state", pa.string()),
        ("ambiguous_until", pa.string()),
    ]
)
PACKED = ("plan_event", "plan_pair", "review_pair", "plan_told")
_CLUSTERS = {"plan_cluster": "SELECT record_id, cluster FROM cluster"}
"""Packed as well, and read from there alone."""
EVENT_COLUMNS = ("kind", "record_id", "municipal_id", "from_id", "weight", "detail")


# Records of which the place, or an ID that they anchor, founded or are placed under, changed.
_MOVED = """
INSERT INTO unreconciled
WITH id AS ((FROM id_fact EXCEPT FROM id_fact_before) UNION ALL
            (FROM id_fact_before EXCEPT FROM id_fact))
SELECT record_id FROM ((FROM placed EXCEPT FROM placed_before) UNION ALL
                       (FROM placed_before EXCEPT FROM placed))
UNION SELECT founder_record_id FROM id UNION SELECT anchor_record_id FROM id
UNION SELECT record_id FROM placed SEMI JOIN id USING (municipal_id)
"""


# What the last event says of each record's place, and of each ID's anchor, state and ambiguity.
_FOLLOW = (
    """
    CREATE OR REPLACE TEMP TABLE last_place AS
    SELECT record_id, arg_max(municipal_id, seq) AS municipal_id,
           arg_max(detail, seq) AS link_status, arg_max(kind, seq) AS kind
    FROM event_rows WHERE kind IN ('place', 'move', 'relink', 'unplace') GROUP BY record_id
    """,
    "DELETE FROM placed WHERE record_id IN (SELECT record_id FROM last_place)",
    """
    INSERT INTO placed
    SELECT record_id, municipal_id, link_status FROM last_place WHERE kind <> 'unplace'
    """,
    """
    INSERT INTO id_fact SELECT municipal_id, record_id, record_id, seq, 'active', NULL
    FROM event_rows WHERE kind = 'mint'
    """,
    """
    UPDATE id_fact i SET anchor_record_id = coalesce(e.anchor, i.anchor_record_id),
                         state = coalesce(e.state, i.state),
                         ambiguous_until = CASE WHEN e.dated THEN e.until
                                                ELSE i.ambiguous_until END
    FROM (SELECT municipal_id,
                 arg_max(record_id, seq) FILTER (kind IN ('anchor', 'reinstate_id')) AS anchor,
                 arg_max(CASE kind WHEN 'reinstate_id' THEN 'active'
                                   WHEN 'withdraw_id' THEN 'withdrawn' ELSE 'tombstone' END, seq)
                   FILTER (kind IN ('reinstate_id', 'withdraw_id', 'tombstone_id')) AS state,
                 bool_or(kind = 'ambiguous') AS dated,
                 arg_max_null(detail, seq) FILTER (kind = 'ambiguous') AS until
          FROM event_rows
          WHERE kind IN ('anchor', 'reinstate_id', 'withdraw_id', 'tombstone_id', 'ambiguous')
          GROUP BY municipal_id) e
    WHERE i.municipal_id = e.municipal_id
    """,
    "DROP TABLE last_place",
)


def read_identity(
    con: duckdb.DuckDBPyConnection,
    placed: Iterable[pa.RecordBatch],
    ids: Iterable[pa.RecordBatch],
) -> None:
    """Write `placed` and `id_fact` from the registry's `membership` and `municipal_id`.

    What they show otherwise than before is told to `unreconciled`, where that is there.

    Args:
        con: The volume database.
        placed: Rows of schema `PLACED`.
        ids: Rows of schema `ID_FACT`.
    """
    has_before = count(
        con,
        "SELECT count(*) FROM duckdb_tables()"
        " WHERE table_name IN ('placed', 'id_fact', 'unreconciled')",
    )
    is_followed = has_before == 3  # noqa: PLR2004 - the three tables just named
    if is_followed:
        for table in ("placed", "id_fact"):
            con.execute(f"DROP TABLE IF EXISTS {table}_before")
            con.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    write_batches(con, "placed", placed, PLACED)
    write_batches(con, "id_fact", ids, ID_FACT)
    if is_followed:
        con.execute(_MOVED)
        for table in ("placed", "id_fact"):
            con.execute(f"DROP TABLE {table}_before")


def is_identity_known(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `placed` and `id_fact` show a whole state, be it an earlier one."""
    return (
        count(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'identity_marker'") > 0
    )


def is_identity_level(con: duckdb.DuckDBPyConnection, stated: str) -> bool:
    """Whether `placed` and `id_fact` show the state that the registry states of their tables."""
    return is_identity_known(con) and first_row(con, "SELECT stated FROM identity_marker") == (
        stated,
    )


def mark_identity(con: duckdb.DuckDBPyConnection, stated: str | None) -> None:
    """Say which state `placed` and `id_fact` show; None: none that can be relied on."""
    con.execute("DROP TABLE IF EXISTS identity_marker")
    if stated is not None:
        con.execute("CREATE TABLE identity_marker AS SELECT $1::VARCHAR AS stated", [stated])


def follow_events(con: duckdb.DuckDBPyConnection, events: pa.Table) -> None:
    """Bring `placed` and `id_fact` to what they are after events that were applied.

    Args:
        con: The volume database.
        events: The columns of `plan_event` with `seq`, IDs drawn.
    """
    con.register("event_rows", events)
    for sql in _FOLLOW:
        con.execute(sql)
    con.unregister("event_rows")


def count_plan(con: duckdb.DuckDBPyConnection) -> PlanSize:
    """Count what the plan's events do to the present citizens (`placed`)."""
    minted, joined, moved = first_row(
        con,
        """
        WITH issued AS (SELECT municipal_id, record_id FROM plan_event
                        WHERE kind IN ('mint', 'reinstate_id'))
        SELECT count(*) FILTER (kind = 'mint'),
               count(*) FILTER (kind = 'place' AND i.record_id IS NULL),
               count(*) FILTER (kind = 'move')
        FROM plan_event e LEFT JOIN issued i
          ON i.municipal_id = e.municipal_id AND i.record_id = e.record_id
        """,
    )
    left = """
    WITH gone AS (SELECT from_id AS municipal_id, count(*) AS n FROM plan_event
                  WHERE kind = 'move' GROUP BY 1),
         held AS (SELECT municipal_id, count(*) AS n FROM placed SEMI JOIN gone USING (municipal_id)
                  GROUP BY 1)
    SELECT count(*) FILTER (gone.n = held.n), count(*) FILTER (gone.n < held.n), count(*)
    FROM gone JOIN held USING (municipal_id)
    """
    merged, split, changed = first_row(con, left)
    return PlanSize(
        minted=minted,
        linked=joined,
        moved=moved,
        merged=merged,
        split=split,
        review=count(con, "SELECT count(*) FROM review_pair"),
        changed_ids=changed,
    )


def write_told(
    con: duckdb.DuckDBPyConnection,
    ids: Iterable[str],
    told: Holders,
) -> None:
    """Write `plan_told(municipal_id, digest)`: who was told the IDs that the plan looked at."""
    found = digests_of(ids, told)
    rows = {
        "municipal_id": pa.array(list(found), pa.string()),
        "digest": pa.array(list(found.values()), pa.string()),
    }
    con.register("told_rows", pa.table(rows))
    con.execute("CREATE OR REPLACE TABLE plan_told AS SELECT * FROM told_rows")
    con.unregister("told_rows")


def told_digests(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What `plan_told` says of each ID."""
    return dict(con.execute("SELECT municipal_id, digest FROM plan_told").fetchall())


def digests_of(ids: Iterable[str], told: Holders) -> dict[str, str]:
    """Of each ID a hash of who was told it for which record."""
    known: dict[str, list[tuple[int, list[str]]]] = {municipal_id: [] for municipal_id in ids}
    for (municipal_id, record_id), holders in sorted(told.items()):
        known[municipal_id].append((record_id, sorted(holders)))
    return {i: hashlib.sha256(repr(said).encode()).hexdigest() for i, said in known.items()}


def pack_plan(con: duckdb.DuckDBPyConnection) -> tuple[bytes, str]:
    """The plan's tables as one ZIP of Parquet files, and its SHA-256."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        selected = {table: f"SELECT * FROM {table}" for table in PACKED}
        for table, sql in (selected | _CLUSTERS).items():
            part = io.BytesIO()
            rows = con.sql(f"{sql} ORDER BY ALL").to_arrow_table()
            pq.write_table(rows, part, compression="zstd")
            packed.writestr(zipfile.ZipInfo(f"{table}.parquet"), part.getvalue())
    items = buffer.getvalue()
    return items, hashlib.sha256(items).hexdigest()


def unpack_plan(con: duckdb.DuckDBPyConnection, items: bytes) -> None:
    """Write the plan's tables from what `pack_plan` made."""
    with zipfile.ZipFile(io.BytesIO(items)) as packed:
        for table in PACKED:
            rows = pq.read_table(io.BytesIO(packed.read(f"{table}.parquet")))
            con.register("packed_rows", rows)
            con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM packed_rows")
            con.unregister("packed_rows")


def drawn_events(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The plan's events in their order, with a fresh ID for each planned one.

    IDs are anti-joined against `id_fact`: all that were ever issued.
    """
    wanted = con.sql(
        "SELECT municipal_id AS planned FROM plan_event "
        "WHERE kind = 'mint' AND municipal_id LIKE 'new:%' ORDER BY record_id"
    ).to_arrow_table()
    drawn = _drawn(con, wanted.num_rows)
    con.register("drawn_rows", wanted.append_column("drawn", drawn))
    con.execute("CREATE OR REPLACE TEMP TABLE drawn AS SELECT * FROM drawn_rows")
    con.unregister("drawn_rows")
    return con.sql(
        """
        SELECT e.kind, e.record_id, coalesce(d.drawn, e.municipal_id) AS municipal_id, e.from_id,
               e.weight, e.detail
        FROM plan_event e LEFT JOIN drawn d ON d.planned = e.municipal_id
        ORDER BY e.step, e.place, e.record_id
        """
    ).to_arrow_table()


def _drawn(con: duckdb.DuckDBPyConnection, number: int) -> pa.Array:
    found = pa.array([], pa.string())
    while len(found) < number:
        ids = pa.array(mint_column(number - len(found)), pa.binary(LENGTH))
        found = pc.unique(pa.concat_arrays([found, ids.cast(pa.binary()).cast(pa.string())]))
        con.register("draw_rows", pa.table({"municipal_id": found}))
        issued = con.sql(
            "SELECT municipal_id FROM draw_rows SEMI JOIN id_fact USING (municipal_id)"
        )
        taken = issued.to_arrow_table()["municipal_id"].combine_chunks()
        con.unregister("draw_rows")
        if len(taken) != 0:
            found = found.filter(pc.invert(pc.is_in(found, value_set=taken)))
    return found
