"""What is read set-wise is what the definition reads, for every value that it answers for."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.ingest.plain_values import PLAIN
from mdm.standardise.columns import READERS, ColumnStandardiser
from support.ingest import TODAY

DIGITS = "0123456789"
WORDS = [
    "MARIA", "João", "da", "DE", "e", "E", "D", "SILVA", "SOUZA", "Conceição", "NETO", "Filho",
    "II", "JR", "RN", "GEMELAR", "XX", "AA", "A", "SEM", "NAO", "NOME", "DEL", "VAN", "ANA",
    "Müller", "IGNORADA", "MAE", "PACIENTE", "S", "ß", "Ｍ", "Ã£", "DÁVILA", "M1", "O'NEIL", "",
]  # fmt: skip


def _reader(name: str) -> ColumnStandardiser:
    return next(reader for reader in READERS if reader.inputs[0] == name)


def _by_definition(name: str, text: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    reader = _reader(name)
    rest = (None,) * (len(reader.inputs) - 1)
    outputs, issues = reader.function(text, *rest, today=TODAY)
    return tuple(list(o) if isinstance(o, tuple) else o for o in outputs), issues


def _answered(name: str, texts: list[str | None]) -> dict[int, tuple[Any, ...]]:
    found = PLAIN[name](pa.array(texts, pa.string()), TODAY)
    columns = [output.to_pylist() for output in found.outputs]
    assert len(columns) == len(_reader(name).outputs)
    assert all(len(column) == len(found.rows) for column in columns)
    assert sorted(set(found.rows.tolist())) == found.rows.tolist()
    return dict(zip(found.rows.tolist(), zip(*columns, strict=True), strict=True))


def _agrees(name: str, texts: list[str | None]) -> None:
    for row, outputs in _answered(name, texts).items():
        text = texts[row]
        assert text is not None
        assert (outputs, ()) == _by_definition(name, text)


def _with_check(body: str, weights: list[int]) -> str:
    rest = sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11
    return body + str(0 if rest < 2 else 11 - rest)


def _cpf(body: str) -> str:
    first = _with_check(body, list(range(10, 1, -1)))
    return _with_check(first, list(range(11, 1, -1)))


def _nis(body: str) -> str:
    return _with_check(body, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2])


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=length, max_size=length)


anything = st.one_of(
    st.none(), st.text(max_size=40), st.text("0123456789.-; /*", max_size=40), digits(11)
)
fillers = ["12345678909", "01234567890", "12345678900", "999999999999997", "11111111111"]
name_texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
bad_phones = ["51999999999", "51987654321", "51912345678", "51991919191", "51990000000",
              "51999999998", "51900000001", "10987651234", "51988888889"]  # fmt: skip
services = ["513003", "514001", "518003", "514010", "513004", "515151"]
phones = st.one_of(
    st.builds(lambda area, rest: area + "9" + rest, digits(2), digits(8)),
    st.builds(lambda digit, last: "519" + digit * 7 + last, digits(1), digits(1)),
    st.builds(lambda area, number: area + number, digits(2), digits(8)),
    st.builds(lambda start, rest: start + rest, st.sampled_from(services), digits(4)),
    st.sampled_from(bad_phones),
)
moments = st.builds(
    lambda y, m, d, h, i, s: f"{y:04}-{m:02}-{d:02}T{h:02}:{i:02}:{s:02}",
    st.integers(0, 2030), st.integers(0, 13), st.integers(0, 32), st.integers(0, 25),
    st.integers(0, 61), st.integers(0, 61),
)  # fmt: skip
days = st.builds(
    lambda y, m, d: f"{y:04}-{m:02}-{d:02}",
    st.one_of(st.integers(0, 2030), st.sampled_from([1899, 1900, 1901, TODAY.year])),
    st.integers(0, 13), st.integers(0, 32),
)  # fmt: skip
good_phones = st.sampled_from(["51984731206", "5132251199"])
several_phones = st.lists(st.one_of(phones, good_phones), max_size=4)
cards = st.one_of(st.sampled_from(["705000000000014", "700561276574606", *fillers]), digits(15))

CASES: dict[str, st.SearchStrategy[str | None]] = {
    "full_name": st.one_of(name_texts, st.text(max_size=20)),
    "mother_name": st.one_of(name_texts, st.text(max_size=20)),
    "father_name": name_texts,
    "guardian_name": name_texts,
    "birth_date": st.one_of(days, moments, anything),
    "cpf": st.one_of(digits(9).map(_cpf), st.sampled_from(fillers), anything),
    "guardian_cpf": digits(9).map(_cpf),
    "nis": st.one_of(digits(10).map(_nis), st.sampled_from(fillers), anything),
    "inep_id": st.one_of(digits(12), digits(1).map(lambda digit: digit * 12), anything),
    "voter_id": st.one_of(digits(12), anything),
    "rg": st.one_of(st.integers(1, 15).flatmap(digits), st.just("5" * 9), anything),
    "dnv": st.one_of(digits(11), anything),
    "postal_code": st.one_of(digits(8), st.sampled_from(["90000900", "00900010"]), anything),
    "street_number": st.one_of(st.integers(1, 8).flatmap(digits), anything),
    "birth_certificate": st.one_of(digits(32), anything),
    "cns": st.one_of(st.lists(cards, max_size=4).map(";".join), anything),
    "phone": st.one_of(phones, several_phones.map(";".join), anything),
    "updated_at": st.one_of(moments, anything),
}


def test_every_plain_reader_is_tested() -> None:
    assert CASES.keys() == PLAIN.keys()


@pytest.mark.parametrize("name", CASES)
def test_what_a_plain_reader_answers_is_what_the_definition_reads(name: str) -> None:
    @given(st.lists(CASES[name], max_size=12))
    def agrees(texts: list[str | None]) -> None:
        _agrees(name, texts)

    agrees()


@given(st.integers(0, 10**10 - 1), st.integers(2, 5))
def test_what_has_check_digits_agrees_whatever_the_number(number: int, place: int) -> None:
    """Check digits are guessed: of the hundred endings the definition takes one."""
    body = f"{number:010}" * 3
    _agrees("birth_certificate", [f"{body[:-place]}1{body[1:place]}{end:02}" for end in range(100)])
    _agrees("voter_id", [f"{number % 10**10:010}{end:02}" for end in range(100)])
    _agrees("cns", [f"{lead}{number:010}00{end:02}" for lead in "12789" for end in range(100)])


GOOD = {
    "full_name": "JOÃO BATISTA DA SILVA NETO",
    "mother_name": "Maria de Souza",
    "father_name": "PEDRO REIS",
    "guardian_name": "ANA LIMA",
    "birth_date": "2009-01-01",
    "cpf": "52998224725",
    "guardian_cpf": "52998224725",
    "nis": _nis("1205641254"),
    "inep_id": "129876543210",
    "voter_id": "102385010671",
    "rg": "7045612398",
    "dnv": "30123456789",
    "postal_code": "90050120",
    "street_number": "1234",
    "birth_certificate": "09090101552010100481086734396611",
    "cns": "705000000000014",
    "phone": "51984731206",
    "updated_at": "2026-10-01T08:30:00",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_plain_good_value_is_answered_beside_others(name: str) -> None:
    texts = [None, "", GOOD[name], "?", GOOD[name]]

    assert list(_answered(name, texts)) == [2, 4]
    _agrees(name, texts)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cns", "705000000000014;700561276574606;705000000000014"),
        ("phone", "51984731206;5132251199"),
        ("phone", "5132251199"),
    ],
)
def test_good_values_in_one_cell_are_answered_in_order_and_once(name: str, text: str) -> None:
    assert list(_answered(name, [None, f"{text};?", text])) == [2]
    _agrees(name, [text])


@pytest.mark.parametrize("name", GOOD)
def test_nothing_is_answered_of_an_empty_or_sliced_column(name: str) -> None:
    assert _answered(name, []) == {}
    assert _answered(name, [None, None]) == {}
    column = pa.array([GOOD[name], None, GOOD[name]], pa.string()).slice(1)

    assert PLAIN[name](column, TODAY).rows.tolist() == [1]
