"""`verify` accepts what the sessions wrote and names any one cell changed behind their back."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import Column, text

from mdm.domain.check import Check
from mdm.storage.arrow import arrow_schema, from_rows, is_checked, key_columns
from mdm.storage.engine import WRITES
from mdm.storage.read_session import ReadSession
from mdm.storage.store import Store
from mdm.storage.tables import CHECK_COLUMN, declared_tables, table_of
from mdm.storage.tables.base import BigKey, Flag, RealNumber
from mdm.storage.verify import verify
from mdm.storage.verify_cells import checked_batches
from support.databases import new_sqlite
from support.registries import EVENTS, IDS, OPERATOR, fill, golden_rows

STATE_TABLES = [table.name for table in declared_tables()]


def failures(checks: list[Check]) -> list[str]:
    return [f"{check.name}: {check.first}" for check in checks if not check.ok]


def cell_findings(store: Store, table: str) -> list[str]:
    """What `verify` says of the cells of one table, without all else that it looks at."""
    with store.reading() as session, duckdb.connect(":memory:") as con:
        return [finding or "" for _, finding in checked_batches(session, con, table)]


def again(_session: ReadSession) -> Iterator[pa.RecordBatch]:
    yield from from_rows(golden_rows(), arrow_schema("golden_record")).to_batches()


def run(store: Store, sql: str, **params: object) -> None:
    """Change the database as somebody without our program would."""
    connection = store.engine.connect().execution_options(**{WRITES: True})
    with connection, connection.begin():
        connection.execute(text(sql), params)


def flipped(column: Column[object], value: object) -> object:
    """Another value of the column's type that no CHECK refuses."""
    kind = column.type
    if isinstance(kind, Flag):
        return not value
    if isinstance(kind, RealNumber):
        return 0.125 if value is None else float(str(value)) + 1e-9
    if isinstance(kind, BigKey):
        return 900 if value is None else int(str(value)) + 100
    if isinstance(value, bytes):
        return value + b"."
    choices = CHOICES.get((column.table.name, column.name))
    if choices is not None:
        return next(choice for choice in choices if choice != value)
    return "x" if value is None else f"{value}."


CHOICES = {
    ("load", "state"): ("held", "applied"),
    ("told_set", "kind"): ("citizens", "open_records"),
    ("record", "state"): ("present", "withdrawn"),
    ("record_version", "payload"): ('{"sex": "M"}', '{"sex": "F"}'),
    ("ledger_event", "kind"): ("relink", "unplace"),
    ("municipal_id", "state"): ("withdrawn", "active"),
    ("membership", "link_status"): ("confirmed", "alone"),
    ("scored_pair", "outcome"): ("refused", "linked"),
    ("judgement", "verdict"): ("unsure", "same"),
    ("judgement", "state"): ("suspended", "active"),
    ("identifier_judgement", "identifier"): ("cns", "cpf"),
    ("identifier_judgement", "verdict"): ("not_theirs", "own"),
    ("identifier_judgement", "state"): ("suspended", "active"),
    ("golden_override", "state"): ("lapsed", "active"),
    ("plan", "state"): ("proposed", "applied"),
    ("review_item", "state"): ("decided", "open"),
    ("account", "role"): ("auditor", "steward"),
    ("account", "state"): ("disabled", "active"),
    ("client", "state"): ("disabled", "active"),
    ("seal", "reason"): ("court_order", "adoption"),
    ("seal", "state"): ("undone", "active"),
}


def test_a_new_registry_holds(store: Store) -> None:
    assert failures(verify(store)) == []


def test_what_sessions_wrote_holds(store: Store) -> None:
    fill(store)

    assert failures(verify(store, golden=again)) == []


