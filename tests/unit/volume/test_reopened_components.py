"""Components found anew around what changed are those of the whole, whatever changed."""

from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.volume.components import LinkRules, find_components
from mdm.volume.reopened import keep_decided, reopen_components

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RULES = LinkRules(link=6.0, review=-3.0, fracture=4.0, margin=2.0)
RECORDS = range(1, 9)
# One group that a steward's answers joined all along; its members may be restricted for a while.
GROUP = (2, 5, 7)

_pairs = st.sets(
    st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda p: p[0] < p[1]),
    max_size=8,
)
_world = st.fixed_dictionaries(
    {
        "gone": st.sets(st.sampled_from(RECORDS), max_size=2),
        "hidden": st.sets(st.sampled_from(RECORDS), max_size=3),
        "linked": _pairs,
        "tied": _pairs,
        "merged": _pairs,
        "homes": st.lists(st.sampled_from("ABC "), min_size=8, max_size=8),
    }
)
World = dict[str, object]


def pairs_of(world: World) -> dict[tuple[int, int], float]:
    """Match weights of the pairs of present records."""
    weights = dict.fromkeys(world["tied"], 5.0) | dict.fromkeys(world["linked"], 8.0)  # type: ignore[call-overload]
    gone = world["gone"]
    assert isinstance(gone, set)
    return {pair: weight for pair, weight in weights.items() if gone.isdisjoint(pair)}


def write(con: duckdb.DuckDBPyConnection, world: World) -> list[tuple[int, int]]:
    """Write what components are found from; returns the must-links."""
    gone, hidden, merged = world["gone"], world["hidden"], world["merged"]
    homes = world["homes"]
    assert isinstance(gone, set)
    assert isinstance(hidden, set)
    assert isinstance(merged, set)
    assert isinstance(homes, list)
    present = [r for r in RECORDS if r not in gone]
    merges = sorted(pair for pair in merged if gone.isdisjoint(pair))
    placed = [(r, home) for r, home in zip(RECORDS, homes, strict=True) if home != " "]
    rows: dict[str, Mapping[str, Sequence[object]]] = {
        "standard": {"record_id": present},
        "record_state": {
            "record_id": present,
            "state": ["present"] * len(present),
            "restricted": [r in hidden for r in present],
        },
        "hidden": {"record_id": [r for r in present if r in hidden]},
        "scored": {
            "record_l": [pair[0] for pair in pairs_of(world)],
            "record_r": [pair[1] for pair in pairs_of(world)],
            "match_weight": list(pairs_of(world).values()),
        },
        "source_merge": {
            "record_id": [pair[0] for pair in merges],
            "into_id": [pair[1] for pair in merges],
        },
        "home": {"record_id": [r for r, _ in placed], "home": [home for _, home in placed]},
    }
    for table, columns in rows.items():
        types = {"match_weight": pa.float64(), "restricted": pa.bool_(), "state": pa.string()}
        types |= {"home": pa.string()}
        arrays = {k: pa.array(v, types.get(k, pa.int64())) for k, v in columns.items()}
        con.register("given_rows", pa.table(arrays))
        con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM given_rows")
    must = list(pairwise(r for r in GROUP if r not in hidden))
    return must + [pair for pair in merges if hidden.isdisjoint(pair)]


def told(before: World, after: World) -> set[int]:
    """What scoring tells: ends of pairs that differ, records new, gone, or of other content."""
    one, other = pairs_of(before), pairs_of(after)
    differ = {pair for pair in {*one, *other} if one.get(pair) != other.get(pair)}
    changed = {r for pair in differ for r in pair}
    for name in ("gone", "hidden"):
        first, second = before[name], after[name]
        assert isinstance(first, set)
        assert isinstance(second, set)
        changed |= first ^ second
    return changed


def components(con: duckdb.DuckDBPyConnection, table: str = "component") -> dict[int, int]:
    return dict(con.execute(f"SELECT record_id, component FROM {table}").fetchall())


@pytest.mark.slow
@given(before=_world, after=_world)
@settings(max_examples=150, deadline=None)
def test_what_changed_gives_the_components_of_the_whole(before: World, after: World) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE contested (component BIGINT)")
        con.execute("CREATE TABLE expected_home (record_id BIGINT, together BIGINT)")
        find_components(con, RULES, write(con, before))
        keep_decided(con, [])
        former = components(con)
        must_links = write(con, after)
        con.executemany(
            "INSERT INTO undecided VALUES (?)", [[0], *([r] for r in told(before, after))]
        )

        reopen_components(con, RULES, must_links, [])
        found = components(con)
        reopened = {row[0] for row in con.execute("FROM reopened").fetchall()}
        opened = components(con, "open_component")
        find_components(con, RULES, must_links)
        whole = components(con)

    assert found == whole
    sets = {frozenset(r for r in whole if whole[r] == name) for name in whole.values()}
    known = {frozenset(r for r in former if former[r] == name) for name in former.values()}
    # Whatever is another set of records now is decided again, and always as a whole.
    assert reopened >= {r for members in sets - known for r in members}
    assert opened == {r: name for r, name in whole.items() if r in reopened}
    assert all(members <= reopened or members.isdisjoint(reopened) for members in sets)
