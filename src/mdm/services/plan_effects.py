"""What a plan does to citizens and to pairs, as a person looks at it before applying it."""

import io
import zipfile
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mdm.ports import ReadSession
from mdm.services.lists import as_int, rows_of_numbers, rows_of_texts
from mdm.services.replaced_pairs import replaced_of

_WEIGHED = pa.schema(
    [
        ("record_l", pa.int64()),
        ("record_r", pa.int64()),
        ("match_weight", pa.float64()),
        ("outcome", pa.string()),
    ]
)
_KEYS = ["record_l", "record_r"]
_LINKED = "linked"


def citizens_changed(
    session: ReadSession, events: pa.Table, *, applied: bool, limit: int
) -> list[dict[str, object]]:
    """Citizens that lose records, those that lose most first.

    Args:
        session: A snapshot.
        events: The plan's events.
        applied: Whether memberships show what they are after the plan.
        limit: At most so many.

    Returns:
        municipal_id, change (`merged` into another, `split`), records (that leave), into (IDs).
    """
    moves = events.filter(pc.equal(events["kind"], "move")).to_pylist()
    gone: dict[str, list[str]] = {}
    for move in moves:
        gone.setdefault(str(move["from_id"]), []).append(str(move["municipal_id"]))
    sql = (
        "SELECT municipal_id, COUNT(*) AS n FROM membership WHERE municipal_id IN ({keys}) "
        "GROUP BY municipal_id"
    )
    held = {str(r["municipal_id"]): as_int(r["n"]) for r in rows_of_texts(session, sql, gone)}
    ordered = sorted(gone, key=lambda name: (-len(gone[name]), name))[:limit]
    result: list[dict[str, object]] = []
    for name in ordered:
        left = held.get(name, 0) - (0 if applied else len(gone[name]))
        into = sorted(set(gone[name]))
        merged = left <= 0 and len(into) == 1
        result.append(
            {
                "municipal_id": name,
                "change": "merged" if merged else "split",
                "records": len(gone[name]),
                "into": into,
            }
        )
    return result


def pairs_changed(
    session: ReadSession,
    plan_id: int,
    items: bytes,
    *,
    applied: bool,
    limit: int,
    without: Collection[int] = (),
) -> dict[str, object]:
    """Pairs that the plan joins or parts, with the match weight before and now.

    Args:
        session: A snapshot.
        plan_id: The plan.
        items: Its stored content.
        applied: Whether `scored_pair` shows what it is after the plan.
        limit: At most so many of either kind.
        without: Records of which nothing is told.

    Returns:
        joined, parted (numbers of pairs), and `sample`: the two records, `weight_before` and
        `weight_now` (None: under the review threshold), `outcome_before`, `outcome_now`.
    """
    select = f"SELECT {', '.join(_WEIGHED.names)} FROM scored_pair"
    if applied:
        now = session.read_table(f"{select} WHERE plan_id = :id", {"id": plan_id}, schema=_WEIGHED)
        before = replaced_of(items).select(_WEIGHED.names)
    else:
        before = session.read_table(select, schema=_WEIGHED)
        with zipfile.ZipFile(io.BytesIO(items)) as packed:
            stored = pq.read_table(io.BytesIO(packed.read("plan_pair.parquet")))
        now = stored.select(_WEIGHED.names).cast(_WEIGHED)
    before, now = _without(before, without), _without(now, without)
    both = before.join(
        now, _KEYS, join_type="full outer", left_suffix="_before", right_suffix="_now"
    )
    was, is_now = (
        pc.fill_null(pc.equal(both[f"outcome_{when}"], _LINKED), fill_value=False)
        for when in ("before", "now")
    )
    joined = both.filter(pc.and_(is_now, pc.invert(was)))
    parted = both.filter(pc.and_(was, pc.invert(is_now)))
    if not applied:
        parted = _apart(parted, items)
    return {
        "joined": joined.num_rows,
        "parted": parted.num_rows,
        "sample": [*_sample(session, parted, limit), *_sample(session, joined, limit)],
    }


def _without(pairs: pa.Table, records: Collection[int]) -> pa.Table:
    known = pa.array(sorted(records), pa.int64())
    left, right = (pc.is_in(pairs[key], known) for key in _KEYS)
    return pairs.filter(pc.invert(pc.or_(left, right)))


def _apart(pairs: pa.Table, items: bytes) -> pa.Table:
    """Those whose records are in two clusters: a citizen holds pairs that are stored no more."""
    with zipfile.ZipFile(io.BytesIO(items)) as packed:
        clusters = pq.read_table(io.BytesIO(packed.read("plan_cluster.parquet")))
    wanted = pa.chunked_array([*pairs["record_l"].chunks, *pairs["record_r"].chunks], pa.int64())
    ours = clusters.filter(pc.is_in(clusters["record_id"], wanted))
    cluster = dict(zip(ours["record_id"].to_pylist(), ours["cluster"].to_pylist(), strict=True))
    keys = zip(pairs["record_l"].to_pylist(), pairs["record_r"].to_pylist(), strict=True)
    apart = [cluster.get(left) != cluster.get(right) for left, right in keys]
    return pairs.filter(pa.array(apart, pa.bool_()))


def _sample(session: ReadSession, pairs: pa.Table, limit: int) -> list[dict[str, object]]:
    rows = pairs.sort_by([(key, "ascending") for key in _KEYS]).slice(0, limit).to_pylist()
    sql = "SELECT record_id, source, local_id FROM record WHERE record_id IN ({keys})"
    known = {
        as_int(r["record_id"]): (r["source"], r["local_id"])
        for r in rows_of_numbers(session, sql, {row[key] for row in rows for key in _KEYS})
    }
    told = []
    for row in rows:
        left, right = (known.get(row[key], (None, None)) for key in _KEYS)
        told.append(
            {
                "source_l": left[0],
                "local_id_l": left[1],
                "source_r": right[0],
                "local_id_r": right[1],
                "weight_before": row["match_weight_before"],
                "weight_now": row["match_weight_now"],
                "outcome_before": row["outcome_before"],
                "outcome_now": row["outcome_now"],
            }
        )
    return told
