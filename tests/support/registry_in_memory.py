"""The pure core as a registry: what the services do, without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from mdm.clustering import components, constrained, reconcile, scope
from mdm.clustering.decision import link_statuses
from mdm.clustering.splits import Touched
from mdm.domain import fold, identity, judgement, revert
from mdm.domain.events import (
    Ambiguous,
    Anchor,
    Event,
    Judge,
    JudgeSuspend,
    JudgeUndo,
    Link,
    Logged,
    RecordState,
    RecordStateSet,
    with_drawn_ids,
)
from mdm.domain.identity import IdFacts, RegistryState
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.record_facts import RecordFacts
from mdm.domain.revert import LaterChanges
from mdm.domain.scored_pair import ScoredPair
from mdm.errors import AmbiguousIdError, LaterChangesError, PlanStaleError
from support.registry_under_test import (
    THRESHOLDS,
    Content,
    Pair,
    Stated,
    Weights,
    is_restricted,
    parted,
)

UNTIL = "2027-03-01"


@dataclass(slots=True)
class _Plan:
    """A plan, the moment it was made at, and what its revert needs."""

    weights: Weights
    base: tuple[int, int]
    events: tuple[Event, ...]
    before: RegistryState | None = None
    logged: tuple[Logged, ...] = ()


class InMemoryRegistry:
    """`RegistryUnderTest` on the pure core."""

    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.state = RegistryState()
        self._facts: dict[int, RecordFacts] = {}
        self._applied: dict[int, Weights] = {}
        self._told: dict[tuple[str, int], frozenset[str]] = {}
        self._plans: list[_Plan] = []
        self._undone_seqs: set[int] = set()
        self._before_judgement: dict[int, dict[int, str]] = {}
        self._ids_around: dict[int, tuple[dict[str, IdFacts], dict[str, IdFacts]]] = {}
        self._stated: dict[int, list[Stated]] = {}
        self._applied_at: dict[int, int] = {}
        self._commands = 0
        self._inputs = 0
        self._draws = count(1)

    def load(self, record: int, content: Content) -> None:
        known = self._facts.get(record)
        facts = _facts(record, content)
        self._facts[record] = facts
        self._commands += 1
        said = self._stated.setdefault(record, [Stated(0, None, {})])
        if said[-1].into != content.merged_into:
            member = dict(self.state.membership)
            said.append(Stated(self._commands, content.merged_into, member))
        if known == facts:
            return
        self._inputs += 1
        if known is not None and replace(known, active=facts.active) != facts:
            self._append(
                JudgeSuspend(j.judgement_id)
                for j in self._judgements()
                if j.state is JudgementState.ACTIVE and record in j.pair
            )
        if record in self.state.membership:
            state = RecordState.PRESENT if facts.active else RecordState.SUPERSEDED
            self._append([RecordStateSet(record, state)])

    def withdraw(self, record: int) -> None:
        self._facts[record] = replace(self._facts[record], active=False)
        self._append([RecordStateSet(record, RecordState.WITHDRAWN)])

    def link(self, weights: Weights) -> int:
        members = self._facts.keys()
        existing = {**self.state.membership, **self._apart()}
        changes = self._decide(members, weights, existing, hold=True)
        self._plans.append(_Plan(weights, self._now(), changes))
        return len(self._plans) - 1

    def apply(self, plan: int) -> None:
        proposal = self._plans[plan]
        if proposal.base != self._now():
            raise PlanStaleError("the registry changed since the plan was made")
        proposal.before = self._copy()
        self._applied[plan] = proposal.weights
        self._commands += 1
        self._applied_at[plan] = self._commands
        proposal.logged = self._append(with_drawn_ids(proposal.events, self._draw))

    def revert(self, plan: int) -> None:
        applied = self._plans[plan]
        assert applied.before is not None
        last = applied.logged[-1].seq if applied.logged else len(self.log)
        later = [e for e in self.log[last:] if e.seq not in self._undone_seqs]
        inverse = revert.revert_events(applied.logged, later, applied.before)
        if isinstance(inverse, LaterChanges):
            raise LaterChangesError(f"{len(inverse.events)} later events")
        reverts = self._append(inverse)
        self._undone_seqs.update(e.seq for e in (*applied.logged, *reverts))
        del self._applied[plan], self._applied_at[plan]

    def judge(self, verdict: Verdict, left: int, right: int) -> int:
        pair = (min(left, right), max(left, right))
        new = Judgement(len(self.state.judgements) + 1, verdict, *pair)
        standing = self._judgements()
        for known in standing:
            if known == replace(new, judgement_id=known.judgement_id):
                return known.judgement_id
        judgement.refuse_contradiction(new, standing)
        before = judgement.close(standing)
        self._append(JudgeUndo(j.judgement_id) for j in judgement.replaced_by(new, standing))
        self._append([Judge(new.judgement_id, verdict, *pair)])
        closures = [before, judgement.close(self._judgements())]
        citizens = scope.citizens_to_redecide(pair, closures, self.state.membership)
        members = self._members(citizens)
        was = dict(self.state.membership)
        self._before_judgement[new.judgement_id] = was
        ids = dict(self.state.ids)
        self._append(self._redecide(members, {**was, **self._apart()}))
        self._ids_around[new.judgement_id] = (ids, dict(self.state.ids))
        return new.judgement_id

    def undo(self, number: int) -> None:
        before = judgement.close(self._judgements())
        pair = self.state.judgements[number].pair
        self._append([JudgeUndo(number)])
        closures = [before, judgement.close(self._judgements())]
        citizens = scope.citizens_to_redecide(pair, closures, self.state.membership)
        was = self._concerned(number, before)
        # What the judgement drove apart comes together again: all records that it concerned.
        concerned = {self.state.membership[r] for r in was if r in self.state.membership}
        members = self._members(citizens | concerned)
        self._append(self._redecide(members, {**self.state.membership, **self._apart(), **was}))
        self._restore_ids(number, was)

    def _concerned(self, number: int, standing: judgement.Closure) -> dict[int, str]:
        """Citizen that each record had then, of those that the judgement ties, through others too.

        An answer given later may tie more: what it joined hangs on this one as well.
        """
        then = self._before_judgement[number]
        pair = self.state.judgements[number].pair
        ends = {standing.group_of(record) for record in pair}
        tied = {*pair, *(r for r, group in standing.groups.items() if group in ends)}
        homes = {then[r] for r in tied if r in then}
        return {r: home for r, home in then.items() if home in homes}

    def _restore_ids(self, number: int, was: Mapping[int, str]) -> None:
        """Anchors and ambiguity as they were, where the partition is."""
        if {r: self.state.membership.get(r) for r in was} != was:
            return
        before, after = self._ids_around[number]
        for name, then in sorted(after.items()):
            now = self.state.ids[name]
            former = before.get(name)
            if former is None or now.anchor not in was:
                continue
            if then.anchor != former.anchor and now.anchor == then.anchor:
                restored = former.anchor
                if was.get(restored) == was[now.anchor] and not is_restricted(restored):
                    self._append([Anchor(name, restored, now.anchor)])
            is_same = then.ambiguous_until == now.ambiguous_until
            if then.ambiguous_until != former.ambiguous_until and is_same:
                self._append([Ambiguous(name, former.ambiguous_until)])

    def resolve(self, record: int, system: str | None = None) -> str | None:
        municipal_id = self.state.membership.get(record)
        if system is not None and municipal_id is not None:
            key = (municipal_id, record)
            if system not in self._told.get(key, frozenset()):
                # Who was told decides splits, so a plan made before is stale.
                self._inputs += 1
            self._told[key] = self._told.get(key, frozenset()) | {system}
        return municipal_id

    def resolve_id(self, municipal_id: str) -> str:
        answer = identity.resolve_id(self.state, municipal_id)
        if self.state.ids[municipal_id].ambiguous_until is not None:
            raise AmbiguousIdError("told to holders of both parts", where=municipal_id)
        return answer

    def broken(self) -> list[str]:
        restricted = frozenset(r for r in self._facts if is_restricted(r))
        found = identity.broken_rules(self.state, restricted)
        if fold.fold(self.log) != self.state:
            found.append("the state is not the fold of the log")
        return found

    def _decide(
        self, members: Iterable[int], weights: Weights, existing: Mapping[int, str], *, hold: bool
    ) -> tuple[Event, ...]:
        records = set(members)
        judged = self._judgements()
        pairs = [
            ScoredPair(*pair, weight) for pair, weight in weights.items() if {*pair} <= records
        ]
        edges: list[Pair] = [(p.record_l, p.record_r) for p in pairs]
        closure = judgement.close(judged)
        edges += [(group, record) for record, group in closure.groups.items()]
        edges += [
            (r, target)
            for r in sorted(records)
            if (target := self._facts[r].superseded_by) is not None and target in records
        ]
        clusters: list[tuple[int, ...]] = []
        links: dict[int, Link] = {}
        for component in components.connected_components(edges, records):
            facts = {r: self._facts[r] for r in component if r in records}
            decision = constrained.cluster_component(
                [p for p in pairs if p.record_l in facts], facts, judged, THRESHOLDS, existing
            )
            clusters += decision.clusters
            links |= {r: Link(*link) for r, link in link_statuses(decision).items()}
        touched = Touched(
            membership={r: i for r, i in self.state.membership.items() if r in records},
            ids={
                i.municipal_id: i
                for i in self.state.ids.values()
                if i.anchor in records or i.founder in records
            },
            restricted=frozenset(r for r in records if is_restricted(r)),
            told=self._told,
            must_groups=closure.groups,
        )
        changes = reconcile.reconcile(
            clusters, touched, ambiguous_until=UNTIL, links=links, hold=hold
        )
        return changes.events

    def _redecide(self, members: Iterable[int], existing: Mapping[int, str]) -> tuple[Event, ...]:
        # The scores known are those of the last plan that stands.
        weights = list(self._applied.values())[-1] if self._applied else {}
        events = self._decide(members, weights, existing, hold=False)
        return with_drawn_ids(events, self._draw)

    def _apart(self) -> dict[int, str]:
        since = max(self._applied_at.values(), default=0)
        return parted(self._stated, since, self.state.membership)

    def _members(self, citizens: Iterable[str]) -> list[int]:
        names = set(citizens)
        return [r for r, municipal_id in self.state.membership.items() if municipal_id in names]

    def _judgements(self) -> list[Judgement]:
        return [j for j in self.state.judgements.values() if j.stands]

    def _append(self, events: Iterable[Event]) -> tuple[Logged, ...]:
        logged = tuple(Logged(seq, e) for seq, e in enumerate(list(events), len(self.log) + 1))
        fold.fold(logged, self.state)
        self.log += logged
        return logged

    def _draw(self) -> str:
        return f"ID{next(self._draws):04}"

    def _now(self) -> tuple[int, int]:
        return len(self.log), self._inputs

    def _copy(self) -> RegistryState:
        now = self.state
        return RegistryState(
            dict(now.ids),
            dict(now.membership),
            dict(now.links),
            dict(now.records),
            dict(now.judgements),
        )


def _facts(record: int, content: Content) -> RecordFacts:
    source = f"source{record % 2}"
    return RecordFacts(
        record_id=record,
        source=source,
        household_key=None if content.family is None else f"{source}|{content.family}",
        own_cpf=None if content.cpf is None else f"{content.cpf:011}",
        restricted=is_restricted(record),
        superseded_by=content.merged_into,
        active=content.merged_into is None,
    )
