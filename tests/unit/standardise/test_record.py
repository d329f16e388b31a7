from dataclasses import asdict
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.canonical import CANONICAL_FIELDS, Kind
from mdm.domain.standard_record import STANDARD_COLUMNS, StandardRecord, ValueIssue
from mdm.standardise.columns import (
    COLUMN_STANDARDISERS,
    COMBINERS,
    READERS,
    missing,
)
from mdm.standardise.reasons import Reason, ValueClass
from mdm.standardise.record import standardise_record
from mdm.standardise.version import STANDARDISER_VERSION

TODAY = date(2026, 11, 23)
EXAMPLES = {field.name: field.example for field in CANONICAL_FIELDS}
PLAUSIBLE = (
    "",
    "  ",
    "João da Silva Neto",
    "RN DE MARIA SOUZA",
    "RN II MARIA SOUZA",
    "Maria Souza",
    "Maria Sousa",
    "NAO INFORMADO",
    "1987-03-21",
    "31/02/1990",
    "1",
    "03",
    "52998224725",
    "705000000000014;898000000043208;1",
    "51999998887; 99999999999",
    "R. dos Andradas, 12",
    "S/N",
)
RECORDS = st.dictionaries(
    st.sampled_from(sorted(EXAMPLES)),
    st.none() | st.sampled_from(PLAUSIBLE) | st.text(max_size=20),
    max_size=12,
)


def _record(**values: str) -> StandardRecord:
    return standardise_record(values, today=TODAY)[0]


def _issues(**values: str) -> list[tuple[str, str]]:
    return [(issue.field, issue.reason) for issue in standardise_record(values, today=TODAY)[1]]


def test_every_example_of_the_canonical_layout_is_usable() -> None:
    record, issues = standardise_record(EXAMPLES, today=TODAY)

    assert issues == ()
    empty = asdict(StandardRecord())
    left_out = {"twin_order", "birth_date_default", "birth_mistyped"}
    assert {name for name, value in asdict(record).items() if value == empty[name]} == left_out


def test_an_empty_record_is_all_missing_without_issues() -> None:
    assert standardise_record({}, today=TODAY) == (StandardRecord(), ())
    assert standardise_record(dict.fromkeys(EXAMPLES, " "), today=TODAY) == (StandardRecord(), ())


def test_parts_of_a_name_are_joined_where_the_full_name_is_missing() -> None:
    parts = _record(given_name="João", family_name="da Silva Neto")

    assert parts == _record(full_name="João da Silva Neto")
    assert _record(full_name="Ana Lima", given_name="X", family_name="Y").name == "ANA LIMA"


def test_a_newborn_has_no_name_and_gets_the_mother_the_text_names() -> None:
    record = _record(full_name="RN II DE MARIA DE SOUZA")

    assert (record.name, record.name_kind, record.twin_order) == (None, "newborn", 2)
    assert (record.mother, record.mother_phonetic) == ("MARIA SOUZA", "MARIA SOUSA")
    assert record.mother_shown == "MARIA DE SOUZA"
    assert record.name_shown == "RN II DE MARIA DE SOUZA"


def test_a_newborns_own_mother_column_comes_before_the_text() -> None:
    record = _record(full_name="RN DE MARIA SOUZA", mother_name="Maria Souza Lima")

    assert record.mother == "MARIA SOUZA LIMA"


def test_a_placeholder_in_the_mother_column_gives_way_to_the_newborns_text() -> None:
    values = {"full_name": "RN DE MARIA SOUZA", "mother_name": "NAO INFORMADO"}

    assert _record(**values).mother == "MARIA SOUZA"
    assert _issues(**values) == [("mother_name", "placeholder")]


def test_child_of_in_the_mother_column_names_the_mother() -> None:
    assert _record(mother_name="RN DE MARIA SOUZA").mother == "MARIA SOUZA"


@pytest.mark.parametrize(
    "social", ["João da Silva", "JOAO SILVA", "Joao Sílva", "Joao Silvs", "João", "Maria Souza",
               "MARIA SOUSA", "RN DE MARIA SOUZA", "FILHO DE MARIA"]
)  # fmt: skip
def test_a_social_name_that_says_nothing_new_is_dropped(social: str) -> None:
    values = {"full_name": "João da Silva", "mother_name": "Maria Souza", "social_name": social}
    record = _record(**values)

    assert (record.social_name, record.social_name_shown) == (None, None)
    assert _issues(**values) == [("social_name", "not_a_social_name")]


@pytest.mark.parametrize(
    ("civil", "social"), [("João da Silva", "Joana da Silva"), ("Paulo Lima", "Paula Lima"),
                          ("Daniel Lima", "Daniela Lima"), ("Ana Lima", "Caio Lima")]
)  # fmt: skip
def test_a_social_name_of_the_other_gender_is_kept(civil: str, social: str) -> None:
    record = _record(full_name=civil, social_name=social)

    assert record.social_name_shown == social


def test_a_nickname_never_becomes_a_social_name() -> None:
    record = _record(full_name="João da Silva", nickname="Jão")

    assert (record.nickname, record.social_name) == ("JAO", None)


def test_the_number_written_behind_the_street_fills_a_missing_number_only() -> None:
    assert _record(street="Rua A, 12").street_number == "12"
    assert _record(street="Rua A, 12", street_number="S/N").street_number == "12"
    assert _record(street="Rua A, 12", street_number="14").street_number == "14"


