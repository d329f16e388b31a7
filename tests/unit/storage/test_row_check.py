"""The row check names the cell that changed, on any columns and values."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mdm.storage import row_check

KINDS = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False, allow_infinity=False),
    pa.string(): st.text(max_size=90),
    pa.bool_(): st.booleans(),
    pa.binary(): st.binary(max_size=90),
}
TYPES = list(KINDS)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[pa.DataType], list[list[object]]]:
    """Column types, and columns of equal length."""
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=6))
    rows = draw(st.integers(1, 5))
    columns = [
        draw(st.lists(st.none() | KINDS[kind], min_size=rows, max_size=rows)) for kind in types
    ]
    return types, columns


def checks(types: list[pa.DataType], columns: list[list[object]]) -> list[int]:
    arrays = [pa.array(column, kind) for kind, column in zip(types, columns, strict=True)]
    found: list[int] = row_check.row_checks(arrays, len(columns[0])).tolist()
    return found


@given(tables(), st.data())
def test_one_changed_cell_gives_its_column(
    table: tuple[list[pa.DataType], list[list[object]]], data: st.DataObject
) -> None:
    types, columns = table
    number = data.draw(st.integers(0, len(types) - 1))
    row = data.draw(st.integers(0, len(columns[0]) - 1))
    old = columns[number][row]
    new = data.draw((st.none() | KINDS[types[number]]).filter(lambda value: value != old))
    before = checks(types, columns)

    changed = [list(column) for column in columns]
    changed[number][row] = new
    after = checks(types, changed)

    assert row_check.changed_column(before[row], after[row], len(types)) == number + 1
    assert [b for n, b in enumerate(before) if n != row] == [
        a for n, a in enumerate(after) if n != row
    ]


@given(tables())
def test_a_check_does_not_depend_on_the_chunk(
    table: tuple[list[pa.DataType], list[list[object]]],
) -> None:
    types, columns = table
    arrays = [pa.array(column, kind) for kind, column in zip(types, columns, strict=True)]
    one_by_one = [
        row_check.row_checks([array.slice(row, 1) for array in arrays], 1).tolist()[0]
        for row in range(len(columns[0]))
    ]

    assert one_by_one == checks(types, columns)


@given(st.lists(st.integers(0, 2**62 - 1).filter(lambda n: n >> 31 < row_check.P)))
def test_sums_add_up(numbers: list[int]) -> None:
    array = pa.array(numbers, pa.int64()).to_numpy()

    total, weighted = row_check.sums(array)

    assert total == sum(n >> 31 for n in numbers) % row_check.P
    assert weighted == sum(n & (2**31 - 1) for n in numbers) % row_check.P


def test_an_added_empty_column_changes_nothing() -> None:
    columns: list[list[object]] = [[1, 2], ["a", None]]
    types = [pa.int64(), pa.string()]

    assert checks(types, columns) == checks([*types, pa.string()], [*columns, [None, None]])


def test_an_empty_text_is_not_an_empty_cell() -> None:
    assert checks([pa.string()], [[""]]) != checks([pa.string()], [[None]])


def test_a_changed_check_names_no_column() -> None:
    [check] = checks([pa.int64(), pa.string()], [[7], ["x"]])

    assert row_check.changed_column(check + 5, check, 2) is None
    assert row_check.changed_column(check + (1 << 31) + 77, check, 2) is None


def test_known_values_stay() -> None:
    """Stored checks must stay valid with any later version of the program."""
    columns: list[list[object]] = [[1, None], [0.5, -0.0], ["João", ""], [True, False]]
    types = [pa.int64(), pa.float64(), pa.string(), pa.bool_()]

    assert checks(types, columns) == KNOWN


KNOWN = [1094406644504458905, 2237916521858338641]
