import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise.names import Name, NameKind, nearly_same, read_name
from mdm.standardise.reasons import Problem, Reason, ValueClass

WORDS = st.sampled_from(
    [
        "MARIA",
        "JOSE",
        "SILVA",
        "DA",
        "DE",
        "DO",
        "E",
        "D",
        "Y",
        "D'AVILA",
        "RN",
        "RN1",
        "GEM",
        "GEMELAR",
        "II",
        "III",
        "I",
        "1",
        "2",
        "FILHO",
        "JR",
        "NETO",
        "JUNIOR",
        "NAO",
        "INFORMADO",
        "SEM",
        "MAE",
        "STOS",
        "FCO",
        "OBITO",
        "FALECIDO",
        "(ALEGADO)",
        "G",
        "A",
        "B",
        "SEGUNDO",
        "PRIMEIRO",
        "XXX",
        "DEL",
        "É",
    ]
)
ANY_NAME = st.text(max_size=40) | st.lists(WORDS, max_size=7).map(" ".join)


def _name(text: str) -> Name:
    read = read_name(text)
    assert isinstance(read, Name)
    return read


def _problem(text: str) -> Problem:
    read = read_name(text)
    assert isinstance(read, Problem)
    return read


@pytest.mark.parametrize(
    ("text", "tokens", "suffix"),
    [
        ("João da Silva Neto", "JOAO SILVA", "NETO"),
        ("JOÃO DA SILVA JR.", "JOAO SILVA", "JUNIOR"),
        ("João Silva Júnior", "JOAO SILVA", "JUNIOR"),
        ("Antônio Souza Filho", "ANTONIO SOUZA", "FILHO"),
        ("Carlos Lima II", "CARLOS LIMA", "SEGUNDO"),
        ("Carlos Lima Terceiro", "CARLOS LIMA", "TERCEIRO"),
        ("Junior Cesar Lima", "JUNIOR CESAR LIMA", None),
        ("José Filho", "JOSE FILHO", None),
        ("Maria dos Santos e Silva", "MARIA SANTOS SILVA", None),
        ("Ludwig von der Heide", "LUDWIG HEIDE", None),
        ("Maria D'Ávila", "MARIA AVILA", None),
        ("Maria d´Avila", "MARIA AVILA", None),
        ("MARIA DAVILA", "MARIA AVILA", None),
        ("D'Angelo Souza", "DANGELO SOUZA", None),
        ("M. D'Avila", "M AVILA", None),
        ("DANGELO SOUZA", "DANGELO SOUZA", None),
        ("Sant'Ana Maria-José", "SANTANA MARIA JOSE", None),
        ("MARIA A SILVA", "MARIA A SILVA", None),
        ("M. E. SILVA", "M E SILVA", None),
        ("MA. STOS", "MA SANTOS", None),
        ("FCO APDO", "FRANCISCO APARECIDO", None),
        ("ANT SLV", "ANT SLV", None),
        ("MARI0 S1LVA", "MARIO SILVA", None),
        ("JoÃ£o  da\tConceiÃ§Ã£o", "JOAO CONCEICAO", None),
        ("Mohammed", "MOHAMMED", None),
        ("Li", "LI", None),
        ("Van Lima", "VAN LIMA", None),
        ("Do Dos", "DO DOS", None),
        ("JOSE SILVA FALECIDO", "JOSE SILVA", None),
        ("JOSE SILVA (FALECIDO)", "JOSE SILVA", None),
        ("MARIA SILVA NAO INFORMADO", "MARIA SILVA", None),
    ],
)
def test_civil_name_without_particles_and_suffix(
    text: str, tokens: str, suffix: str | None
) -> None:
    name = _name(text)

    assert (name.tokens, name.suffix, name.kind) == (tokens, suffix, NameKind.CIVIL)


