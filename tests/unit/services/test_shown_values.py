import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.errors import UsageError
from mdm.services.history import moment_of
from mdm.services.masking import masked, masked_cpf


def test_of_a_cpf_three_digits_are_seen() -> None:
    assert masked_cpf("12345678909") == "•••.•••.789-••"


@given(st.text(min_size=1, max_size=40))
def test_a_masked_text_keeps_its_length_and_at_most_its_last_three_characters(text: str) -> None:
    hidden = masked(text)
    seen = 3 if len(text) > 6 else 0

    assert len(hidden) == len(text)
    assert hidden[: len(text) - seen] == "•" * (len(text) - seen)
    assert hidden[len(text) - seen :] == text[len(text) - seen :]


def test_a_day_means_its_end_and_a_time_itself() -> None:
    assert moment_of("2026-03-10") == "2026-03-10T23:59:59.999999Z"
    assert moment_of("2026-03-10T12:00:00Z") == "2026-03-10T12:00:00.000000Z"
    assert moment_of("2026-03-10T12:00:00") == "2026-03-10T12:00:00.000000Z"
    assert moment_of("2026-03-10T12:00:00-03:00") == "2026-03-10T15:00:00.000000Z"


@pytest.mark.parametrize("text", ["", "10/03/2026", "2026-02-30", "today", "2026-03-1x"])
def test_anything_else_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError):
        moment_of(text)