def test_several_values_in_a_cell_are_sorted_and_each_bad_one_is_an_issue() -> None:
    values = {"cns": "898000000043208; 705000000000014;123;705000000000014", "phone": "190;NAO TEM"}

    assert _record(**values).cns == ("705000000000014", "898000000043208")
    assert _issues(**values) == [
        ("cns", "bad_length"),
        ("phone", "too_short"),
        ("phone", "placeholder"),
    ]


def test_first_of_january_is_marked_and_kept() -> None:
    record = _record(birth_date="1987-01-01")

    assert (record.birth_date, record.birth_date_default) == (date(1987, 1, 1), True)


def test_seconds_for_milliseconds_give_both_a_date_and_an_issue() -> None:
    assert _record(birth_date="662742000").birth_date == date(1991, 1, 1)
    assert _issues(birth_date="662742000") == [("birth_date", "epoch_seconds_for_milliseconds")]


def test_a_restriction_that_cannot_be_read_counts_as_set() -> None:
    assert _record(restricted="talvez").restricted
    assert _issues(restricted="talvez") == [("restricted", "unknown_code")]
    assert not _record(restricted="N").restricted


@pytest.mark.parametrize("column", ["household_id", "unit_code", "class_code"])
def test_a_code_of_zeros_is_missing_lest_it_joins_strangers(column: str) -> None:
    assert getattr(_record(**{column: "00000000000"}), column) is None


@given(RECORDS)
def test_standardising_never_raises_and_no_issue_repeats_a_value(
    values: dict[str, str | None],
) -> None:
    _, issues = standardise_record(values, today=TODAY)

    for issue in issues:
        assert issue.field in EXAMPLES
        assert issue.reason in list(Reason)
        assert issue.value_class in list(ValueClass)


@given(RECORDS)
def test_missing_is_never_an_empty_text(values: dict[str, str | None]) -> None:
    record, _ = standardise_record(values, today=TODAY)

    for value in asdict(record).values():
        assert value != ""
        assert not isinstance(value, tuple) or "" not in value


def test_readers_and_combiners_cover_the_layout_and_the_record_once() -> None:
    inputs = [column for reader in READERS for column in reader.inputs]
    outputs = [column for reader in READERS for column in reader.outputs]
    written = [column for column in outputs if not column.startswith("_")]

    assert sorted([*inputs, "local_id"]) == sorted(EXAMPLES)
    assert sorted(written) == sorted(STANDARD_COLUMNS)
    assert len(outputs) == len(set(outputs))
    for combiner in COMBINERS:
        assert set(combiner.inputs) <= set(outputs)
        assert set(combiner.outputs) <= set(STANDARD_COLUMNS)
    assert COLUMN_STANDARDISERS == READERS + COMBINERS


def test_columns_that_hold_several_values_are_those_the_layout_declares() -> None:
    several = {field.name for field in CANONICAL_FIELDS if field.many}
    lists = {reader.inputs[0] for reader in READERS if missing(reader.outputs[0]) == ()}

    assert lists == several
    assert several == {
        f.name for f in CANONICAL_FIELDS if f.kind in {Kind.CNS, Kind.PHONE, Kind.EMAIL}
    }


Batch = list[dict[str, str | None]]


def _by_distinct_value(batch: Batch) -> list[tuple[StandardRecord, tuple[ValueIssue, ...]]]:
    """As volume work does it: every function once per distinct input, results joined by row."""
    rows: list[dict[str, object]] = [{} for _ in batch]
    issues: list[list[ValueIssue]] = [[] for _ in batch]
    for stage, columns in ((1, READERS), (2, COMBINERS)):
        for column in columns:
            seen: dict[tuple[object, ...], object] = {}
            for place, received in enumerate(batch):
                source: dict[str, object] = dict(received) if stage == 1 else rows[place]
                key = tuple(
                    None if isinstance(value, str) and not value.strip() else value
                    for value in map(source.get, column.inputs)
                )
                if (stage == 1 and set(key) == {None}) or (stage == 2 and key[0] is None):
                    if stage == 1:
                        rows[place] |= {output: missing(output) for output in column.outputs}
                    continue
                if key not in seen:
                    seen[key] = column.function(*key, today=TODAY)
                outputs, found = column.function(*key, today=TODAY)
                assert seen[key] == (outputs, found)
                rows[place] |= dict(zip(column.outputs, outputs, strict=True))
                issues[place].extend(found)
    return [
        (StandardRecord(**{name: row[name] for name in STANDARD_COLUMNS}), tuple(found))  # type: ignore[arg-type]  # columns of one row
        for row, found in zip(rows, issues, strict=True)
    ]


@settings(max_examples=40)
@given(st.lists(RECORDS, max_size=8))
def test_a_batch_of_distinct_values_equals_record_by_record(batch: Batch) -> None:
    assert _by_distinct_value(batch) == [
        standardise_record(values, today=TODAY) for values in batch
    ]


def test_the_example_record_is_the_documented_one() -> None:
    record, _ = standardise_record(EXAMPLES, today=TODAY)

    assert record.rg == "RS:1234567890"
    assert record.updated_at == datetime.fromisoformat("2026-10-01T08:30:00")
    assert record.service_status == "ACTIVE"
    assert record.unit_name == "UBS Bom Jesus"


def test_the_version_is_a_short_digest() -> None:
    assert len(STANDARDISER_VERSION) == 12
    assert int(STANDARDISER_VERSION, 16) >= 0
