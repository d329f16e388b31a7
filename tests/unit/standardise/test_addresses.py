import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise import addresses
from mdm.standardise.addresses import Street
from mdm.standardise.reasons import Problem, Reason

ADDRESS = st.text(max_size=40) | st.lists(
    st.sampled_from(
        [
            "R.",
            "AV",
            "RUA",
            "DR",
            "N",
            "Nº",
            "N.",
            ",",
            "S/N",
            "12",
            "0",
            "1001",
            "DOS",
            "ANDRADAS",
            "QD",
            "KM",
            "SEM",
            "NAO",
            "NO",
            "A",
            "JD",
        ]
    ),
    max_size=7,
).map(" ".join)


def _reason(value: object) -> Reason | None:
    return value.reason if isinstance(value, Problem) else None


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("Rua dos Andradas", "RUA DOS ANDRADAS", None),
        ("R. dos Andradas, 1001 ap 5", "RUA DOS ANDRADAS", "1001"),
        ("R DOS ANDRADAS 1001", "RUA DOS ANDRADAS", "1001"),
        ("Av. Dr. Nilo Peçanha, nº 0200", "AVENIDA DOUTOR NILO PECANHA", "200"),
        ("AV BENTO GONCALVES N 1515", "AVENIDA BENTO GONCALVES", "1515"),
        ("Tv. Cel. Aparício Borges", "TRAVESSA CORONEL APARICIO BORGES", None),
        ("RUA 24 DE OUTUBRO", "RUA 24 DE OUTUBRO", None),
        ("RUA 24 DE OUTUBRO 850", "RUA 24 DE OUTUBRO", "850"),
        ("RUA 12", "RUA 12", None),
        ("ACESSO A 5", "ACESSO A 5", None),
        ("BC. DO SALSO S/N", "BECO DO SALSO S N", None),
        ("ESTRADA JOAO REMIAO KM 7", "ESTRADA JOAO REMIAO KM 7", None),
        ("PRACA R, 10", "PRACA R", "10"),
    ],
)
def test_street_is_spelt_out_and_its_number_taken_off(
    text: str, name: str, number: str | None
) -> None:
    assert addresses.street(text) == Street(name, number)


@pytest.mark.parametrize("text", ["NAO INFORMADO", "S/N", "SEM ENDEREÇO", "RUA", "XXX", "-", "..."])
def test_words_for_a_missing_street_are_no_street(text: str) -> None:
    assert _reason(addresses.street(text)) is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    ("text", "number"),
    [("1001", "1001"), ("0045", "45"), ("1001 AP 202", "1001"), ("nº 12A", "12"), ("1.001", "1")],
)
def test_street_number_is_the_first_number(text: str, number: str) -> None:
    assert addresses.street_number(text) == number


@pytest.mark.parametrize("text", ["S/N", "SN", "0", "000", "-"])
def test_a_house_without_number_is_missing_and_no_issue(text: str) -> None:
    assert addresses.street_number(text) is None


def test_a_street_number_too_long_to_be_one_is_refused() -> None:
    assert _reason(addresses.street_number("51999998887")) is Reason.BAD_LENGTH


@pytest.mark.parametrize(
    ("text", "name"),
    [("Centro Histórico", "CENTRO HISTORICO"), ("JD. BOTÂNICO", "JARDIM BOTANICO"),
     ("Vl. Sta. Rosa", "VILA SANTA ROSA")],
)  # fmt: skip
def test_district_is_folded_and_spelt_out(text: str, name: str) -> None:
    assert addresses.district(text) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("90020-005", "90020005"),
        ("90.020-005", "90020005"),
        ("90020", "90020000"),
        ("900200", "90020000"),
        ("9002000", "90020000"),
        ("9002090020005", None),
        ("9002090020005"[:5] + "90020005", "90020005"),
        ("1310100", "01310100"),
        ("AU-4223", "AU-4223"),
        ("gb-sw1a 1aa", "GB-SW1A1AA"),
        ("BR-90020-005", "90020005"),
        ("RS-90020-005", "90020005"),
    ],
)
def test_postal_code_keeps_what_can_be_trusted(text: str, code: str | None) -> None:
    if code is not None:
        assert addresses.postal_code(text) == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("00000-000", Reason.PLACEHOLDER),
        ("99999-999", Reason.PLACEHOLDER),
        ("12345-678", Reason.BLOCKLISTED),
        ("00100000", Reason.UNUSABLE),
        ("900", Reason.BAD_LENGTH),
        ("AU-0000", Reason.PLACEHOLDER),
        ("SEM CEP", Reason.PLACEHOLDER),
    ],
)
def test_unusable_postal_code_says_why(text: str, reason: Reason) -> None:
    assert _reason(addresses.postal_code(text)) is reason


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4314902", "4314902"),
        ("431490", "4314902"),
        ("355030", "3550308"),
        ("330455", "3304557"),
        ("530010", "5300108"),
        ("430587", "4305871"),
        ("4305871", "4305871"),
        ("Porto Alegre", "4314902"),
        ("PORTO ALEGRE/RS", "4314902"),
        ("São Leopoldo", "SAO LEOPOLDO"),
    ],
)
def test_municipality_is_the_code_of_seven_digits_or_a_name(text: str, code: str) -> None:
    assert addresses.municipality(text) == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("4314903", Reason.BAD_CHECK_DIGIT),
        ("9914902", Reason.UNKNOWN_CODE),
        ("43149", Reason.BAD_LENGTH),
        ("0000000", Reason.PLACEHOLDER),
        ("IGNORADO", Reason.PLACEHOLDER),
    ],
)
def test_unusable_municipality_says_why(text: str, reason: Reason) -> None:
    assert _reason(addresses.municipality(text)) is reason


@given(ADDRESS)
def test_addresses_never_raise_and_names_are_idempotent(text: str) -> None:
    street, district = addresses.street(text), addresses.district(text)
    code, city = addresses.postal_code(text), addresses.municipality(text)
    number = addresses.street_number(text)

    if isinstance(street, Street):
        again = addresses.street(street.name)
        assert isinstance(again, Street)
        assert again.name == street.name
    assert isinstance(district, Problem) or addresses.district(district) == district
    assert isinstance(code, Problem) or addresses.postal_code(code) == code
    assert isinstance(city, Problem) or addresses.municipality(city) == city
    if isinstance(number, str):
        assert addresses.street_number(number) == number
