"""Scored pairs that a plan replaced or deleted: kept with the plan, so that its revert is whole.

What holds citizens together is read from the stored pairs whenever a steward's answer is taken.
They are those of the last plan that stands: a revert puts back the pairs from before the plan,
or, where a later plan stands, has that one take the reverted one's place.
"""

import hashlib
import io
import zipfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.seals import sealed

PAIRS = pa.schema(
    [
        ("record_l", pa.int64()),
        ("record_r", pa.int64()),
        ("match_weight", pa.float64()),
        ("pattern", pa.int64()),
        ("guard", pa.string()),
        ("outcome", pa.string()),
        ("plan_id", pa.int64()),
    ]
)
"""The columns of `scored_pair`; `plan_id` is the plan that wrote the row."""
_MEMBER = "replaced_pair.parquet"
_LATER = """
SELECT plan_id, items FROM plan WHERE state = 'applied' AND applied_tx > :tx ORDER BY applied_tx
"""
_GONE = f"""
SELECT r.record_id FROM record r WHERE r.record_id IN ({{keys}})
AND (r.state = 'erased' OR {sealed("r")})
"""
_HOMES = pa.schema([("record_id", pa.int64()), ("municipal_id", pa.string())])


def items_row(items: bytes) -> dict[str, object]:
    """The columns of `plan` that hold its content."""
    return {"items": items, "items_digest": hashlib.sha256(items).hexdigest()}


def with_replaced(items: bytes, replaced: pa.Table) -> bytes:
    """A plan's content with the pairs that it replaced (schema `PAIRS`) in place of those it had.

    Args:
        items: A ZIP of Parquet files, or nothing.
        replaced: The pairs as they were before.
    """
    kept = {name: part for name, part in _members(items).items() if name != _MEMBER}
    if replaced.num_rows > 0:
        part = io.BytesIO()
        pq.write_table(replaced, part, compression="zstd")
        kept[_MEMBER] = part.getvalue()
    if not kept:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for name, content in kept.items():
            packed.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def replaced_of(items: bytes) -> pa.Table:
    """The pairs that a plan replaced."""
    part = _members(items).get(_MEMBER)
    return PAIRS.empty_table() if part is None else pq.read_table(io.BytesIO(part))


def take_back_pairs(session: WriteSession, plan_id: int) -> None:
    """Bring the scored pairs to what they are without an applied plan."""
    row = session.row("SELECT items, applied_tx FROM plan WHERE plan_id = :id", {"id": plan_id})
    assert row is not None
    before = replaced_of(_bytes(row["items"]))
    later = session.rows(_LATER, {"tx": row["applied_tx"]})
    if not later:
        _restore(session, plan_id, before)
        return
    # The later plan saw these pairs and let them stand, so they are its own from now on.
    heir = int(str(later[0]["plan_id"]))
    session.set_where("scored_pair", {"plan_id": heir}, "plan_id = :plan", {"plan": plan_id})
    known = [
        pair
        for pair in replaced_of(_bytes(later[0]["items"])).to_pylist()
        if pair["plan_id"] != plan_id
    ]
    merged = {(pair["record_l"], pair["record_r"]): pair for pair in known}
    merged |= {(pair["record_l"], pair["record_r"]): pair for pair in before.to_pylist()}
    rows = [merged[key] for key in sorted(merged)]
    _write_replaced(session, later[0], rows)
    for plan in later[1:]:
        rows = replaced_of(_bytes(plan["items"])).to_pylist()
        if any(pair["plan_id"] == plan_id for pair in rows):
            _write_replaced(session, plan, [_inherited(pair, plan_id, heir) for pair in rows])


def _inherited(pair: dict[str, object], plan_id: int, heir: int) -> dict[str, object]:
    """A pair that a still later plan replaced: it was the heir's, as all of the reverted plan."""
    return {**pair, "plan_id": heir} if pair["plan_id"] == plan_id else pair


def _write_replaced(
    session: WriteSession, plan: dict[str, object], rows: list[dict[str, object]]
) -> None:
    packed = with_replaced(_bytes(plan["items"]), pa.Table.from_pylist(rows, schema=PAIRS))
    session.update_rows("plan", [{"plan_id": plan["plan_id"], **items_row(packed)}])


def _restore(session: WriteSession, plan_id: int, before: pa.Table) -> None:
    written = session.read_table(
        "SELECT record_l, record_r FROM scored_pair WHERE plan_id = :plan",
        {"plan": plan_id},
        schema=pa.schema([PAIRS.field("record_l"), PAIRS.field("record_r")]),
    )
    session.delete_arrow("scored_pair", written)
    kept = _without_gone(session, before)
    if kept.num_rows > 0:
        session.upsert_arrow("scored_pair", _with_outcomes(session, kept))


def _without_gone(session: ReadSession, pairs: pa.Table) -> pa.Table:
    """The pairs of which no record has been sealed or erased since."""
    ends = {key: pairs[key].to_pylist() for key in ("record_l", "record_r")}
    numbers = {number for column in ends.values() for number in column}
    gone = [as_int(row["record_id"]) for row in rows_of_numbers(session, _GONE, numbers)]
    hit = (pc.is_in(pairs[key], pa.array(gone, pa.int64())) for key in ends)
    return pairs.filter(pc.invert(pc.or_(*hit)))


def _with_outcomes(session: ReadSession, pairs: pa.Table) -> pa.Table:
    """The pairs, linked or not as their records are now: an answer may have come since."""
    homes = session.read_table("SELECT record_id, municipal_id FROM membership", schema=_HOMES)
    home = dict(zip(*(column.to_pylist() for column in homes.columns), strict=True))
    rows = pairs.to_pylist()
    for pair in rows:
        left, right = home.get(pair["record_l"]), home.get(pair["record_r"])
        if left is not None and left == right:
            pair["outcome"] = "linked"
        elif pair["outcome"] == "linked":
            pair["outcome"] = "review"
    return pa.Table.from_pylist(rows, schema=PAIRS)


def _members(items: bytes) -> dict[str, bytes]:
    if len(items) == 0:
        return {}
    with zipfile.ZipFile(io.BytesIO(items)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _bytes(items: object) -> bytes:
    assert isinstance(items, bytes | memoryview)
    return bytes(items)
