from importlib import resources

import pytest

from mdm.domain.golden_record import Attribute
from mdm.errors import PolicyError
from mdm.survivorship.policy import GROUP_OF, Group, Rule, default_policy, load_policy

SHIPPED = resources.files("mdm.survivorship").joinpath("policy.toml").read_text(encoding="utf-8")


def _with_rules(group: str, rules: str) -> str:
    head, found, tail = SHIPPED.partition(f"[groups.{group}]\nrules = ")
    assert found
    return head + found + rules + "\n" + tail.split("\n", 1)[1]


def test_shipped_policy_governs_every_group_and_attribute() -> None:
    policy = default_policy()

    assert set(policy.rules) == set(Group)
    assert set(GROUP_OF) == set(Attribute)
    assert all(policy.of(attribute) for attribute in Attribute)


@pytest.mark.parametrize("group", ["name", "social_name", "nicknames", "filiation"])
@pytest.mark.parametrize("rule", ["most_complete", "most_frequent", "confirmed_by_most_sources"])
def test_names_are_never_chosen_by_length_or_by_count(group: str, rule: str) -> None:
    with pytest.raises(PolicyError, match=f"groups.{group}: {rule} is never used for names"):
        load_policy(_with_rules(group, f'["{rule}", "most_recent"]'))


@pytest.mark.parametrize("group", ["race", "phones", "emails", "deceased"])
def test_counting_sources_is_for_birth_date_sex_cpf_and_address_only(group: str) -> None:
    with pytest.raises(PolicyError, match=f"groups.{group}: confirmed_by_most_sources is not"):
        load_policy(_with_rules(group, '["confirmed_by_most_sources"]'))


def test_all_errors_of_a_policy_are_told_at_once() -> None:
    text = """
        version = 2
        truncated_from = "long"
        colour = "blue"
        [groups.name]
        rules = ["most_frequent", "most_recent", "most_recent", "loudest"]
        extra = 1
        [groups.sex]
        rules = []
        [groups.shoes]
        rules = ["most_recent"]
        [groups.race]
        rules = "most_recent"
    """

    with pytest.raises(PolicyError) as refused:
        load_policy(text)

    for expected in (
        "version must be 1",
        "truncated_from must be",
        "unknown key 'colour'",
        "groups.name: most_frequent is never used for names",
        "groups.name: most_recent stands twice",
        "groups.name: unknown rule 'loudest'",
        "groups.name: unknown key 'extra'",
        "groups.sex: at least one rule",
        "groups.shoes: unknown group",
        "groups.race: needs rules",
        "groups.cpf: missing",
    ):
        assert expected in refused.value.message


@pytest.mark.parametrize("text", ["= no", "version = 1\ntruncated_from = 30"])
def test_text_that_is_no_policy_is_refused_by_name(text: str) -> None:
    with pytest.raises(PolicyError):
        load_policy(text)


def test_digest_follows_the_meaning_not_the_text() -> None:
    shipped = load_policy(SHIPPED)

    assert load_policy("# other words\n" + SHIPPED).digest == shipped.digest
    assert load_policy(_with_rules("race", '["most_recent"]')).digest != shipped.digest


def test_rules_keep_the_order_of_the_file() -> None:
    policy = load_policy(_with_rules("phones", '["trusted_source", "most_recent"]'))

    assert policy.rules[Group.PHONES] == (Rule.TRUSTED, Rule.RECENT)
