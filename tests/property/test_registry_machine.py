"""The pure core keeps the ID contract: a machine runs it beside an oracle of its own."""

import pytest

from support.machine_runs import run_core


def test_the_core_agrees_with_the_oracle_after_every_command() -> None:
    run_core(examples=80, steps=30)


@pytest.mark.slow
def test_the_core_agrees_with_the_oracle_after_many_commands() -> None:
    run_core(examples=300, steps=45)
