import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from validate_docbr import CNS, CPF, PIS, Certidao, TituloEleitoral

from mdm.standardise import national_ids
from mdm.standardise.reasons import Problem, Reason

Reader = Callable[[str], str | Problem]
READERS: dict[str, Reader] = {
    "cpf": national_ids.cpf,
    "cns": national_ids.cns,
    "nis": national_ids.nis,
    "inep_id": national_ids.inep_id,
    "voter_id": national_ids.voter_id,
    "rg": national_ids.rg,
    "birth_certificate": national_ids.birth_certificate,
    "dnv": national_ids.dnv,
    "foreign_document": national_ids.foreign_document,
}
NUMBERS = st.text(max_size=40) | st.text("0123456789X.-/* ", max_size=40)


def _reason(value: str | Problem | None) -> Reason | None:
    return value.reason if isinstance(value, Problem) else None


@pytest.mark.parametrize("text", ["52998224725", "11144477735", "00000000191", "12312312034"])
def test_valid_cpf(text: str) -> None:
    assert national_ids.cpf(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("52998224724", Reason.BAD_CHECK_DIGIT),
        ("52998224715", Reason.BAD_CHECK_DIGIT),
        ("1114447773", Reason.BAD_CHECK_DIGIT),
        ("11111111111", Reason.PLACEHOLDER),
        ("00000000000", Reason.PLACEHOLDER),
        ("12345678909", Reason.BLOCKLISTED),
        ("01234567890", Reason.BLOCKLISTED),
        ("191", Reason.BAD_LENGTH),
        ("529982247250", Reason.BAD_LENGTH),
        ("5299822472A", Reason.BAD_CHARACTERS),
        ("***.982.247-**", Reason.BAD_CHARACTERS),
        ("5.2998224725E+10", Reason.BAD_CHARACTERS),
        ("NÃO POSSUI", Reason.PLACEHOLDER),
        ("---", Reason.PLACEHOLDER),
    ],
)
def test_unusable_cpf_says_why(text: str, reason: Reason) -> None:
    assert _reason(national_ids.cpf(text)) is reason


@pytest.mark.parametrize(
    "text",
    ["529.982.247-25", " 529 982 247 25 ", "52998224725.0", "529.982.247/25", "529982247-25"],
)
def test_cpf_is_read_through_its_punctuation(text: str) -> None:
    assert national_ids.cpf(text) == "52998224725"


def test_zeros_lost_in_a_spreadsheet_are_put_back() -> None:
    assert national_ids.cpf("1234567830") == _with_zeros("1234567830")
    assert national_ids.voter_id("4387740906") == "004387740906"


def _with_zeros(digits: str) -> str | Problem:
    return national_ids.cpf(digits.zfill(11))


@pytest.mark.parametrize(
    "text",
    [
        "123456789010000",
        "100000000000007",
        "177835337400018",
        "212248244750000",
        "898000000043208",
        "705000000000014",
        "700000000000005",
    ],
)
def test_valid_cns(text: str) -> None:
    assert national_ids.cns(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("765432109876543", Reason.BAD_CHECK_DIGIT),
        ("111111111111111", Reason.PLACEHOLDER),
        ("000000000000000", Reason.PLACEHOLDER),
        ("999999999999997", Reason.BLOCKLISTED),
        ("305000000000014", Reason.BAD_CHECK_DIGIT),
        ("70500000000001", Reason.BAD_LENGTH),
        ("100000010000005", Reason.BAD_CHECK_DIGIT),
    ],
)
def test_unusable_cns_says_why(text: str, reason: Reason) -> None:
    assert _reason(national_ids.cns(text)) is reason


def test_a_definitive_cns_needs_its_000_or_001_although_the_sum_agrees() -> None:
    text = "100000000003000"
    total = sum(int(digit) * (15 - place) for place, digit in enumerate(text))
    fixed = text[:-1] + str(-total % 11)

    assert sum(int(digit) * (15 - place) for place, digit in enumerate(fixed)) % 11 == 0
    assert _reason(national_ids.cns(fixed)) is Reason.BAD_CHECK_DIGIT


def test_the_card_copy_behind_a_cns_is_dropped() -> None:
    assert national_ids.cns("705 0000 0000 0014 2") == "705000000000014"


@pytest.mark.parametrize("text", ["12068910251", "17012345673", "16000000015", "20123456783"])
def test_valid_nis(text: str) -> None:
    assert national_ids.nis(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12345678901", Reason.BAD_CHECK_DIGIT),
        ("00000000000", Reason.PLACEHOLDER),
        ("12345678900", Reason.BLOCKLISTED),
        ("1206891025", Reason.BAD_LENGTH),
    ],
)
def test_unusable_nis_says_why(text: str, reason: Reason) -> None:
    assert _reason(national_ids.nis(text)) is reason


