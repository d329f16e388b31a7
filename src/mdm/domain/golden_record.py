"""The golden record: the best present answer about a citizen, every value with its origin.

It is computed from the member records, so undoing a merge loses nothing. Values are what a
person may read; `key` is the comparable form by which two values are called the same.
"""

import hashlib
import json
from collections.abc import Collection, Hashable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from enum import StrEnum


class Attribute(StrEnum):
    """What a golden record tells. Lineage is kept for each."""

    NAME = "name"
    SOCIAL_NAME = "social_name"
    MOTHER = "mother"
    FATHER = "father"
    BIRTH_DATE = "birth_date"
    BIRTH_MUNICIPALITY = "birth_municipality"
    SEX = "sex"
    RACE = "race"
    CPF = "cpf"
    INEP_ID = "inep_id"
    ADDRESS = "address"
    DECEASED_ON = "deceased_on"
    NICKNAMES = "nicknames"
    CNS = "cns"
    NIS = "nis"
    DOCUMENTS = "documents"
    PHONES = "phones"
    EMAILS = "emails"
    SERVICES = "services"
    FAMILY = "family"


LISTED = (
    Attribute.NICKNAMES,
    Attribute.CNS,
    Attribute.NIS,
    Attribute.DOCUMENTS,
    Attribute.PHONES,
    Attribute.EMAILS,
    Attribute.SERVICES,
    Attribute.FAMILY,
)
SINGLE = tuple(attribute for attribute in Attribute if attribute not in LISTED)
# What table `golden_record` holds for the whole city; the rest is built when one citizen is read.
STORED_SINGLE = tuple(a for a in SINGLE if a is not Attribute.BIRTH_MUNICIPALITY)
STORED_LISTED = (Attribute.CNS, Attribute.NIS, Attribute.PHONES, Attribute.EMAILS)


class DeceasedStatus(StrEnum):
    """Whether a reported death may be acted on."""

    CONFIRMED = "confirmed"
    REPORTED = "reported"
    CONTRADICTED = "contradicted"


class OverrideState(StrEnum):
    """Whether a value that a steward set stands.

    `lapsed`: the source was corrected since, so the policy decides again.
    """

    ACTIVE = "active"
    UNDONE = "undone"
    LAPSED = "lapsed"


DECEASED_SHOWN = {
    DeceasedStatus.CONFIRMED: "óbito confirmado",
    DeceasedStatus.REPORTED: "óbito informado, não confirmado",
    DeceasedStatus.CONTRADICTED: "óbito informado, contradito por atividade posterior",
}


@dataclass(frozen=True, slots=True)
class Address:
    """An address is one value: its parts come from one record."""

    street: str | None
    street_number: str | None
    district: str | None
    postal_code: str | None
    municipality: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A number of a kind that has no column of its own (`rg`, `voter_id`, ...)."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone or e-mail address and the day its record was last known to be current."""

    value: str
    on: date | None


@dataclass(frozen=True, slots=True)
class Service:
    """What one record says about the service that keeps it."""

    record_id: int
    source: str
    unit_code: str | None
    unit_name: str | None
    status: str | None
    since: date | None
    last_contact_on: date | None


@dataclass(frozen=True, slots=True)
class Family:
    """A family as one source declares it."""

    source: str
    household_id: str | None
    role: str | None
    guardian: str | None


Value = str | date | Address | Document | Contact | Service | Family