@pytest.mark.parametrize(
    ("text", "mother", "order"),
    [
        ("RN DE MARIA SOUZA", "MARIA SOUZA", None),
        ("RN MARIA DA SILVA", "MARIA DA SILVA", None),
        ("R N DE MARIA", "MARIA", None),
        ("R.N. DE MARIA", "MARIA", None),
        ("Recém-nascido de Maria Souza", "MARIA SOUZA", None),
        ("RECEM NASCIDA MARIA SOUZA", "MARIA SOUZA", None),
        ("FILHO DE ANA LIMA", "ANA LIMA", None),
        ("FILHA DA ANA LIMA", "ANA LIMA", None),
        ("BEBE DE ANA LIMA", "ANA LIMA", None),
        ("NENEM ANA LIMA", "ANA LIMA", None),
        ("RN I DE MARIA SOUZA", "MARIA SOUZA", 1),
        ("RN II MARIA SOUZA", "MARIA SOUZA", 2),
        ("RN2 MARIA SOUZA", "MARIA SOUZA", 2),
        ("RN MARIA SOUZA II", "MARIA SOUZA", 2),
        ("RN MARIA SOUZA GEMELAR I", "MARIA SOUZA", 1),
        ("RN GEMELAR DE MARIA SOUZA", "MARIA SOUZA", 0),
        ("GEMELAR II DE MARIA SOUZA", "MARIA SOUZA", 2),
        ("1 GEMELAR MARIA SOUZA", "MARIA SOUZA", 1),
        ("1º GEMELAR DE MARIA SOUZA", "MARIA SOUZA", 1),
        ("I GEMELAR DE MARIA SOUZA", "MARIA SOUZA", 1),
        ("GEM2 MARIA SOUZA", "MARIA SOUZA", 2),
        ("SEGUNDO G DE MARIA SOUZA", "MARIA SOUZA", 2),
        ("RN", None, None),
        ("NATIMORTO", None, None),
        ("RN DE NAO INFORMADO", None, None),
    ],
)
def test_newborn_named_by_the_mother(text: str, mother: str | None, order: int | None) -> None:
    name = _name(text)

    assert name.kind is NameKind.NEWBORN
    assert (name.tokens, name.mother, name.twin_order) == (None, mother, order)


@pytest.mark.parametrize(
    ("text", "tokens", "order"),
    [
        ("ANA LIMA GEMEA", "ANA LIMA", 0),
        ("ANA LIMA GEMELAR II", "ANA LIMA", 2),
        ("ANA LIMA II GEMELAR", "ANA LIMA", 2),
        ("ANA LIMA (GEMELAR I)", "ANA LIMA", 1),
        ("ANA LIMA GEM 2", "ANA LIMA", 2),
        ("ANA C GEMELAR", "ANA C", 0),
    ],
)
def test_twin_mark_beside_an_own_name(text: str, tokens: str, order: int | None) -> None:
    name = _name(text)

    assert (name.tokens, name.kind, name.twin_order) == (tokens, NameKind.CIVIL, order)


@pytest.mark.parametrize(
    "text",
    [
        "NAO INFORMADO",
        "NÃO INFORMADA",
        "NAOINFORMADO",
        "NAO INFROMADO",
        "NAO INFOMADO",
        "NAO DECALARADO",
        "NAO DECLRADO",
        "NAO CONSTA",
        "NAO CONTA",
        "NÃO IDENTIFICADO",
        "NAO INDENTIFICADO",
        "NAO POSSUI",
        "NAO TEM",
        "SEM INFORMAÇÃO",
        "SEM INFORMACOES",
        "SEM MAE",
        "SEM PAI",
        "SEM REGISTRO",
        "SEM NOME",
        "DESCONHECIDO",
        "DESCONHEICDO",
        "DESCONECIDA",
        "IGNORADO",
        "IGNORADA",
        "MAE IGNORADA",
        "MÃE NÃO INFORMADA",
        "PAI DESCONHECIDO",
        "NI",
        "N I",
        "N/I",
        "ND",
        "NC",
        "N/C",
        "NULL",
        "null",
        "none",
        "N/A",
        "nan",
        "SN",
        "S/N",
        "A MESMA",
        "FULANO DE TAL",
        "FULANA",
        "BELTRANO",
        "CICLANO",
        "IN",
        "NR",
        "INF",
        "NAO INFORMADO PELO BOMBEIRO",
        "NAO TROUXE DOC",
        "XX FALECEU XX",
        "OBITO",
        "FALECIDO",
        "PACIENTE FALECEU",
        "PROVISORIO",
        "FORA DE AREA",
        "MUDOU SE",
        "FILHO",
    ],
)
def test_words_for_a_missing_name_are_no_name(text: str) -> None:
    assert _problem(text).reason is Reason.PLACEHOLDER


