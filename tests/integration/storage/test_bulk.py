"""Columns go in and come out unchanged on both databases, by every way of writing."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.errors import LaneBusyError
from mdm.storage import write_session
from mdm.storage.arrow import arrow_schema
from mdm.storage.store import Store
from mdm.storage.verify import verify
from support.databases import HEADER
from support.registries import fill

CELL = (
    st.none()
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(["", '"', "a\nb", "\\N", "\\.", "a,b", "t", "NULL", "'; --"])
)


def members(numbers: range, municipal_id: str = "0A0A0A0A0A") -> pa.Table:
    count = len(numbers)
    return pa.table(
        {
            "record_id": pa.array(numbers, pa.int64()),
            "municipal_id": [municipal_id] * count,
            "link_status": ["alone"] * count,
            "weight": [number / 7 for number in numbers],
            "linked_at": ["2026-01-01T00:00:00.000000Z"] * count,
            "seq": pa.array(numbers, pa.int64()),
        }
    )


def issues(numbers: range) -> pa.Table:
    count = len(numbers)
    return pa.table(
        {
            "issue_id": pa.array(numbers, pa.int64()),
            "load_id": pa.array([1] * count, pa.int64()),
            "record_id": pa.array([1] * count, pa.int64()),
            "field": ["cpf"] * count,
            "value_class": ["repeated digits"] * count,
            "reason": ["placeholder"] * count,
        }
    )


def stored(store: Store, table: str, order: str) -> list[dict[str, object]]:
    with store.reading() as session:
        found = pa.Table.from_batches(session.table_batches(table), schema=arrow_schema(table))
    rows: list[dict[str, object]] = found.sort_by(order).to_pylist()
    return rows


def digests_hold(store: Store) -> bool:
    return all(
        check.ok
        for check in verify(store)
        if check.name.startswith(("cells", "digest", "ledger chain"))
    )


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_any_text_comes_back(store: Store, cells: list[tuple[str | None, str | None]]) -> None:
    rows = [
        {
            "quarantine_id": number,
            "load_id": 1,
            "source": "s",
            "file": "f",
            "line": None if local_id is None else number,
            "local_id": local_id,
            "reason": "r",
            "content": content,
            "resolved_load_id": None,
        }
        for number, (local_id, content) in enumerate(cells, start=1)
    ]
    with store.writing(HEADER) as session:
        session.clear("quarantine")
        session.insert_rows("quarantine", rows)

    assert stored(store, "quarantine", "quarantine_id") == rows


def test_many_rows_come_back_in_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_session, "DEFERRED_ROWS", 1000)
    given_rows = members(range(1, 10_001))

    def stream() -> Iterator[pa.RecordBatch]:
        yield from given_rows.to_batches(max_chunksize=777)

    with store.writing(HEADER) as session:
        assert session.insert_arrow("membership", stream()) == 10_000

    with store.reading() as reader:
        batches = list(
            reader.read_arrow(
                "SELECT record_id FROM membership WHERE record_id > :least ORDER BY record_id",
                {"least": 10},
                schema=pa.schema([("record_id", pa.int64())]),
                batch_rows=3000,
            )
        )
        indexed = (
            "SELECT 1 FROM sqlite_schema WHERE name = :n"
            if store.dialect == "sqlite"
            else "SELECT 1 FROM pg_indexes WHERE indexname = :n"
        )
        assert reader.value(indexed, {"n": "ix_membership_municipal_id"}) == 1
    assert max(batch.num_rows for batch in batches) <= 4096
    assert sum(batch.num_rows for batch in batches) == 9_990
    assert stored(store, "membership", "record_id") == given_rows.to_pylist()
    assert digests_hold(store)


@pytest.mark.parametrize("least", [1, 10_000])
def test_rows_prepared_are_written_when_the_block_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(write_session, "DEFERRED_ROWS", least)
    given_rows = members(range(1, 3_001))
    with store.writing(HEADER) as session, session.prepared("membership", given_rows):
        session.insert_arrow("issue", issues(range(1, 2_001)), ahead=True)
        within = session.number("SELECT COUNT(*) FROM membership")

    assert within == 0
    assert stored(store, "membership", "record_id") == given_rows.to_pylist()
    assert len(stored(store, "issue", "issue_id")) == 2_000
    assert digests_hold(store)


def test_nothing_prepared_is_nothing_written(store: Store) -> None:
    with store.writing(HEADER) as session, session.prepared("membership", members(range(0))):
        pass

    with store.reading() as reader:
        stated = reader.value("SELECT 1 FROM state_digest WHERE name = 'membership'")
    assert stated is None


def fail(begun: Callable[[], bool], pause: float) -> None:
    while not begun():
        time.sleep(0.001)
    time.sleep(pause)
    raise KeyError


@pytest.mark.parametrize("pause", [0, 0.5])  # in the middle, and most likely at its end
def test_a_block_that_fails_leaves_nothing_of_what_was_prepared(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pause: float
) -> None:
    monkeypatch.setattr(write_session, "DEFERRED_ROWS", 1)
    with (
        pytest.raises(KeyError),
        store.writing(HEADER) as session,
        session.prepared("membership", members(range(1, 3_001))),
    ):
        fail(lambda: store.dialect != "sqlite" or bool(list(tmp_path.rglob("*.filling"))), pause)

    assert stored(store, "membership", "record_id") == []
    assert list(tmp_path.rglob("*.filling*")) == []


def test_what_is_wrong_with_prepared_rows_is_told_when_the_block_ends(store: Store) -> None:
    with (
        pytest.raises(ValueError, match="unknown columns"),
        store.writing(HEADER) as session,
        session.prepared("membership", pa.table({"height": [1]})),
    ):
        session.insert_arrow("issue", issues(range(1, 3)))

    assert stored(store, "issue", "issue_id") == []


def test_bytes_come_back(store: Store) -> None:
    fill(store)

    with store.reading() as session:
        [plan] = session.table_batches("plan")

    items = plan["items"][0].as_py()
    assert hashlib.sha256(items).hexdigest() == plan["items_digest"][0].as_py()


def test_an_upsert_replaces_known_keys_and_adds_others(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_arrow("membership", members(range(1, 5)))
    with store.writing(HEADER) as session:
        written = session.upsert_arrow("membership", members(range(3, 8), "1B1B1B1B1B"))

    assert written == 5
    assert [row["municipal_id"] for row in stored(store, "membership", "record_id")] == [
        *["0A0A0A0A0A"] * 2,
        *["1B1B1B1B1B"] * 5,
    ]
    assert digests_hold(store)


def golden(number: int, **values: object) -> dict[str, object]:
    row: dict[str, object] = {
        "municipal_id": f"{number:010}",
        "name": "ANA",
        "name_key": "ANA",
        "birth_date": "1980-01-02",
        "cpf": f"{number:011}",
        "cns": None,
        "record_count": 1,
        "lineage": "{}",
        "content_digest": "d",
        **values,
    }
    return row


def test_replaced_rows_are_those_given_and_no_others(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_rows("golden_record", [golden(number) for number in range(1, 7)])
    wanted = [
        golden(2),
        golden(3, cpf=None, record_count=2),
        golden(4, name="EVA", cns='["705000000000014"]', content_digest="e"),
        golden(9, birth_date=None),
    ]
    with store.writing(HEADER) as session:
        keys = [{"municipal_id": f"{number:010}"} for number in (2, 3, 4, 5, 8, 9)]
        written = session.replace_rows("golden_record", keys, wanted)

    found = stored(store, "golden_record", "municipal_id")
    expected = [golden(1), *wanted[:3], golden(6), wanted[3]]
    assert [{name: row[name] for name in golden(1)} for row in found] == expected
    assert written == 4
    assert digests_hold(store)
    with store.reading() as session:
        by_index = "SELECT municipal_id AS id FROM golden_record WHERE {} ORDER BY 1"
        without = session.rows(by_index.format("cpf IS NULL"))
        born = session.rows(by_index.format("birth_date = '1980-01-02' AND name_key = 'ANA'"))
    assert [row["id"] for row in without] == [f"{3:010}"]
    assert [row["id"] for row in born] == [f"{number:010}" for number in (1, 2, 3, 4, 6)]


def test_keys_without_rows_lose_theirs(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_rows("golden_record", [golden(number) for number in (1, 2)])
    with store.writing(HEADER) as session:
        session.replace_rows("golden_record", [{"municipal_id": f"{1:010}"}], [])
        session.replace_rows("golden_record", [], [])

    found = stored(store, "golden_record", "municipal_id")
    assert [row["municipal_id"] for row in found] == [f"{2:010}"]
    assert digests_hold(store)


def test_an_update_changes_the_given_columns_alone(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_arrow("membership", members(range(1, 5)))
    with store.writing(HEADER) as session:
        session.update_rows(
            "membership",
            [
                {"record_id": 4, "weight": None, "seq": 40},
                {"record_id": 2, "weight": 1.0, "seq": 20},
            ],
        )

    rows = stored(store, "membership", "record_id")
    assert [(row["weight"], row["seq"]) for row in rows] == [
        (1 / 7, 1),
        (1.0, 20),
        (3 / 7, 3),
        (None, 40),
    ]
    assert {row["municipal_id"] for row in rows} == {"0A0A0A0A0A"}
    assert digests_hold(store)


def test_an_update_of_an_unknown_key_changes_nothing(store: Store) -> None:
    with store.writing(HEADER) as session:
        session.insert_arrow("membership", members(range(1, 3)))

    with pytest.raises(ValueError, match="unknown"), store.writing(HEADER) as session:
        session.update_rows("membership", [{"record_id": 1, "seq": 5}, {"record_id": 9, "seq": 5}])

    assert [row["seq"] for row in stored(store, "membership", "record_id")] == [1, 2]


def test_set_where_changes_what_meets_the_condition(store: Store) -> None:
    fill(store)
    with store.writing(HEADER) as session:
        changes = {"scope": "9999", "stale": True}
        assert session.set_where("record", changes, "record_id < :n", {"n": 4}) == 3
        assert session.set_where("record", changes, "record_id < :n", {"n": 4}) == 0

    rows = stored(store, "record", "record_id")
    assert [(row["scope"], row["stale"]) for row in rows] == [("9999", True)] * 3 + [
        ("4301", False)
    ]
    assert digests_hold(store)


def test_deleted_and_cleared_rows_leave_the_digest(store: Store) -> None:
    fill(store)
    with store.writing(HEADER) as session:
        assert session.delete_arrow("issue", pa.table({"issue_id": [2, 77]})) == 1
        assert session.clear("scored_pair") == 2

    assert stored(store, "scored_pair", "record_l") == []
    assert digests_hold(store)


def test_events_are_numbered_without_a_gap(store: Store) -> None:
    event = pa.table({"kind": ["ambiguous"] * 3, "municipal_id": ["A"] * 3})
    with store.writing(HEADER) as session:
        assert session.append_events(event) == range(1, 4)
        assert session.append_events(event) == range(4, 7)

    def refused() -> None:
        with store.writing(HEADER) as session:
            assert session.append_events(event) == range(7, 10)
            raise LaneBusyError("refused after the first write")

    with pytest.raises(LaneBusyError):
        refused()
    with store.writing(HEADER) as session:
        assert session.append_events(event) == range(7, 10)

    seqs = [row["seq"] for row in stored(store, "ledger_event", "seq")]
    assert seqs == list(range(1, 10))


def test_keys_are_reserved_once(store: Store) -> None:
    fill(store)
    with store.writing(HEADER) as session:
        assert session.next_ids("record", 10) == 5
        assert session.next_ids("record") == 15


@pytest.mark.parametrize("table", ["ledger_event", "ledger_tx", "state_digest"])
def test_the_ledger_is_only_appended(store: Store, table: str) -> None:
    with store.writing(HEADER) as session, pytest.raises(ValueError, match="storage alone"):
        session.clear(table)


@pytest.mark.parametrize("wrong", [{"nickname": "x"}, {"row_check": 1}])
def test_unknown_columns_are_refused(store: Store, wrong: dict[str, object]) -> None:
    with store.writing(HEADER) as session, pytest.raises(ValueError, match="unknown columns"):
        session.insert_rows("issue", [{"issue_id": 1, **wrong}])


def test_a_missing_column_is_refused(store: Store) -> None:
    with store.writing(HEADER) as session, pytest.raises(ValueError, match="is missing"):
        session.insert_rows("issue", [{"issue_id": 1}])
