"""What the decisions need to know of one record besides its match weights."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DEATH_TOLERANCE = timedelta(days=30)
"""A contact so soon after a death is a clerk's, or the family's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """Decision inputs of one record.

    Attributes:
        record_id: Internal number of the record, never reused.
        source: Name of its source.
        household_key: Declared family within the source, (source, household_id) in one text.
        class_key: School class, unique over sources and schools.
        own_cpf: Valid CPF that ownership resolution left with this record; None if not theirs.
        own_cpf_by: Stewards who judged that CPF to be its people's own.
        name: Tokens of the civil name, folded, particles and suffix removed; () if there is none.
        documents: Its own numbers beside the CPF, as (kind, number); CNS and NIS are one kind,
            since the one is often made of the other.
        social: Tokens of the nome social; () if there is none.
        name_phonetic: Phonetic key of each token of `name`, same order; () if not known.
        suffix: Generational suffix. Evidence for the model; no guard reads it.
        name_kind: "civil" or "newborn".
        twin_order: 1, 2, 3 of a numbered twin; 0 an unnumbered mark; None no mark.
        mother: Tokens of the mother's name; () if unknown.
        birth_date: Birth date.
        deceased_on: Date of death that the record states.
        last_activity: Date of the last contact with the person that the record proves.
        restricted: Violence, adoption, witness: may attach to one citizen, bridges nothing.
        superseded_by: Record that replaces this one at its source; a must-link.
        active: Present at its source: neither withdrawn, superseded nor erased.
    """

    record_id: int
    source: str
    household_key: str | None = None
    class_key: str | None = None
    own_cpf: str | None = None
    own_cpf_by: frozenset[str] = frozenset()
    documents: frozenset[tuple[str, str]] = frozenset()
    name: tuple[str, ...] = ()
    social: tuple[str, ...] = ()
    name_phonetic: tuple[str, ...] = ()
    suffix: str | None = None
    name_kind: str | None = None
    twin_order: int | None = None
    mother: tuple[str, ...] = ()
    birth_date: date | None = None
    deceased_on: date | None = None
    last_activity: date | None = None
    restricted: bool = False
    superseded_by: int | None = None
    active: bool = True


def documents(
    *,
    cns: Iterable[str],
    nis: str | None,
    birth_certificate: str | None,
    dnv: str | None,
    inep_id: str | None,
) -> frozenset[tuple[str, str]]:
    """`RecordFacts.documents` of numbers that are the record's own."""
    found = {("social", number) for number in cns}
    single = {"social": nis, "certificate": birth_certificate, "dnv": dnv, "school": inep_id}
    found |= {(kind, number) for kind, number in single.items() if number is not None}
    return frozenset(found)
