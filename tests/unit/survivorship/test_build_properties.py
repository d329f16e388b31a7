"""What holds for every citizen."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from mdm.domain.golden_record import (
    GOLDEN_COLUMNS,
    SINGLE,
    STORED_LISTED,
    Attribute,
    DeceasedStatus,
    GoldenRecord,
    content_digest,
)
from mdm.survivorship.build import build_golden
from mdm.survivorship.candidates import candidates
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.policy import default_policy
from support.members import CITIZENS

POLICY = default_policy()
EXAMPLES = settings(max_examples=150, deadline=None)


def _golden_values(golden: GoldenRecord) -> list[tuple[Attribute, int, object]]:
    found = [*golden.values.items()]
    found += [(attribute, entry) for attribute, es in golden.lists.items() for entry in es]
    return [(attribute, value.record_id, value.value) for attribute, value in found]


@EXAMPLES
@given(CITIZENS, st.randoms(use_true_random=False))
def test_the_order_of_records_never_matters(
    members: list[MemberRecord], shuffle: random.Random
) -> None:
    golden = build_golden(members, POLICY)
    shuffle.shuffle(members)

    assert build_golden(members, POLICY) == golden


@EXAMPLES
@given(CITIZENS)
def test_no_value_that_its_named_record_does_not_have(members: list[MemberRecord]) -> None:
    by_id = {m.record_id: m for m in members if m.eligible}

    for attribute, record_id, value in _golden_values(build_golden(members, POLICY)):
        assert value in [c.value for c in candidates(by_id[record_id], attribute)]


@EXAMPLES
@given(CITIZENS)
def test_golden_value_and_rivals_are_all_values_that_the_records_offer(
    members: list[MemberRecord],
) -> None:
    golden = build_golden(members, POLICY)

    for attribute in SINGLE:
        if attribute in {Attribute.FATHER, Attribute.DECEASED_ON}:
            continue
        offered = {c.key for m in members if m.eligible for c in candidates(m, attribute)}
        found = golden.values.get(attribute)
        assert (found is None) == (not offered)
        if found is not None:
            assert len(found.rivals) == len(offered) - 1
            assert found.key in offered


@EXAMPLES
@given(CITIZENS)
def test_a_withdrawn_record_never_outranks_a_present_one(members: list[MemberRecord]) -> None:
    by_id = {m.record_id: m for m in members if m.eligible}
    present = [m for m in by_id.values() if not m.withdrawn]

    for attribute, record_id, _ in _golden_values(build_golden(members, POLICY)):
        if attribute is not Attribute.NAME and by_id[record_id].withdrawn:
            offers = [c for m in present for c in candidates(m, attribute)]
            # A father that repeats the golden mother is no offer.
            assert not offers or attribute is Attribute.FATHER


@EXAMPLES
@given(CITIZENS)
def test_a_death_is_golden_only_when_confirmed(members: list[MemberRecord]) -> None:
    golden = build_golden(members, POLICY)
    confirmed = golden.deceased_status is DeceasedStatus.CONFIRMED
    reporters = [m for m in members if m.eligible and m.record.deceased_on is not None]

    assert (Attribute.DECEASED_ON in golden.values) == confirmed
    assert (golden.deceased_status is None) == (not reporters)
    if confirmed:
        told = {m.source for m in reporters}
        assert len(told) > 1 or any("deceased" in m.authoritative for m in reporters)


@EXAMPLES
@given(CITIZENS)
def test_rows_have_the_declared_columns_and_their_own_digest(members: list[MemberRecord]) -> None:
    golden = build_golden(members, POLICY)
    row = golden.to_row("0000000000")

    assert tuple(row) == GOLDEN_COLUMNS
    assert row["content_digest"] == content_digest(row)
    assert (row["record_count"] == 0) == (not golden.record_ids)
    assert all(row[a] is None or golden.lists[a] for a in STORED_LISTED)
