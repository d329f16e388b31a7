"""How often and how long the registry machine runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from support.registry_in_memory import InMemoryRegistry
from support.registry_machine import RegistryMachine
from support.services_machine import ServicesMachine


class CoreMachine(RegistryMachine):
    """The machine on the pure core."""

    make = InMemoryRegistry


def run_core(examples: int, steps: int, *, shrink: bool = True) -> None:
    """Run the machine on the core; raises what it finds."""
    _run(CoreMachine, examples, steps, shrink=shrink)


def run_services(
    database: Callable[[], AbstractContextManager[str | None]],
    examples: int,
    steps: int,
    *,
    shrink: bool = True,
) -> None:
    """Run the machine on the services; raises what it finds.

    Args:
        database: Gives the URL of a fresh database; None for an SQLite file.
        examples: How often the machine begins anew.
        steps: At most how many commands each time.
        shrink: Look for the shortest way to what is found.
    """
    machine = type("OneDatabase", (ServicesMachine,), {"database": staticmethod(database)})
    _run(machine, examples, steps, shrink=shrink)


def _run(machine: type[RegistryMachine], examples: int, steps: int, *, shrink: bool) -> None:
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=settings().derandomize or not shrink,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
