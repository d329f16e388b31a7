import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.survivorship.order import spells_out

NAMES = st.lists(st.sampled_from(("A", "ANA", "ANAIS", "B", "BIA")), min_size=1, max_size=3).map(
    " ".join
)


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("MARIA SOUZA LIMA", "MARIA S LIMA"),
        ("FRANCISCO LIMA", "FRANC LIMA"),
        ("MARIA APARECIDA LIMA", "M APARECIDA L"),
    ],
)
def test_an_abbreviated_name_is_spelled_out_token_by_token(full: str, short: str) -> None:
    assert spells_out(full, short, cut=False)
    assert not spells_out(short, full, cut=False)


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("MARIA SOUZA LIMA", "MARIA SOUZA"),
        ("MARIA SOUZA LIMA", "MARIA P LIMA"),
        ("MARIA SOUZA", "MARIA SOUZA"),
    ],
)
def test_a_shorter_name_is_no_abbreviation(full: str, short: str) -> None:
    assert not spells_out(full, short, cut=False)


def test_only_a_name_that_may_have_been_cut_is_spelled_out_by_more_tokens() -> None:
    assert spells_out("MARIA APARECIDA SOUZA LIMA", "MARIA APARECIDA SO", cut=True)
    assert not spells_out("MARIA APARECIDA SOUZA LIMA", "MARIA APARECIDA SO", cut=False)


@given(NAMES, NAMES, st.booleans())
def test_two_names_never_spell_out_each_other(one: str, other: str, cut: bool) -> None:  # noqa: FBT001  # drawn
    assert not (spells_out(one, other, cut=cut) and spells_out(other, one, cut=cut))