def seal_one(store: Store) -> None:
    """Seal the citizen of the restricted record of what `fill` wrote."""
    with store.writing(OPERATOR) as session:
        said = {"kind": "seal", "record_id": 4, "municipal_id": IDS[2], "detail": "1"}
        session.append_events(pa.Table.from_pylist([said], schema=EVENTS))
        seal = {
            "seal_id": 1,
            "municipal_id": IDS[2],
            "reason": "adoption",
            "actor": "bia",
            "second": "caio",
            "at": session.at,
            "state": "active",
            "tx_id": session.tx_id,
        }
        session.insert_rows("seal", [seal])
        session.insert_rows("sealed_record", [{"record_id": 4, "seal_id": 1}])
        session.delete_arrow("golden_record", pa.table({"municipal_id": [IDS[2]]}))


def fill_for(store: Store, table: str) -> None:
    """A registry with rows in this table."""
    fill(store)
    if table in {"seal", "sealed_record"}:
        seal_one(store)


@pytest.mark.slow
@pytest.mark.parametrize("table", STATE_TABLES)
def test_one_changed_cell_is_named(store: Store, table: str) -> None:
    fill_for(store, table)
    keys = key_columns(table)
    with store.reading() as session:
        row = session.rows(f'SELECT * FROM "{table}" ORDER BY {", ".join(keys)} DESC LIMIT 1')[0]
    unnamed = []
    for column in table_of(table).columns:
        if column.name == "record_l" and table in {"scored_pair", "judgement", "quality_pair"}:
            continue  # its CHECK refuses any larger number
        other = flipped(column, row[column.name])
        there = " AND ".join(f'"{key}" = :k_{key}' for key in keys)
        old = {f"k_{key}": row[key] for key in keys}
        new = {f"k_{key}": other if key == column.name else row[key] for key in keys}
        change = f'UPDATE "{table}" SET "{column.name}" = :v WHERE {there}'
        run(store, change, v=other, **old)
        shown = " ".join(f"{key}={new[f'k_{key}']}" for key in keys)
        wanted = f"{table} {shown}: {column.name}"
        found = cell_findings(store, table)
        if not any(wanted in finding for finding in found) or column.name == keys[-1]:
            found = failures(verify(store))
        if not any(wanted in finding for finding in found):
            unnamed.append((column.name, found))
        run(store, change, v=row[column.name], **new)

    assert unnamed == []
    assert failures(verify(store)) == []


@pytest.mark.slow
@pytest.mark.parametrize("table", [name for name in STATE_TABLES if is_checked(name)])
def test_a_deleted_row_is_noticed(store: Store, table: str) -> None:
    fill_for(store, table)
    key = key_columns(table)[0]
    run(store, f'DELETE FROM "{table}" WHERE "{key}" = (SELECT MIN("{key}") FROM "{table}")')

    assert any(table in finding for finding in failures(verify(store)))


def test_a_row_with_a_forged_check_is_noticed(store: Store) -> None:
    fill(store)
    columns = ", ".join(f'"{name}"' for name in arrow_schema("told", with_check=True).names)
    selected = columns.replace('"holder"', "'someone'")
    run(store, f"INSERT INTO told ({columns}) SELECT {selected} FROM told")

    found = failures(verify(store))

    assert any("told" in finding and "holder" in finding for finding in found)
    assert any(finding.startswith("digest told") for finding in found)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    made = Store(new_sqlite(tmp_path / "registry.db"))
    fill(made)
    run(made, "UPDATE record SET local_id = CAST(x'4cff' AS TEXT) WHERE record_id = 2")

    found = failures(verify(made))

    assert any("record record_id=2: local_id cannot be read" in finding for finding in found)
    made.close()


def test_a_golden_record_that_its_members_do_not_give_is_named(store: Store) -> None:
    fill(store)

    def other(_session: ReadSession) -> Iterator[pa.RecordBatch]:
        rows = golden_rows()
        rows[1]["content_digest"] = "another"
        yield from from_rows(rows, arrow_schema("golden_record")).to_batches()

    found = failures(verify(store, golden=other))

    key = golden_rows()[1]["municipal_id"]
    assert found == [f"I16 golden: golden_record municipal_id={key}: content_digest"]


def test_the_check_column_is_the_last_of_its_table() -> None:
    assert all(
        [column.name for column in table_of(name).columns][-1] == CHECK_COLUMN
        for name in STATE_TABLES
        if is_checked(name)
    )
