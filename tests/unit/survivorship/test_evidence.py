"""What a citizen's other records show of a name or an address."""

from datetime import datetime

from mdm.domain.golden_record import Attribute
from mdm.survivorship.build import build_golden
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.policy import Rule, default_policy
from support.members import member

POLICY = default_policy()
OLD, NEW = datetime(2024, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001  # sources give local time


def _golden_name(*members: MemberRecord) -> object:
    return build_golden(members, POLICY).shown(Attribute.NAME)


def test_a_newer_name_with_more_words_spells_out_the_older_one_of_a_trusted_source() -> None:
    short = member(1, "cadunico", name="ANA LIMA", updated_at=OLD)

    assert _golden_name(short, member(2, "saude", name="ANA SOUZA LIMA", updated_at=NEW)) == (
        "ANA SOUZA LIMA"
    )


def test_the_mothers_surname_shows_what_a_newer_name_lacks() -> None:
    short = member(1, name="ANA LIMA", mother="EVA SOUZA", updated_at=NEW)

    assert _golden_name(short, member(2, name="ANA SOUZA LIMA", updated_at=OLD)) == "ANA SOUZA LIMA"


def test_sources_that_agree_in_street_and_number_confirm_each_other() -> None:
    """One leaves out the kind of the street, another the district."""
    trusted = member(1, "cadunico", street="RUA A", street_number="1", trust=90, updated_at=NEW)
    one = member(2, "saude", street="BECO B", street_number="7", district="X", updated_at=OLD)
    other = member(3, "educacao", street="B", street_number="7", updated_at=OLD)
    golden = build_golden([trusted, one, other], POLICY)

    assert golden.values[Attribute.ADDRESS].rule == Rule.CONFIRMED
    assert golden.values[Attribute.ADDRESS].record_id in {2, 3}
    elsewhere = member(3, "educacao", street="B", street_number="8", updated_at=OLD)
    again = build_golden([trusted, one, elsewhere], POLICY)
    assert again.values[Attribute.ADDRESS].record_id == 1


def test_an_address_that_two_sources_say_goes_before_the_newest() -> None:
    newest = member(1, "saude", street="RUA A", updated_at=NEW)
    others = [member(n, s, street="RUA B", updated_at=OLD) for n, s in ((2, "educacao"), (3, "x"))]
    golden = build_golden([newest, *others], POLICY)

    assert golden.values[Attribute.ADDRESS].rule == Rule.CONFIRMED
    assert golden.values[Attribute.ADDRESS].record_id in {2, 3}
