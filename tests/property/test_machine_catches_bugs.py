"""The registry machine is worth its time: it finds each of these bugs."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from mdm.clustering import conflicts, constrained, forest, greedy, reconcile, scope, splits
from mdm.domain import fold, judgement, revert
from mdm.domain.events import Anchor, Event, JudgeUndo, Mint, planned_id
from mdm.domain.identity import IdFacts, IdState
from mdm.domain.judgement import Closure
from mdm.errors import MdmError
from support import registry_in_memory
from support.machine_runs import run_core

Seed = Callable[[pytest.MonkeyPatch], None]


def _newest_wins(
    records: Iterable[int], ids: Iterable[IdFacts], restricted: frozenset[int] = frozenset()
) -> str | None:
    ours = set(records) - restricted or set(records)
    found = [i for i in ids if i.state is IdState.ACTIVE and i.anchor in ours]
    newest = max(found, key=lambda i: i.minted_seq, default=None)
    return None if newest is None else newest.municipal_id


def the_newest_id_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "citizen_id", _newest_wins)
    patch.setattr(splits, "citizen_id", _newest_wins)


def the_run_overrides_stewards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conflicts, "judged_apart", lambda _facts, _closure: [])


def different_holds_for_the_direct_pair_only(patch: pytest.MonkeyPatch) -> None:
    def direct(facts: Iterable[int], closure: Closure) -> list[tuple[int, int]]:
        return [j.pair for j in closure.different if set(j.pair) <= set(facts)]

    patch.setattr(conflicts, "judged_apart", direct)


def the_margin_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(greedy, "_cuts", lambda *_: [])


def a_restricted_record_bridges(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forest.Forest, "has_ordinary", lambda *_: False)


def an_id_is_minted_anew_instead_of_reinstated(patch: pytest.MonkeyPatch) -> None:
    def mint(cluster: Sequence[int], *_: object) -> Event:
        return Mint(planned_id(min(cluster)), min(cluster))

    patch.setattr(reconcile, "_first_id", mint)


def an_id_is_given_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(registry_in_memory.InMemoryRegistry, "_draw", lambda _: "ID0001")
    patch.setattr(fold, "_demand", lambda _: None)


def an_anchor_never_moves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "_new_anchor", lambda *_: None)


def a_merge_moves_anchors(patch: pytest.MonkeyPatch) -> None:
    def smallest(case: splits.Case, facts: IdFacts, _: object) -> int:
        return min(case.clusters[case.home[facts.anchor]])

    patch.setattr(reconcile, "_new_anchor", smallest)


def no_split_is_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "open_questions", lambda _: [])


def nothing_is_ambiguous(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "_ambiguous", lambda *_: [])


def newcomers_join_what_is_held(patch: pytest.MonkeyPatch) -> None:
    def join(
        cluster: Iterable[int], touched: splits.Touched, citizens: dict[str, list[int]]
    ) -> list[tuple[int, ...]]:
        next(iter(citizens.values())).extend(r for r in cluster if r not in touched.membership)
        return []

    patch.setattr(reconcile, "_newcomers", join)


def a_revert_forgets_anchors(patch: pytest.MonkeyPatch) -> None:
    inverse = revert.revert_events

    def partial(*args: object) -> object:
        found = inverse(*args)  # type: ignore[arg-type]  # passed on as they come
        if isinstance(found, revert.LaterChanges):
            return found
        return tuple(event for event in found if not isinstance(event, Anchor))

    patch.setattr(revert, "revert_events", partial)


def a_revert_ignores_later_work(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(revert, "touched", lambda _: ((), ()))
    patch.setattr(fold, "_demand", lambda _: None)


def a_contradiction_is_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(judgement, "refuse_contradiction", lambda *_: None)


def taking_back_is_not_logged(patch: pytest.MonkeyPatch) -> None:
    append = registry_in_memory.InMemoryRegistry._append

    def forget(self: registry_in_memory.InMemoryRegistry, events: Iterable[Event]) -> object:
        logged = append(self, events)
        self.log = [e for e in self.log if not isinstance(e.event, JudgeUndo)]
        return logged

    patch.setattr(registry_in_memory.InMemoryRegistry, "_append", forget)


def existing_citizens_do_not_hold(patch: pytest.MonkeyPatch) -> None:
    edges = constrained._edges

    def fresh(scored: object, facts: object, judged: object, limits: object, _: object) -> object:
        return edges(scored, facts, judged, limits, {})  # type: ignore[arg-type]  # passed on

    patch.setattr(constrained, "_edges", fresh)


def only_the_judged_citizens_are_decided_anew(patch: pytest.MonkeyPatch) -> None:
    def direct(pair: tuple[int, int], _: object, membership: dict[int, str]) -> frozenset[str]:
        return frozenset(membership[r] for r in pair if r in membership)

    patch.setattr(scope, "citizens_to_redecide", direct)


def suspended_judgements_bind_nothing(patch: pytest.MonkeyPatch) -> None:
    close = judgement.close

    def active_only(judgements: Iterable[judgement.Judgement]) -> Closure:
        return close(j for j in judgements if j.state is judgement.JudgementState.ACTIVE)

    patch.setattr(constrained, "close", active_only)


def a_source_merge_overrides_stewards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(constrained, "judged_apart", lambda *_: [])


def guards_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conflicts, "pair_guards", lambda *_: ())


def same_opens_no_guard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conflicts, "_is_opened", lambda *_: False)


def held_links_may_be_cut(patch: pytest.MonkeyPatch) -> None:
    join = forest.Forest.join
    patch.setattr(
        forest.Forest, "join", lambda self, a, b, weight: join(self, a, b, min(weight, 19.0))
    )


SEEDS: list[Seed] = [
    the_newest_id_wins,
    the_run_overrides_stewards,
    different_holds_for_the_direct_pair_only,
    the_margin_is_ignored,
    a_restricted_record_bridges,
    an_id_is_minted_anew_instead_of_reinstated,
    an_id_is_given_twice,
    an_anchor_never_moves,
    a_merge_moves_anchors,
    no_split_is_held,
    nothing_is_ambiguous,
    newcomers_join_what_is_held,
    a_revert_forgets_anchors,
    a_revert_ignores_later_work,
    a_contradiction_is_taken,
    taking_back_is_not_logged,
    existing_citizens_do_not_hold,
    only_the_judged_citizens_are_decided_anew,
    suspended_judgements_bind_nothing,
    a_source_merge_overrides_stewards,
    guards_are_forgotten,
    same_opens_no_guard,
    held_links_may_be_cut,
]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.__name__)
def test_the_machine_catches(seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(monkeypatch)

    with pytest.raises((AssertionError, MdmError)):
        run_core(examples=2000, steps=45, shrink=False)
