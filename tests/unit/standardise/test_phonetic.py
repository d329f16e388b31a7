import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise.phonetic import phonetic_key, token_key
from mdm.standardise.text import fold

SAME = [
    "Luiz/Luis",
    "Souza/Sousa",
    "Wagner/Vagner",
    "Rafael/Raphael",
    "Jaqueline/Jacqueline",
    "Müller/Muller",
    "Yasmin/Iasmim",
    "Helena/Elena",
    "Queiroz/Queirós",
    "Bezerra/Beserra",
    "Xavier/Chavier",
    "Jeniffer/Jennifer",
    "Ana/Anna",
    "Thiago/Tiago",
    "Matheus/Mateus",
    "Vitoria/Victoria",
    "Giovana/Geovana",
    "Giovana/Jovana",
    "Christian/Cristian",
    "Guilherme/Gilherme",
    "Baptista/Batista",
    "Assunção/Assumpção",
    "Kauan/Cauã",
    "Conceição/Conseisão",
    "Gonçalves/Gonsalves",
    "Lourenço/Lourenso",
    "França/Fransa",
    "Schmidt/Xmidt",
    "Teresa/Tereza",
    "Cristina/Christina",
    "Michele/Michelle",
    "Micheli/Michele",
    "Rayssa/Raissa",
    "Kauã/Cauã",
    "Thays/Tais",
    "Karoline/Caroline",
    "Henrique/Enrique",
    "Jessica/Gessica",
    "Nascimento/Nacimento",
    "Becker/Beker",
    "Philipe/Filipe",
    "Ignácio/Ignacio",
    "Jackson/Jakson",
    "Wilson/Vilson",
]
DIFFERENT = [
    "Fernando/Fernanda",
    "Paulo/Paula",
    "Mario/Maria",
    "Adriano/Adriana",
    "Falcão/Falsão",
    "Franco/França",
    "Branca/Bransa",
    "João/José",
    "Carlos/Carla",
    "Silva/Silveira",
    "Marcos/Marçal",
    "Luan/Luana",
]


@pytest.mark.parametrize("pair", SAME)
def test_spellings_of_one_name_share_a_key(pair: str) -> None:
    left, right = (phonetic_key(fold(name)) for name in pair.split("/"))

    assert left == right


@pytest.mark.parametrize("pair", DIFFERENT)
def test_different_names_keep_different_keys(pair: str) -> None:
    left, right = (phonetic_key(fold(name)) for name in pair.split("/"))

    assert left != right


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SCHMIDT", "XMIDT"),
        ("CONCEICAO", "KONSEISAO"),
        ("GUILHERME", "GI1ERME"),
        ("CUNHA", "KU3A"),
        ("QUEIROZ", "KEIROS"),
        ("GUSTAVO", "GUSTAVO"),
        ("QUARESMA", "KUARESMA"),
        ("CAMPOS", "KANPOS"),
    ],
)
def test_key_of_a_name(name: str, key: str) -> None:
    assert token_key(name) == key


@pytest.mark.parametrize("accented", ["Conceição", "Iguaçu", "Piçarro", "Calçada", "Melgaço"])
def test_the_key_does_not_depend_on_a_lost_cedilla(accented: str) -> None:
    assert phonetic_key(fold(accented)) == phonetic_key(fold(accented.replace("ç", "c")))


@given(st.from_regex(r"[A-Z]{1,12}( [A-Z]{1,12}){0,4}", fullmatch=True))
def test_one_key_for_each_token_in_order(name: str) -> None:
    keys = phonetic_key(name).split(" ")

    assert keys == [token_key(token) for token in name.split(" ")]
    assert all(keys)


@given(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_an_initial_is_its_own_key(letter: str) -> None:
    assert token_key(letter) == letter
