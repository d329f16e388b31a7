"""The order of a citizen's records for one attribute, and the rule that decided.

Every rule gives each record a component, smaller is better; the tuple of components is the
record's place. `mdm.volume.golden_order` packs the same components into one integer.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from mdm.domain.golden_record import Attribute
from mdm.survivorship.candidates import Candidate
from mdm.survivorship.member import MemberRecord
from mdm.survivorship.policy import GROUP_OF, Group, Outcome, Policy, Rule

MAX_TRUST = 100
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


def ranked(
    pairs: Sequence[tuple[MemberRecord, Candidate]], attribute: Attribute, policy: Policy
) -> list[Offer]:
    """The offers for one attribute, best first; does not depend on the order given."""
    if len(pairs) <= 1:
        return [Offer(m, c) for m, c in pairs]
    offers = [Offer(m, c, (c.fallback, m.withdrawn)) for m, c in pairs]
    for rule in policy.of(attribute):
        scene = _Scene(offers, GROUP_OF[attribute], policy)
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


def spells_out(full: str, short: str, *, cut: bool) -> bool:
    """Whether `full` is `short` without its abbreviations.

    Token by token each one of `short` begins the one of `full`, and at least one is longer;
    a name that its field may have `cut` need only begin the other one.

    >>> spells_out("MARIA SOUZA LIMA", "MARIA S LIMA", cut=False)
    True
    """
    if full == short:
        return False
    if cut and full.startswith(short):
        return True
    long_tokens, short_tokens = full.split(" "), short.split(" ")
    return len(long_tokens) == len(short_tokens) and all(
        token.startswith(start) for token, start in zip(long_tokens, short_tokens, strict=True)
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


def _spelled_out(offer: Offer, scene: _Scene) -> Hashable:
    # Only a record that stands as high by the rules before this one may correct another.
    short = offer.candidate.text
    cut = len(str(offer.candidate.value)) >= scene.policy.truncated_from
    return any(
        other.place == offer.place and spells_out(other.candidate.text, short, cut=cut)
        for other in scene.offers
    )


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
