"""Plans as people read them: the list, and one plan with a sample of what it changes."""

import io
import json
import zipfile
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mdm.errors import NotFoundError
from mdm.ports import ReadSession
from mdm.services.apply_plan import contract_counts
from mdm.services.plan_effects import citizens_changed, pairs_changed
from mdm.services.seals import sealed_ids, sealed_records

SAMPLE = 20
_LIST = (
    "SELECT plan_id, state, base_seq, model_version, counts, applied_tx, reverted_tx, at FROM plan "
)
_EVENTS = pa.schema(
    [
        ("kind", pa.string()),
        ("record_id", pa.int64()),
        ("municipal_id", pa.string()),
        ("from_id", pa.string()),
        ("weight", pa.float64()),
        ("detail", pa.string()),
    ]
)


def list_plans(session: ReadSession) -> list[dict[str, object]]:
    """All plans, the newest first, with the counts of the contract."""
    return [_told(row) for row in session.rows(_LIST + "ORDER BY plan_id DESC")]


def show_plan(session: ReadSession, plan_id: int) -> dict[str, object]:
    """One plan: what it says of itself, how often it does what, and a sample of each change.

    Besides: which citizens are merged or split, and which pairs are joined or parted, with their
    weights by the model in force before and by the plan's. Nothing is told of who is sealed now;
    the counts are those that the plan stated when it was made.

    Raises:
        NotFoundError: There is no such plan.
    """
    row = session.row(_LIST + "WHERE plan_id = :id", {"id": plan_id})
    if row is None:
        raise NotFoundError("there is no such plan", where=str(plan_id))
    sealed = sealed_records(session)
    events = _unsealed(_events(session, plan_id, row), sealed, sealed_ids(session))
    kinds = {
        str(value["values"]): int(value["counts"])
        for value in pc.value_counts(events["kind"]).to_pylist()
    }
    sample = []
    for kind in sorted(set(kinds) - {"mint"}):
        rows = events.filter(pc.equal(events["kind"], kind)).slice(0, SAMPLE)
        sample += _named(session, rows.to_pylist())
    applied = row["applied_tx"] is not None
    items = session.value("SELECT items FROM plan WHERE plan_id = :id", {"id": plan_id})
    assert isinstance(items, bytes | memoryview)
    return {
        **_told(row),
        "model_before": _model_before(session, plan_id),
        "events": kinds,
        "sample": sample,
        "citizens": citizens_changed(session, events, applied=applied, limit=SAMPLE),
        "pairs": pairs_changed(
            session, plan_id, bytes(items), applied=applied, limit=SAMPLE, without=sealed
        ),
    }


def _model_before(session: ReadSession, plan_id: int) -> object:
    """The model of the plan in force before this one; None for the first."""
    return session.value(
        "SELECT model_version FROM plan WHERE state = 'applied' AND plan_id < :id "
        "ORDER BY plan_id DESC LIMIT 1",
        {"id": plan_id},
    )


def _told(row: dict[str, object]) -> dict[str, object]:
    counts = json.loads(str(row["counts"]))
    return {
        "plan_id": row["plan_id"],
        "state": row["state"],
        "at": row["at"],
        "model_version": row["model_version"],
        "base_seq": row["base_seq"],
        **contract_counts(counts),
        "changed_ids": counts.get("changed_ids", 0),
        "fresh": counts.get("fresh", False),
        "link_threshold": counts.get("link_threshold"),
        "tolerate": counts.get("tolerate"),
    }


def _events(session: ReadSession, plan_id: int, row: dict[str, object]) -> pa.Table:
    """Of an applied plan the ledger's events, else those that it holds."""
    if row["applied_tx"] is not None:
        return session.read_table(
            f"SELECT {', '.join(_EVENTS.names)} FROM ledger_event WHERE tx_id = :tx ORDER BY seq",
            {"tx": row["applied_tx"]},
            schema=_EVENTS,
        )
    items = session.value("SELECT items FROM plan WHERE plan_id = :id", {"id": plan_id})
    assert isinstance(items, bytes | memoryview)
    with zipfile.ZipFile(io.BytesIO(bytes(items))) as packed:
        return pq.read_table(io.BytesIO(packed.read("plan_event.parquet"))).select(_EVENTS.names)


def _unsealed(events: pa.Table, records: Collection[int], ids: Collection[str]) -> pa.Table:
    """The events without those of sealed records, or that bring a record to a sealed citizen.

    Whoever comes from one had been nobody's.
    """
    hidden = pc.or_(_among(events["record_id"], records), _among(events["municipal_id"], ids))
    told = events.filter(pc.invert(hidden))
    from_sealed = _among(told["from_id"], ids)
    for name, value in (("kind", "place"), ("from_id", None)):
        place = told.schema.get_field_index(name)
        replaced = pc.if_else(from_sealed, pa.scalar(value, pa.string()), told[name])
        told = told.set_column(place, name, replaced)
    return told


def _among(column: pa.ChunkedArray, values: Collection[object]) -> pa.ChunkedArray:
    """Whether each is one of the values; a missing one is none."""
    return pc.is_in(column, pa.array(list(values), column.type))


def _named(session: ReadSession, events: list[dict[str, object]]) -> list[dict[str, object]]:
    """Events with the key of their record in place of its number."""
    ids = sorted({int(str(e["record_id"])) for e in events if e["record_id"] is not None})
    keys = {}
    if ids:
        rows = session.rows(
            "SELECT record_id, source, local_id FROM record "
            f"WHERE record_id IN ({', '.join(map(str, ids))})"
        )
        keys = {int(str(r["record_id"])): (r["source"], r["local_id"]) for r in rows}
    told = []
    for event in events:
        number = event["record_id"]
        source, local_id = keys.get(0 if number is None else int(str(number)), (None, None))
        told.append(
            {
                "kind": event["kind"],
                "source": source,
                "local_id": local_id,
                "municipal_id": event["municipal_id"],
                "from_id": event["from_id"],
                "match_weight": event["weight"],
            }
        )
    return told
