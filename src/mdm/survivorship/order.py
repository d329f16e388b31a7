"""The order of a citizen's records for one attribute, and the rule that decided.

Every rule gives each record a component, smaller is better; the tuple of components is the
record's place. `mdm.volume.golden_order` packs the same components into one integer.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from rapidfuzz.distance import DamerauLevenshtein

from mdm.domain.golden_record import Attribute
from mdm.survivorship.candidates import Candidate
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.policy import GROUP_OF, Group, Outcome, Policy, Rule

MAX_TRUST = 100
MOST_EDITS, LEAST_MISSPELT = 2, 3
"""Edits that make a word another spelling of one in the parents' names; letters that it has."""
_END_OF_TIME = datetime.combine(date.max, time.max)
_UNDATED = timedelta.max


@dataclass(frozen=True, slots=True)
class Offer:
    """A record, the value it offers, and its place: smaller places win."""

    member: MemberRecord
    candidate: Candidate
    place: tuple[Hashable, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a rule may look at besides the one offer."""

    offers: Sequence[Offer]
    group: Group
    policy: Policy
    kin: frozenset[str] = frozenset()


def ranked(
    pairs: Sequence[tuple[MemberRecord, Candidate]], attribute: Attribute, policy: Policy
) -> list[Offer]:
    """The offers for one attribute, best first; does not depend on the order given."""
    if len(pairs) <= 1:
        return [Offer(m, c) for m, c in pairs]
    kin = _kin(m for m, _ in pairs) if attribute is Attribute.NAME else frozenset[str]()
    offers = [Offer(m, c, (c.fallback, m.withdrawn)) for m, c in pairs]
    for rule in policy.of(attribute):
        scene = _Scene(offers, GROUP_OF[attribute], policy, kin)
        component = _COMPONENTS[rule]
        offers = [Offer(o.member, o.candidate, (*o.place, component(o, scene))) for o in offers]
    offers = [Offer(o.member, o.candidate, (*o.place, o.member.record_id)) for o in offers]
    return sorted(offers, key=_place)


def deciding(best: Offer, rival: Offer, attribute: Attribute, policy: Policy) -> str:
    """The rule that put `best` before the best offer of another value."""
    labels = (Outcome.CIVIL_NAME, Outcome.PRESENT_RECORD, *policy.of(attribute))
    for label, mine, other in zip(labels, best.place, rival.place, strict=False):
        if mine != other:
            return label
    return Outcome.TIE_BREAK


def spells_out(full: str, short: str, *, cut: bool, later: bool = False) -> bool:
    """Whether `full` is `short` without its abbreviations and omissions.

    Token by token each one of `short` begins the one of `full`, and at least one is longer; a name
    that its field may have `cut` need only begin the other one. Of a `later` name `short` may
    also lack words: those of `short` then begin words of `full` in their order, the first one
    the first, and the last one the last, or the whole of `short` begins `full`.

    >>> spells_out("MARIA SOUZA LIMA", "MARIA S LIMA", cut=False)
    True
    >>> spells_out("MARIA SOUZA LIMA", "MARIA LIMA", cut=False)
    False
    >>> spells_out("MARIA SOUZA LIMA", "MARIA LIMA", cut=False, later=True)
    True
    """
    if full == short:
        return False
    long_tokens, short_tokens = full.split(" "), short.split(" ")
    if full.startswith(short) and (cut or (later and len(short_tokens) > 1)):
        return True
    if len(short_tokens) == len(long_tokens):
        return all(map(str.startswith, long_tokens, short_tokens))
    if not (later and 1 < len(short_tokens) < len(long_tokens)):
        return False
    ends = (long_tokens[0], short_tokens[0]), (long_tokens[-1], short_tokens[-1])
    following = iter(long_tokens[1:-1])
    return all(long.startswith(start) for long, start in ends) and all(
        any(token.startswith(start) for token in following) for start in short_tokens[1:-1]
    )


def kin_spell_out(full: str, other: str, kin: Collection[str]) -> bool:
    """Whether `full` is `other` with what the parents' names show to be missing or misspelt.

    Either `other` lacks only words that are in the parents' names, or one of its words, which is
    in none of them, stands where `full` has one that is, and differs from it by two edits at
    most. Children are given the surnames of their parents: so a word that both have is no slip.

    >>> kin_spell_out("ANA SOUZA LIMA", "ANA LIMA", {"SOUZA", "MELO"})
    True
    >>> kin_spell_out("ANA SOUZA LIMA", "ANA SUOZA LIMA", {"SOUZA", "MELO"})
    True
    >>> kin_spell_out("ANA SOUZA LIMA", "ANA LIMA MELO", {"SOUZA", "MELO"})
    False
    """
    words, others = full.split(" "), other.split(" ")
    missing = [word for word in words if word not in others]
    wrong = [word for word in others if word not in words]
    if not missing or any(word not in kin for word in missing):
        return False
    if not wrong:
        return len(others) < len(words)
    return (
        len(missing) == len(wrong) == 1
        and len(words) == len(others)
        and words.index(missing[0]) == others.index(wrong[0])
        and wrong[0] not in kin
        and len(wrong[0]) >= LEAST_MISSPELT
        and DamerauLevenshtein.distance(missing[0], wrong[0]) <= MOST_EDITS
    )


def _place(offer: Offer) -> tuple[Hashable, ...]:
    return offer.place


def _authoritative(offer: Offer, scene: _Scene) -> Hashable:
    return scene.group not in offer.member.authoritative


def _own_identifier(offer: Offer, _: _Scene) -> Hashable:
    member = offer.member
    return member.record.cpf is None or "cpf" in member.not_theirs


def _trusted(offer: Offer, _: _Scene) -> Hashable:
    return MAX_TRUST - offer.member.trust


def _confirmed(offer: Offer, scene: _Scene) -> Hashable:
    # Withdrawn records confirm each other only: they must not lift a present one.
    sources = {
        other.member.source
        for other in scene.offers
        if other.candidate.key == offer.candidate.key
        and other.member.withdrawn == offer.member.withdrawn
    }
    return -len(sources)


def _recent(offer: Offer, _: _Scene) -> Hashable:
    at = offer.member.current_at
    age = _UNDATED if at is None else _END_OF_TIME - at
    return (age, -offer.member.load_order)


def _kin(members: Iterable[MemberRecord]) -> frozenset[str]:
    """The words of the parents' names, without their first given names."""
    parents = [name for m in members for name in (m.record.mother, m.record.father) if name]
    return frozenset(word for name in parents for word in name.split(" ")[1:])


def _spelled_out(offer: Offer, scene: _Scene) -> Hashable:
    # Only a record that stands as high by the rules before this one may correct another.
    return any(
        other.place == offer.place and _is_spelled_out(offer, other, scene)
        for other in scene.offers
    )


def _is_spelled_out(offer: Offer, other: Offer, scene: _Scene) -> bool:
    """Whether the name of `other` is that of `offer` written in full.

    Where words are missing that no parent's name shows, the record with less must not be the
    newer one: it may tell of a name that was given up.
    """
    short = offer.candidate.text
    is_later = _recent(other, scene) <= _recent(offer, scene)  # type: ignore[operator]  # tuples
    cut = len(str(offer.candidate.value)) >= scene.policy.truncated_from
    full = other.candidate.text
    return spells_out(full, short, cut=cut, later=is_later) or kin_spell_out(full, short, scene.kin)


def _not_default_date(offer: Offer, _: _Scene) -> Hashable:
    return offer.member.record.birth_date_default


_COMPONENTS: Mapping[Rule, Callable[[Offer, _Scene], Hashable]] = MappingProxyType(
    {
        Rule.AUTHORITATIVE: _authoritative,
        Rule.OWN_IDENTIFIER: _own_identifier,
        Rule.TRUSTED: _trusted,
        Rule.CONFIRMED: _confirmed,
        Rule.RECENT: _recent,
        Rule.SPELLED_OUT: _spelled_out,
        Rule.NOT_DEFAULT_DATE: _not_default_date,
    }
)
