"""The municipal ID forgives what people mistype and refuses what would name somebody else."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mdm.domain import municipal_id as ids
from mdm.errors import InvalidMunicipalIdError

bodies = st.text(alphabet=ids.ALPHABET, min_size=9, max_size=9)


def test_minted_ids_are_read_back_as_people_write_them() -> None:
    for minted in [ids.mint() for _ in range(200)] + ids.mint_many(200):
        shown = ids.shown(minted)

        assert ids.parse(minted) == minted
        assert ids.parse(shown.lower()) == minted
        assert ids.parse(shown.replace("0", "O").replace("1", "l").replace("-", " ")) == minted


def test_many_at_once_are_all_different_and_as_many_as_asked() -> None:
    assert len(set(ids.mint_many(5000))) == 5000
    assert ids.mint_many(0) == []


def readable(complete: str) -> bool:
    try:
        return ids.parse(complete) == complete
    except InvalidMunicipalIdError:
        return False


@given(bodies)
def test_a_batch_draws_just_what_can_be_read_back(body: str) -> None:
    places = np.array([[ids.ALPHABET.index(char)] for char in body])
    complete = body + ids.check_character(body)

    found = ids._complete(places).astype(str).tolist()
    assert found == ([complete] if readable(complete) else [])


def test_a_column_holds_as_many_as_asked() -> None:
    for count in (0, 1, 20_000):
        column = ids.mint_column(count).astype(str).tolist()
        assert len(column) == count
        assert all(map(readable, column[:50]))


issued = bodies.map(lambda body: body + ids.check_character(body)).filter(readable)


@given(issued, st.integers(0, 9), st.sampled_from(ids.ALPHABET))
def test_one_wrong_character_is_always_found(minted: str, place: int, char: str) -> None:
    assume(minted[place] != char)

    assert not readable(minted[:place] + char + minted[place + 1 :])


@given(issued, st.integers(0, 8))
def test_two_neighbours_swapped_are_always_found(minted: str, place: int) -> None:
    assume(minted[place] != minted[place + 1])

    assert not readable(minted[:place] + minted[place + 1] + minted[place] + minted[place + 2 :])


def test_a_swap_that_the_standard_misses_is_never_issued() -> None:
    """MOD 37,36 ends in the same state after 0 then 1 as after 1 then 0 here: both pass it."""
    hiding, swapped = "000000Z01Z", "000000Z10Z"

    assert ids.check_character(hiding[:-1]) == hiding[-1]
    assert ids.check_character(swapped[:-1]) == swapped[-1]
    assert not readable(hiding)
    assert not readable(swapped)


@pytest.mark.parametrize("text", ["", "123", "AAAAAAAAAAA", "AAAAA-AAAA*", "U" * 10])
def test_what_is_no_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidMunicipalIdError):
        ids.parse(text)
