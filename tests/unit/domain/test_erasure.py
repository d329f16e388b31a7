"""By what rows that could not be named are known to be an erased person's."""

import json

import pytest

from mdm.domain.erasure import CONCEALED, Traces, concealed_local_id, traces_of

PAYLOAD = json.dumps(
    {
        "local_id": "778899", "full_name": "Ana Paula Souza", "given_name": "Ana",
        "family_name": "Sousa", "cpf": "529.982.247-25", "cns": "700000000000005;898001160660761",
        "rg": "12", "mother_name": "Rosa Souza",
    }
)  # fmt: skip
TRACES = traces_of([PAYLOAD, ""])


@pytest.mark.parametrize(
    "content",
    [
        "x;529.982.247-25;y",
        "x;52998224725",
        "898001160660761",
        "0778899|",
        "ANA PAULA SOUZA",
        "ana sousa;1990",
    ],
)
def test_a_row_with_a_number_or_the_name_is_theirs(content: str) -> None:
    assert TRACES.are_in(content)


@pytest.mark.parametrize("content", ["12", "Ana", "Rosa Souza", "111.444.777-35", ""])
def test_short_numbers_single_names_and_relatives_say_nothing(content: str) -> None:
    assert not TRACES.are_in(content)


def test_who_said_nothing_leaves_no_trace() -> None:
    assert traces_of(["", "{}"]) == Traces()


def test_a_concealed_local_id_depends_on_key_source_and_number() -> None:
    kept = concealed_local_id("k", "a", "1")
    others = {
        concealed_local_id(*told) for told in (("l", "a", "1"), ("k", "b", "1"), ("k", "a", "2"))
    }
    assert kept.startswith(CONCEALED)
    assert kept not in others
    assert len(others) == 3
