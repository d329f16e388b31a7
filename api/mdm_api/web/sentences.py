"""What each level of each comparison says, as a sentence: evidence in plain words.

One entry a level; `locale/pt_BR.po` has the Portuguese. A level without a sentence fails a test.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mdm_api.web.i18n import mark as _

MISSING: Final = "missing"

COMPARISON_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "given": _("Given name"),
        "surname": _("Family name"),
        "mother": _("Mother's name"),
        "birth_date": _("Birth date"),
        "cpf": _("CPF"),
        "cns": _("CNS"),
        "nis": _("NIS"),
        "birth_certificate": _("Birth certificate"),
        "dnv": _("Live birth declaration"),
        "inep_id": _("INEP ID"),
        "rg": _("RG"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        "address": _("Address"),
        "sex": _("Sex"),
        "father": _("Father's name"),
        "suffix": _("Name suffix"),
        "twin_mark": _("Mark of a twin"),
    }
)
"""Comparison -> what people call it."""

LEVEL_SENTENCES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("given", "equal"): _("The given names are equal."),
        ("given", "equal_alone"): _(
            "The given names are equal, under family names that are not or are missing."
        ),
        ("given", "sounds_equal"): _("The given names are spelled differently but sound the same."),
        ("given", "contained"): _("One side has a further given name that the other lacks."),
        ("given", "initial"): _("One side has only the initial of the first name."),
        ("given", "typo"): _("The first names differ by one typing slip."),
        ("given", "names_sound_equal"): _(
            "The first names are two usual names that sound the same."
        ),
        ("given", "near_names"): _("The first names are two usual names, one letter apart."),
        ("given", "first_equal_rest_differs"): _(
            "The first name is equal, but the second one differs."
        ),
        ("given", "shared"): _("One of the given names stands on both sides, in another place."),
        ("given", "far_typo"): _("The first names are alike, two letters apart."),
        ("given", "social"): _("The nome social of one side is the given name of the other."),
        ("given", "exchanged"): _("Both sides have the same names, in another order."),
        ("given", "crossed"): _("The given name of one side is the family name of the other."),
        ("given", "short_typo"): _("The first names, short ones, differ by one letter."),
        ("given", "conflict"): _("The given names are different."),
        ("given", MISSING): _("One side has no given name to compare."),
        ("surname", "equal"): _("The family names are equal."),
        ("surname", "sounds_equal"): _(
            "The family names are spelled differently but sound the same."
        ),
        ("surname", "contained"): _("One side has a family name that the other lacks."),
        ("surname", "typo"): _("The family names differ by a typing slip."),
        ("surname", "last_equal"): _("The last family name is equal, others differ."),
        ("surname", "shared"): _("The two share one family name, others differ."),
        ("surname", "last_typo"): _("The last family names differ by one typing slip."),
        ("surname", "exchanged"): _("Given name and family name are exchanged."),
        ("surname", "crossed"): _("The family name of one side is the given name of the other."),
        ("surname", "last_short_typo"): _(
            "The last family names, short ones, differ by one letter."
        ),
        ("surname", "far_typo"): _("The family names are alike, two letters apart."),
        ("surname", "conflict"): _("The family names are different."),
        ("surname", MISSING): _("One side has no family name to compare."),
        ("mother", "equal"): _("The mother's name is equal."),
        ("mother", "sounds_equal"): _(
            "The mother's name is spelled differently but sounds the same."
        ),
        ("mother", "given_equal_surname_contained"): _(
            "The mother's given name is equal; one side has a family name that the other lacks."
        ),
        ("mother", "typo"): _("The mother's name differs by a typing slip."),
        ("mother", "first_equal_surname_shared"): _(
            "The mother's first name is equal, and one of her family names."
        ),
        ("mother", "given_equal"): _(
            "The mother's given name is equal, but her family names differ."
        ),
        ("mother", "first_equal"): _("Only the mother's first name is equal."),
        ("mother", "surname_shared"): _(
            "The mothers share a family name, but their given names differ."
        ),
        ("mother", "equal_of_unnamed"): _(
            "The mother's name is equal, and one side has no name of its own yet."
        ),
        ("mother", "exchanged_with_father"): _(
            "The mother's name on one side is the father's on the other."
        ),
        ("mother", "conflict"): _("The mother's name is different."),
        ("mother", MISSING): _("One side lacks the mother's name."),
        ("birth_date", "equal"): _("The birth date is equal."),
        ("birth_date", "equal_default_day"): _(
            "The birth date is equal, but it is the kind that stands for an unknown day."
        ),
        ("birth_date", "day_month_swapped"): _("Day and month of birth are swapped."),
        ("birth_date", "one_slip"): _("The birth dates differ by one digit."),
        ("birth_date", "day_and_month_equal"): _(
            "Day and month of birth are equal, the year differs."
        ),
        ("birth_date", "year_and_month_equal"): _(
            "Year and month of birth are equal, the day differs."
        ),
        ("birth_date", "two_slips"): _("The birth dates differ by two digits."),
        ("birth_date", "year_equal_default_day"): _(
            "The year of birth is equal, and one side has the day that stands for an unknown one."
        ),
        ("birth_date", "year_equal"): _("Only the year of birth is equal."),
        ("birth_date", "conflict"): _("The birth dates are different."),
        ("birth_date", MISSING): _("One side lacks the birth date."),
        ("cpf", "equal"): _("The CPF is equal."),
        ("cpf", "near"): _("The CPFs differ by one or two digits: perhaps mistyped."),
        ("cpf", "conflict"): _("The CPFs are different, and both are valid."),
        ("cpf", MISSING): _("One side lacks a CPF of its own."),
        ("cns", "common"): _("Both have the same CNS."),
        ("cns", "conflict"): _("The CNS numbers are different; a person may have several."),
        ("cns", MISSING): _("One side lacks a CNS of its own."),
        ("nis", "equal"): _("The NIS is equal."),
        ("nis", "near"): _("The NIS numbers differ by one digit: perhaps mistyped."),
        ("nis", "conflict"): _("The NIS numbers are different."),
        ("nis", MISSING): _("One side lacks a NIS of its own."),
        ("birth_certificate", "equal"): _("The birth certificate is the same."),
        ("birth_certificate", "near"): _(
            "The birth certificates differ by one or two digits: perhaps mistyped."
        ),
        ("birth_certificate", "conflict"): _("The birth certificates are different."),
        ("birth_certificate", MISSING): _("One side lacks the birth certificate."),
        ("dnv", "equal"): _("The live birth declaration is the same."),
        ("dnv", "conflict"): _("The live birth declarations are different."),
        ("dnv", MISSING): _("One side lacks the live birth declaration."),
        ("inep_id", "equal"): _("The pupil's INEP ID is equal."),
        ("inep_id", "conflict"): _("The pupils' INEP IDs are different."),
        ("inep_id", MISSING): _("One side lacks an INEP ID."),
        ("rg", "equal"): _("The RG is equal."),
        ("rg", "conflict"): _("The RG numbers are different."),
        ("rg", MISSING): _("One side lacks an RG."),
        ("phone", "common"): _("Both have a phone in common; families often share one."),
        ("phone", "conflict"): _("They have no phone in common."),
        ("phone", MISSING): _("One side lacks a phone that can be compared."),
        ("email", "equal"): _("The e-mail is equal."),
        ("email", "conflict"): _("The e-mails are different."),
        ("email", MISSING): _("One side lacks an e-mail."),
        ("address", "equal_in_area"): _(
            "Street and number are equal, and the district or postal code."
        ),
        ("address", "equal"): _("Street and number are equal."),
        ("address", "street_in_area"): _(
            "The street is equal, in the same district or postal code."
        ),
        ("address", "street_equal"): _("The street is equal, the number differs."),
        ("address", "number_in_postal_code"): _("The postal code and the house number are equal."),
        ("address", "area_equal"): _("The district and the postal code are equal."),
        ("address", "postal_code_equal"): _("Only the postal code is equal."),
        ("address", "number_in_district"): _("The district and the house number are equal."),
        ("address", "district_equal"): _("Only the district is equal."),
        ("address", "street_typo"): _("The street differs by a typing slip, the number is equal."),
        ("address", "conflict"): _("The addresses are different; people move."),
        ("address", MISSING): _("One side lacks an address."),
        ("sex", "equal_of_one_name"): _("The sex noted is equal, as the first name tells."),
        ("sex", "conflict_of_one_name"): _(
            "The sex noted is different, though the first name is the same."
        ),
        ("sex", "equal_of_like_names"): _("The sex noted is equal, as the like first names tell."),
        ("sex", "equal"): _("The sex noted is equal."),
        ("sex", "conflict"): _("The sex noted is different."),
        ("sex", MISSING): _("One side does not note the sex."),
        ("father", "equal"): _("The father's name is equal."),
        ("father", "typo"): _("The father's name differs by a typing slip."),
        ("father", "first_equal"): _("Only the father's first name is equal."),
        ("father", "exchanged_with_mother"): _("The names of father and mother are exchanged."),
        ("father", "conflict"): _("The father's name is different."),
        ("father", MISSING): _("One side lacks the father's name."),
        ("suffix", "equal"): _("The name suffix (Filho, Neto, Júnior) is equal."),
        ("suffix", "conflict"): _("The name suffix differs: perhaps father and son."),
        ("suffix", MISSING): _("Not both names have a suffix."),
        ("twin_mark", "marked"): _("A newborn's name says that there is a twin."),
        ("twin_mark", "unmarked"): _("A newborn's name says nothing of a twin."),
        ("twin_mark", MISSING): _("Neither name is that of a newborn."),
    }
)
"""(Comparison, level) -> its sentence."""


def sentence(comparison: str, level: str) -> str:
    """The sentence of a level, for the catalogue to translate."""
    return LEVEL_SENTENCES[comparison, level]
