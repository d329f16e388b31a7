"""Every level of the person model means the same in SQL and in Python."""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.linkage.levels import Condition, Typed
from mdm.linkage.person_model import COMPARISONS, MARKED, UNMARKED, Comparison

_CON = duckdb.connect(config={"threads": 1})
LISTS = {"cns", "phones"}
INTEGERS = {"birth_exact", "birth_year", "given1_usual"}
TOKENS = ("MARIA", "MARIO", "ANA", "A", "JOAO", "JULIA", "CLARA", "SILVA", "SILVEIRA", "SOUZA")
COLUMNS = sorted(
    {
        "given", "given_key", "given1", "given1_key", "given1_usual", "given2_key", "surname",
        "surname_key", "surname1_key", "surname2_key", "surname3_key", "surname4_key",
        "surname_last", "surname_last_key", "mother", "mother_key", "mother_given_key",
        "mother_given1_key", "mother_surname1_key", "mother_surname2_key", "mother_surname3_key",
        "birth", "birth_exact", "birth_swapped", "birth_day_month", "birth_year_month",
        "birth_year", "cpf", "cns", "nis", "birth_certificate", "dnv", "inep_id", "rg", "phones",
        "email", "street", "street_text", "street_number", "dwelling", "postal_code", "district",
        "sex", "father", "father_given1", "suffix", "given1_start", "given1_end", "surname_start",
        "surname_last_start", "surname_last_end", "mother_last_key", "father_last", "cpf_head",
        "cpf_tail", "nis_head", "nis_tail", "certificate_head", "certificate_tail", "twin_mark",
        "social1", "name_set_key",
    }
)  # fmt: skip

text = st.one_of(
    st.none(),
    st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3).map(" ".join),
    st.text(alphabet="AB1 ", min_size=1, max_size=9),
)
lists = st.one_of(st.none(), st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3).map(tuple))


@st.composite
def records(draw: st.DrawFn) -> dict[str, object]:
    return {
        column: draw(
            lists
            if column in LISTS
            else st.one_of(st.none(), st.integers(1, 3))
            if column in INTEGERS
            else st.sampled_from((None, MARKED, UNMARKED))
            if column == "twin_mark"
            else text
        )
        for column in COLUMNS
    }


pairs = st.lists(st.tuples(records(), records()), min_size=1, max_size=12)


def _table(rows: Sequence[Mapping[str, object]], side: str) -> dict[str, pa.Array]:
    def kind(column: str) -> pa.DataType:
        if column in LISTS:
            return pa.list_(pa.string())
        return pa.int64() if column in INTEGERS else pa.string()

    return {
        f"{column}_{side}": pa.array([row[column] for row in rows], kind(column))
        for column in COLUMNS
    }


def _in_sql(
    condition: Condition, rows: list[tuple[dict[str, object], dict[str, object]]]
) -> list[bool]:
    table = pa.table(_table([r[0] for r in rows], "l") | _table([r[1] for r in rows], "r"))
    _CON.register("pair", table)
    found = _CON.execute(f"SELECT coalesce(({condition.sql()}), false) FROM pair").fetchall()
    return [row[0] for row in found]


def _conditions(comparison: Comparison) -> list[Condition]:
    return [
        comparison.missing,
        *(x.condition for x in comparison.levels if x.condition is not None),
    ]


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda c: c.name)
@settings(max_examples=8, deadline=None)
@given(rows=pairs)
def test_a_level_holds_in_sql_exactly_where_it_holds_in_python(
    comparison: Comparison, rows: list[tuple[dict[str, object], dict[str, object]]]
) -> None:
    for condition in _conditions(comparison):
        assert _in_sql(condition, rows) == [condition.holds(a, b) for a, b in rows]


def test_a_swap_of_neighbours_after_an_insertion_is_counted_unrestricted() -> None:
    # "CA" to "ABC" is 2 by Damerau-Levenshtein and 3 by optimal string alignment.
    row = dict.fromkeys(COLUMNS)
    one, other = row | {"cpf": "CA", "sex": "F"}, row | {"cpf": "ABC", "sex": "F"}
    near = Typed("cpf", 2, ("sex",))

    assert near.holds(one, other)
    assert _in_sql(near, [(one, other)]) == [True]


def test_levels_of_a_comparison_have_distinct_labels_and_end_in_the_rest() -> None:
    for comparison in COMPARISONS:
        labels = [level.label for level in comparison.levels]

        assert len(set(labels)) == len(labels)
        assert [level.condition is None for level in comparison.levels].index(True) == len(
            labels
        ) - 1
