import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.errors import UsageError
from mdm.services.export_file import (
    check_target_file,
    check_target_folder,
    export_target,
    write_export,
)

SCHEMA = pa.schema([("name", pa.string()), ("flag", pa.bool_()), ("weight", pa.float64())])
Row = tuple[str | None, bool | None, float | None]
# CSV cannot tell an empty text from none; the database holds no NUL.
TEXTS = st.none() | st.text(
    st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), min_size=1
)
ROWS = st.lists(
    st.tuples(TEXTS, st.none() | st.booleans(), st.none() | st.floats(allow_nan=False)), max_size=6
)


def batch(rows: Sequence[Row]) -> pa.RecordBatch:
    columns = [[row[n] for row in rows] for n in range(3)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def written(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@given(ROWS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_gives_back_every_value(tmp_path: Path, rows: list[Row]) -> None:
    count = write_export(tmp_path / "x.csv", SCHEMA, iter([batch(rows)]))

    head, *body = written(tmp_path / "x.csv")
    assert head == SCHEMA.names
    assert count == len(body) == len(rows)
    for row, cells in zip(rows, body, strict=True):
        assert cells[0] == ("" if row[0] is None else row[0])
        assert cells[1] == ("" if row[1] is None else str(row[1]).lower())
        assert (cells[2] == "") if row[2] is None else (float(cells[2]) == row[2])


def test_only_names_that_a_spreadsheet_would_run_are_marked(tmp_path: Path) -> None:
    texts = ["=1+1", "+55", "-Ana", "@x", "\tx", "Ana=", None, "Ana"]
    rows: list[Row] = [(text, None, None) for text in texts]
    write_export(tmp_path / "x.csv", SCHEMA, iter([batch(rows)]), names=["name"])
    write_export(tmp_path / "y.csv", SCHEMA, iter([batch(rows)]))
    write_export(tmp_path / "x.parquet", SCHEMA, iter([batch(rows)]), names=["name"])

    assert [cells[0] for cells in written(tmp_path / "x.csv")[1:]] == [
        "'=1+1", "'+55", "'-Ana", "'@x", "'\tx", "Ana=", "", "Ana",
    ]  # fmt: skip
    plain = ["" if text is None else text for text in texts]
    assert [cells[0] for cells in written(tmp_path / "y.csv")[1:]] == plain
    assert pq.read_table(tmp_path / "x.parquet")["name"].to_pylist() == texts


def _write_half(path: Path) -> None:
    path.write_text("half", "utf-8")
    raise KeyError("the rest")


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old", "utf-8")
    with pytest.raises(KeyError), export_target(path) as target:
        _write_half(target)
    assert path.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]

    with export_target(path) as target:
        target.write_text("new", "utf-8")
        assert path.read_text("utf-8") == "old"
    assert path.read_text("utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x", "x.txt", "x.csv.gz", "none/x.csv"])
def test_a_file_that_cannot_be_written_is_a_matter_of_usage(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError), export_target(tmp_path / name) as target:
        target.write_text("x", "utf-8")


def test_a_place_to_write_is_tried_without_leaving_anything(tmp_path: Path) -> None:
    check_target_folder(tmp_path / "new" / "folder")
    check_target_file(tmp_path / "new.csv")

    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="cannot be written"):
            check_target_folder(folder)
    for file in (tmp_path, tmp_path / "file" / "below.csv", Path("/proc/none/report.html")):
        with pytest.raises(UsageError, match="cannot be written"):
            check_target_file(file)
