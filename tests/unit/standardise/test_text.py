import unicodedata

import ftfy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.standardise.text import clean, fold

PORTUGUESE = "ÁÀÂÃÉÊÍÓÔÕÚÜÇáàâãéêíóôõúüç"
ANY_TEXT = st.text(max_size=60) | st.text("JOAÃÂ£§Ƒ‚ƒ\x83\xa0\u0303 ", max_size=20)


@given(ANY_TEXT)
def test_cleaning_is_idempotent(text: str) -> None:
    once = clean(text)

    assert clean(once) == once


@given(ANY_TEXT)
def test_clean_text_is_printable_nfc_with_single_spaces(text: str) -> None:
    cleaned = clean(text)

    assert cleaned == "" or cleaned.isprintable()
    assert cleaned == " ".join(cleaned.split())
    assert unicodedata.is_normalized("NFC", cleaned)


@given(ANY_TEXT)
def test_folding_gives_upper_case_ascii_and_is_idempotent(text: str) -> None:
    folded = fold(clean(text))

    assert folded.isascii()
    assert folded == folded.upper()
    assert fold(clean(folded)) == folded


@pytest.mark.parametrize("letter", [letter for letter in PORTUGUESE if letter != "à"])
@pytest.mark.parametrize("times", [1, 2])
def test_utf8_read_as_cp1252_is_repaired_once_and_twice_over(letter: str, times: int) -> None:
    damaged = f"x{letter}y"
    for _ in range(times):
        raw = damaged.encode()
        damaged = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in raw)

    assert clean(damaged) == f"x{letter}y"


@pytest.mark.parametrize(
    "text", ["JoÃ£o", "ConceiÃ§Ã£o", "JosÃ©", "AntÃ´nio", "LÃºcia", "Ãngela", "DÃ¡vila"]
)
def test_repair_agrees_with_ftfy_on_names(text: str) -> None:
    assert clean(text) == ftfy.fix_encoding(text)


@pytest.mark.parametrize("text", ["São João", "IRMÃ", "Ângela", "D´Ávila", "JOSÉ’S", "1º ÂNGULO"])
def test_sound_portuguese_is_left_alone(text: str) -> None:
    assert clean(text) == text


def test_no_break_space_after_a_tilde_is_a_space_not_damage() -> None:
    assert clean("IRMÃ\u00a0MARIA") == "IRMÃ MARIA"


def test_folding_knows_letters_without_decomposition() -> None:
    assert fold("Łukasz Øberg Straße Þór ªº") == "LUKASZ OBERG STRASSE THOR AO"


def test_other_scripts_fold_to_nothing() -> None:
    assert fold(clean("王小明")) == ""
