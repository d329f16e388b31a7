import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise.contacts import AREAS, email, phone
from mdm.standardise.reasons import Problem, Reason

DIGITS = st.text(max_size=30) | st.text("0123456789()-+ ", max_size=24)


def _reason(value: str | Problem) -> Reason | None:
    return value.reason if isinstance(value, Problem) else None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("51999998887", "51999998887"),
        ("(51) 99999-8887", "51999998887"),
        ("+55 51 99999-8887", "51999998887"),
        ("005551999998887", "51999998887"),
        ("051 99999-8887", "51999998887"),
        ("0 21 51 99999-8887", "51999998887"),
        ("999998887", "51999998887"),
        ("99998887", "51999998887"),
        ("5199998887", "51999998887"),
        ("5132891234", "5132891234"),
        ("32891234", "5132891234"),
        ("05133334441", "5133334441"),
        ("55 99123-4567", "55991234567"),
        ("55 55 99123-4567", "55991234567"),
        ("51 99912-3456 (recado com a mãe)", "51999123456"),
        ("11 3456-7891", "1134567891"),
        ("+54 9 11 2345-6789", "+5491123456789"),
        ("+61 (02) 9876 5432", "+610298765432"),
        ("+34 612 345 678", "+34612345678"),
        ("+51 99999-8887", "51999998887"),
    ],
)
def test_phone_is_area_code_and_number(text: str, digits: str) -> None:
    assert phone(text) == digits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("99999999999", Reason.PLACEHOLDER),
        ("00000000", Reason.PLACEHOLDER),
        ("51999999999", Reason.PLACEHOLDER),
        ("51988888888", Reason.PLACEHOLDER),
        ("51980000000", Reason.PLACEHOLDER),
        ("5132323232", Reason.BLOCKLISTED),
        ("5121212121", Reason.BLOCKLISTED),
        ("51989898989", Reason.BLOCKLISTED),
        ("51912345678", Reason.BLOCKLISTED),
        ("51987654321", Reason.BLOCKLISTED),
        ("51999999998", Reason.BLOCKLISTED),
        ("51990000000", Reason.PLACEHOLDER),
        ("08007251234", Reason.BLOCKLISTED),
        ("40041234", Reason.BLOCKLISTED),
        ("190", Reason.TOO_SHORT),
        ("+99 99999-9999", Reason.PLACEHOLDER),
        ("+34 12", Reason.TOO_SHORT),
        ("+1234567890123456", Reason.BAD_LENGTH),
        ("20999912345", Reason.UNUSABLE),
        ("5101934567", Reason.UNUSABLE),
        ("51899123456", Reason.UNUSABLE),
        ("519991234567890", Reason.BAD_LENGTH),
        ("NAO TEM", Reason.PLACEHOLDER),
        ("S/TEL", Reason.PLACEHOLDER),
        ("XXX", Reason.PLACEHOLDER),
        ("****-8887", Reason.TOO_SHORT),
        ("*****", Reason.BAD_CHARACTERS),
    ],
)
def test_unusable_phone_says_why(text: str, reason: Reason) -> None:
    assert _reason(phone(text)) is reason


def test_accepted_phones_are_possible_for_an_independent_library() -> None:
    rng = random.Random(11)
    accepted = 0
    for _ in range(800):
        number = rng.choice(sorted(AREAS)) + str(rng.randrange(10**7, 10**9))
        value = phone(number)
        if not isinstance(value, Problem):
            accepted += 1
            assert phonenumbers.is_possible_number(phonenumbers.parse(value, "BR"))

    assert accepted > 100


def test_valid_phones_of_an_independent_library_are_accepted_as_they_are() -> None:
    rng = random.Random(12)
    for _ in range(600):
        area = rng.choice(sorted(AREAS))
        # Eight digits from 7 on were trunked radio and early mobiles: these get their 9.
        local = rng.choice([91_000_000, 20_000_000]) * 10 + rng.randrange(300_000_000)
        number = area + (str(local) if local > 900_000_000 else str(local)[:8])
        parsed = phonenumbers.parse(number, "BR")
        if phonenumbers.is_valid_number(parsed) and str(parsed.national_number) == number:
            assert phone(number) == number or _reason(phone(number)) is Reason.BLOCKLISTED


@given(DIGITS)
def test_phone_never_raises_and_is_idempotent(text: str) -> None:
    value = phone(text)

    if not isinstance(value, Problem):
        if value.startswith("+"):
            assert 8 <= len(value) - 1 <= 15
            assert not value.startswith("+55")
        else:
            assert len(value) in {10, 11}
            assert value[:2] in AREAS
        assert phone(value) == value


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ana.Lima@Example.ORG", "ana.lima@example.org"),
        (" mailto:ana@example.org; ", "ana@example.org"),
        ("ana@example,org", "ana@example.org"),
        ("<ana+sus@mail.example.com.br>", "ana+sus@mail.example.com.br"),
    ],
)
def test_email_is_lower_case_and_without_wrapping(text: str, address: str) -> None:
    assert email(text) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nao tem", Reason.PLACEHOLDER),
        ("naotem@gmail.com", Reason.BLOCKLISTED),
        ("ana@teste.com", Reason.BLOCKLISTED),
        ("x@x.com", Reason.BLOCKLISTED),
        ("ana@example", Reason.UNUSABLE),
        ("ana@@example.org", Reason.UNUSABLE),
        ("ana.@example.org", Reason.UNUSABLE),
        ("a" * 260 + "@example.org", Reason.UNUSABLE),
    ],
)
def test_unusable_email_says_why(text: str, reason: Reason) -> None:
    assert _reason(email(text)) is reason


@given(st.text(max_size=40) | st.text("ab@.,-_ <>;", max_size=20) | st.emails())
def test_email_never_raises_and_is_idempotent(text: str) -> None:
    value = email(text)

    if not isinstance(value, Problem):
        assert value == value.lower()
        assert email(value) == value
