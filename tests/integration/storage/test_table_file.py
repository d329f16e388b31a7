"""Rows that go through a file of pages: SQLite finds them sound, and none is changed."""

import json
import random
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pysqlite3.dbapi2 as sqlite
import pytest

from mdm.storage import write_session
from mdm.storage.arrow import arrow_schema
from mdm.storage.store import Store
from mdm.storage.table_file.btree import PAGE
from mdm.storage.table_file.build import KeyOrderError, RuleBrokenError
from mdm.storage.verify import verify
from support.databases import HEADER, new_sqlite

ROWS = 3000
OTHER_PAGE = 8192
"""Of registries that were made before pages had their present size."""
LENGTHS = [0, 1, 56, 57, 58, 127, 128, 5 * PAGE] + [
    limit - less
    for page in (OTHER_PAGE, PAGE)
    for limit in ((page - 12) * 64 // 255 - 23, page - 35, 2 * page - 4)
    for less in range(-1, 45, 3)
]
"""Around every limit of the file format: of serial types, of a page, of its overflow."""
NUMBERS = [n + d for n in (0, 2**7, 2**15, 2**23, 2**31, 2**47, 2**60) for d in (-1, 0, 1)]


@pytest.fixture(params=[PAGE, OTHER_PAGE])
def bulk_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Store:
    monkeypatch.setattr(write_session, "DEFERRED_ROWS", 1)
    url = new_sqlite(tmp_path / "registry.db")
    with closing(sqlite.connect(tmp_path / "registry.db")) as made:
        for wanted in ("journal_mode = DELETE", f"page_size = {request.param}"):
            made.execute(f"PRAGMA {wanted}").fetchall()
        made.execute("VACUUM")
    store = Store(url)
    with store.reading() as session:
        assert session.number("PRAGMA page_size") == request.param
    return store


def table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(name))


def versions(chance: random.Random) -> pa.Table:
    """Rows of a table without row IDs, whose family is found by what stands in its JSON."""
    return table(
        "record_version",
        [
            {
                "record_id": number,
                "version": 1,
                "load_id": chance.choice(NUMBERS),
                "content_hash": "ã" * chance.randrange(40),
                "payload": json.dumps(
                    {
                        "household_id": f'"{chance.randrange(50)}\\',
                        "name": "x" * (chance.choice(LENGTHS) if number % 10 == 0 else 300),
                    }
                    if number % 3
                    else {}
                ),
            }
            for number in range(1, ROWS)
        ],
    )


def quarantined(chance: random.Random, keys: list[int]) -> pa.Table:
    """Rows of a table with row IDs and empty cells in its index."""
    return table(
        "quarantine",
        [
            {
                "quarantine_id": key,
                "load_id": chance.choice(NUMBERS),
                "source": chance.choice(["a", "b"]),
                "file": "f",
                "line": chance.choice([None, *NUMBERS, *(-n for n in NUMBERS)]),
                "local_id": chance.choice([None, "", "é" * chance.randrange(70)]),
                "reason": "r",
                "content": "x" * chance.choice(LENGTHS),
                "resolved_load_id": None,
            }
            for key in keys
        ],
    )


def members(*records: int, link_status: str = "alone") -> pa.Table:
    return table(
        "membership",
        [
            {
                "record_id": record,
                "municipal_id": "0A0A0A0A0A",
                "link_status": link_status,
                "weight": None if record % 2 else -0.5,
                "linked_at": "2026-01-01T00:00:00.000000Z",
                "seq": record,
            }
            for record in records
        ],
    )


def citizens(chance: random.Random) -> pa.Table:
    """Rows of a table whose key is no row ID, and which has them: it stands in an index."""
    return table(
        "golden_record",
        [
            {
                "municipal_id": f"{number:010}",
                "birth_date": chance.choice([None, "1980-01-02"]),
                "cpf": f"{chance.randrange(50):011}",
                "cns": chance.choice([None, "[]", '["705000000000014","705000000000015"]']),
                "record_count": number,
                "lineage": "x" * chance.choice(LENGTHS),
                "content_digest": "d",
            }
            for number in range(1, ROWS)
        ],
    )


def is_sound(store: Store) -> bool:
    with store.reading() as session:
        answers = [list(row.values()) for row in session.rows("PRAGMA integrity_check")]
    return answers == [["ok"]]


