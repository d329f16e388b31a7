"""How often everything happens in the synthetic city, with the evidence for each figure.

Marks: E measured or published (census, electoral registers 2014-2018, CadSUS figures), A assumption
to tune. All figures are shares between 0 and 1 unless a unit is named.
"""

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRates:
    """Errors of one source, as shares of its records.

    Attributes:
        duplicates: Records beyond the first of the same person, per person (E: CadSUS held 1.6
            records a person before its clean-up; health A 9 %).
        cpf_missing: No CPF, people of 7 and more (E: CadSUS 14.2 %).
        cpf_missing_young: No CPF, children under 7 (A).
        cpf_of_relative: A child's record holds the mother's or guardian's CPF (A; that it happens
            is known from published data-cleaning code of another city).
        cpf_typo: One digit wrong or two exchanged (A).
        mother_missing: Mother's name empty or a placeholder (A).
        father_missing: Father's name empty although he is known (A).
        name_typo: One or two wrong letters, or another spelling of the same sound (E: 1.1 % of
            candidates between two registrations; A for clerks in a hurry).
        name_abbreviated: A name cut to its initial or a usual short form (A).
        surname_dropped: A surname left out (E: 1.1 % between registrations; A).
        second_name_dropped: The second given name left out (A).
        particle_changed: DA, DE, DOS added or left out (E: 0.4 %).
        name_truncated: The end of the name cut off (A).
        mojibake: Letters with accents broken by a wrong encoding (A).
        accents_kept: Names written with accents (E: 17.5 % differ in nothing else).
        birth_digit: One digit of the birth date wrong (E: 2.3 % differ between registrations, half
            of them in the day alone).
        birth_swapped: Day and month exchanged (E that it happens; A).
        birth_year: Year off by one (E: 0.4 %).
        birth_first_january: 1 January of the year (A).
        birth_missing: Empty or an unusable date (A).
        sex_flipped: The other sex (E: 0.1 % between registrations; A).
        race_discordant: Another race than the person's own statement (E: 26 % differ between
            registrations).
        address_stale: An earlier address (A; the flood of May 2024 moved many people).
        phone_missing: No phone (A).
        phone_unit: The unit's phone instead of the person's (E: a CadSUS rule demands it; A).
        phone_placeholder: 99999999999 and the like (A).
        death_unknown: The death never reached the record (A).
    """

    duplicates: float
    cpf_missing: float
    cpf_missing_young: float
    cpf_of_relative: float
    cpf_typo: float
    mother_missing: float
    father_missing: float
    name_typo: float
    name_abbreviated: float
    surname_dropped: float
    second_name_dropped: float
    particle_changed: float
    name_truncated: float
    mojibake: float
    accents_kept: float
    birth_digit: float
    birth_swapped: float
    birth_year: float
    birth_first_january: float
    birth_missing: float
    sex_flipped: float
    race_discordant: float
    address_stale: float
    phone_missing: float
    phone_unit: float
    phone_placeholder: float
    death_unknown: float

    def scaled(self, factor: float) -> Self:
        """The same source with all errors multiplied by `factor`, none above 0.95."""
        kept = {"accents_kept"}
        changes = {
            field.name: min(0.95, getattr(self, field.name) * factor)
            for field in fields(self)
            if field.name not in kept
        }
        return replace(self, **changes)


HEALTH = SourceRates(
    duplicates=0.09,
    cpf_missing=0.14,
    cpf_missing_young=0.25,
    cpf_of_relative=0.010,
    cpf_typo=0.003,
    mother_missing=0.04,
    father_missing=0.35,
    name_typo=0.03,
    name_abbreviated=0.04,
    surname_dropped=0.03,
    second_name_dropped=0.01,
    particle_changed=0.02,
    name_truncated=0.003,
    mojibake=0.0015,
    accents_kept=0.35,
    birth_digit=0.010,
    birth_swapped=0.003,
    birth_year=0.003,
    birth_first_january=0.003,
    birth_missing=0.001,
    sex_flipped=0.003,
    race_discordant=0.18,
    address_stale=0.30,
    phone_missing=0.12,
    phone_unit=0.07,
    phone_placeholder=0.012,
    death_unknown=0.30,
)

SOCIAL = SourceRates(
    duplicates=0.015,
    cpf_missing=0.05,
    cpf_missing_young=0.08,
    cpf_of_relative=0.003,
    cpf_typo=0.001,
    mother_missing=0.01,
    father_missing=0.35,
    name_typo=0.02,
    name_abbreviated=0.01,
    surname_dropped=0.02,
    second_name_dropped=0.004,
    particle_changed=0.01,
    name_truncated=0.003,
    mojibake=0.0005,
    accents_kept=0.10,
    birth_digit=0.005,
    birth_swapped=0.002,
    birth_year=0.002,
    birth_first_january=0.001,
    birth_missing=0.0005,
    sex_flipped=0.002,
    race_discordant=0.12,
    address_stale=0.15,
    phone_missing=0.10,
    phone_unit=0.005,
    phone_placeholder=0.005,
    death_unknown=0.30,
)

