"""Values as people write them in Brazil, and where two of them differ."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_api.web import shown
from mdm_api.web.diff import Piece, pieces

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)


@pytest.mark.parametrize(
    ("received", "read"),
    [
        ("MARIA DA SILVA E SOUZA", "Maria da Silva e Souza"),
        ("DA SILVA", "Da Silva"),
        ("ANA-MARIA D'ÁVILA", "Ana-Maria D'Ávila"),
        ("João da Silva Neto", "João da Silva Neto"),
        ("RN DE MARIA SOUZA", "RN de Maria Souza"),
        ("", ""),
    ],
)
def test_names_in_capitals_get_small_letters_and_others_stay(received: str, read: str) -> None:
    assert shown.person_name(received) == read


def test_streets_are_spelled_out_and_kinds_of_units_keep_their_letters() -> None:
    assert shown.place("R ANTONIO MARTINS") == "Rua Antonio Martins"
    assert shown.place("AV. IPIRANGA") == "Avenida Ipiranga"
    assert shown.place("EMEF CENTRO HISTORICO") == "EMEF Centro Historico"


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        ("2000-02-29", date(2026, 2, 28), 25),
        ("2000-02-29", date(2026, 3, 1), 26),
        ("2026-11-26", date(2026, 11, 26), 0),
    ],
)
def test_age_counts_full_years(birth: str, today: date, years: int) -> None:
    assert shown.age(birth, today) == years
    assert shown.age(None, today) is None


def test_moments_are_told_in_the_citys_time() -> None:
    assert shown.moment("2026-11-26T02:30:00+00:00") == "25/11/2026 23:30"
    assert shown.hour("2026-11-26T17:35:00+00:00") == "14:35"


def test_numbers_are_written_with_their_punctuation_and_foreign_ones_stay() -> None:
    assert shown.cpf("52998224725") == "529.982.247-25"
    assert shown.cpf("•••.•••.247-••") == "•••.•••.247-••"
    assert shown.phone("51999998888") == "(51) 99999-8888"
    assert shown.phone("5133334444") == "(51) 3333-4444"
    assert shown.phone("+598 2 123") == "+598 2 123"
    assert shown.postal_code("90020005") == "90020-005"
    assert shown.day("1987-03-21") == "21/03/1987"
    assert shown.spoken("•••.•••.789-••") == "789"


@given(TEXT, TEXT)
def test_pieces_put_together_are_the_texts(left: str, right: str) -> None:
    one, other = pieces(left, right)

    assert "".join(piece.text for piece in one) == left
    assert "".join(piece.text for piece in other) == right


@given(TEXT)
def test_equal_texts_have_nothing_marked(text: str) -> None:
    one, other = pieces(text, text)

    assert not any(piece.differs for piece in (*one, *other))


def test_case_and_accents_are_no_difference_but_letters_are() -> None:
    one, other = pieces("VANESSA CLEIDE", "Vanéssa Cleid")

    assert one == (Piece("VANESSA CLEID", differs=False), Piece("E", differs=True))
    assert other == (Piece("Vanéssa Cleid", differs=False),)


def test_names_are_compared_word_by_word_and_letters_only_within_like_words() -> None:
    one, other = pieces("Joaquim Uequed Nonato", "Matheus Henrique Uequed Nonatto")

    assert [piece.text for piece in one if piece.differs] == ["Joaquim"]
    assert [piece.text for piece in other if piece.differs] == ["Matheus Henrique", "t"]


def test_dates_are_compared_place_by_place() -> None:
    one, other = pieces("03/01/1977", "01/03/1977")

    assert [piece.text for piece in one if piece.differs] == ["3", "1"]
    assert [piece.text for piece in other if piece.differs] == ["1", "3"]


def test_texts_with_little_in_common_are_marked_whole() -> None:
    one, other = pieces("Avenida Ipiranga, 100", "Beco do Mato")

    assert one == (Piece("Avenida Ipiranga, 100", differs=True),)
    assert other == (Piece("Beco do Mato", differs=True),)