def stored(store: Store, name: str, order: str) -> list[dict[str, object]]:
    with store.reading() as session:
        found = pa.Table.from_batches(session.table_batches(name), schema=arrow_schema(name))
    rows: list[dict[str, object]] = found.sort_by(order).to_pylist()
    return rows


@pytest.mark.slow
def test_rows_of_every_length_come_back_and_every_index_agrees(bulk_store: Store) -> None:
    chance = random.Random(7)
    keys = sorted({*range(1, ROWS), *(n for n in NUMBERS if 0 < n < 2**56)})
    received, waiting = versions(chance), quarantined(chance, keys)
    known = citizens(chance)
    with bulk_store.writing(HEADER) as session:
        session.insert_arrow("record_version", received.to_batches(max_chunksize=700))
        session.insert_arrow("quarantine", waiting.to_batches(max_chunksize=333))
        session.insert_arrow("membership", members(*range(1, 5 * ROWS)))
        session.insert_arrow("golden_record", known.to_batches(max_chunksize=500))

    assert is_sound(bulk_store)
    assert stored(bulk_store, "golden_record", "municipal_id") == known.to_pylist()
    with bulk_store.reading() as session:
        by_key = "SELECT record_count FROM golden_record WHERE municipal_id = :id"
        assert session.number(by_key, {"id": f"{2500:010}"}) == 2500
    assert stored(bulk_store, "record_version", "record_id") == received.to_pylist()
    assert stored(bulk_store, "quarantine", "quarantine_id") == waiting.to_pylist()
    assert stored(bulk_store, "membership", "record_id") == members(*range(1, 5 * ROWS)).to_pylist()
    wrong = [check.name for check in verify(bulk_store) if not check.ok]
    # The made-up rows are no fold of anything, and their hashes are not those of their payloads.
    assert not {name for name in wrong if name.startswith(("cells", "digest"))} - {
        "cells record_version"
    }


def test_rows_join_those_that_are_there_and_no_file_stays(
    bulk_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "registry.db.membership.filling").write_bytes(b"left by a crash")
    for records in ((2, 5), (1, 3, 9)):
        with bulk_store.writing(HEADER) as session:
            session.insert_arrow("membership", members(*records))

    assert is_sound(bulk_store)
    assert [row["record_id"] for row in stored(bulk_store, "membership", "record_id")] == [
        1,
        2,
        3,
        5,
        9,
    ]
    assert list(tmp_path.glob("*.filling*")) == []


@pytest.mark.parametrize("records", [(2, 1), (1, 1)])
def test_rows_out_of_order_are_refused(
    bulk_store: Store, tmp_path: Path, records: tuple[int, ...]
) -> None:
    with pytest.raises(KeyOrderError), bulk_store.writing(HEADER) as session:
        session.insert_arrow("membership", members(*records))

    assert stored(bulk_store, "membership", "record_id") == []
    assert list(tmp_path.glob("*.filling*")) == []


def test_a_row_that_breaks_a_rule_of_the_table_is_refused(bulk_store: Store) -> None:
    with pytest.raises(RuleBrokenError), bulk_store.writing(HEADER) as session:
        session.insert_arrow("membership", members(1, link_status="perhaps"))


def records(*local_ids: str) -> pa.Table:
    """Rows of a table with a unique index, and one of some rows on the key itself."""
    rows: list[dict[str, object]] = [
        {
            "record_id": record,
            "source": "s",
            "local_id": local_id,
            "scope": None,
            "state": "pending",
            "version": 1,
            "content_hash": "h",
            "last_load_id": 1,
            "stale": False,
            "restricted": False,
        }
        for record, local_id in enumerate(local_ids, start=1)
    ]
    return table("record", rows)


def test_an_index_of_some_rows_agrees(bulk_store: Store) -> None:
    with bulk_store.writing(HEADER) as session:
        session.insert_arrow("record", records("b", "c", "a"))
        session.set_where("record", {"state": "present"}, "record_id = 2")

    assert is_sound(bulk_store)


def test_a_unique_index_is_kept(bulk_store: Store) -> None:
    with pytest.raises(KeyOrderError), bulk_store.writing(HEADER) as session:
        session.insert_arrow("record", records("same", "same"))
