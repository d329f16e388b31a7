"""The state machine on the services: besides all others, the commands that only they have."""

import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from mdm.domain.judgement import Verdict
from mdm.errors import NotFoundError
from support.registry_machine import GROUPS, LOADS, PAIRS, RECORDS, SCORES, RegistryMachine
from support.registry_on_services import ServicesRegistry, services_registry
from support.registry_under_test import THRESHOLDS, Content, Pair, Weights
from support.subscriber import agree_with_a_subscriber


class ServicesMachine(RegistryMachine):
    """The machine on the services: every example has a registry of its own.

    Subclasses set `database`, which gives the URL of a fresh one, None for SQLite.
    """

    database: Callable[[], AbstractContextManager[str | None]]
    registry: ServicesRegistry

    def __init__(self) -> None:
        self._opened = ExitStack()
        super().__init__()

    def make_registry(self) -> ServicesRegistry:
        home = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="mdm-machine-")))
        url = self._opened.enter_context(type(self).database())
        return self._opened.enter_context(services_registry(home / "home", url))

    def deliver(self, record: int, content: Content) -> None:
        """What a source goes on to say of who is sealed or erased is not stored."""
        if record in self.oracle.sealed or record in self.oracle.erased:
            self.registry.load_unheard(record, content)
        else:
            super().deliver(record, content)

    @rule()
    @precondition(lambda self: self.oracle.contents)
    def lose_the_volume(self) -> None:
        self.registry.lose_the_volume()

    @rule(writes=st.integers(0, 8))
    @precondition(lambda self: self.oracle.contents)
    def die_in_the_next_command(self, writes: int) -> None:
        """The process ends after so many writes of a transaction, and the command is done again."""
        self.registry.dies_after = writes

    @rule(parity=st.sampled_from([0, 1]))
    @precondition(lambda self: self.oracle.contents)
    def deliver_again(self, parity: int) -> None:
        """The same delivery once more changes nothing but the list of deliveries."""
        self.registry.deliver_again(parity)

    @rule(weights=SCORES)
    @precondition(lambda self: self.oracle.contents)
    def link_twice(self, weights: Weights) -> None:
        """The same run once more changes nothing."""
        self.link_and_apply(weights)
        self.agree()
        before = deepcopy(self.oracle.now)
        self.link_and_apply(weights)
        assert self.oracle.now == before

    @rule(record=RECORDS)
    def seal(self, record: int) -> None:
        """All that was of one citizen is nobody's from now on."""
        if record not in self.oracle.now.member or self._named_by_others(self._citizen(record)):
            return
        if record in self.oracle.erased:
            return
        self.commands += 1
        self.registry.seal(record)
        self.oracle.seal(record)

    @rule(data=st.data())
    @precondition(lambda self: self.oracle.sealed)
    def unseal(self, data: st.DataObject) -> None:
        """They are back, as they were."""
        self.lift(data.draw(st.sampled_from(sorted(self.oracle.sealed))))

    def lift(self, record: int) -> None:
        """Take the seal off the citizen of a sealed record."""
        self.commands += 1
        self.registry.unseal(self.names[self.oracle.sealed[record].citizen])
        self.oracle.unseal(record)

    @rule(record=RECORDS, whole=st.booleans())
    def erase(self, record: int, *, whole: bool) -> None:
        """What a record said is gone, or all that the records of a citizen said."""
        gone = self._citizen(record) if whole else {record}
        if record not in self.oracle.open or self._named_by_others(gone):
            return
        self.commands += 1
        self.registry.erase(record, whole=whole)
        self.oracle.erase(gone & self.oracle.open)

    @rule(
        gone=st.sets(RECORDS, min_size=1, max_size=3),
        groups=GROUPS,
        answer=st.none() | PAIRS,
    )
    @precondition(lambda self: self.oracle.contents)
    def erase_and_split(self, gone: set[int], groups: list[int], answer: Pair | None) -> None:
        """Some records of one citizen are erased, and the others part: by a run, or an answer."""
        self.regroup([1] * 7)
        self.agree()
        for record in sorted(gone):
            self.erase(record, whole=False)
        self.agree()
        if answer is None:
            self.regroup(groups)
        else:
            self.judge(Verdict.DIFFERENT, answer)

    @rule(record=RECORDS, contents=LOADS, groups=GROUPS)
    @precondition(lambda self: self.oracle.now.member and not self.oracle.sealed)
    def seal_for_a_time(self, record: int, contents: dict[int, Content], groups: list[int]) -> None:
        """What happens while a citizen is sealed: deliveries, of theirs too, and a run."""
        self.seal(record)
        self.agree()
        self.load(contents)
        self.regroup(groups)
        self.agree()
        if record in self.oracle.sealed:
            self.lift(record)
        self.agree()
        self.regroup(groups)

    def _citizen(self, record: int) -> set[int]:
        member = self.oracle.now.member
        return {record} | {r for r in member if member[r] == member.get(record)}

    def _named_by_others(self, records: set[int]) -> bool:
        """Whether a source says of another record that one of these replaces it."""
        known = self.oracle.contents
        return any(known[r].merged_into in records for r in self.oracle.open - records)

    def answers(self) -> dict[int, str | None]:
        """With those of erased records, which nobody is told."""
        erased = self.oracle.erased & self.oracle.contents.keys()
        return {**super().answers(), **{record: self.registry.home(record) for record in erased}}

    @invariant()
    def who_is_gone_is_unknown(self) -> None:
        for record in self.oracle.sealed.keys() | self.oracle.erased:
            with pytest.raises(NotFoundError):
                self.registry.resolve(record)

    @invariant()
    def links_are_those_of_the_last_plan_that_stands(self) -> None:
        wanted = {p: w for p, w in self.oracle.weights.items() if w >= THRESHOLDS.review}
        assert self.registry.stored_weights() == wanted

    def teardown(self) -> None:
        """A whole `mdm verify` at the end of what went well."""
        with self._opened:
            if sys.exc_info()[0] is None:
                assert self.registry.verify() == []
                agree_with_a_subscriber(self.registry.application.store, seed=self.commands)


class OnSqlite(ServicesMachine):
    """The machine on the services and an SQLite file."""

    @staticmethod
    def database() -> AbstractContextManager[str | None]:
        return nullcontext()
