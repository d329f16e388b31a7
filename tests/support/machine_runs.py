"""How often and how long the registry machine runs."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from support.registry_in_memory import InMemoryRegistry
from support.registry_machine import RECORDS, RegistryMachine
from support.registry_on_services import ServicesRegistry, services_registry
from support.registry_under_test import THRESHOLDS
from support.subscriber import agree_with_a_subscriber


class CoreMachine(RegistryMachine):
    """The machine on the pure core."""

    make = InMemoryRegistry


class ServicesMachine(RegistryMachine):
    """The machine on the services: every example has a registry of its own.

    Subclasses set `database`, which gives the URL of a fresh one, None for SQLite.
    """

    database: Callable[[], AbstractContextManager[str | None]]

    def __init__(self) -> None:
        self._opened = ExitStack()
        super().__init__()

    def make_registry(self) -> ServicesRegistry:
        home = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="mdm-machine-")))
        url = self._opened.enter_context(type(self).database())
        return self._opened.enter_context(services_registry(home / "home", url))

    @rule()
    @precondition(lambda self: self.oracle.contents)
    def lose_the_volume(self) -> None:
        assert isinstance(self.registry, ServicesRegistry)
        self.registry.lose_the_volume()

    @rule(record=RECORDS)
    def seal(self, record: int) -> None:
        """All that was of one citizen is nobody's from now on."""
        named_by_others = any(
            content.merged_into in self.oracle.now.member
            and self.oracle.now.member.get(other) != self.oracle.now.member[content.merged_into]
            for other, content in self.oracle.contents.items()
            if content.merged_into is not None
        )
        if record not in self.oracle.now.member or named_by_others:
            return
        assert isinstance(self.registry, ServicesRegistry)
        self.commands += 1
        self.registry.seal(record)
        self.oracle.seal(record)

    @invariant()
    def links_are_those_of_the_last_plan_that_stands(self) -> None:
        assert isinstance(self.registry, ServicesRegistry)
        wanted = {p: w for p, w in self.oracle.weights.items() if w >= THRESHOLDS.review}
        assert self.registry.stored_weights() == wanted

    def teardown(self) -> None:
        """A whole `mdm verify` at the end of what went well."""
        with self._opened:
            if sys.exc_info()[0] is None:
                assert isinstance(self.registry, ServicesRegistry)
                assert self.registry.verify() == []
                agree_with_a_subscriber(self.registry.application.store, seed=self.commands)


class OnSqlite(ServicesMachine):
    """The machine on the services and an SQLite file."""

    @staticmethod
    def database() -> AbstractContextManager[str | None]:
        return nullcontext()


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
