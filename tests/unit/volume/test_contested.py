"""What is set aside as uncontested holds no guard: the set-wise conditions are never narrower."""

import duckdb
from hypothesis import example, given
from hypothesis import strategies as st

from mdm.clustering.guards import is_given_name_conflict
from mdm.standardise.phonetic import phonetic_key
from mdm.volume.contested import GIVEN_NAMES_MAY_CONFLICT
from support.facts import record

STEMS = ("ANA", "MARIA", "JULIA", "PAULO", "GABRIEL", "ALEXANDR", "LUIS", "SILVA", "SOUZA", "EDER")
LETTERS = "AEIOSZLRY"
_con = duckdb.connect(":memory:", config={"threads": 1})


@st.composite
def tokens(draw: st.DrawFn) -> str:
    """A name's token as clerks write it: whole, an initial, cut, mistyped, in her form."""
    stem = draw(st.sampled_from(STEMS))
    place = draw(st.integers(0, len(stem) - 1))
    letter = draw(st.sampled_from(LETTERS))
    return draw(
        st.sampled_from(
            (
                stem,
                stem[0],
                stem[:2],
                stem + letter,
                stem[:place] + letter + stem[place:],
                stem[:place] + letter + stem[place + 1 :],
                stem[:place] + stem[place + 1 :] or stem,
            )
        )
    )


NAMES = st.lists(tokens(), min_size=1, max_size=4).map(" ".join)


def may_conflict(left: str, right: str) -> bool:
    sides = ", ".join(
        f"(SELECT '{name}' AS name, '{phonetic_key(name)}' AS name_phonetic) {side}"
        for side, name in (("l", left), ("r", right))
    )
    ((found,),) = _con.execute(f"SELECT {GIVEN_NAMES_MAY_CONFLICT} FROM {sides}").fetchall()
    return bool(found)


@given(NAMES, NAMES)
@example("GABRIEL SOUZA LIMA", "GABRIELA SOUZA LIMA")
@example("ANA JULIA SILVA", "ANA MARIA SILVA")
def test_names_that_conflict_are_contested(left: str, right: str) -> None:
    one, other = (
        record(number, name, phonetic=phonetic_key(name))
        for number, name in enumerate((left, right), start=1)
    )

    assert may_conflict(left, right) or not is_given_name_conflict(one, other)


def test_most_of_what_clerks_vary_is_not() -> None:
    assert not may_conflict("ANA MARIA SILVA", "ANA M SILVA")
    assert not may_conflict("ANA MARIA SILVA", "ANA MRIA SILVA")
    assert not may_conflict("ANA SILVA SOUZA", "ANA MARIA SILVA SOUZA")
