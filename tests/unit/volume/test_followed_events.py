"""What the volume plane knows of places and IDs after a plan is what its events say, one by one."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.volume.plan_tables import ID_FACT, PLACED, follow_events

_IDS, _RECORDS = st.sampled_from("ABCD"), st.integers(1, 5)
_STATUS, _DAY = st.sampled_from(("alone", "automatic", "confirmed")), st.sampled_from((None, "d1"))
Event = tuple[str, int | None, str | None, str | None]
"""kind, record_id, municipal_id, detail"""
_ON_RECORDS = st.tuples(st.sampled_from(("place", "move", "relink")), _RECORDS, _IDS, _STATUS)
_EVENTS = st.lists(
    st.one_of(
        _ON_RECORDS,
        _ON_RECORDS,
        st.tuples(st.just("unplace"), _RECORDS, st.none(), st.none()),
        st.tuples(st.sampled_from(("anchor", "reinstate_id")), _RECORDS, _IDS, st.none()),
        st.tuples(st.just("withdraw_id"), st.none(), _IDS, st.none()),
        st.tuples(st.just("tombstone_id"), _RECORDS, _IDS, st.none()),
        st.tuples(st.just("ambiguous"), st.none(), _IDS, _DAY),
    ),
    max_size=12,
)
_STATES = {"reinstate_id": "active", "withdraw_id": "withdrawn", "tombstone_id": "tombstone"}


def told(placed: dict[int, Any], ids: dict[str, Any], event: Event) -> None:
    """One event upon the places and the facts of IDs (anchor, state, ambiguous until)."""
    kind, record_id, municipal_id, detail = event
    if kind in ("place", "move", "relink"):
        placed[record_id] = (municipal_id, detail)  # type: ignore[index]
    elif kind == "unplace":
        placed.pop(record_id, None)  # type: ignore[arg-type]
    else:
        anchor, state, until = ids[municipal_id]  # type: ignore[index]
        anchor = record_id if kind in ("anchor", "reinstate_id") else anchor
        state = _STATES.get(kind, state)
        until = detail if kind == "ambiguous" else until
        ids[municipal_id] = (anchor, state, until)  # type: ignore[index]


def event_rows(events: Sequence[Event]) -> pa.Table:
    kinds = (pa.string(), pa.int64(), pa.string(), pa.string())
    columns = [pa.array([e[n] for e in events], kind) for n, kind in enumerate(kinds)]
    table = pa.table(columns, names=["kind", "record_id", "municipal_id", "detail"])
    return table.append_column("seq", pa.array(range(100, 100 + len(events)), pa.int64()))


@given(st.dictionaries(_RECORDS, st.tuples(_IDS, _STATUS)), _EVENTS)
@settings(max_examples=80, deadline=None)
def test_the_last_word_on_each_record_and_id_stands(
    places: dict[int, tuple[str, str]], events: list[Event]
) -> None:
    placed: dict[int, Any] = dict(places)
    ids: dict[str, Any] = dict.fromkeys("ABC", (9, "active", None))
    # D is minted by the same plan, before all else.
    every: list[Event] = [("mint", 7, "D", None), *events]
    with duckdb.connect() as con:
        rows = [(r, *place) for r, place in placed.items()]
        columns = [pa.array([row[n] for row in rows], f.type) for n, f in enumerate(PLACED)]
        con.register("places", pa.table(columns, schema=PLACED))
        con.execute("CREATE TABLE placed AS FROM places")
        known = [list(ids), [9] * 3, [9] * 3, [1] * 3, ["active"] * 3, [None] * 3]
        con.register("facts", pa.table([pa.array(c) for c in known], names=ID_FACT.names))
        con.execute("CREATE TABLE id_fact AS FROM facts")
        con.execute("ALTER TABLE id_fact ALTER ambiguous_until TYPE VARCHAR")

        follow_events(con, event_rows(every))

        ids["D"] = (7, "active", None)
        for event in events:
            told(placed, ids, event)
        found = con.execute("SELECT record_id, municipal_id, link_status FROM placed").fetchall()
        assert {r: (name, status) for r, name, status in found} == placed
        assert len(found) == len(placed)
        facts = con.execute(
            "SELECT municipal_id, anchor_record_id, state, ambiguous_until FROM id_fact"
        ).fetchall()
        assert {name: tuple(rest) for name, *rest in facts} == ids
