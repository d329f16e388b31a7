"""What would become of two citizens if a steward called their records one person.

Numbers, contacts, parents and addresses are told masked: the preview says what would change, not
what it says.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mdm.clustering.guards import pair_guards
from mdm.domain.golden_record import Attribute, GoldenRecord, GoldenValue, Value
from mdm.domain.scored_pair import Guard
from mdm.ports import ReadSession
from mdm.services.citizen_facts import facts_of, read_records
from mdm.services.citizen_parts import plain
from mdm.services.disclosure import mask
from mdm.services.lists import rows_of_texts
from mdm.services.refresh_golden import GoldenRules, read_members, read_overrides
from mdm.services.review_queue import Pair
from mdm.services.take_answers import TWO_STEWARDS
from mdm.survivorship.build import build_golden

SHOWN = (
    Attribute.BIRTH_DATE,
    Attribute.MOTHER,
    Attribute.FATHER,
    Attribute.SEX,
    Attribute.CPF,
    Attribute.INEP_ID,
    Attribute.ADDRESS,
    Attribute.CNS,
    Attribute.NIS,
    Attribute.PHONES,
    Attribute.EMAILS,
)
"""What is compared; names are left out: which of them is told is not for a preview."""
_PLAIN = frozenset({Attribute.BIRTH_DATE, Attribute.SEX})
_IDS = "SELECT municipal_id, minted_seq FROM municipal_id WHERE municipal_id IN ({keys})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An attribute that would change, with its value now and then (None where there is none)."""

    attribute: Attribute
    now: object
    then: object


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPreview:
    """One citizen made of two.

    Attributes:
        kept: The ID that they would have: the older.
        joined: The other, which goes on answering.
        records: How many records they would have; restricted ones are not counted.
        changes: What the citizen of the kept ID would be told differently.
    """

    kept: str
    joined: str
    records: int
    changes: tuple[Change, ...]


def preview_join(
    session: ReadSession, rules: GoldenRules, municipal_ids: tuple[str, str], *, today: date
) -> JoinPreview:
    """Build the golden record of both together, and compare.

    Args:
        session: A snapshot.
        rules: Survivorship.
        municipal_ids: The two citizens.
        today: The day that dates are measured against.
    """
    rows = rows_of_texts(session, _IDS, municipal_ids)
    ages = {str(row["municipal_id"]): int(str(row["minted_seq"])) for row in rows}
    kept, joined = sorted(municipal_ids, key=lambda name: (ages[name], name))
    members = read_members(session, rules, municipal_ids, today=today)
    both = [member for name in (kept, joined) for member in members.get(name, ())]
    set_values = read_overrides(session, members)
    every = [override for one in set_values.values() for override in one]
    now = build_golden(members.get(kept, []), rules.policy, set_values.get(kept, ()))
    then = build_golden(both, rules.policy, every)
    return JoinPreview(
        kept=kept,
        joined=joined,
        records=sum(not member.restricted for member in both),
        changes=tuple(_changes(now, then)),
    )


def guards_between(session: ReadSession, pair: Pair, *, today: date) -> tuple[Guard, ...]:
    """The guards between two records that *same* overrules only by two stewards.

    A question may be asked for another reason: a weight under the link threshold is not refused by
    a guard, and still nobody may join the two alone.
    """
    known = read_records(session, pair, today=today)
    facts = facts_of(session, known)
    found = pair_guards(facts[pair[0]], facts[pair[1]])
    return tuple(guard for guard in found if guard in TWO_STEWARDS)


def _changes(now: GoldenRecord, then: GoldenRecord) -> Iterator[Change]:
    for attribute in SHOWN:
        if attribute in then.lists:
            known = {entry.key for entry in now.lists.get(attribute, ())}
            fresh = [entry for entry in then.lists[attribute] if entry.key not in known]
            for entry in fresh:
                yield Change(attribute=attribute, now=None, then=_told(attribute, entry.value))
        elif _key(now.values, attribute) != _key(then.values, attribute):
            yield Change(
                attribute=attribute,
                now=_value(now.values, attribute),
                then=_value(then.values, attribute),
            )


def _key(values: Mapping[Attribute, GoldenValue], attribute: Attribute) -> object:
    found = values.get(attribute)
    return None if found is None else found.key


def _value(values: Mapping[Attribute, GoldenValue], attribute: Attribute) -> object:
    found = values.get(attribute)
    return None if found is None else _told(attribute, found.value)


def _told(attribute: Attribute, value: Value) -> object:
    return plain(value if attribute in _PLAIN else mask(attribute, value))
