import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.judgement import (
    Judgement,
    JudgementState,
    Verdict,
    close,
    refuse_contradiction,
    replaced_by,
)
from mdm.errors import JudgementConflictError
from support.facts import judged

SUSPENDED = JudgementState.SUSPENDED


def test_same_is_transitive_and_different_holds_between_groups() -> None:
    closure = close(
        [judged(1, "same", 1, 2), judged(2, "same", 2, 3), judged(3, "different", 3, 9)]
    )

    assert closure.must_link(1, 3)
    assert not closure.must_link(1, 9)
    assert closure.cannot_link(9, 1) == judged(3, "different", 3, 9)
    assert closure.cannot_link(1, 8) is None


def test_undone_and_unsure_bind_nothing() -> None:
    closure = close([judged(1, "same", 1, 2, JudgementState.UNDONE), judged(2, "unsure", 1, 3)])

    assert closure.groups == {}
    assert closure.different == ()


def test_a_contradiction_through_others_names_the_different_judgement() -> None:
    standing = [judged(1, "different", 1, 3), judged(2, "same", 1, 2)]

    with pytest.raises(JudgementConflictError) as refusal:
        refuse_contradiction(judged(3, "same", 2, 3), standing)

    assert refusal.value.where == "judgement 1"


def test_a_contradiction_names_the_chain_of_same_judgements() -> None:
    standing = [judged(1, "same", 1, 2), judged(4, "same", 2, 3), judged(5, "same", 3, 7)]

    with pytest.raises(JudgementConflictError, match="judgement 1, judgement 4 "):
        refuse_contradiction(judged(6, "different", 1, 3), standing)


@pytest.mark.parametrize("verdict", ["same", "unsure"])
def test_another_answer_to_an_answered_pair_is_refused(verdict: str) -> None:
    with pytest.raises(JudgementConflictError):
        refuse_contradiction(judged(2, verdict, 1, 2), [judged(1, "different", 1, 2)])


def test_an_answer_after_unsure_or_a_suspended_one_takes_its_place() -> None:
    standing = [
        judged(1, "unsure", 1, 2),
        judged(2, "different", 1, 2, SUSPENDED),
        judged(3, "different", 2, 3, SUSPENDED),
        judged(4, "same", 1, 3),
        judged(5, "different", 5, 6),
    ]
    new = judged(6, "same", 1, 2)

    refuse_contradiction(new, standing)

    assert [j.judgement_id for j in replaced_by(new, standing)] == [1, 2, 3]


def test_of_contradicting_suspended_judgements_the_latest_holds() -> None:
    early, late = judged(1, "same", 1, 2, SUSPENDED), judged(2, "different", 1, 2, SUSPENDED)

    closure = close([early, late])

    assert closure.different == (late,)
    assert closure.yielded == (early,)


def test_a_judgement_is_about_two_records_in_order() -> None:
    with pytest.raises(ValueError, match="smaller"):
        Judgement(1, Verdict.SAME, 2, 2)


RECORDS = st.integers(1, 6)
ANSWERS = st.lists(
    st.tuples(st.sampled_from(["same", "different"]), RECORDS, RECORDS).filter(
        lambda a: a[1] < a[2]
    ),
    max_size=10,
)


@given(ANSWERS)
@settings(max_examples=60, deadline=None)
def test_what_is_taken_one_by_one_never_contradicts(answers: list[tuple[str, int, int]]) -> None:
    standing: list[Judgement] = []
    for number, answer in enumerate(answers, 1):
        new = judged(number, *answer)
        try:
            refuse_contradiction(new, standing)
        except JudgementConflictError:
            with pytest.raises(JudgementConflictError):
                close([*standing, new])
        else:
            standing.append(new)

    closure = close(standing)
    for judgement in standing:
        same = closure.must_link(*judgement.pair)
        assert same == (judgement.verdict is Verdict.SAME)
