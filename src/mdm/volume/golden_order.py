"""A record's place for an attribute as one integer: the twin of `mdm.survivorship.order`.

From the highest bit down: fallback, withdrawn, one field for each rule of the policy, record ID.
The smallest place wins, and names its record in the low bits. Fields are smaller-is-better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mdm.domain.golden_record import Attribute
from mdm.survivorship.order import MAX_TRUST
from mdm.survivorship.policy import GROUP_OF, Outcome, Policy, Rule

RECORD_BITS = 32
RECORD_MASK = (1 << RECORD_BITS) - 1
_RECENCY_BITS = 12
_SOURCES_BITS = 6
_BITS = {
    Rule.AUTHORITATIVE: 1,
    Rule.OWN_IDENTIFIER: 1,
    Rule.TRUSTED: 7,
    Rule.CONFIRMED: _SOURCES_BITS,
    Rule.RECENT: _RECENCY_BITS,
    Rule.SPELLED_OUT: 1,
    Rule.NOT_DEFAULT_DATE: 1,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a place: what it stands for, its SQL, its lowest bit."""

    label: str
    sql: str
    shift: int


def fields(attribute: Attribute, policy: Policy) -> tuple[Field, ...]:
    """The fields of the attribute's place, highest first.

    The SQL reads the columns of a member's offer: `newborn`, `withdrawn`, `authoritative`, `trust`,
    `own_cpf`, `recency`, `birth_date_default`, and `<attribute>_sources`, `<attribute>_short`
    where a rule needs them.
    """
    rules = policy.of(attribute)
    newborn = "newborn::BIGINT" if attribute is Attribute.NAME else "0"
    parts = [
        (str(Outcome.CIVIL_NAME), newborn, 1),
        (Outcome.PRESENT_RECORD, "withdrawn::BIGINT", 1),
    ]
    parts += [(rule, _sql(rule, attribute), _BITS[rule]) for rule in rules]
    shift = RECORD_BITS + sum(bits for _, _, bits in parts)
    found: list[Field] = []
    for label, sql, bits in parts:
        shift -= bits
        found.append(Field(str(label), sql, shift))
    return tuple(found)


def place(attribute: Attribute, policy: Policy) -> str:
    """SQL of the whole place, a BIGINT."""
    return _packed(fields(attribute, policy)) + " + record_id"


def prefix(attribute: Attribute, policy: Policy, rule: Rule) -> str | None:
    """SQL of the part of the place before a rule; None where the policy does not use the rule."""
    upper: list[Field] = []
    for field in fields(attribute, policy):
        if field.label == rule:
            return _packed(upper)
        upper.append(field)
    return None


def uses(attribute: Attribute, policy: Policy, rule: Rule) -> bool:
    """Whether the policy orders the attribute by the rule."""
    return rule in policy.of(attribute)


def deciding(attribute: Attribute, policy: Policy, best: str, rival: str) -> str:
    """SQL of the rule by which the place `best` stands before the place `rival`."""
    cases = " ".join(
        f"WHEN ({best} >> {field.shift}) <> ({rival} >> {field.shift}) THEN '{field.label}'"
        for field in fields(attribute, policy)
    )
    return f"CASE {cases} ELSE '{Outcome.TIE_BREAK}' END"


def _packed(parts: Sequence[Field]) -> str:
    terms = [f"({field.sql}) * {1 << field.shift}" for field in parts if field.sql != "0"]
    return " + ".join(terms) if terms else "0::BIGINT"


def _sql(rule: Rule, attribute: Attribute) -> str:
    most = (1 << _SOURCES_BITS) - 1
    oldest = (1 << _RECENCY_BITS) - 1
    return {
        Rule.AUTHORITATIVE: (
            f"(NOT list_contains(authoritative, '{GROUP_OF[attribute]}'))::BIGINT"
        ),
        Rule.OWN_IDENTIFIER: "(NOT own_cpf)::BIGINT",
        Rule.TRUSTED: f"{MAX_TRUST} - trust::BIGINT",
        Rule.CONFIRMED: f"{most} - least(coalesce({attribute}_sources, 0), {most})",
        Rule.RECENT: f"least(recency, {oldest})",
        Rule.SPELLED_OUT: f"coalesce({attribute}_short, false)::BIGINT",
        Rule.NOT_DEFAULT_DATE: "birth_date_default::BIGINT",
    }[rule]
