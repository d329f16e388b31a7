"""What a record offers for each attribute. `mdm.volume.golden_columns` is the SQL twin."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mdm.domain.golden_record import (
    Address,
    Attribute,
    Contact,
    Document,
    Family,
    Service,
    Value,
)
from mdm.domain.street import without_kind
from mdm.survivorship.member import MemberRecord

DOCUMENT_KINDS = ("birth_certificate", "dnv", "foreign_document", "rg", "voter_id")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that a record offers.

    Attributes:
        key: Equal keys mean the same value.
        value: What would be shown.
        text: Folded tokens, for rules on names; "" elsewhere.
        fallback: Comes after every other candidate: the name of a newborn record.
        rank: Order of values inside a list before any rule (definitive CNS first).
    """

    key: Hashable
    value: Value
    text: str = ""
    fallback: bool = False
    rank: int = 0


def candidates(member: MemberRecord, attribute: Attribute) -> tuple[Candidate, ...]:
    """What the record offers for the attribute; single attributes offer one value or none."""
    return _OFFERS[attribute](member)


def cns_rank(cns: str) -> int:
    """0 definitive, 1 well registered, 2 provisional: the first digit of a CNS tells."""
    return {"1": 0, "2": 0, "7": 1}.get(cns[0], 2)


def _name(member: MemberRecord) -> tuple[Candidate, ...]:
    record = member.record
    if record.name is not None:
        suffix = "" if record.suffix is None else f" {record.suffix}"
        shown = record.name + suffix if record.name_shown is None else record.name_shown
        return (Candidate((record.name, record.suffix), shown, record.name),)
    if record.name_shown is None:
        return ()
    return (Candidate((None, record.name_shown), record.name_shown, fallback=True),)


def _person(column: str) -> Callable[[MemberRecord], tuple[Candidate, ...]]:
    def offer(member: MemberRecord) -> tuple[Candidate, ...]:
        text: str | None = getattr(member.record, column)
        shown: str | None = getattr(member.record, f"{column}_shown")
        if text is None:
            return ()
        return (Candidate(text, text if shown is None else shown, text),)

    return offer


def _plain(column: str) -> Callable[[MemberRecord], tuple[Candidate, ...]]:
    def offer(member: MemberRecord) -> tuple[Candidate, ...]:
        value: Value | None = getattr(member.record, column)
        if value is None or column in member.not_theirs:
            return ()
        return (Candidate(value, value),)

    return offer


def _address(member: MemberRecord) -> tuple[Candidate, ...]:
    record = member.record
    if record.street is None and record.district is None and record.postal_code is None:
        return ()
    street = record.street if record.street_shown is None else record.street_shown
    district = record.district if record.district_shown is None else record.district_shown
    value = Address(street, record.street_number, district, record.postal_code, record.municipality)
    # Street and number make an address: one source leaves out what another one writes beside them.
    key: tuple[str | None, ...] = (
        record.street, record.district, record.street_number, record.postal_code,
        record.municipality,
    )  # fmt: skip
    if record.street is not None and record.street_number is not None:
        key = (without_kind(record.street), record.street_number, record.municipality)
    return (Candidate(key, value),)


def _cns(member: MemberRecord) -> tuple[Candidate, ...]:
    if "cns" in member.not_theirs:
        return ()
    own = [cns for cns in member.record.cns if f"cns:{cns}" not in member.not_theirs]
    return tuple(Candidate(cns, cns, rank=cns_rank(cns)) for cns in own)


def _documents(member: MemberRecord) -> tuple[Candidate, ...]:
    found: list[Candidate] = []
    for kind in DOCUMENT_KINDS:
        number: str | None = getattr(member.record, kind)
        if number is not None and kind not in member.not_theirs:
            document = Document(kind, number)
            found.append(Candidate(document, document))
    return tuple(found)


def _contacts(column: str) -> Callable[[MemberRecord], tuple[Candidate, ...]]:
    def offer(member: MemberRecord) -> tuple[Candidate, ...]:
        values: tuple[str, ...] = getattr(member.record, column)
        return tuple(Candidate(value, Contact(value, member.as_of)) for value in values)

    return offer


def _services(member: MemberRecord) -> tuple[Candidate, ...]:
    record = member.record
    service = Service(
        member.record_id,
        member.source,
        record.unit_code,
        record.unit_name,
        record.service_status,
        record.service_since,
        record.last_contact_on,
    )
    return (Candidate(service, service),)


def _family(member: MemberRecord) -> tuple[Candidate, ...]:
    record = member.record
    if record.household_id is None and record.guardian is None:
        return ()
    family = Family(member.source, record.household_id, record.household_role, record.guardian)
    return (Candidate(family, family),)


_OFFERS: Mapping[Attribute, Callable[[MemberRecord], tuple[Candidate, ...]]] = MappingProxyType(
    {
        Attribute.NAME: _name,
        Attribute.SOCIAL_NAME: _person("social_name"),
        Attribute.MOTHER: _person("mother"),
        Attribute.FATHER: _person("father"),
        Attribute.BIRTH_DATE: _plain("birth_date"),
        Attribute.BIRTH_MUNICIPALITY: _plain("birth_municipality"),
        Attribute.SEX: _plain("sex"),
        Attribute.RACE: _plain("race"),
        Attribute.CPF: _plain("cpf"),
        Attribute.INEP_ID: _plain("inep_id"),
        Attribute.ADDRESS: _address,
        Attribute.DECEASED_ON: _plain("deceased_on"),
        Attribute.NICKNAMES: _plain("nickname"),
        Attribute.CNS: _cns,
        Attribute.NIS: _plain("nis"),
        Attribute.DOCUMENTS: _documents,
        Attribute.PHONES: _contacts("phones"),
        Attribute.EMAILS: _contacts("emails"),
        Attribute.SERVICES: _services,
        Attribute.FAMILY: _family,
    }
)