@pytest.mark.parametrize(
    "text", ["123456780493", "004387740906", "043568700906", "204481120205", "204481120213"]
)
def test_valid_voter_id_with_both_readings_for_sao_paulo_and_minas(text: str) -> None:
    assert national_ids.voter_id(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("123456780401", Reason.BAD_CHECK_DIGIT),
        ("123456782993", Reason.BAD_CHECK_DIGIT),
        ("000000000000", Reason.PLACEHOLDER),
        ("12345678", Reason.BAD_LENGTH),
    ],
)
def test_unusable_voter_id_says_why(text: str, reason: Reason) -> None:
    assert _reason(national_ids.voter_id(text)) is reason


def test_the_thirteen_wide_voter_field_is_read() -> None:
    assert national_ids.voter_id("0123456780493") == "123456780493"


CERTIFICATES = [
    "00000001552021100012034000567885",
    "10453901552013100012021000012321",
    "00000001552021104704070830276613",
]


@pytest.mark.parametrize("text", CERTIFICATES)
def test_valid_birth_certificate(text: str) -> None:
    masked = (
        f"{text[:6]} {text[6:8]} {text[8:10]} {text[10:14]} {text[14]} {text[15:30]}-{text[30:]}"
    )

    assert national_ids.birth_certificate(text) == text
    assert national_ids.birth_certificate(masked) == text


def test_an_x_in_the_check_digits_stands_for_remainder_ten() -> None:
    text = CERTIFICATES[2]

    assert national_ids.birth_certificate(text[:30] + "X" + text[31:]) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("10453901552013100012021000012320", Reason.BAD_CHECK_DIGIT),
        ("0" * 32, Reason.PLACEHOLDER),
        ("104539015520131", Reason.BAD_LENGTH),
    ],
)
def test_unusable_birth_certificate_says_why(text: str, reason: Reason) -> None:
    assert _reason(national_ids.birth_certificate(text)) is reason


@pytest.mark.parametrize("kind", "23456")
def test_a_matricula_of_a_marriage_or_death_is_no_birth_certificate(kind: str) -> None:
    base = "104539015520132000120210000123"[:14] + kind + "104539015520132000120210000123"[15:]
    text = next(
        base + f"{check:02d}" for check in range(100) if Certidao().validate(base + f"{check:02d}")
    )

    assert _reason(national_ids.birth_certificate(text)) is Reason.UNUSABLE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RS 1234567890", "RS:1234567890"),
        ("1234567890 SSP/RS", "RS:1234567890"),
        ("1234567890", "1234567890"),
        ("SP 12.345.678-X", "SP:12345678X"),
        ("MG-12.345.678", "MG:12345678"),
        ("0012345678", "12345678"),
    ],
)
def test_rg_keeps_digits_and_x_behind_a_known_state(text: str, value: str) -> None:
    assert national_ids.rg(text) == value


@pytest.mark.parametrize("text", ["", "ISENTO", "123", "9999999999", "1" * 40, "12" * 60])
def test_unusable_rg_is_a_problem(text: str) -> None:
    assert isinstance(national_ids.rg(text), Problem)


@pytest.mark.parametrize("read", [national_ids.inep_id, national_ids.dnv])
def test_numbers_without_public_check_digit_are_judged_by_length(read: Reader) -> None:
    length = 12 if read is national_ids.inep_id else 11
    good = "301234567890"[:length]

    assert read(good) == good
    assert _reason(read(good[:-1])) is Reason.BAD_LENGTH
    assert _reason(read("0" * length)) is Reason.PLACEHOLDER


def test_foreign_document_keeps_letters_and_digits() -> None:
    assert national_ids.foreign_document("AR 12.345-678") == "AR12345678"
    assert isinstance(national_ids.foreign_document("PASSAPORTE"), Problem)
    assert isinstance(national_ids.foreign_document("0000000"), Problem)


def _mutations(number: str, rng: random.Random) -> list[str]:
    place = rng.randrange(len(number))
    return [number, number[:place] + str(rng.randrange(10)) + number[place + 1 :]]


@pytest.mark.parametrize(
    ("read", "oracle"),
    [
        (national_ids.cpf, CPF()),
        (national_ids.cns, CNS()),
        (national_ids.nis, PIS()),
        (national_ids.birth_certificate, Certidao()),
    ],
)
def test_check_digits_agree_with_an_independent_library(read: Reader, oracle: CPF) -> None:
    rng = random.Random(7)
    for _ in range(300):
        for number in _mutations(oracle.generate(), rng):
            value = read(number)
            accepted = not isinstance(value, Problem) or value.reason is not Reason.BAD_CHECK_DIGIT
            assert accepted == oracle.validate(number)


def test_voter_id_agrees_with_an_independent_library_outside_sao_paulo_and_minas() -> None:
    rng = random.Random(7)
    for _ in range(300):
        for number in _mutations(TituloEleitoral().generate(), rng):
            if number[8:10] in {"01", "02"} or number[8:10] == "00" or int(number[8:10]) > 28:
                continue
            accepted = not isinstance(national_ids.voter_id(number), Problem)
            assert accepted == TituloEleitoral().validate(number)


@given(st.sampled_from(sorted(READERS)), NUMBERS)
def test_identifiers_never_raise_and_are_idempotent(kind: str, text: str) -> None:
    read = READERS[kind]
    value = read(text)

    if not isinstance(value, Problem):
        assert value.isascii()
        assert read(value) == value
