"""The municipal ID forgives what people mistype and refuses what would name somebody else."""

import numpy as np
import pytest
from hypothesis import given
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


@given(bodies)
def test_batch_and_single_compute_the_same_check_character(body: str) -> None:
    places = np.array([[ids.ALPHABET.index(char) for char in body]])
    check = ids.check_character(body)

    assert ids._complete(places) == ([body + check] if check in ids.ALPHABET else [])


@given(st.integers(0, 9), st.sampled_from(ids.ALPHABET))
def test_one_wrong_character_is_always_found(place: int, char: str) -> None:
    minted = ids.mint()
    if minted[place] != char:
        with pytest.raises(InvalidMunicipalIdError):
            ids.parse(minted[:place] + char + minted[place + 1 :])


@given(st.integers(0, 8))
def test_two_neighbours_swapped_are_always_found(place: int) -> None:
    minted = ids.mint()
    if minted[place] != minted[place + 1]:
        swapped = minted[:place] + minted[place + 1] + minted[place] + minted[place + 2 :]
        with pytest.raises(InvalidMunicipalIdError):
            ids.parse(swapped)


@pytest.mark.parametrize("text", ["", "123", "AAAAAAAAAAA", "AAAAA-AAAA*", "U" * 10])
def test_what_is_no_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidMunicipalIdError):
        ids.parse(text)
