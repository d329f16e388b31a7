"""The state machine: every command goes to the oracle and to the registry under test."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mdm.domain.judgement import Verdict
from mdm.errors import (
    AmbiguousIdError,
    IdErasedError,
    IdWithdrawnError,
    JudgementConflictError,
    LaterChangesError,
    NotFoundError,
    PlanStaleError,
)
from support.clustering_oracle import all_pairs
from support.registry_oracle import Oracle
from support.registry_under_test import Content, Pair, RegistryUnderTest, Weights, is_restricted

RECORDS = st.integers(1, 7)
# Drawn from a list: a filter would give up the whole example where it finds none.
PAIRS = st.sampled_from([*combinations(range(1, 8), 2)])
# Around the thresholds of 4, 6 and 10 bits, and less and more than the margin of 3 apart.
WEIGHTS = st.sampled_from([3.0, 5.0, 7.0, 9.0, 11.0, 12.0, 15.0, 19.0])
CONTENTS = st.builds(
    Content,
    st.sampled_from([None, None, 1, 2]),
    st.sampled_from([None, None, None, 1]),
    st.sampled_from([None, None, None, None, None, None, None, 1, 2, 3, 4]),
)
LOADS = st.dictionaries(RECORDS, CONTENTS, min_size=1, max_size=4)
# Which of three clusters each of the seven records is to be in.
GROUPS = st.lists(st.integers(1, 3), min_size=7, max_size=7)
SYSTEMS = st.sampled_from(["school", "clinic", "shelter"])
SCORES = st.dictionaries(PAIRS, WEIGHTS, max_size=9)


class RegistryMachine(RuleBasedStateMachine):
    """Subclasses set `make`, which gives an empty registry, or have a `make_registry`."""

    make: Callable[[], RegistryUnderTest]

    def __init__(self) -> None:
        super().__init__()
        self.registry = self.make_registry()
        self.oracle = Oracle()
        self.names: dict[int, str] = {}
        self.had: dict[int, set[int]] = {}
        self.waiting: dict[int, tuple[Weights, int]] = {}
        self.applied: dict[int, int] = {}
        self.commands = 0

    def make_registry(self) -> RegistryUnderTest:
        """An empty registry."""
        return type(self).make()

    @rule(contents=LOADS)
    def load(self, contents: dict[int, Content]) -> None:
        self.commands += 1
        for record, wanted in contents.items():
            fits = self._fits(record, wanted.merged_into)
            content = wanted if fits else replace(wanted, merged_into=None)
            self.deliver(record, content)

    def deliver(self, record: int, content: Content) -> None:
        """The source has a record as it says."""
        self.registry.load(record, content)
        self.oracle.load(record, content)

    def _fits(self, record: int, merged: int | None) -> bool:
        """Whether a merge counts: of one source, into a record that it had, and not in a circle."""
        at = merged
        while at is not None and at in self.oracle.open and at != record:
            at = self.oracle.contents[at].merged_into
        if merged is None or at is not None or merged % 2 != record % 2:
            return False
        return is_restricted(record) or not is_restricted(merged)

    @rule(contents=st.lists(CONTENTS, min_size=7, max_size=7), absent=RECORDS)
    @precondition(lambda self: not self.oracle.contents)
    def load_most(self, contents: list[Content], absent: int) -> None:
        self.load({r: content for r, content in enumerate(contents, 1) if r != absent})

    @rule(weights=SCORES)
    @precondition(lambda self: self.oracle.contents)
    def link_and_apply(self, weights: Weights) -> None:
        self.plan(weights)
        self.apply(max(self.waiting))

    @rule(groups=GROUPS)
    @precondition(lambda self: self.oracle.contents)
    def regroup(self, groups: list[int]) -> None:
        """Evidence so strong that citizens merge and split as it says."""
        everybody = all_pairs(range(1, 8))
        self.link_and_apply({p: 19.0 for p in everybody if groups[p[0] - 1] == groups[p[1] - 1]})

    @rule(
        leaver=RECORDS,
        told=st.lists(st.tuples(RECORDS, SYSTEMS), max_size=3),
        newcomer=RECORDS,
        same_as=st.none() | RECORDS,
    )
    @precondition(lambda self: self.oracle.contents)
    def merge_tell_and_split(
        self, leaver: int, told: list[tuple[int, str]], newcomer: int, same_as: int | None
    ) -> None:
        """The way to splits that only a steward may decide, with a pending record beside them."""
        self.regroup([1] * 7)
        self.agree()
        self.tell_several([(leaver, "clinic"), *told])
        if newcomer not in self.oracle.contents:
            self.load({newcomer: Content()})
            if same_as is not None and same_as != newcomer:
                self.judge(Verdict.SAME, (min(newcomer, same_as), max(newcomer, same_as)))
        self.regroup([2 if record == leaver else 1 for record in range(1, 8)])

    @rule(newcomer=RECORDS, left=RECORDS, right=RECORDS, verdict=st.sampled_from(Verdict))
    def judge_through_a_third(self, newcomer: int, left: int, right: int, verdict: Verdict) -> None:
        """A chain of two judgements through a record that may be pending."""
        if len({newcomer, left, right}) < 3:
            return
        if newcomer not in self.oracle.contents:
            self.load({newcomer: Content()})
        self.judge(Verdict.SAME, (min(newcomer, left), max(newcomer, left)))
        self.agree()
        self.judge(verdict, (min(newcomer, right), max(newcomer, right)))

    @rule(weights=SCORES)
    @precondition(lambda self: self.oracle.contents)
    def plan(self, weights: Weights) -> None:
        ours = {pair: w for pair, w in weights.items() if self.oracle.open >= {*pair}}
        self.waiting[self.registry.link(ours)] = ours, self.commands

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def apply_one(self, data: st.DataObject) -> None:
        self.apply(data.draw(st.sampled_from(sorted(self.waiting))))

    def apply(self, plan: int) -> None:
        weights, made = self.waiting.pop(plan)
        try:
            self.registry.apply(plan)
        except PlanStaleError:
            assert self.commands > made, "refused as stale although nothing happened"
            return
        self.commands += 1
        self.oracle.apply(plan, weights)
        self.applied[plan] = self.commands

    @rule(data=st.data())
    @precondition(lambda self: self.applied)
    def revert_one(self, data: st.DataObject) -> None:
        plan = data.draw(st.sampled_from(sorted(self.applied)))
        try:
            self.registry.revert(plan)
        except LaterChangesError:
            assert self.commands > self.applied[plan], "refused although nothing happened since"
            return
        self.commands += 1
        del self.applied[plan]
        self.oracle.revert(plan)

    @rule(weights=SCORES)
    @precondition(lambda self: self.oracle.contents)
    def apply_and_revert(self, weights: Weights) -> None:
        self.plan(weights)
        plan = max(self.waiting)
        self.apply(plan)
        if plan in self.applied:
            self.agree()
            self.registry.revert(plan)
            del self.applied[plan]
            self.oracle.revert(plan)
            self.commands += 1

    @rule(verdict=st.sampled_from(Verdict), pair=PAIRS)
    def judge(self, verdict: Verdict, pair: Pair) -> None:
        if not self.oracle.open >= {*pair}:
            return
        conflict = self.oracle.conflicts(verdict.value, pair)
        try:
            number = self.registry.judge(verdict, *pair)
        except JudgementConflictError:
            assert conflict, "refused although it contradicts nothing"
            return
        assert not conflict, "taken although it contradicts a judgement"
        self.commands += 1
        self.oracle.judge(number, verdict.value, pair)

    @rule(data=st.data())
    @precondition(lambda self: any(j.state != "undone" for j in self.oracle.heard().values()))
    def undo(self, data: st.DataObject) -> None:
        standing = [n for n, j in self.oracle.heard().items() if j.state != "undone"]
        number = data.draw(st.sampled_from(standing))
        self.commands += 1
        self.registry.undo(number)
        self.oracle.undo(number)

    @rule(verdict=st.sampled_from([Verdict.SAME, Verdict.DIFFERENT]), pair=PAIRS)
    def judge_and_undo_restores(self, verdict: Verdict, pair: Pair) -> None:
        judged = len(self.oracle.judged)
        self.judge(verdict, pair)
        if len(self.oracle.judged) > judged:
            self.agree()
            number = max(self.oracle.judged)
            self.registry.undo(number)
            self.oracle.undo(number)

    @rule(record=RECORDS, keeps=RECORDS, to=RECORDS)
    def move(self, record: int, keeps: int, to: int) -> None:
        if len({record, keeps, to}) == 3:
            self.judge(Verdict.DIFFERENT, (min(record, keeps), max(record, keeps)))
            self.agree()
            self.judge(Verdict.SAME, (min(record, to), max(record, to)))

    @rule(record=RECORDS)
    def withdraw(self, record: int) -> None:
        if record in self.oracle.now.member and record in self.oracle.active:
            self.commands += 1
            self.registry.withdraw(record)
            self.oracle.withdraw(record)

    @rule(told=st.lists(st.tuples(RECORDS, SYSTEMS), min_size=2, max_size=6))
    def tell_several(self, told: list[tuple[int, str]]) -> None:
        for record, system in told:
            self.tell(record, system)

    @rule(record=RECORDS, system=SYSTEMS)
    def tell(self, record: int, system: str) -> None:
        if record in self.oracle.open:
            self.commands += 1
            self.registry.resolve(record, system)
            self.oracle.tell(record, system)

    def answers(self) -> dict[int, str | None]:
        """The ID that each record is under."""
        return {record: self.registry.resolve(record) for record in self.oracle.open}

    @invariant()
    def agree(self) -> None:
        """Both give every record the same ID; a name once given to an ID is never given again."""
        member = self.oracle.now.member
        for record, answer in self.answers().items():
            assert (answer is None) == (record not in member), "pending"
            if answer is not None:
                assert self.names.setdefault(member[record], answer) == answer, "ID"
                self.had.setdefault(member[record], set()).add(record)
        assert len(set(self.names.values())) == len(self.names), "an ID was given twice"
        assert self.names.keys() == self.oracle.now.ids.keys(), "an ID was never seen"

    @invariant()
    def every_id_answers_in_one_hop(self) -> None:
        for number, name in self.names.items():
            try:
                answer = self.registry.resolve_id(name)
            except AmbiguousIdError:
                assert self.oracle.answer(number) == "ambiguous"
            except IdWithdrawnError:
                assert self.oracle.answer(number) == "withdrawn"
            except IdErasedError:
                assert self.oracle.answer(number) == "erased"
            except NotFoundError:
                assert self.oracle.answer(number) == "sealed" or all(
                    is_restricted(r) for r in self.had[number]
                ), "unknown to everybody else"
            else:
                wanted = self.oracle.answer(number)
                assert isinstance(wanted, int)
                assert answer == self.names[wanted]
                assert answer in {self.names[n] for n in self.oracle.now.member.values()}

    @invariant()
    def stewards_win(self) -> None:
        same, different = self.oracle.standing()
        placed = self.oracle.now.member.keys() - self.oracle.erased
        for pairs, together in ((same, True), (different, False)):
            for left, right in pairs:
                if left in placed and right in placed:
                    answers = self.registry.resolve(left), self.registry.resolve(right)
                    assert (answers[0] == answers[1]) == together

    @invariant()
    def restricted_records_name_nobody_else(self) -> None:
        citizens: dict[int, set[int]] = {}
        for record, number in self.oracle.now.member.items():
            citizens.setdefault(number, set()).add(record)
        for number, records in citizens.items():
            if any(not is_restricted(r) for r in records):
                assert not is_restricted(self.oracle.now.ids[number].anchor)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.registry.broken() == []
