"""Whose number is it? Decides, among the records that carry one identifier, who owns it.

A child often carries its mother's CPF. The number then joins two people unless it is taken as
missing on the record that only borrows it. The decision is made before pairs are scored, from
names and birth dates alone, and never from the identifier itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType

from rapidfuzz.distance import DamerauLevenshtein

IDENTIFIERS = ("cpf", "cns", "nis")
YEARS_OF_A_GENERATION = 12
_SLIPS = 2


class Ownership(StrEnum):
    """What an identifier is to a record that carries it."""

    OWN = "own"
    NOT_THEIRS = "not_theirs"
    CONTESTED = "contested"


NOBODY_JUDGED: Mapping[int, Ownership] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Holder:
    """A record that carries the identifier, with what tells people apart.

    Attributes:
        name, mother, guardian: Folded tokens, space between; None when missing.
        birth_date: None when missing.
    """

    record_id: int
    source: str
    name: str | None
    mother: str | None
    guardian: str | None
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Ward:
    """A record that states an identifier to be its guardian's.

    Attributes:
        name, guardian: Folded tokens, space between; None when missing.
        birth_date: Of the ward; None when missing.
        bears_it: The record carries the identifier as its own, too.
    """

    name: str | None
    guardian: str | None
    birth_date: date | None
    bears_it: bool


def compatible(one: Holder, other: Holder) -> bool:
    """Whether two records may be one person: the first name or the birth date agrees or misses.

    Birth dates a generation apart need the very same first name, a further name in common and no
    other mother, and neither may be named as the other's mother or guardian: MARIA and her daughter
    MARIANE, JORGE and his son JORGE, or a newborn without a name, are two people. So is a child of
    another name whose mother the other is, where a date is missing.
    """
    born_alike = same_birth(one.birth_date, other.birth_date)
    is_family = _names(one, other) or _names(other, one)
    is_apart = not born_alike and (
        _older(one.birth_date, other.birth_date) or _older(other.birth_date, one.birth_date)
    )
    if one.name is None or other.name is None:
        return not is_apart and not is_family
    if is_apart:
        alike = _share_first_and_further(one.name, other.name)
        return alike and not is_family and same_first_name(one.mother, other.mother)
    return same_first_name(one.name, other.name) or (born_alike and not is_family)


def _share_first_and_further(one: str, other: str) -> bool:
    """Whether two names begin alike and share a further one, unless a side has no other."""
    first, *more = one.split(" ")
    begins, *others = other.split(" ")
    return first == begins and (not more or not others or not set(more).isdisjoint(others))


def guardian_says(holder: Holder, ward: Ward) -> int:
    """What a ward says of a holder of the number: 1 the guardian's, -1 not theirs, 0 nothing.

    A guardian is a generation older than the ward or, known by name, called so and not the ward.
    A record that gives one number as its own and as its guardian's tells nothing of its own person.
    """
    is_ward = same_first_name(holder.name, ward.name) and same_birth(
        holder.birth_date, ward.birth_date
    )
    if _older(holder.birth_date, ward.birth_date):
        return 1
    if is_ward:
        return 0 if ward.bears_it else -1
    if holder.name is None or ward.guardian is None:
        return 0 if holder.birth_date is None or ward.birth_date is None else -1
    return 1 if same_first_name(holder.name, ward.guardian) else -1


def decide_owner(
    holders: Sequence[Holder],
    judged: Mapping[int, Ownership] = NOBODY_JUDGED,
    wards: Sequence[Ward] = (),
) -> dict[int, Ownership]:
    """Say for each record whether the shared identifier is its own.

    Records are grouped into presumable people. With one group all own it. Otherwise the owner
    is whoever is named as mother or guardian by the others; else the group that more sources
    agree on; else the elder, where a generation lies between; else it is contested and nobody's.
    A record that lacks name or birth date joins no two people: where it could be either's and
    agrees with none of them in particular, it is contested on that record.

    Args:
        holders: All records that carry the identifier.
        judged: Record -> what a steward said, own or not theirs. It outranks all of the above:
            the people of records judged own are the owners, the others are not; a record whose
            number is not its own says nothing about the others.
        wards: Records that state the identifier to be their guardian's. A holder of whom more of
            them say that they cannot be the guardian does not own it, unless a steward says so.
    """
    refuted = [h.record_id for h in holders if sum(guardian_says(h, ward) for ward in wards) < 0]
    judged = {**dict.fromkeys(refuted, Ownership.NOT_THEIRS), **judged}
    theirs = [h for h in holders if judged.get(h.record_id) is not Ownership.NOT_THEIRS]
    people, either = _people(theirs)
    named = {record_id for record_id, state in judged.items() if state is Ownership.OWN}
    owners = [person for person in people if any(h.record_id in named for h in person)]
    if not owners and not any(holder.record_id in named for holder in either) and people:
        owner = people[0] if len(people) == 1 else _owner(people)
        owners = [] if owner is None else [owner]
    known = len(owners) > 0 or any(holder.record_id in named for holder in either)
    result = {holder.record_id: Ownership.CONTESTED for holder in either}
    for person in people:
        state = Ownership.OWN if person in owners else Ownership.NOT_THEIRS
        for holder in person:
            result[holder.record_id] = state if known else Ownership.CONTESTED
    said = {h.record_id: judged[h.record_id] for h in holders if h.record_id in judged}
    return result | said


def _owner(people: list[list[Holder]]) -> list[Holder] | None:
    return _named_as_parent(people) or _most_attested(people) or _eldest(people)


def are_of_two_people(numbers: Sequence[str]) -> bool:
    """Whether some of these are no slips of one number: more than two digits or places differ."""
    return any(
        DamerauLevenshtein.distance(one, other) > _SLIPS for one, other in combinations(numbers, 2)
    )


def _people(holders: Sequence[Holder]) -> tuple[list[list[Holder]], list[Holder]]:
    """Presumable people, and the records that could be of several of them."""
    full = [h for h in holders if h.name is not None and h.birth_date is not None]
    known = _grouped(full)
    additions: list[tuple[list[Holder], Holder]] = []
    rest: list[Holder] = []
    either: list[Holder] = []
    for holder in holders:
        if holder.name is not None and holder.birth_date is not None:
            continue
        homes = [p for p in known if any(compatible(holder, member) for member in p)]
        alike = [p for p in homes if any(_agrees(holder, member) for member in p)]
        chosen = alike if len(alike) > 0 else homes
        if len(chosen) == 0:
            rest.append(holder)
        elif len(chosen) == 1:
            additions.append((chosen[0], holder))
        else:
            either.append(holder)
    for person, holder in additions:
        person.append(holder)
    return [*known, *_grouped(rest)], either


def _grouped(holders: Sequence[Holder]) -> list[list[Holder]]:
    people: list[list[Holder]] = []
    for holder in sorted(holders, key=lambda h: h.record_id):
        home = [p for p in people if any(compatible(holder, member) for member in p)]
        people = [p for p in people if p not in home]
        people.append([*(member for p in home for member in p), holder])
    return people


def _agrees(one: Holder, other: Holder) -> bool:
    """Whether a first name or a birth date is known on both sides and the same."""
    if one.name is not None and other.name is not None:
        return same_first_name(one.name, other.name)
    born = one.birth_date is not None and other.birth_date is not None
    return born and same_birth(one.birth_date, other.birth_date)


def _named_as_parent(people: list[list[Holder]]) -> list[Holder] | None:
    named = [
        person
        for person in people
        if any(
            _names(member, child)
            for member in person
            for other in people
            if other is not person
            for child in other
        )
    ]
    return named[0] if len(named) == 1 else None


def _names(parent: Holder, child: Holder) -> bool:
    """Whether the child's record names the parent, who is older or, undated, called otherwise."""
    if parent.name is None:
        return False
    if parent.birth_date is None or child.birth_date is None:
        if child.name is not None and same_first_name(parent.name, child.name):
            return False
    elif not _older(parent.birth_date, child.birth_date):
        return False
    return any(
        text is not None and _mostly_same(parent.name, text)
        for text in (child.mother, child.guardian)
    )


