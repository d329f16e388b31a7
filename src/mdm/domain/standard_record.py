"""A record in comparable form: what linkage, guards and survivorship read.

Comparison values are folded to upper-case ASCII; a missing value is None, never "" or a
placeholder. `*_shown` values are what a person may read: the received text, cleaned.
One definition serves the batch (the same columns in an Arrow table) and the single record.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardRecord:
    """Comparable values of one record.

    Attributes:
        name: Civil-name tokens without particles and generational suffix, one space between;
            None for newborn records ("RN DE ...") and placeholders.
        name_phonetic: Phonetic key of each token of `name`, same order.
        name_kind: "civil", or "newborn" when the name field held "RN DE <mother>".
        suffix: Generational suffix (FILHO, JUNIOR, NETO, ...), canonical spelling.
        twin_order: 1, 2, 3 from GEMELAR I / II, RN I / II; 0 for an unnumbered mark of a twin.
        social_name, nickname, mother, father, guardian: Same form as `name`.
        birth_date_default: True for 1 January, often typed when only the year is known.
        birth_mistyped: Where the birth date is no possible one its digits as typed, yyyymmdd.
        sex: "M" or "F". race: "01".."05" (CadSUS codes).
        cpf, nis, inep_id, voter_id, birth_certificate, dnv: Digits, check digits verified.
        cns: All valid CNS, sorted. emails: lower case, sorted.
        phones: DDD + number, sorted; of another country + with its code and the number.
        rg: Digits (and X), with "UF:" before them where the state is known.
        street: Type and name folded, abbreviations expanded. street_number: digits or None.
        postal_code: CEP of 8 digits; of another country two letters, - and the code.
        municipality, birth_municipality: IBGE code of 7 digits (or a folded name).
        household_role: "01".."11". restricted: flagged by the source.
    """

    name: str | None = None
    name_phonetic: str | None = None
    name_kind: str | None = None
    suffix: str | None = None
    twin_order: int | None = None
    social_name: str | None = None
    nickname: str | None = None
    mother: str | None = None
    mother_phonetic: str | None = None
    father: str | None = None
    birth_date: date | None = None
    birth_date_default: bool = False
    birth_mistyped: str | None = None
    sex: str | None = None
    race: str | None = None
    cpf: str | None = None
    cns: tuple[str, ...] = ()
    nis: str | None = None
    inep_id: str | None = None
    voter_id: str | None = None
    rg: str | None = None
    birth_certificate: str | None = None
    dnv: str | None = None
    foreign_document: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    street: str | None = None
    street_number: str | None = None
    district: str | None = None
    postal_code: str | None = None
    municipality: str | None = None
    birth_municipality: str | None = None
    household_id: str | None = None
    household_role: str | None = None
    guardian: str | None = None
    guardian_cpf: str | None = None
    unit_code: str | None = None
    unit_name: str | None = None
    class_code: str | None = None
    service_status: str | None = None
    service_since: date | None = None
    last_contact_on: date | None = None
    merged_into: str | None = None
    restricted: bool = False
    updated_at: datetime | None = None
    deceased_on: date | None = None
    name_shown: str | None = None
    social_name_shown: str | None = None
    mother_shown: str | None = None
    father_shown: str | None = None
    street_shown: str | None = None
    district_shown: str | None = None


STANDARD_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(StandardRecord))


@dataclass(frozen=True, slots=True)
class ValueIssue:
    """A received value that could not be used: it became missing, the record stayed.

    Attributes:
        field: Canonical column.
        value_class: What sort of value it was ("repeated digits", "31/02"), never the value.
        reason: Why it cannot be used; one of `mdm.standardise.reasons`.
    """

    field: str
    value_class: str
    reason: str
