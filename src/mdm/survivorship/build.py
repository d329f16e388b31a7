"""Member records and a policy -> the golden record of one citizen. Pure."""

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from mdm.domain.golden_record import (
    LISTED,
    SINGLE,
    Attribute,
    DeceasedStatus,
    GoldenRecord,
    GoldenValue,
    Rival,
    Value,
    Withheld,
    json_text,
)
from mdm.domain.record_facts import DEATH_TOLERANCE
from mdm.errors import PolicyError
from mdm.survivorship.candidates import Candidate, candidates
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.order import Offer, deciding, ranked
from mdm.survivorship.policy import Group, Outcome, Policy, Rule

INDEPENDENT_SOURCES = 2
# Why a death is only reported, or not believed.
ONE_SOURCE = "one_source"
LATER_ACTIVITY = "later_activity"


@dataclass(frozen=True, slots=True)
class Override:
    """A value that a steward set in place of what a record says.

    It holds until the source is corrected: as long as the judged record is a member and says
    what it said then.

    Attributes:
        attribute: A single attribute, not a list.
        value: The right value; None where the citizen has none.
        key: Comparable form of the value, as `Candidate.key`; None: the value itself.
        record_id: The record whose value was judged wrong.
        judged: `value_digest` of that record's value when it was judged.
        override_id: Its number; of two on one attribute the later one counts.
        on: The day it was set.
    """

    attribute: Attribute
    value: Value | None
    key: Hashable | None
    record_id: int
    judged: str
    override_id: int = 0
    on: date | None = None


def value_digest(member: MemberRecord, attribute: Attribute) -> str:
    """MD5 of what the record says about the attribute, for `Override.judged`.

    Whose a number is has no part in it: that is decided anew with every run.
    """
    said = replace(member, not_theirs=frozenset())
    keys = [candidate.key for candidate in candidates(said, attribute)]
    text = json.dumps(keys, default=str)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def build_golden(
    members: Sequence[MemberRecord], policy: Policy, overrides: Sequence[Override] = ()
) -> GoldenRecord:
    """The golden record that every reader may see: restricted records have no part in it.

    The answer does not depend on the order of `members`, and holds no value that no member has
    unless a steward set it.

    Raises:
        PolicyError: An override names a list attribute.
    """
    eligible = [member for member in members if member.eligible]
    values, reports = _single_values(eligible, policy)
    status, status_rule = _deceased(reports, eligible)
    if status is not DeceasedStatus.CONFIRMED:
        values.pop(Attribute.DECEASED_ON, None)
    withheld: dict[Attribute, Withheld] = {}
    for override in holding(members, overrides):
        _set_by_steward(override, values, withheld)
        if override.attribute is Attribute.DECEASED_ON:
            status = None if override.value is None else DeceasedStatus.CONFIRMED
            status_rule = Outcome.STEWARD
    lists = {attribute: _listed(eligible, attribute, policy) for attribute in LISTED}
    return GoldenRecord(
        values=values,
        lists={attribute: entries for attribute, entries in lists.items() if entries},
        withheld=withheld,
        deceased_status=status,
        deceased_rule=status_rule if status is not None else None,
        deceased_reports=_by_value(reports),
        sources=tuple(sorted({member.source for member in eligible})),
        record_ids=tuple(sorted(member.record_id for member in eligible)),
    )


def holding(members: Sequence[MemberRecord], overrides: Sequence[Override]) -> list[Override]:
    """The overrides that count, the latest last.

    Those whose judged value still stands in its unrestricted record, and that tell nothing that
    only a restricted record of the citizen says.

    Args:
        members: All records of the citizen, restricted ones too.
        overrides: What stewards set on them.

    Raises:
        PolicyError: An override names a list attribute.
    """
    by_id = {member.record_id: member for member in members if member.eligible}
    for override in overrides:
        if override.attribute in LISTED:
            raise PolicyError(f"a steward sets single values; {override.attribute} is a list")
    standing = [
        override
        for override in sorted(overrides, key=lambda one: one.override_id)
        if override.record_id in by_id
        and value_digest(by_id[override.record_id], override.attribute) == override.judged
    ]
    return [override for override in standing if not _tells_secret(members, override)]


def _tells_secret(members: Sequence[MemberRecord], override: Override) -> bool:
    if override.value is None:
        return False
    key, attribute = _key_of(override), override.attribute

    def say(*, restricted: bool) -> bool:
        return any(
            candidate.key == key
            for member in members
            if member.is_restricted is restricted and (restricted or member.eligible)
            for candidate in candidates(replace(member, not_theirs=frozenset()), attribute)
        )

    return say(restricted=True) and not say(restricted=False)


def _key_of(override: Override) -> Hashable:
    return override.value if override.key is None else override.key


