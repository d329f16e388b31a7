"""What a record offers for each attribute, in SQL: the twin of `mdm.survivorship.candidates`.

The expressions read `s` (table `standard`) and `m` (the members: `record_id`, `not_theirs`, ...).
"""

from dataclasses import dataclass

from mdm.domain.golden_record import Attribute
from mdm.domain.street import STREET_KINDS

# SQL of `MemberRecord.current_at` and `as_of`.
CURRENT_AT = "coalesce(s.updated_at, s.last_contact_on::TIMESTAMP)"
AS_OF = f"({CURRENT_AT})::DATE"
# SQL of `MemberRecord.active_on`.
ACTIVE_ON = (
    f"greatest(s.last_contact_on, CASE WHEN s.service_since <= {AS_OF} THEN s.service_since END)"
)
_UNIT = "chr(31)"


@dataclass(frozen=True, slots=True)
class SingleColumn:
    """SQL of one single attribute of one record.

    Attributes:
        value: What would be shown; NULL where the record offers nothing.
        key: VARCHAR or DATE by which values are called the same; NULL together with `value`.
    """

    value: str
    key: str

    @property
    def plain(self) -> bool:
        """Whether the value is its own key."""
        return self.value == self.key


@dataclass(frozen=True, slots=True)
class ListColumn:
    """SQL of one list attribute of one record.

    Attributes:
        keys: VARCHAR[] of what makes the entries distinct, in the order of the golden record.
        entry: JSON text of the entry whose key is `k`.
        rank: Order of the entry with key `k` before any rule.
    """

    keys: str
    entry: str = "to_json(k)"
    rank: str = "0"


def _own(column: str) -> str:
    return f"CASE WHEN list_contains(m.not_theirs, '{column}') THEN NULL ELSE s.{column} END"


def _person(column: str) -> SingleColumn:
    shown = f"CASE WHEN s.{column} IS NOT NULL THEN coalesce(s.{column}_shown, s.{column}) END"
    return SingleColumn(shown, f"s.{column}")


def _plain(column: str) -> SingleColumn:
    return SingleColumn(f"s.{column}", f"s.{column}")


def _object(**fields: str) -> str:
    inner = ", ".join(f"'{name}': {expression}" for name, expression in fields.items())
    return f"to_json({{{inner}}})::VARCHAR"


_NAME_SHOWN = "coalesce(s.name_shown, concat_ws(' ', s.name, s.suffix))"
# Civil keys never begin with "/", newborn marks always do; tokens hold no "/".
_NAME = SingleColumn(
    f"CASE WHEN s.name IS NOT NULL THEN {_NAME_SHOWN} ELSE s.name_shown END",
    "CASE WHEN s.name IS NOT NULL THEN s.name || '/' || coalesce(s.suffix, '') "
    "ELSE '/' || s.name_shown END",
)
_HAS_ADDRESS = "coalesce(s.street, s.district, s.postal_code) IS NOT NULL"
_ADDRESS_PARTS = ("street", "district", "street_number", "postal_code", "municipality")
_BARE_STREET = f"regexp_replace(s.street, '^({'|'.join(STREET_KINDS)}) ', '')"
# One part less than a whole address has: no such key is one of those.
_STREET_AND_NUMBER = f" || {_UNIT} || ".join(
    (_BARE_STREET, "s.street_number", "coalesce(s.municipality, '')")
)
_ADDRESS = SingleColumn(
    f"CASE WHEN {_HAS_ADDRESS} THEN "
    + _object(
        street="coalesce(s.street_shown, s.street)",
        street_number="s.street_number",
        district="coalesce(s.district_shown, s.district)",
        postal_code="s.postal_code",
        municipality="s.municipality",
    )
    + " END",
    f"CASE WHEN s.street IS NOT NULL AND s.street_number IS NOT NULL THEN {_STREET_AND_NUMBER} "
    f"WHEN {_HAS_ADDRESS} THEN "
    + f" || {_UNIT} || ".join(f"coalesce(s.{part}, '')" for part in _ADDRESS_PARTS)
    + " END",
)
SINGLE_COLUMNS: dict[Attribute, SingleColumn] = {
    Attribute.NAME: _NAME,
    Attribute.SOCIAL_NAME: _person("social_name"),
    Attribute.MOTHER: _person("mother"),
    Attribute.FATHER: _person("father"),
    Attribute.BIRTH_DATE: _plain("birth_date"),
    Attribute.SEX: _plain("sex"),
    Attribute.RACE: _plain("race"),
    Attribute.CPF: SingleColumn(_own("cpf"), _own("cpf")),
    Attribute.INEP_ID: SingleColumn(_own("inep_id"), _own("inep_id")),
    Attribute.ADDRESS: _ADDRESS,
    Attribute.DECEASED_ON: _plain("deceased_on"),
}
# Folded tokens of the names, for `spelled_out`.
FOLDED = {Attribute.NAME: "name", Attribute.MOTHER: "mother", Attribute.FATHER: "father"}

_CNS_RANK = "CASE left(k, 1) WHEN '1' THEN 0 WHEN '2' THEN 0 WHEN '7' THEN 1 ELSE 2 END"
_OWN_CNS = (
    "CASE WHEN m.not_theirs IS NULL THEN s.cns WHEN list_contains(m.not_theirs, 'cns') THEN NULL "
    "ELSE [k FOR k IN s.cns IF NOT list_contains(m.not_theirs, 'cns:' || k)] END"
)
_CNS_SORTED = (
    "[x[2:] FOR x IN list_sort([("
    + _CNS_RANK.replace("THEN 0", "THEN '0'")
    .replace("THEN 1", "THEN '1'")
    .replace("2 END", "'2' END")
    + f") || k FOR k IN {_OWN_CNS}])]"
)
_CONTACT = (
    "'{\"value\":' || to_json(k) || ',\"on\":' || "
    f"coalesce('\"' || {AS_OF} || '\"', 'null') || '}}'"
)


LIST_COLUMNS: dict[Attribute, ListColumn] = {
    Attribute.CNS: ListColumn(_CNS_SORTED, rank=_CNS_RANK),
    Attribute.NIS: ListColumn(f"CASE WHEN ({_own('nis')}) IS NOT NULL THEN [s.nis] END"),
    Attribute.PHONES: ListColumn("s.phones", entry=_CONTACT),
    Attribute.EMAILS: ListColumn("s.emails", entry=_CONTACT),
}


def list_json(column: ListColumn) -> str:
    """JSON list of all entries that one record offers; NULL where it offers none."""
    entries = f"[({column.entry})::VARCHAR FOR k IN {column.keys}]"
    return (
        f"CASE WHEN len({column.keys}) > 0 THEN '[' || array_to_string({entries}, ',') || ']' END"
    )
