"""The survivorship policy: ordered rules for each group of attributes, as data.

One policy serves both twins: `build` reads it for one citizen, `mdm.volume.golden` writes the
SQL for a whole city from it.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from types import MappingProxyType

from mdm.domain.golden_record import Attribute
from mdm.errors import PolicyError


class Group(StrEnum):
    """What one policy entry governs; a group is one value or one list."""

    NAME = "name"
    SOCIAL_NAME = "social_name"
    NICKNAMES = "nicknames"
    FILIATION = "filiation"
    BIRTH_DATE = "birth_date"
    BIRTH_PLACE = "birth_place"
    SEX = "sex"
    RACE = "race"
    CPF = "cpf"
    CNS = "cns"
    NIS = "nis"
    INEP_ID = "inep_id"
    DOCUMENTS = "documents"
    PHONES = "phones"
    EMAILS = "emails"
    ADDRESS = "address"
    DECEASED = "deceased"
    SERVICES = "services"
    FAMILY = "family"


class Rule(StrEnum):
    """A rule puts the records of a citizen in order; see `policy.toml` for what each means."""

    AUTHORITATIVE = "authoritative_source"
    OWN_IDENTIFIER = "own_identifier_checked"
    TRUSTED = "trusted_source"
    CONFIRMED = "confirmed_by_most_sources"
    RECENT = "most_recent"
    SPELLED_OUT = "spelled_out"
    NOT_DEFAULT_DATE = "not_default_date"


class Outcome(StrEnum):
    """What lineage names when no rule of the policy had to decide."""

    ONLY_RECORD = "only_record"
    ONLY_VALUE = "only_value"
    EVERY_VALUE = "every_value"
    CIVIL_NAME = "civil_name"
    PRESENT_RECORD = "present_record"
    TIE_BREAK = "record_id"
    STEWARD = "steward"


GROUP_OF: Mapping[Attribute, Group] = MappingProxyType(
    {
        Attribute.MOTHER: Group.FILIATION,
        Attribute.FATHER: Group.FILIATION,
        Attribute.BIRTH_MUNICIPALITY: Group.BIRTH_PLACE,
        Attribute.DECEASED_ON: Group.DECEASED,
    }
    | {Attribute(name): Group(name) for name in {*map(str, Group)} & {*map(str, Attribute)}}
)

NAME_GROUPS = frozenset({Group.NAME, Group.SOCIAL_NAME, Group.NICKNAMES, Group.FILIATION})
# A rule that is missing here is allowed in every group.
_ALLOWED: Mapping[Rule, frozenset[Group]] = MappingProxyType(
    {
        Rule.CONFIRMED: frozenset({Group.BIRTH_DATE, Group.SEX, Group.CPF, Group.ADDRESS}),
        Rule.SPELLED_OUT: frozenset({Group.NAME, Group.FILIATION}),
        Rule.NOT_DEFAULT_DATE: frozenset({Group.BIRTH_DATE}),
    }
)
_NEVER_FOR_NAMES = ("most_complete", "most_frequent", Rule.CONFIRMED)
_TRUNCATED_LIMITS = (20, 200)


@dataclass(frozen=True, slots=True)
class Policy:
    """A valid survivorship policy.

    Attributes:
        rules: Ordered rules of every group.
        truncated_from: Length in characters from which a name may have been cut by its field.
        digest: MD5 of the meaning, for the audit: two texts that say the same agree.
    """

    rules: Mapping[Group, tuple[Rule, ...]]
    truncated_from: int
    digest: str

    def of(self, attribute: Attribute) -> tuple[Rule, ...]:
        """The ordered rules that govern an attribute."""
        return self.rules[GROUP_OF[attribute]]


def default_policy() -> Policy:
    """The policy that is shipped with the package."""
    text = resources.files("mdm.survivorship").joinpath("policy.toml").read_text(encoding="utf-8")
    return load_policy(text)


def load_policy(text: str) -> Policy:
    """Read a policy from TOML.

    Raises:
        PolicyError: The text is no TOML, or some of its entries cannot stand; all are named.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is not TOML: {error}") from error
    errors: list[str] = [
        f"unknown key {key!r}" for key in data if key not in {"version", "truncated_from", "groups"}
    ]
    if data.get("version") != 1:
        errors.append("version must be 1")
    limit = data.get("truncated_from")
    low, high = _TRUNCATED_LIMITS
    if type(limit) is not int or not low <= limit <= high:
        errors.append(f"truncated_from must be a whole number from {low} to {high}")
    rules = _read_groups(data.get("groups"), errors)
    if errors:
        raise PolicyError("; ".join(errors))
    assert type(limit) is int
    meaning = repr((limit, sorted((str(g), [str(r) for r in rs]) for g, rs in rules.items())))
    digest = hashlib.md5(meaning.encode(), usedforsecurity=False).hexdigest()
    return Policy(MappingProxyType(rules), limit, digest)


def _read_groups(data: object, errors: list[str]) -> dict[Group, tuple[Rule, ...]]:
    if not isinstance(data, dict):
        errors.append("[groups] is missing")
        return {}
    errors += [f"groups.{name}: unknown group" for name in data if name not in set(Group)]
    return {
        group: _read_rules(group, data[group], errors)
        if group in data
        else _missing(f"groups.{group}: missing", errors)
        for group in Group
    }


def _missing(message: str, errors: list[str]) -> tuple[Rule, ...]:
    errors.append(message)
    return ()


def _read_rules(group: Group, entry: object, errors: list[str]) -> tuple[Rule, ...]:
    where = f"groups.{group}"
    if not isinstance(entry, dict) or not isinstance(entry.get("rules"), list):
        return _missing(f"{where}: needs rules = [...]", errors)
    errors += [f"{where}: unknown key {key!r}" for key in entry if key != "rules"]
    names: list[object] = entry["rules"]
    if not names:
        errors.append(f"{where}: at least one rule is needed")
    errors += [f"{where}: {name} stands twice" for name in sorted(_repeated(names))]
    return tuple(rule for name in names if (rule := _read_rule(group, name, errors)) is not None)


def _repeated(names: list[object]) -> set[str]:
    return {str(name) for name in names if names.count(name) > 1}


def _read_rule(group: Group, name: object, errors: list[str]) -> Rule | None:
    where = f"groups.{group}"
    if group in NAME_GROUPS and name in _NEVER_FOR_NAMES:
        errors.append(f"{where}: {name} is never used for names")
        return None
    if not isinstance(name, str) or name not in set(Rule):
        errors.append(f"{where}: unknown rule {name!r}")
        return None
    rule = Rule(name)
    if group not in _ALLOWED.get(rule, frozenset(Group)):
        errors.append(f"{where}: {rule} is not allowed here")
    return rule
