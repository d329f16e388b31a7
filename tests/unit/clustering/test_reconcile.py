from collections.abc import Mapping, Sequence

import pytest

from mdm.clustering.reconcile import Changes, reconcile
from mdm.clustering.splits import Held, Touched
from mdm.domain.events import (
    Ambiguous,
    Anchor,
    Link,
    LinkStatus,
    Mint,
    Move,
    Place,
    ReinstateId,
    TombstoneId,
)
from mdm.domain.identity import IdFacts, IdState
from mdm.domain.told_sets import WITHOUT_RECORD

DAY = "2027-03-01"
Clusters = Sequence[Sequence[int]]


def issued(
    municipal_id: str,
    founder: int,
    seq: int,
    anchor: int | None = None,
    state: IdState = IdState.ACTIVE,
) -> IdFacts:
    return IdFacts(
        municipal_id=municipal_id,
        founder=founder,
        anchor=founder if anchor is None else anchor,
        minted_seq=seq,
        state=state,
    )


def changes(
    clusters: Clusters,
    membership: Mapping[int, str],
    *ids: IdFacts,
    told: Mapping[tuple[str, int], set[str]] | None = None,
    restricted: set[int] | None = None,
    must_groups: Mapping[int, int] | None = None,
    keep: Mapping[str, int | None] | None = None,
    links: Mapping[int, Link] | None = None,
    hold: bool = True,
) -> Changes:
    touched = Touched(
        membership=membership,
        ids={facts.municipal_id: facts for facts in ids},
        restricted=frozenset(restricted or ()),
        told={key: frozenset(systems) for key, systems in (told or {}).items()},
        must_groups=must_groups or {},
    )
    return reconcile(clusters, touched, ambiguous_until=DAY, links=links, keep=keep, hold=hold)


def test_a_new_cluster_mints_on_its_smallest_record_in_the_order_of_records() -> None:
    found = changes([[5, 3], [4]], {}, links={3: Link(LinkStatus.AUTOMATIC, 12.0)})

    assert found.events == (
        Mint("new:3", 3),
        Mint("new:4", 4),
        Place(3, "new:3", Link(LinkStatus.AUTOMATIC, 12.0)),
        Place(4, "new:4"),
        Place(5, "new:3"),
    )


def test_nothing_happens_where_nothing_changed() -> None:
    assert changes([[1, 2]], {1: "A", 2: "A"}, issued("A", 1, 1)) == Changes()


def test_a_newcomer_joins_the_citizen_of_its_cluster() -> None:
    found = changes([[1, 9]], {1: "A"}, issued("A", 1, 1))

    assert found.events == (Place(9, "A"),)


def test_a_merge_takes_the_oldest_id_and_moves_no_anchor() -> None:
    found = changes([[1, 2]], {1: "B", 2: "A"}, issued("B", 1, 7), issued("A", 2, 3))

    assert found.events == (Move(1, "B", "A"),)