EDUCATION = SourceRates(
    duplicates=0.02,
    cpf_missing=0.20,
    cpf_missing_young=0.22,
    cpf_of_relative=0.015,
    cpf_typo=0.01,
    mother_missing=0.02,
    father_missing=0.15,
    name_typo=0.02,
    name_abbreviated=0.01,
    surname_dropped=0.02,
    second_name_dropped=0.005,
    particle_changed=0.015,
    name_truncated=0.001,
    mojibake=0.0,
    accents_kept=0.0,
    birth_digit=0.010,
    birth_swapped=0.003,
    birth_year=0.003,
    birth_first_january=0.002,
    birth_missing=0.0005,
    sex_flipped=0.002,
    race_discordant=0.20,
    address_stale=0.15,
    phone_missing=0.15,
    phone_unit=0.01,
    phone_placeholder=0.01,
    death_unknown=0.80,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityRates:
    """What the people of the city are like and how the three sources know them.

    A *person of the city* is one known to at least one source: with services that reach 80 % of
    residents by health and 22 % by social assistance, that is 85 % of all residents, so health
    holds 93 % of them.

    Attributes:
        social_share: People in CadÚnico (E: about 290,000 of 1.33 million).
        education_share: Pupils of the municipal and partner schools (E: 67,000; A with early
            childhood 9 %).
        health_share_of_others: People of the other two sources who are in health too (A); all
            others are in health.
        twins: People born as twins (E: 1.9 % of births in 2010 and rising).
        twins_sharing_first_name: Twin pairs with the same first token (A: one pair in seven).
        twins_alliterating: Twin pairs with names that begin alike (A).
        twins_same_sex: Twin pairs of one sex (E: about two thirds).
        suffix_of_men: FILHO, JUNIOR, NETO, ... (E: 5.4 % of candidates).
        second_given_name: Second given name beside MARIA, ANA, JOAO and the like (A).
        one_surname: People with one surname and no second given name (E: 8 % two tokens).
        three_surnames: People with a third surname (E: 3 % five tokens).
        father_unknown: People without a declared father (E: about 5.5 % of births).
        married_name: Women of couples who took the husband's name (A).
        married_name_asynchronous: Women with a married name whose records do not all know it (A).
        social_name: People with a nome social (A: 0.1-0.3 %).
        social_name_misused: Health records with another text in that field (E that it happens).
        nickname: CadÚnico records with a nickname (A).
        newborn: Recent births left as RN DE <mother> in health (A).
        newborn_years: What recent means there, years.
        newborn_named_later: Newborn records whose child also has a proper record (A).
        restricted: People flagged by the sources (A).
        foreign_households: Households of migrants (A: about 2 % of residents).
        foreign_without_mother: Records of migrants without the mother's name (A).
        single_token: People with one name only (A: migrants and indigenous people).
        deaths: People who died in the years the sources cover (E: about 1 % a year; A).
        second_cns: People with two CNS or more (A).
        third_cns: People with three (A).
        alias_name: People whose papers carry a wrong name that several sources copied (A).
        alias_birth: The same for the birth date (A).
        baby_registration: Children whose health record was made at birth and never renewed (A).
        baby_without_father: Of those, the ones written down before the civil registry knew the
            name: without the father's surname (A).
        duplicate_error_factor: How much more often errors stand in a duplicate: it exists because
            the first record was not found (A).
        hasty_records: Records written in a hurry (A).
        hasty_factor: How much more often errors stand in those; the others have fewer, so that the
            sources' rates hold over all records (A).
        neighbours: Health records of people from the metropolitan region (E that it happens; A).
        region_cpf: CPFs issued in Rio Grande do Sul (A).
        copied: Records of CadÚnico and education filled in from the health record of the same
            person, errors and all (A: that sources share what they know; 0, and raised in benches).
        borrowing_children: Children under 16 who go by a relative's CPF, half of them in every
            record, half in one source; instead of the sources' `cpf_of_relative` (None: those).
        health, social, education: Errors of the three sources.
    """

    social_share: float = 0.22
    education_share: float = 0.09
    health_share_of_others: float = 0.77
    twins: float = 0.02
    twins_sharing_first_name: float = 1 / 7
    twins_alliterating: float = 0.35
    twins_same_sex: float = 0.67
    suffix_of_men: float = 0.054
    second_given_name: float = 0.33
    one_surname: float = 0.15
    three_surnames: float = 0.03
    father_unknown: float = 0.055
    married_name: float = 0.55
    married_name_asynchronous: float = 0.25
    social_name: float = 0.002
    social_name_misused: float = 0.01
    nickname: float = 0.05
    newborn: float = 0.06
    newborn_years: int = 6
    newborn_named_later: float = 0.6
    restricted: float = 0.002
    foreign_households: float = 0.02
    foreign_without_mother: float = 0.4
    single_token: float = 0.001
    deaths: float = 0.03
    second_cns: float = 0.25
    third_cns: float = 0.05
    alias_name: float = 0.005
    alias_birth: float = 0.004
    baby_registration: float = 0.35
    baby_without_father: float = 0.12
    duplicate_error_factor: float = 1.2
    hasty_records: float = 0.15
    hasty_factor: float = 1.2
    neighbours: float = 0.05
    region_cpf: float = 0.88
    copied: float = 0.0
    borrowing_children: float | None = None
    health: SourceRates = HEALTH
    social: SourceRates = SOCIAL
    education: SourceRates = EDUCATION

    def with_errors(self, factor: float) -> Self:
        """The same people, with all errors of all sources multiplied by `factor`."""
        return replace(
            self,
            health=self.health.scaled(factor),
            social=self.social.scaled(factor),
            education=self.education.scaled(factor),
        )
