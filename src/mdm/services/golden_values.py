"""What a steward writes for an attribute, read as if a source had delivered it."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from mdm.domain.golden_record import LISTED, SINGLE, Attribute
from mdm.errors import GoldenAttributeError, GoldenValueError
from mdm.standardise.record import standardise_record
from mdm.survivorship.candidates import Candidate, candidates
from mdm.survivorship.member import MemberRecord

BETWEEN_PARTS = ";"
_COLUMNS: Mapping[Attribute, tuple[str, ...]] = MappingProxyType(
    {
        Attribute.NAME: ("full_name",),
        Attribute.MOTHER: ("mother_name",),
        Attribute.FATHER: ("father_name",),
        Attribute.ADDRESS: ("street", "street_number", "district", "postal_code", "municipality"),
    }
)
"""Canonical columns of an attribute, in the order in which its parts are written; of others the
column has the attribute's name."""
Beside = Mapping[str, str]
"""Canonical values of the citizen that the value must make sense beside."""
ALONE: Beside = MappingProxyType({})


def settable(text: str) -> Attribute:
    """The attribute of a name that a steward gives.

    Raises:
        GoldenAttributeError: There is no such attribute, or it is a list that all records fill.
    """
    try:
        attribute = Attribute(text)
    except ValueError:
        known = ", ".join(SINGLE)
        raise GoldenAttributeError(f"no such attribute; there are: {known}") from None
    if attribute in LISTED:
        raise GoldenAttributeError("a list of what all records say cannot be set", where=text)
    return attribute


def read_value(
    attribute: Attribute, text: str, *, today: date, beside: Beside = ALONE
) -> Candidate:
    """The value, standardised and checked as a loaded one.

    Args:
        attribute: A single attribute.
        text: As a source would give it; the parts of an address with `;` between: street, number,
            district, CEP, municipality.
        today: The day that dates are measured against.
        beside: See `Beside`.

    Raises:
        GoldenValueError: It cannot be used; the reason is told, never the value.
    """
    columns = _COLUMNS.get(attribute, (attribute.value,))
    parts = [part.strip() for part in text.split(BETWEEN_PARTS)] if len(columns) > 1 else [text]
    if len(parts) > len(columns):
        raise GoldenValueError(f"the parts are: {'; '.join(columns)}", where=attribute.value)
    given = dict(zip(columns, parts, strict=False))
    record, issues = standardise_record({**beside, **given}, today=today)
    faults = [issue for issue in issues if issue.field in given]
    if faults:
        told = "; ".join(f"{one.field}: {one.value_class} ({one.reason})" for one in faults)
        raise GoldenValueError(f"the value cannot be used: {told}", where=attribute.value)
    offered = candidates(MemberRecord(record_id=0, source="", record=record), attribute)
    if not offered or offered[0].fallback:
        raise GoldenValueError("the value says nothing", where=attribute.value)
    return offered[0]