def test_undoing_a_merge_gives_each_side_its_old_id_back() -> None:
    ids = issued("A", 1, 1), issued("B", 2, 2)

    found = changes([[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, *ids)

    assert found.events == (Move(2, "A", "B"), Move(3, "A", "B"))


def test_a_larger_part_with_an_old_id_of_its_own_takes_none_from_the_anchor() -> None:
    ids = issued("A", 1, 1), issued("B", 2, 2)
    told = {("A", 2): {"school"}, ("A", 3): {"clinic"}}

    found = changes([[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, *ids, told=told)

    assert found.held == ()
    assert not any(isinstance(event, Anchor) for event in found.events)


def test_told_to_nobody_the_id_goes_with_the_larger_part() -> None:
    found = changes([[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, issued("A", 1, 1))

    assert found.events == (Anchor("A", 2, 1), Mint("new:1", 1), Move(1, "A", "new:1"))


def test_told_to_nobody_and_of_equal_size_the_id_stays_with_its_anchor() -> None:
    found = changes([[1], [2]], {1: "A", 2: "A"}, issued("A", 2, 1))

    assert found.events == (Mint("new:1", 1), Move(1, "A", "new:1"))


def test_the_part_that_is_larger_and_most_told_keeps_the_id() -> None:
    told = {("A", 1): {"school"}, ("A", 2): {"school", "clinic"}}

    found = changes([[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, issued("A", 1, 1), told=told)

    assert found.events == (
        Anchor("A", 2, 1),
        Mint("new:1", 1),
        Move(1, "A", "new:1"),
        Ambiguous("A", DAY),
    )


def test_a_split_is_held_where_the_larger_part_is_not_the_most_told() -> None:
    told = {("A", 1): {"school"}}

    found = changes([[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, issued("A", 1, 1), told=told)

    assert found == Changes((), (Held("A", ((1,), (2, 3)), (1, 0), ("A",)),))


@pytest.mark.parametrize("keeper", [2, 3])
def test_a_steward_says_which_part_keeps_the_id(keeper: int) -> None:
    told = {("A", 1): {"school"}}
    membership = {1: "A", 2: "A", 3: "A"}

    found = changes([[1], [2, 3]], membership, issued("A", 1, 1), told=told, keep={"A": keeper})

    assert found.held == ()
    assert found.events[0] == Anchor("A", 2, 1)


def test_a_steward_may_leave_the_id_with_its_anchor() -> None:
    told = {("A", 1): {"school"}}
    membership = {1: "A", 2: "A", 3: "A"}

    found = changes([[1], [2, 3]], membership, issued("A", 1, 1), told=told, keep={"A": 1})

    assert found.events == (Mint("new:2", 2), Move(2, "A", "new:2"), Move(3, "A", "new:2"))


def test_a_steward_may_decide_that_nobody_keeps_the_id() -> None:
    told = {("A", 1): {"school"}, ("A", 2): {"clinic"}}

    found = changes([[1], [2]], {1: "A", 2: "A"}, issued("A", 1, 1), told=told, keep={"A": None})

    assert found.events == (
        TombstoneId("A", 1),
        Mint("new:1", 1),
        Mint("new:2", 2),
        Move(1, "A", "new:1"),
        Move(2, "A", "new:2"),
    )


def test_an_answer_about_a_citizen_that_is_not_split_is_idle() -> None:
    found = changes([[1, 2]], {1: "A", 2: "A"}, issued("A", 1, 1), keep={"A": None})

    assert found == Changes()


def test_a_split_made_by_a_steward_does_not_wait() -> None:
    told = {("A", 1): {"school"}}

    found = changes(
        [[1], [2, 3]], {1: "A", 2: "A", 3: "A"}, issued("A", 1, 1), told=told, hold=False
    )

    assert found.held == ()
    assert found.events[0] == Mint("new:2", 2)


def test_a_held_split_freezes_all_that_meets_it_and_nothing_else() -> None:
    membership = {1: "A", 2: "A", 3: "A", 4: "B", 5: "C", 6: "D"}
    ids = issued("A", 1, 1), issued("B", 4, 2), issued("C", 5, 3), issued("D", 6, 4)
    told = {("A", 1): {"school"}}

    found = changes([[1, 4], [2, 3], [5, 6]], membership, *ids, told=told)

    assert found.events == (Move(6, "D", "C"),)
    assert [held.frozen for held in found.held] == [("A", "B")]


def test_newcomers_beside_a_held_split_stand_alone_unless_judged_the_same() -> None:
    told = {("A", 1): {"school"}}
    membership = {1: "A", 2: "A", 3: "A"}

    found = changes(
        [[1, 7], [2, 3, 8, 9]],
        membership,
        issued("A", 1, 1),
        told=told,
        must_groups={3: 3, 8: 3},
    )

    assert found.events == (
        Mint("new:7", 7),
        Mint("new:9", 9),
        Place(7, "new:7"),
        Place(8, "A"),
        Place(9, "new:9"),
    )


def test_a_moved_record_takes_its_anchored_id_along_only_if_the_rest_is_not_larger() -> None:
    membership = {1: "A", 2: "A", 3: "A", 4: "B"}
    ids = issued("A", 1, 1), issued("B", 4, 2)

    found = changes([[1, 4], [2, 3]], membership, *ids)

    assert found.events == (Anchor("A", 2, 1), Move(1, "A", "B"))


def test_a_withdrawn_id_comes_back_with_the_record_that_founded_it() -> None:
    gone = issued("A", 2, 1, state=IdState.WITHDRAWN)
    younger = issued("B", 1, 2, state=IdState.WITHDRAWN)

    found = changes([[1, 2]], {}, gone, younger)

    assert found.events == (ReinstateId("A", 2), Place(1, "A"), Place(2, "A"))


def test_a_withdrawn_id_does_not_displace_one_that_answers() -> None:
    gone = issued("A", 2, 1, state=IdState.WITHDRAWN)

    found = changes([[1, 2]], {1: "B"}, gone, issued("B", 1, 2))

    assert found.events == (Place(2, "B"),)


def test_a_record_whose_id_is_anchored_elsewhere_is_passed_over_when_minting() -> None:
    found = changes([[1, 5]], {}, issued("A", 1, 1, anchor=99))

    assert found.events[0] == Mint("new:5", 5)
    assert changes([[1]], {}, issued("A", 1, 1, anchor=99)).events[0] == Mint("new:1", 1)


def test_ids_are_ambiguous_only_when_told_on_both_sides_or_without_a_record() -> None:
    membership = {1: "A", 2: "A"}

    def ambiguous(told: Mapping[tuple[str, int], set[str]]) -> bool:
        found = changes([[1], [2]], membership, issued("A", 1, 1), told=told)
        return Ambiguous("A", DAY) in found.events

    assert ambiguous({("A", 1): {"school"}, ("A", 2): {"school"}})
    assert ambiguous({("A", WITHOUT_RECORD): {"school"}})
    assert not ambiguous({("A", 1): {"school", "clinic"}})
    assert not ambiguous({})


def test_an_alias_told_on_both_sides_is_ambiguous_too() -> None:
    ids = issued("A", 1, 1), issued("B", 1, 2)
    told = {("B", 1): {"school"}, ("B", 2): {"school"}}

    found = changes([[1], [2]], {1: "A", 2: "A"}, *ids, told=told)

    assert [e for e in found.events if isinstance(e, Ambiguous)] == [Ambiguous("B", DAY)]


def test_an_id_of_a_restricted_record_never_names_a_citizen_with_others() -> None:
    alone = changes([[9]], {}, restricted={9})
    joined = changes([[1, 9]], {9: "R"}, issued("R", 9, 1), restricted={9})
    apart = changes(
        [[1], [9]], {1: "A", 9: "A"}, issued("A", 1, 2), issued("R", 9, 1), restricted={9}
    )

    assert alone.events[0] == Mint("new:9", 9)
    assert joined.events == (Mint("new:1", 1), Place(1, "new:1"), Move(9, "R", "new:1"))
    assert apart.events == (Move(9, "A", "R"),)


def test_an_anchor_that_becomes_restricted_hands_the_id_to_an_ordinary_record() -> None:
    ids = issued("A", 1, 1), issued("B", 2, 2)

    together = changes([[1, 2, 3]], {1: "A", 2: "A", 3: "A"}, *ids, restricted={1})
    leaving = changes([[1], [2], [3]], {1: "A", 2: "A", 3: "A"}, ids[0], restricted={1}, hold=False)

    assert together.events == (Anchor("A", 2, 1),)
    assert leaving.events[0] == Anchor("A", 2, 1)


def test_who_was_told_of_a_restricted_record_makes_nothing_ambiguous() -> None:
    told = {("A", 1): {"school"}, ("A", 9): {"shelter"}}

    found = changes([[1], [9]], {1: "A", 9: "A"}, issued("A", 1, 1), told=told, restricted={9})

    assert not any(isinstance(event, Ambiguous) for event in found.events)
