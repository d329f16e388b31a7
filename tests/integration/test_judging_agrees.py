"""Judging on a database and in memory: the same citizens, the same IDs, the same refusals."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdm.domain.events import RecordState, RecordStateSet
from mdm.domain.judgement import Verdict
from mdm.errors import JudgementConflictError
from mdm.services.judge_pair import undo_judgement
from mdm.services.redecide import DecisionRules
from mdm.services.refresh_golden import GoldenRules
from mdm.services.told import Telling, tell
from mdm.storage.store import Store
from mdm.storage.verify import verify
from mdm.survivorship.policy import default_policy
from support.databases import SteppingClock, new_sqlite
from support.registry_in_memory import InMemoryRegistry
from support.registry_under_test import THRESHOLDS, Content, Pair, Weights, is_restricted
from support.small_registry import HEADER, SmallRegistry
from support.stewards import judge_keeping_anchors

RULES = DecisionRules(thresholds=THRESHOLDS, golden=GoldenRules(default_policy(), {}))
RECORDS = range(1, 8)
CPFS = {1: "52998224725", 2: "11144477735"}
PAIRS = st.sampled_from([*combinations(RECORDS, 2)])
WEIGHTS = st.dictionaries(
    PAIRS, st.sampled_from([5.0, 7.0, 9.0, 11.0, 12.0, 15.0, 19.0]), max_size=9
)
CONTENT = st.builds(
    Content,
    st.sampled_from([None, None, 1, 2]),
    st.sampled_from([None, None, None, 1]),
    st.sampled_from([None, None, None, None, None, 1, 2, 3, 4]),
)
TOLD = st.lists(
    st.tuples(st.sampled_from(RECORDS), st.sampled_from(["school", "clinic"])), max_size=5
)
STEPS = st.lists(
    st.one_of(st.tuples(st.sampled_from(Verdict), PAIRS), st.integers(0, 9)), max_size=7
)


@dataclass(frozen=True, slots=True)
class World:
    """Loaded records, what links them, who was told, and what stewards then do.

    Attributes:
        contents: Of records 1 to 7, as far as they are loaded before the link run.
        late: Loaded after it: pending.
        steps: An answer, or the number of an earlier answer to take back.
    """

    contents: dict[int, Content]
    late: int
    weights: Weights
    told: list[tuple[int, str]]
    steps: Sequence[tuple[Verdict, Pair] | int]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    contents = {}
    for record in RECORDS:
        content = draw(CONTENT)
        target = content.merged_into
        fits = target is not None and target != record and target % 2 == record % 2
        contents[record] = content if fits else replace(content, merged_into=None)
    return World(contents, draw(st.sampled_from([0, 3, 7])), draw(WEIGHTS), draw(TOLD), draw(STEPS))


@given(worlds())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_database_answers_as_the_core_does(world: World) -> None:
    run(world)


@pytest.mark.slow
@given(worlds(), st.sampled_from([False] * 9 + [True]))
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_database_answers_as_the_core_does_many_times(world: World, verified: bool) -> None:  # noqa: FBT001
    run(world, verified=verified)


def run(world: World, *, verified: bool = True) -> None:
    """Give the same answers to both, and compare them after each.

    Args:
        world: What happens.
        verified: Also verify the whole registry at the end, which takes longer than all before.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(new_sqlite(Path(folder) / "r.db"), clock=SteppingClock())
        both = Both(store, world)
        both.agree()
        for step in world.steps:
            if isinstance(step, int):
                both.undo(step)
            else:
                both.judge(*step)
            both.agree()
        assert not verified or [check for check in verify(store) if not check.ok] == []
        store.close()


