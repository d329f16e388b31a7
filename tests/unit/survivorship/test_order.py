import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.survivorship.order import kin_spell_out, spells_out

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


@pytest.mark.parametrize("short", ["MARIA SOUZA", "MARIA LIMA", "MARIA S LIMA", "MARIA SO", "M L"])
def test_words_left_out_count_where_the_name_is_no_newer(short: str) -> None:
    full = "MARIA SOUZA MELO LIMA"

    assert spells_out(full, short, cut=False, later=True)
    assert not spells_out(full, short, cut=False)


@pytest.mark.parametrize("short", ["MARIA", "SOUZA LIMA", "MARIA MELO", "MARIA MELO SOUZA LIMA"])
def test_a_name_that_begins_ends_or_runs_otherwise_lacks_no_words(short: str) -> None:
    assert not spells_out("MARIA SOUZA MELO LIMA", short, cut=False, later=True)


@given(NAMES, NAMES, st.booleans(), st.booleans())
def test_two_names_never_spell_out_each_other(
    one: str,
    other: str,
    cut: bool,  # noqa: FBT001  # drawn
    later: bool,  # noqa: FBT001  # drawn
) -> None:
    assert not (
        spells_out(one, other, cut=cut, later=later)
        and spells_out(other, one, cut=cut, later=later)
    )


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("ANA LIMA", True),
        ("ANA SOUZA", False),
        ("ANA SUOZA LIMA", True),
        ("ANA SOUTO LIMA", True),
        ("ANA MELO LIMA", False),
        ("ANA LIMA MELO", False),
        ("ANE SOUZA LIMA", False),
        ("ANA S LIMA", False),
    ],
)
def test_parents_show_what_is_missing_or_misspelt(other: str, expected: bool) -> None:  # noqa: FBT001  # a case
    assert kin_spell_out("ANA SOUZA LIMA", other, {"SOUZA", "MELO"}) is expected


@given(NAMES, NAMES, st.frozensets(st.sampled_from(("A", "ANA", "ANAIS", "B", "BIA"))))
def test_parents_never_show_both_of_two_names(one: str, other: str, kin: frozenset[str]) -> None:
    assert not (kin_spell_out(one, other, kin) and kin_spell_out(other, one, kin))