def _single_values(
    eligible: Sequence[MemberRecord], policy: Policy
) -> tuple[dict[Attribute, GoldenValue], list[Offer]]:
    values: dict[Attribute, GoldenValue] = {}
    reports: list[Offer] = []
    for attribute in SINGLE:
        pairs = [(m, c) for m in eligible for c in candidates(m, attribute)]
        if attribute is Attribute.FATHER and Attribute.MOTHER in values:
            # Filiation is a set: sources that swap the two must not name one parent twice.
            mother = values[Attribute.MOTHER].key
            pairs = [(m, c) for m, c in pairs if c.key != mother]
        offers = ranked(pairs, attribute, policy)
        if attribute is Attribute.DECEASED_ON:
            reports = offers
        if offers:
            values[attribute] = _chosen(offers, attribute, policy, alone=len(eligible) == 1)
    return values, reports


def _chosen(
    offers: Sequence[Offer], attribute: Attribute, policy: Policy, *, alone: bool
) -> GoldenValue:
    best = offers[0]
    others = [offer for offer in offers if offer.candidate.key != best.candidate.key]
    if alone:
        rule: str = Outcome.ONLY_RECORD
    elif not others:
        rule = Outcome.ONLY_VALUE
    else:
        rule = deciding(best, others[0], attribute, policy)
    return _golden(best, rule, _by_value(others))


def _golden(offer: Offer, rule: str, rivals: tuple[Rival, ...] = ()) -> GoldenValue:
    candidate, member = offer.candidate, offer.member
    return GoldenValue(candidate.value, candidate.key, member.record_id, rule, member.as_of, rivals)


def _by_value(offers: Sequence[Offer]) -> tuple[Rival, ...]:
    """One rival for each value, in the order of the offers, with all records that hold it."""
    held: dict[Hashable, tuple[Value, list[int]]] = {}
    for offer in offers:
        entry = held.setdefault(offer.candidate.key, (offer.candidate.value, []))
        entry[1].append(offer.member.record_id)
    return tuple(Rival(value, tuple(sorted(records))) for value, records in held.values())


def _deceased(
    reports: Sequence[Offer], eligible: Sequence[MemberRecord]
) -> tuple[DeceasedStatus | None, str | None]:
    """A death is golden only from an authoritative source or from two sources.

    And never where a present record that knows of no death proves the person alive well after the
    last day reported: either the link between the two is wrong, or one of them is.
    """
    if not reports:
        return None, None
    heard = [o for o in reports if o.member.withdrawn == reports[0].member.withdrawn]
    days = [o.candidate.value for o in heard if isinstance(o.candidate.value, date)]
    alive = [
        member.active_on
        for member in eligible
        if not member.withdrawn and member.record.deceased_on is None
    ]
    if any(day is not None and day > max(days) + DEATH_TOLERANCE for day in alive):
        return DeceasedStatus.CONTRADICTED, LATER_ACTIVITY
    if any(Group.DECEASED in o.member.authoritative for o in heard):
        return DeceasedStatus.CONFIRMED, Rule.AUTHORITATIVE
    if len({o.member.source for o in heard}) >= INDEPENDENT_SOURCES:
        return DeceasedStatus.CONFIRMED, Rule.CONFIRMED
    return DeceasedStatus.REPORTED, ONE_SOURCE


def _listed(
    eligible: Sequence[MemberRecord], attribute: Attribute, policy: Policy
) -> tuple[GoldenValue, ...]:
    pairs = [(m, c) for m in eligible for c in candidates(m, attribute)]
    if any(not m.withdrawn for m, _ in pairs):
        pairs = [(m, c) for m, c in pairs if not m.withdrawn]
    best: dict[Hashable, Offer] = {}
    for offer in ranked(pairs, attribute, policy):
        best.setdefault(offer.candidate.key, offer)
    rule = Outcome.ONLY_RECORD if len(eligible) == 1 else Outcome.EVERY_VALUE
    offers = list(best.values())
    if len(offers) > 1:
        offers.sort(key=_list_order)
    return tuple(_golden(offer, rule) for offer in offers)


def _list_order(offer: Offer) -> tuple[int, tuple[Hashable, ...], str]:
    return offer.candidate.rank, offer.place, _text(offer.candidate)


def _text(candidate: Candidate) -> str:
    return candidate.key if isinstance(candidate.key, str) else json_text(candidate.value)


def _set_by_steward(
    override: Override, values: dict[Attribute, GoldenValue], withheld: dict[Attribute, Withheld]
) -> None:
    attribute = override.attribute
    former = values.pop(attribute, None)
    withheld.pop(attribute, None)
    if override.value is None:
        withheld[attribute] = Withheld(override.record_id, override.override_id)
        return
    rivals: tuple[Rival, ...] = ()
    if former is not None:
        rivals = (Rival(former.value, (former.record_id,)), *former.rivals)
    values[attribute] = GoldenValue(
        override.value,
        _key_of(override),
        override.record_id,
        Outcome.STEWARD,
        override.on,
        rivals,
        override.override_id,
    )
