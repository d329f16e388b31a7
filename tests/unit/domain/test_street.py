"""Kinds of streets."""

import pytest

from mdm.domain.street import STREET_KINDS, without_kind
from mdm.standardise.text import pair_table


@pytest.mark.parametrize(
    ("street", "name"),
    [("AVENIDA BRASIL", "BRASIL"), ("BRASIL", "BRASIL"), ("VILA NOVA", "VILA NOVA")],
)
def test_a_street_goes_by_its_name(street: str, name: str) -> None:
    assert without_kind(street) == name


def test_every_kind_is_one_that_standardising_writes() -> None:
    assert {*pair_table("street_words.txt").values()} >= {*STREET_KINDS}
