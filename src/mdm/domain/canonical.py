"""The canonical layout: every column a source may give, with its kind and an example.

This list is the single definition; `docs/canonical.md` is written from it and a test compares.
"""

from dataclasses import dataclass
from enum import StrEnum

UNMAPPED = "unmapped:"
"""Put before a code that the code map lacks, so that nobody reads it as a canonical code."""


class Group(StrEnum):
    """What a column is about: decides where it goes, and whether it is a person's attribute."""

    KEY = "key"
    NAME = "name"
    BIRTH = "birth"
    IDENTIFIER = "identifier"
    CONTACT = "contact"
    ADDRESS = "address"
    FAMILY = "family"
    SERVICE = "service"
    STATUS = "status"


class Kind(StrEnum):
    """How a value is read; `mdm.standardise` has one function for each."""

    LOCAL_ID = "local_id"
    NAME = "name"
    DATE = "date"
    TIMESTAMP = "timestamp"
    SEX = "sex"
    RACE = "race"
    CPF = "cpf"
    CNS = "cns"
    NIS = "nis"
    INEP = "inep"
    VOTER = "voter"
    RG = "rg"
    BIRTH_CERTIFICATE = "birth_certificate"
    DNV = "dnv"
    TEXT = "text"
    PHONE = "phone"
    EMAIL = "email"
    POSTAL_CODE = "postal_code"
    MUNICIPALITY = "municipality"
    ROLE = "role"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class CanonicalField:
    """One column of the canonical layout.

    Attributes:
        name: Column name.
        kind: How its values are read.
        group: What it is about.
        example: A synthetic value as it may be received.
        many: Whether one cell may hold several values separated by `;`.
        note: What a person who fills the column must know.
    """

    name: str
    kind: Kind
    group: Group
    example: str
    many: bool = False
    note: str = ""


def _f(
    name: str, kind: Kind, group: Group, example: str, note: str = "", *, many: bool = False
) -> CanonicalField:
    return CanonicalField(name, kind, group, example, many, note)


CANONICAL_FIELDS: tuple[CanonicalField, ...] = (
    _f("local_id", Kind.LOCAL_ID, Group.KEY, "000123", "the source's own key; required, unique"),
    _f("full_name", Kind.NAME, Group.NAME, "João da Silva Neto", "or given_name + family_name"),
    _f("given_name", Kind.NAME, Group.NAME, "João", "joined with family_name"),
    _f("family_name", Kind.NAME, Group.NAME, "da Silva Neto"),
    _f("social_name", Kind.NAME, Group.NAME, "Joana da Silva", "nome social, never a nickname"),
    _f("nickname", Kind.NAME, Group.NAME, "Jão", "searchable, never shown as a name"),
    _f("mother_name", Kind.NAME, Group.NAME, "Maria Souza", "filiação 1"),
    _f("father_name", Kind.NAME, Group.NAME, "José da Silva", "filiação 2"),
    _f("birth_date", Kind.DATE, Group.BIRTH, "1987-03-21", "ISO, dd/mm/yyyy or ddmmyyyy"),
    _f("sex", Kind.SEX, Group.BIRTH, "F", "M or F; a source's own codes by code map"),
    _f("race", Kind.RACE, Group.BIRTH, "03", "01 branca 02 preta 03 parda 04 amarela 05 indígena"),
    _f("cpf", Kind.CPF, Group.IDENTIFIER, "529.982.247-25"),
    _f("cns", Kind.CNS, Group.IDENTIFIER, "705000000000014", many=True),
    _f("nis", Kind.NIS, Group.IDENTIFIER, "12068910251"),
    _f("inep_id", Kind.INEP, Group.IDENTIFIER, "123456789012"),
    _f("voter_id", Kind.VOTER, Group.IDENTIFIER, "123456780493"),
    _f("rg", Kind.RG, Group.IDENTIFIER, "RS 1234567890", "state first, if known"),
    _f(
        "birth_certificate",
        Kind.BIRTH_CERTIFICATE,
        Group.IDENTIFIER,
        "10453901552013100012021000012321",
        "matrícula, 32 digits",
    ),
    _f("dnv", Kind.DNV, Group.IDENTIFIER, "30123456789", "declaração de nascido vivo, 11 digits"),
    _f("foreign_document", Kind.TEXT, Group.IDENTIFIER, "AR 12345678"),
    _f(
        "phone",
        Kind.PHONE,
        Group.CONTACT,
        "51999998888",
        "of another country with + and its code",
        many=True,
    ),
    _f("email", Kind.EMAIL, Group.CONTACT, "ana@example.org", many=True),
    _f("street", Kind.TEXT, Group.ADDRESS, "Rua dos Andradas"),
    _f("street_number", Kind.TEXT, Group.ADDRESS, "1001"),
    _f("district", Kind.TEXT, Group.ADDRESS, "Centro Histórico"),
    _f(
        "postal_code",
        Kind.POSTAL_CODE,
        Group.ADDRESS,
        "90020-005",
        "of another country behind its two letters: AU-4223",
    ),
    _f("municipality", Kind.MUNICIPALITY, Group.ADDRESS, "4314902", "IBGE code, 6 or 7 digits"),
    _f("birth_municipality", Kind.MUNICIPALITY, Group.BIRTH, "4314902", "IBGE code or name"),
    _f("household_id", Kind.TEXT, Group.FAMILY, "00012345678", "the declared family"),
    _f("household_role", Kind.ROLE, Group.FAMILY, "03", "01 reference person … 11 not a relative"),
    _f("guardian_name", Kind.NAME, Group.FAMILY, "Maria Souza"),
    _f("guardian_cpf", Kind.CPF, Group.FAMILY, "111.444.777-35"),
    _f("unit_code", Kind.TEXT, Group.SERVICE, "2237571", "CNES, INEP school code, CRAS"),
    _f("unit_name", Kind.TEXT, Group.SERVICE, "UBS Bom Jesus"),
    _f("class_code", Kind.TEXT, Group.SERVICE, "T-3A", "two pupils of one class are two people"),
    _f("service_status", Kind.TEXT, Group.SERVICE, "active"),
    _f("service_since", Kind.DATE, Group.SERVICE, "2021-02-15"),
    _f("last_contact_on", Kind.DATE, Group.SERVICE, "2026-08-30"),
    _f("merged_into", Kind.LOCAL_ID, Group.STATUS, "000045", "local ID that replaces this one"),
    _f("restricted", Kind.FLAG, Group.STATUS, "1", "violence, adoption, witness protection"),
    _f("updated_at", Kind.TIMESTAMP, Group.STATUS, "2026-10-01T08:30:00"),
    _f("deceased_on", Kind.DATE, Group.STATUS, "2025-12-24"),
)

CANONICAL: dict[str, CanonicalField] = {field.name: field for field in CANONICAL_FIELDS}
SEVERAL = ";"
