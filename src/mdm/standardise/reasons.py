"""Why a received value cannot be used, and what sort of value it was: never the value itself."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a value became missing, or was read in another way than its column promises."""

    BAD_CHARACTERS = "bad_characters"
    BAD_CHECK_DIGIT = "bad_check_digit"
    BAD_LENGTH = "bad_length"
    BLOCKLISTED = "blocklisted"
    DEFAULT_DATE = "default_date"
    EPOCH_SECONDS = "epoch_seconds_for_milliseconds"
    FUTURE_DATE = "future_date"
    IMPOSSIBLE_DATE = "impossible_date"
    NOT_A_SOCIAL_NAME = "not_a_social_name"
    PLACEHOLDER = "placeholder"
    TOO_OLD = "too_old"
    TOO_SHORT = "too_short"
    UNKNOWN_CODE = "unknown_code"
    UNUSABLE = "unusable"


class ValueClass(StrEnum):
    """What sort of value it was, in words that the source's owner can act on."""

    AGE_OVER_125 = "age over 125 years"
    ALTERNATING_DIGITS = "alternating digits"
    CIVIL_NAME = "repeats the civil name"
    DAY_NOT_IN_MONTH = "day that the month does not have"
    DESCRIPTION = "description of a person"
    DIGITS = "digits where text belongs"
    FILLER = "well-known filler value"
    JANUARY_1900 = "default date"
    LETTERS = "letters where digits belong"
    MASKED = "masked with asterisks"
    MONTH_OVER_12 = "month over 12"
    MOTHER_NAME = "repeats the mother's name"
    NEWBORN_TEXT = "newborn text in another field"
    NO_CODE = "code outside the list"
    NO_LETTERS = "no letter of the Latin alphabet"
    NOT_A_BIRTH_BOOK = "matrícula of another kind of book"
    NOT_A_DATE = "not a date"
    NOT_AN_EMAIL = "not an e-mail address"
    OTHER_LENGTH = "wrong number of digits"
    OUT_OF_RANGE = "outside the range of such numbers"
    REPEATED_DIGITS = "repeated digits"
    REPEATED_LETTERS = "repeated letters"
    SCIENTIFIC = "number in scientific notation"
    SEQUENCE = "digits in sequence"
    SERVICE_NUMBER = "service number"
    SINGLE_LETTER = "single letter"
    TWO_DIGIT_YEAR = "year of two digits"
    UNKNOWN_AREA = "unknown area code"
    UNREAL_CHECK = "check digit does not agree"
    WORDS = "words that stand for a missing value"
    WRONG_PREFIX = "wrong first digits"
    ZEROS = "zeros"
    AFTER_TODAY = "after the reference date"
    EPOCH = "seconds since 1970"


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that cannot be used: what the standardisers return in place of it."""

    reason: Reason
    value_class: ValueClass


WORDS_FOR_MISSING = Problem(Reason.PLACEHOLDER, ValueClass.WORDS)
REPEATED_DIGITS = Problem(Reason.PLACEHOLDER, ValueClass.REPEATED_DIGITS)
FILLER = Problem(Reason.BLOCKLISTED, ValueClass.FILLER)
OTHER_LENGTH = Problem(Reason.BAD_LENGTH, ValueClass.OTHER_LENGTH)
CHECK_DIGIT = Problem(Reason.BAD_CHECK_DIGIT, ValueClass.UNREAL_CHECK)
LETTERS = Problem(Reason.BAD_CHARACTERS, ValueClass.LETTERS)
UNKNOWN_CODE = Problem(Reason.UNKNOWN_CODE, ValueClass.NO_CODE)
