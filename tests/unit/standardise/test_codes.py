import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise import codes
from mdm.standardise.reasons import Problem, Reason


def _reason(value: object) -> Reason | None:
    return value.reason if isinstance(value, Problem) else None


@pytest.mark.parametrize(
    ("text", "code"),
    [("M", "M"), ("f", "F"), ("MASCULINO", "M"), ("Feminino", "F"), (" male ", "M")],
)
def test_sex_is_m_or_f(text: str, code: str) -> None:
    assert codes.sex(text) == code


@pytest.mark.parametrize("text", ["1", "2"])
def test_digits_for_sex_are_refused_because_sources_disagree_about_them(text: str) -> None:
    assert _reason(codes.sex(text)) is Reason.UNKNOWN_CODE


@pytest.mark.parametrize("text", ["I", "UN", "9", "Ignorado", "Não informado"])
def test_an_undeclared_code_is_missing(text: str) -> None:
    assert _reason(codes.sex(text)) is Reason.PLACEHOLDER
    assert _reason(codes.race(text)) is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    ("text", "code"),
    [("03", "03"), ("3", "03"), ("Parda", "03"), ("AMARELA", "04"), ("indígena", "05")],
)
def test_race_is_a_cadsus_code(text: str, code: str) -> None:
    assert codes.race(text) == code


@pytest.mark.parametrize(("text", "code"), [("1", "01"), ("01", "01"), ("11", "11")])
def test_household_role_has_two_digits(text: str, code: str) -> None:
    assert codes.household_role(text) == code


@pytest.mark.parametrize("text", ["12", "00", "137", "FILHO"])
def test_a_role_outside_the_list_is_unknown(text: str) -> None:
    assert _reason(codes.household_role(text)) is Reason.UNKNOWN_CODE


@pytest.mark.parametrize("text", ["1", "S", "sim", "true", "T"])
def test_yes_in_its_forms(text: str) -> None:
    assert codes.flag(text) is True


@pytest.mark.parametrize("text", ["0", "N", "não", "FALSE"])
def test_no_in_its_forms(text: str) -> None:
    assert codes.flag(text) is False


@given(st.text(max_size=20))
def test_codes_never_raise(text: str) -> None:
    assert codes.sex(text) in {"M", "F"} or isinstance(codes.sex(text), Problem)
    assert codes.race(text) in {"01", "02", "03", "04", "05"} or isinstance(
        codes.race(text), Problem
    )
    assert isinstance(codes.household_role(text), str | Problem)
    assert isinstance(codes.flag(text), bool | Problem)