class Both:
    """One registry in memory and one in a database, in the same state."""

    def __init__(self, store: Store, world: World) -> None:
        self.memory = InMemoryRegistry()
        self.made = SmallRegistry(store)
        self.numbers: list[tuple[int, int]] = []
        self.undone: set[int] = set()
        self.names: dict[str, str] = {}
        linked = {r: c for r, c in world.contents.items() if r != world.late}
        for record, content in linked.items():
            self.memory.load(record, content)
        pairs = {p: w for p, w in world.weights.items() if world.late not in p}
        self.memory.apply(self.memory.link(pairs))
        linking = [logged.event for logged in self.memory.log]
        if world.late:
            self.memory.load(world.late, world.contents[world.late])
        self.made.records(*(given_record(r, c) for r, c in world.contents.items()))
        merged = [
            RecordStateSet(r, RecordState.SUPERSEDED)
            for r, c in linked.items()
            if c.merged_into is not None
        ]
        self.made.apply(*linking, *merged)
        if pairs:
            self.made.pairs(*((*pair, weight) for pair, weight in pairs.items()))
        self._tell(world.told)

    def _tell(self, told: Sequence[tuple[int, str]]) -> None:
        with self.made.store.writing(HEADER) as session:
            for record, system in told:
                home = self.memory.resolve(record, system)
                if home is not None:
                    tell(session, [Telling(home, record)], system)

    def judge(self, verdict: Verdict, pair: Pair) -> None:
        """One steward answers; where two are needed, another does as well."""
        keys = (key(pair[0]), key(pair[1]))
        said = (verdict, "")
        try:
            number = self.memory.judge(verdict, *pair)
        except JudgementConflictError:
            with pytest.raises(JudgementConflictError):
                judge_keeping_anchors(self.made.store, RULES, HEADER, keys, said)
            return
        result = judge_keeping_anchors(self.made.store, RULES, HEADER, keys, said)
        if result["state"] == "needs_second":
            second = replace(HEADER, actor="another")
            result = judge_keeping_anchors(self.made.store, RULES, second, keys, said)
        assert result["state"] == "active"
        self.numbers.append((number, int(str(result["judgement_id"]))))

    def undo(self, place: int) -> None:
        """Take back one of the answers that stand."""
        standing = [n for n in self.numbers if self.memory.state.judgements[n[0]].stands]
        if standing:
            number, stored = standing[place % len(standing)]
            self.memory.undo(number)
            undo_judgement(self.made.store, RULES, HEADER, stored)

    def agree(self) -> None:
        """The same citizens under the same IDs, anchored alike, the same IDs ambiguous."""
        with self.made.store.reading() as session:
            homes = session.rows("SELECT record_id, municipal_id FROM membership")
            ids = session.rows(
                "SELECT municipal_id, founder_record_id, anchor_record_id, state, ambiguous_until "
                "FROM municipal_id ORDER BY minted_seq"
            )
            golden = session.rows("SELECT municipal_id FROM golden_record")
        known = sorted(self.memory.state.ids.values(), key=lambda facts: facts.minted_seq)
        assert len(known) == len(ids)
        for facts, row in zip(known, ids, strict=True):
            name = str(row["municipal_id"])
            assert self.names.setdefault(facts.municipal_id, name) == name
            assert (facts.founder, facts.anchor, facts.state) == (
                row["founder_record_id"], row["anchor_record_id"], row["state"],
            )  # fmt: skip
            assert (facts.ambiguous_until is None) == (row["ambiguous_until"] is None)
        stored = {row["record_id"]: row["municipal_id"] for row in homes}
        assert stored == {r: self.names[i] for r, i in self.memory.state.membership.items()}
        assert {row["municipal_id"] for row in golden} <= set(stored.values())


def key(record: int) -> tuple[str, str]:
    """Source and local ID of a record."""
    return f"source{record % 2}", str(record)


def given_record(record: int, content: Content) -> tuple[str, str, dict[str, str]]:
    """The record as a source delivers it."""
    values = {}
    if content.cpf is not None:
        values["cpf"] = CPFS[content.cpf]
    if content.family is not None:
        values["household_id"] = str(content.family)
    if content.merged_into is not None:
        values["merged_into"] = str(content.merged_into)
    if is_restricted(record):
        values["restricted"] = "1"
    return *key(record), values
