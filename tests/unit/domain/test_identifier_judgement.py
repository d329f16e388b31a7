"""What stewards say of the numbers that a record carries."""

from dataclasses import replace

from mdm.domain.identifier_judgement import (
    IdentifierJudgement,
    JudgedNumber,
    identifier_hash,
    judged_numbers,
)
from mdm.domain.judgement import JudgementState
from mdm.domain.ownership import Ownership

OWN, NOT_THEIRS = Ownership.OWN, Ownership.NOT_THEIRS
CPF, CNS = ("cpf", "52998224725"), ("cns", "700000000000005")
FIRST = IdentifierJudgement(1, 7, "cpf", identifier_hash(*CPF), OWN, "ana")


def test_a_judgement_counts_while_the_record_carries_the_number() -> None:
    assert judged_numbers([FIRST], [CPF, CNS]) == {CPF: JudgedNumber(OWN, frozenset({"ana"}))}
    assert judged_numbers([FIRST], [("cpf", "11144477735"), CNS]) == {}


def test_stewards_who_say_the_same_are_counted_together() -> None:
    again = replace(FIRST, judgement_id=2, actor="rui")

    assert judged_numbers([FIRST, again], [CPF])[CPF].stewards == {"ana", "rui"}


def test_a_suspended_judgement_counts_until_an_active_one_says_otherwise() -> None:
    old = replace(FIRST, state=JudgementState.SUSPENDED)
    new = replace(FIRST, judgement_id=2, verdict=NOT_THEIRS, actor="rui")

    assert judged_numbers([old], [CPF])[CPF].verdict is OWN
    assert judged_numbers([old, new], [CPF])[CPF] == JudgedNumber(NOT_THEIRS, frozenset({"rui"}))


def test_an_undone_judgement_counts_for_nothing() -> None:
    assert judged_numbers([replace(FIRST, state=JudgementState.UNDONE)], [CPF]) == {}


def test_the_same_digits_are_another_number_as_another_identifier() -> None:
    assert identifier_hash("cpf", "12345678909") != identifier_hash("nis", "12345678909")