@dataclass(frozen=True, slots=True)
class Rival:
    """A value that lost, with the records that hold it."""

    value: Value
    record_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GoldenValue:
    """One golden value and its origin.

    Attributes:
        value: What a person may read.
        key: Comparable form; for names the folded tokens and the suffix.
        record_id: The record that gave it, or whose value a steward replaced.
        rule: The rule that decided, one of `mdm.survivorship.policy.Outcome` or `Rule`.
        as_of: Day the record was last known to be current, or the steward set the value.
        rivals: The other values, best first.
        override_id: Number of the steward's value; None where a record gave it.
    """

    value: Value
    key: Hashable
    record_id: int
    rule: str
    as_of: date | None
    rivals: tuple[Rival, ...] = ()
    override_id: int | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A value that a steward emptied: the record judged, and the number of the override."""

    record_id: int
    override_id: int


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """The golden record of one citizen.

    Attributes:
        values: One golden value for each single attribute that has one.
        lists: All values of each list attribute, best first.
        withheld: Attributes that a steward emptied.
        deceased_status: None when no record reports a death.
        deceased_rule: Why the death counts as confirmed or not.
        deceased_reports: Reported dates with their records, whatever the status.
        sources: Names of the sources that know the citizen, sorted.
        record_ids: The records it was built from, sorted; restricted ones are left out.
    """

    values: Mapping[Attribute, GoldenValue]
    lists: Mapping[Attribute, tuple[GoldenValue, ...]]
    withheld: Mapping[Attribute, Withheld]
    deceased_status: DeceasedStatus | None
    deceased_rule: str | None
    deceased_reports: tuple[Rival, ...]
    sources: tuple[str, ...]
    record_ids: tuple[int, ...]

    def shown(self, attribute: Attribute) -> Value | None:
        """The golden value of a single attribute, or None."""
        found = self.values.get(attribute)
        return None if found is None else found.value

    def to_row(self, municipal_id: str) -> dict[str, object]:
        """The row of table `golden_record`: columns of `GOLDEN_COLUMNS`, dates as ISO text."""
        row: dict[str, object] = {"municipal_id": municipal_id}
        for attribute in STORED_SINGLE:
            found = self.values.get(attribute)
            row[attribute] = None if found is None else _cell(found.value)
        name = self.values.get(Attribute.NAME)
        row["name_key"] = None if name is None else _first(name.key)
        row["deceased_status"] = None if self.deceased_status is None else str(self.deceased_status)
        for listed in STORED_LISTED:
            entries = self.lists.get(listed, ())
            row[listed] = _json([entry.value for entry in entries]) if entries else None
        row["sources"] = _json(self.sources)
        row["record_count"] = len(self.record_ids)
        row["content_digest"] = content_digest(row)
        row["lineage"] = _json(self.lineage(STORED_SINGLE + STORED_LISTED))
        return {column: row[column] for column in GOLDEN_COLUMNS}

    def lineage(self, of: Collection[Attribute] = tuple(Attribute)) -> dict[str, list[object]]:
        """Origin of every value: `{attribute: [record_id, rule]}`.

        A steward's value has the number of the override behind the rule.

        A citizen of one record without a steward's decision has the one entry `*`. List
        attributes give the list of records, one for each value.
        """
        origin: dict[str, list[object]] = {}
        touched = bool(self.withheld) or any(v.rule == STEWARD for v in self.values.values())
        if len(self.record_ids) == 1 and not touched:
            origin["*"] = [self.record_ids[0], ONLY_RECORD]
        else:
            for attribute in (attribute for attribute in SINGLE if attribute in of):
                if attribute in self.values:
                    found = self.values[attribute]
                    origin[attribute] = [found.record_id, found.rule]
                    if found.override_id is not None:
                        origin[attribute].append(found.override_id)
                elif attribute in self.withheld:
                    gone = self.withheld[attribute]
                    origin[attribute] = [gone.record_id, STEWARD, gone.override_id]
            for attribute in (attribute for attribute in LISTED if attribute in of):
                if attribute in self.lists:
                    givers = [entry.record_id for entry in self.lists[attribute]]
                    origin[attribute] = [givers, EVERY_VALUE]
        if self.deceased_status is not None and self.deceased_rule is not None:
            reporters = sorted({r for report in self.deceased_reports for r in report.record_ids})
            origin["deceased_status"] = [reporters, self.deceased_rule]
        return origin


STEWARD = "steward"
ONLY_RECORD = "only_record"
EVERY_VALUE = "every_value"

GOLDEN_COLUMNS: tuple[str, ...] = (
    "municipal_id",
    "name",
    "name_key",
    *(str(attribute) for attribute in STORED_SINGLE if attribute is not Attribute.NAME),
    "deceased_status",
    *(str(attribute) for attribute in STORED_LISTED),
    "sources",
    "record_count",
    "content_digest",
    "lineage",
)
# The digest tells whether what is known changed; not where it came from, nor the ID.
DIGEST_COLUMNS: tuple[str, ...] = GOLDEN_COLUMNS[1:-2]
SEPARATOR = "\x1f"


def content_digest(row: Mapping[str, object]) -> str:
    """MD5, in hexadecimal, over the values of a row; None and the empty text count the same."""
    text = SEPARATOR.join("" if row[c] is None else str(row[c]) for c in DIGEST_COLUMNS)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def json_text(value: Value) -> str:
    """One value as the JSON text that the columns hold."""
    return _json(value)


def _first(key: Hashable) -> object:
    return key[0] if isinstance(key, tuple) else key


def _cell(value: Value) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")
