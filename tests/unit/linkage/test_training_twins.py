"""Twins of one first name: what EM cannot see follows from the names that one record cuts short."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm.linkage.expectation import Array
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.training_twins import with_both_cut_short

GIVEN = COMPARISONS[0]
EQUAL, ONE, NONE, CONFLICT = (
    GIVEN.place(label) for label in ("equal", "contained", "first_equal_rest_differs", "conflict")
)


def levels(**shares: float) -> Array:
    t = np.full(len(GIVEN.levels), 1e-9)
    for label, share in shares.items():
        t[GIVEN.place(label)] = share
    t[CONFLICT] += 1 - t.sum()
    return t


@given(st.floats(0.02, 0.4), st.floats(0.01, 0.5))
def test_names_cut_short_on_both_sides_are_as_many_as_chance_makes_them(
    sharing: float, cut: float
) -> None:
    both, one, none = cut**2, 2 * cut * (1 - cut), (1 - cut) ** 2
    # What EM finds: none of the pairs of one name.
    left = 1 - sharing * both
    t = levels(contained=sharing * one / left, first_equal_rest_differs=sharing * none / left)

    found = with_both_cut_short(t)

    assert found.sum() == pytest.approx(1)
    assert found[EQUAL] == pytest.approx(sharing * both, rel=1e-3)
    # Nothing else is weighed anew against anything else.
    assert found[ONE] / found[NONE] == pytest.approx(t[ONE] / t[NONE])


def test_what_was_seen_is_never_lowered() -> None:
    t = levels(equal=0.02, contained=0.01, first_equal_rest_differs=0.1)

    assert with_both_cut_short(t) == pytest.approx(t)


def test_where_no_twins_of_other_second_names_were_seen_half_of_the_cut_ones_is_the_most() -> None:
    t = levels(contained=0.04, first_equal_rest_differs=1e-6)

    assert with_both_cut_short(t)[EQUAL] == pytest.approx(0.02 / 1.02)