@pytest.mark.parametrize(
    ("text", "reason", "value_class"),
    [
        ("TESTE", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("TESTE MAE", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("XX USAR ESTE", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("HOMEM PARDO APARENTANDO 30 ANOS", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("MARIA SOUZA (ALEGADO)", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("UBS CMS CENTRO", Reason.PLACEHOLDER, ValueClass.DESCRIPTION),
        ("AAAA", Reason.PLACEHOLDER, ValueClass.REPEATED_LETTERS),
        ("XXX XX", Reason.PLACEHOLDER, ValueClass.REPEATED_LETTERS),
        ("705000000000014", Reason.BAD_CHARACTERS, ValueClass.DIGITS),
        ("***", Reason.BAD_CHARACTERS, ValueClass.NO_LETTERS),
        ("王小明", Reason.BAD_CHARACTERS, ValueClass.NO_LETTERS),
        ("J", Reason.TOO_SHORT, ValueClass.SINGLE_LETTER),
    ],
)
def test_text_that_is_no_name_says_why(text: str, reason: Reason, value_class: ValueClass) -> None:
    assert _problem(text) == Problem(reason, value_class)


@pytest.mark.parametrize(
    "text",
    ["NAIR COSTA", "NOEMI INFANTE", "SEMIRAMIS LIMA", "ANA NAO MORI", "MARIA TESTA", "JOSE MAE",
     "IGNACIO LIMA", "ROSA BOMFIM", "GEMA SOUZA", "PAI LIN", "NARA DECLARA", "IN HEE KIM"],
)  # fmt: skip
def test_real_names_near_the_lexicon_stay_names(text: str) -> None:
    assert _name(text).tokens == text


@given(ANY_NAME)
def test_reading_never_raises_and_is_idempotent(text: str) -> None:
    read = read_name(text)

    if isinstance(read, Name) and read.tokens is not None:
        written = " ".join(part for part in (read.tokens, read.suffix) if part is not None)
        again = _name(written)
        assert (again.tokens, again.suffix) == (read.tokens, read.suffix)


@given(ANY_NAME)
def test_tokens_are_upper_case_ascii_words(text: str) -> None:
    read = read_name(text)

    if isinstance(read, Name) and read.tokens is not None:
        assert all(token.isascii() and token.isalpha() for token in read.tokens.split(" "))
        assert read.tokens == read.tokens.upper()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("MARIA SILVA", "MARIA SILVA"),
        ("MARIA SILVA", "MARIA SILV"),
        ("MARIA", "MARIA SILVA"),
        ("JOAO CARLOS SOUSA", "JOAO CARLOS SOUZA"),
        ("JOAO CARLOS LIMA", "JOAO CARLOS LI"),
        ("THIAGO LIMA", "TIAGO LIMA"),
    ],
)
def test_equal_shortened_or_mistyped_names_are_nearly_the_same(left: str, right: str) -> None:
    assert nearly_same(left, right)
    assert nearly_same(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("PAULO LIMA", "PAULA LIMA"),
        ("DANIEL LIMA", "DANIELA LIMA"),
        ("DANIELA", "DANIEL LIMA"),
        ("GABRIEL", "GABRIELA LIMA"),
        ("JOAO LIMA", "JOANA LIMA"),
        ("ANA LIMA", "RAUL LIMA"),
    ],
)
def test_a_name_of_the_other_gender_is_another_name(left: str, right: str) -> None:
    assert not nearly_same(left, right)
    assert not nearly_same(right, left)