def _most_attested(people: list[list[Holder]]) -> list[Holder] | None:
    def weight(person: list[Holder]) -> tuple[int, int]:
        return len({member.source for member in person}), len(person)

    ranked = sorted(people, key=weight, reverse=True)
    return ranked[0] if weight(ranked[0])[0] > weight(ranked[1])[0] else None


def _eldest(people: list[list[Holder]]) -> list[Holder] | None:
    dated = [(min(b), p) for p in people if (b := [m.birth_date for m in p if m.birth_date])]
    if len(dated) < len(people):
        return None
    dated.sort(key=lambda pair: pair[0])
    return dated[0][1] if _older(dated[0][0], dated[1][0]) else None


def _older(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and other.year - one.year >= YEARS_OF_A_GENERATION


def same_first_name(one: str | None, other: str | None) -> bool:
    """Whether two names may begin with the same name: slips, initials and short forms forgiven."""
    if one is None or other is None:
        return True
    first, second = one.split(" ", 1)[0], other.split(" ", 1)[0]
    if 1 in (len(first), len(second)):
        return first[0] == second[0]
    shorter, longer = sorted((first, second), key=len)
    if len(shorter) > _SLIPS and longer.startswith(shorter):
        return True
    return DamerauLevenshtein.distance(first, second) <= (1 if len(shorter) < 6 else _SLIPS)  # noqa: PLR2004


def same_birth(one: date | None, other: date | None) -> bool:
    """Whether two birth dates may be one: one slip, or day and month swapped; a missing one may."""
    if one is None or other is None:
        return True
    left, right = one.strftime("%Y%m%d"), other.strftime("%Y%m%d")
    return DamerauLevenshtein.distance(left, right) <= 1 or (
        one.year == other.year and (one.month, one.day) == (other.day, other.month)
    )


def _mostly_same(name: str, text: str) -> bool:
    one, other = name.split(), text.split()
    common = len(set(one) & set(other))
    return one[0] == other[0] and 2 * common >= min(len(one), len(other)) + 1
