"""What differs between two answers about records is what a dictionary of each would tell."""

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.places import differing, places_of

_RECORDS = st.integers(1, 12) | st.integers(10**12, 10**12 + 5)
_TOLD = st.dictionaries(_RECORDS, st.integers(0, 2), max_size=12)


@given(_TOLD, _TOLD)
@settings(max_examples=100, deadline=None)
def test_records_told_otherwise_or_by_one_alone_differ(
    now: dict[int, int], before: dict[int, int]
) -> None:
    with duckdb.connect() as con:
        for name, told in (("now", now), ("before", before)):
            rows = {
                "record_id": pa.array(list(told), pa.int64()),
                "value": pa.array(list(told.values()), pa.uint64()),
            }
            con.register(name, pa.table(rows))

        found = differing(con, "FROM now", 'FROM "before"')

    expected = {r for r in now.keys() | before.keys() if now.get(r) != before.get(r)}
    assert found.tolist() == sorted(expected)


@given(st.lists(_RECORDS, min_size=1))
def test_places_are_in_the_order_of_the_records(records: list[int]) -> None:
    size, place = places_of(np.array(records, np.int64))

    places = place(np.array(records, np.int64)).tolist()

    assert all(0 <= one < size for one in places)
    assert sorted(zip(records, places, strict=True)) == sorted(
        zip(sorted(records), sorted(places), strict=True)
    )
    assert len(set(places)) == len(set(records))
