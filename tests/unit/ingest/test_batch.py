"""Standardising in blocks gives what one record at a time gives, whatever the blocks."""

import json
import random
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.ingest import stage as stage_module
from mdm.ingest.standardise_batch import standardise_payloads
from mdm.ingest.standardise_block import BlockStandardiser
from mdm.ingest.tables import VALUE_COLUMNS
from mdm.ingest.worker_pool import Standardisers
from mdm.standardise.record import standardise_record
from support.ingest import TODAY, canonical, file_of, rows, stage

VALUES: dict[str, list[str | None]] = {
    "full_name": ["João da Silva Neto", "RN DE MARIA SOUZA", "XXXXX", "ANA LIMA", None, "\u3000"],
    "given_name": [None, "Ivo"],
    "family_name": [None, "Reis"],
    "social_name": [None, "Joana da Silva", "ANA LIMA"],
    "mother_name": ["Maria Souza", "SEM INFORMACAO", None],
    "birth_date": ["1987-03-21", "01/01/1990", "31/02/2000", None],
    "sex": ["M", "F", "unmapped:3", None],
    "cpf": ["529.982.247-25", "52998224724", None],
    "cns": ["705000000000014;898000000043208", "705000000000014", "123", None],
    "phone": ["51999998888;5132891234", "99999999999", None],
    "street": ["R. dos Andradas 1001", "RUA A", None],
    "street_number": [None, "7"],
    "restricted": [None, "1", "0", "unmapped:x"],
    "updated_at": ["2026-10-01T08:30:00", "nunca", None],
    "deceased_on": [None, "2025-12-24"],
}
record = st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in VALUES.items()})


def expected(values: dict[str, str | None]) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    standard, issues = standardise_record(values, today=TODAY)
    found = {name: getattr(standard, name) for name in STANDARD_COLUMNS}
    return (
        {name: list(cell) if isinstance(cell, tuple) else cell for name, cell in found.items()},
        [(issue.field, issue.value_class, issue.reason) for issue in issues],
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(record, min_size=1, max_size=12), st.lists(record, min_size=1, max_size=4))
def test_a_block_gives_what_single_records_give(
    first: list[dict[str, str | None]], second: list[dict[str, str | None]]
) -> None:
    standardiser = BlockStandardiser(TODAY)
    for block in (first, second):
        received = {
            name: pa.array([values[name] for values in block], pa.string()) for name in VALUES
        }
        made = standardiser.standardise(received, len(block))

        found = made.columns.to_pylist()
        issues = made.issues.to_pylist()
        for row, values in enumerate(block):
            standard, told = expected(values)
            assert found[row] == standard
            assert [
                (issue["field"], issue["value_class"], issue["reason"])
                for issue in issues
                if issue["row"] == row
            ] == told


def _file(folder: Path, count: int) -> Path:
    rng = random.Random(5)
    names = list(VALUES)
    lines = [",".join(["local_id", *names])]
    for number in range(count):
        cells = [rng.choice(VALUES[name]) or "" for name in names]
        lines.append(",".join([str(number), *cells]))
    return file_of(folder, "\n".join(lines) + "\n")


def _records(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    columns = ", ".join(STANDARD_COLUMNS)
    return rows(con, f"SELECT local_id, {columns} FROM {table} ORDER BY local_id")


def test_stored_payloads_give_the_same_standard_columns(tmp_path: Path) -> None:
    con, load = stage(canonical(), _file(tmp_path, 300))
    con.execute(
        "CREATE TABLE versions AS SELECT row_number() OVER () AS record_id, 'saude' AS source,"
        " local_id, 1 AS version, payload FROM stage_record"
    )
    written = standardise_payloads(con, "versions", "standard", today=TODAY)

    assert written == load.read
    assert _records(con, "standard") == _records(con, "stage_record")
    described = [row[0] for row in rows(con, "DESCRIBE standard")]
    assert described == ["record_id", "source", "local_id", "version", *STANDARD_COLUMNS]


def test_an_empty_table_gives_an_empty_table() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE versions (record_id BIGINT, source VARCHAR, local_id VARCHAR,"
        " version INTEGER, payload VARCHAR)"
    )

    assert standardise_payloads(con, "versions", "standard", today=TODAY) == 0


def test_the_size_of_blocks_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path, 200)
    whole, _ = stage(canonical(), path)
    monkeypatch.setattr(stage_module, "BLOCK_ROWS", 17)
    blocks, _ = stage(canonical(), path)

    assert _records(blocks, "stage_record") == _records(whole, "stage_record")
    issues = "SELECT * FROM stage_issue ORDER BY ALL"
    assert rows(blocks, issues) == rows(whole, issues)


@pytest.mark.slow
def test_worker_processes_give_what_one_process_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path, 500)
    alone, _ = stage(canonical(), path)
    monkeypatch.setattr(stage_module, "MANY_BYTES", 1)
    monkeypatch.setattr(stage_module, "BLOCK_ROWS", 50)
    several, _ = stage(canonical(), path)

    assert _records(several, "stage_record") == _records(alone, "stage_record")


class _Dying:
    """A pool of which a process is killed while the second block waits."""

    def __init__(self) -> None:
        self.given = 0

    def submit(self, run: Callable[..., Any], *given: Any) -> Future[Any]:
        del run
        self.given += 1
        if self.given == 4:
            raise BrokenProcessPool
        result: Future[Any] = Future()
        if self.given == 1:
            result.set_result(given[0](BlockStandardiser(TODAY), given[1]))
        else:
            result.set_exception(BrokenProcessPool())
        return result


def test_a_killed_worker_costs_time_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path, 400)
    whole, _ = stage(canonical(), path)
    monkeypatch.setattr(stage_module, "BLOCK_ROWS", 50)
    pool = _Dying()
    monkeypatch.setattr(
        stage_module,
        "standardisers",
        lambda today, **_: nullcontext(Standardisers(today, cast("ProcessPoolExecutor", pool))),
    )
    again, _ = stage(canonical(), path)

    assert pool.given >= 2
    assert _records(again, "stage_record") == _records(whole, "stage_record")
    issues = "SELECT * FROM stage_issue ORDER BY ALL"
    assert rows(again, issues) == rows(whole, issues)


def test_payloads_of_other_keys_are_ignored() -> None:
    con = duckdb.connect()
    con.execute("CREATE TABLE versions AS SELECT 7 AS record_id, ? AS payload",
                [json.dumps({"full_name": "Ana Lima", "shoe": "38"})])  # fmt: skip
    standardise_payloads(con, "versions", "standard", today=TODAY, keys=["record_id"])

    assert rows(con, "SELECT record_id, name FROM standard") == [(7, "ANA LIMA")]
    assert "shoe" not in VALUE_COLUMNS
