from collections.abc import Callable

import numpy as np
import pytest
import validate_docbr as oracle
from hypothesis import given
from hypothesis import strategies as st

from mdm.synth import numbers
from mdm.synth.streams import Ints, Streams, scattered


def _texts(values: Ints, width: int) -> list[str]:
    texts: list[str] = numbers.text(values, width).to_pylist()
    return texts


@pytest.mark.parametrize(
    ("make", "width", "valid"),
    [
        (lambda rng, n: numbers.cpf(rng, n, 0.88), 11, oracle.CPF().validate),
        (numbers.nis, 11, oracle.PIS().validate),
        (numbers.cns_provisional, 15, oracle.CNS().validate),
        (numbers.voter_id, 12, oracle.TituloEleitoral().validate),
        (
            lambda rng, n: numbers.cns_definitive(numbers.nis(rng, n)),
            15,
            oracle.CNS().validate,
        ),
    ],
    ids=["cpf", "nis", "provisional cns", "voter id", "definitive cns"],
)
def test_numbers_are_all_different_and_pass_an_independent_check(
    make: Callable[[np.random.Generator, int], Ints], width: int, valid: Callable[[str], bool]
) -> None:
    texts = _texts(make(Streams(3).named("numbers"), 400), width)

    assert all(len(text) == width for text in texts)
    assert len(set(texts)) == 400
    assert all(valid(text) for text in texts)


def test_birth_certificates_hold_the_year_of_registration_and_pass_an_independent_check() -> None:
    years = np.asarray([2010 + k % 16 for k in range(300)])

    texts = numbers.birth_certificate(Streams(3).named("c"), years).to_pylist()

    assert len(set(texts)) == 300
    assert all(oracle.Certidao().validate(text) for text in texts)
    assert [int(text[10:14]) for text in texts] == years.tolist()


def test_the_ninth_digit_of_a_cpf_is_zero_for_the_share_issued_in_the_state() -> None:
    texts = _texts(numbers.cpf(Streams(1).named("cpf"), 4000, 0.9), 11)

    assert sum(text[8] == "0" for text in texts) / 4000 == pytest.approx(0.9, abs=0.02)


@given(st.integers(0, 999_999_999))
def test_two_check_digits_complete_any_nine_digits(base: int) -> None:
    text = _texts(numbers.complete_cpf(np.asarray([base])), 11)[0]

    assert text[:9] == f"{base:09d}"
    assert len(set(text)) == 1 or oracle.CPF().validate(text)


@given(st.integers(10, 5000), st.integers(0, 2**32), st.floats(0.1, 1.0))
def test_scattered_numbers_never_repeat(modulus: int, seed: int, share: float) -> None:
    size = int(modulus * share)

    values = scattered(np.random.default_rng(seed), size, modulus)

    assert len(set(values.tolist())) == size
    assert all(0 <= value < modulus for value in values.tolist())


def test_scattered_numbers_stay_different_beyond_the_range_of_machine_products() -> None:
    values = scattered(np.random.default_rng(1), 500, 90_000_000_000)

    assert len(set(values.tolist())) == 500
    assert int(values.max()) < 90_000_000_000
