"""The one definition of every standard value, column by column.

A `ColumnStandardiser` is a pure function of one value (or the few that must be read together), so
volume work standardises each distinct value once and joins; `record.standardise_record` is
composed of the same functions. Two stages:

1. `READERS` read received canonical values. A reader runs where at least one input is given;
   elsewhere its outputs are `missing(output)`.
2. `COMBINERS` look at standardised values of one record. A combiner runs only where its first
   input is not None; elsewhere its outputs stay as they are. Inputs and outputs may share names.

Columns whose name begins with "_" carry a value from stage 1 to stage 2 and go no further.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from mdm.domain.canonical import SEVERAL
from mdm.domain.standard_record import StandardRecord, ValueIssue
from mdm.standardise import addresses, codes, contacts, national_ids
from mdm.standardise.dates import DateKind, mistyped_date, read_date, read_timestamp
from mdm.standardise.names import Name, NameKind, nearly_same, read_name
from mdm.standardise.phonetic import phonetic_key
from mdm.standardise.reasons import WORDS_FOR_MISSING, Problem, Reason, ValueClass
from mdm.standardise.text import clean, fold

Outputs = tuple[Any, ...]
Standardised = tuple[Outputs, tuple[ValueIssue, ...]]

_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(StandardRecord)}
_SAME_AS_CIVIL = Problem(Reason.NOT_A_SOCIAL_NAME, ValueClass.CIVIL_NAME)
_SAME_AS_MOTHER = Problem(Reason.NOT_A_SOCIAL_NAME, ValueClass.MOTHER_NAME)
_NEWBORN_TEXT = Problem(Reason.NOT_A_SOCIAL_NAME, ValueClass.NEWBORN_TEXT)
_NO_ISSUES: tuple[ValueIssue, ...] = ()


# `function(*inputs, today=date)`: standard values and issues; never raises, whatever the texts.
StandardiserFunction = Callable[..., Standardised]


@dataclass(frozen=True, slots=True)
class ColumnStandardiser:
    """How some columns come from others.

    Attributes:
        inputs: Canonical columns (readers) or standard and "_" columns (combiners).
        outputs: Standard columns, and "_" columns for the combiners.
        function: Pure and deterministic; `today` only bounds dates. Not picklable: a worker
            process looks it up by its place in `COLUMN_STANDARDISERS`.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: StandardiserFunction


def missing(column: str) -> Any:
    """What an output holds where no input was given: None, False or ()."""
    return _DEFAULTS.get(column)


def given(value: str | None) -> bool:
    """Whether a received value holds anything: neither NULL nor blank."""
    return value is not None and value != "" and not value.isspace()


def _issue(field: str, problem: Problem) -> tuple[ValueIssue, ...]:
    return (ValueIssue(field, problem.value_class.value, problem.reason.value),)


def _person_name(
    full: str | None, given_name: str | None, family_name: str | None, *, today: date
) -> Standardised:
    """The person's own name; the issue names the column that holds the name."""
    del today
    field = "full_name"
    if not given(full):
        field = "given_name" if given(given_name) else "family_name"
        full = " ".join(part for part in (given_name, family_name) if part is not None)
    assert full is not None
    read = read_name(full)
    if isinstance(read, Problem):
        return (None,) * 9, _issue(field, read)
    kind, shown = read.kind.value, clean(full)
    if read.tokens is None:
        mother, mother_key = _newborn_mother(read)
        return (None, None, kind, None, read.twin_order, shown, mother, mother_key, read.mother), ()
    key = phonetic_key(read.tokens)
    return (read.tokens, key, kind, read.suffix, read.twin_order, shown, None, None, None), ()


def _newborn_mother(newborn: Name) -> tuple[str | None, str | None]:
    read = read_name(newborn.mother) if newborn.mother is not None else None
    if not isinstance(read, Name) or read.tokens is None:
        return None, None
    return read.tokens, phonetic_key(read.tokens)


def _other_name(field: str, text: str) -> tuple[str | None, str | None, tuple[ValueIssue, ...]]:
    """Tokens and shown text of a relative's name; "filho de X" in such a field names X."""
    read = read_name(text)
    if isinstance(read, Problem):
        return None, None, _issue(field, read)
    if read.kind is NameKind.NEWBORN:
        mother, _ = _newborn_mother(read)
        if mother is None:
            return None, None, _issue(field, WORDS_FOR_MISSING)
        return mother, read.mother, _NO_ISSUES
    return read.tokens, clean(text), _NO_ISSUES


def _mother(text: str, *, today: date) -> Standardised:
    del today
    tokens, shown, issues = _other_name("mother_name", text)
    return (tokens, None if tokens is None else phonetic_key(tokens), shown), issues


def _father(text: str, *, today: date) -> Standardised:
    del today
    tokens, shown, issues = _other_name("father_name", text)
    return (tokens, shown), issues


def _guardian(text: str, *, today: date) -> Standardised:
    del today
    tokens, _, issues = _other_name("guardian_name", text)
    return (tokens,), issues


def _social(text: str, *, today: date) -> Standardised:
    del today
    read = read_name(text)
    if isinstance(read, Problem):
        return (None, None), _issue("social_name", read)
    if read.kind is NameKind.NEWBORN:
        return (None, None), _issue("social_name", _NEWBORN_TEXT)
    return (read.tokens, clean(text)), _NO_ISSUES


def _nickname(text: str, *, today: date) -> Standardised:
    del today
    read = read_name(text)
    if isinstance(read, Problem):
        return (None,), _issue("nickname", read)
    return (read.tokens,), _NO_ISSUES


def _birth_date(text: str, *, today: date) -> Standardised:
    day, problem = read_date(text, today, DateKind.BIRTH)
    issues = _NO_ISSUES if problem is None else _issue("birth_date", problem)
    mistyped = mistyped_date(text, today) if day is None else None
    return (day, day is not None and day.month == 1 and day.day == 1, mistyped), issues


def _date(field: str, kind: DateKind) -> StandardiserFunction:
    def function(text: str, *, today: date) -> Standardised:
        day, problem = read_date(text, today, kind)
        return (day,), _NO_ISSUES if problem is None else _issue(field, problem)

    return function


def _updated_at(text: str, *, today: date) -> Standardised:
    moment = read_timestamp(text, today)
    if isinstance(moment, Problem):
        return (None,), _issue("updated_at", moment)
    return (moment,), _NO_ISSUES


def _one(field: str, read: Callable[[str], str | Problem | None]) -> StandardiserFunction:
    def function(text: str, *, today: date) -> Standardised:
        del today
        value = read(text)
        if isinstance(value, Problem):
            return (None,), _issue(field, value)
        return (value,), _NO_ISSUES

    return function


def _many(field: str, read: Callable[[str], str | Problem]) -> StandardiserFunction:
    def function(text: str, *, today: date) -> Standardised:
        del today
        if SEVERAL not in text:
            value = read(text)
            if isinstance(value, Problem):
                return ((),), _issue(field, value)
            return ((value,),), _NO_ISSUES
        values = [read(part) for part in text.split(SEVERAL) if given(part)]
        good = {value for value in values if not isinstance(value, Problem)}
        bad = dict.fromkeys(value for value in values if isinstance(value, Problem))
        return (tuple(sorted(good)),), tuple(_issue(field, problem)[0] for problem in bad)

    return function


def _street(text: str, *, today: date) -> Standardised:
    del today
    read = addresses.street(text)
    if isinstance(read, Problem):
        return (None, None, None), _issue("street", read)
    return (read.name, clean(text), read.number), _NO_ISSUES


def _district(text: str, *, today: date) -> Standardised:
    del today
    read = addresses.district(text)
    if isinstance(read, Problem):
        return (None, None), _issue("district", read)
    return (read, clean(text)), _NO_ISSUES


def _key(text: str) -> str | Problem:
    """A code of the source: folded; zeros alone are how an empty code is written."""
    folded = fold(clean(text))
    if not folded.strip("0-./ "):
        return Problem(Reason.PLACEHOLDER, ValueClass.ZEROS)
    return folded


def _clean_text(text: str) -> str | None:
    return clean(text) or None


def _restricted(text: str, *, today: date) -> Standardised:
    """A flag that cannot be read protects the person: it counts as set."""
    del today
    value = codes.flag(text)
    if isinstance(value, Problem):
        return (True,), _issue("restricted", value)
    return (value,), _NO_ISSUES


def _fill_mother(  # noqa: PLR0917 - two triples of one value
    implied: str,
    implied_key: str,
    implied_shown: str,
    mother: str | None,
    mother_key: str | None,
    mother_shown: str | None,
    *,
    today: date,
) -> Standardised:
    del today
    if mother is not None:
        return (mother, mother_key, mother_shown), _NO_ISSUES
    return (implied, implied_key, implied_shown), _NO_ISSUES


def _check_social(
    social: str, shown: str | None, name: str | None, mother: str | None, *, today: date
) -> Standardised:
    del today
    if name is not None and nearly_same(social, name):
        return (None, None), _issue("social_name", _SAME_AS_CIVIL)
    if mother is not None and nearly_same(social, mother):
        return (None, None), _issue("social_name", _SAME_AS_MOTHER)
    return (social, shown), _NO_ISSUES


def _fill_number(inside: str, number: str | None, *, today: date) -> Standardised:
    del today
    return (inside if number is None else number,), _NO_ISSUES


_NAME_OUTPUTS = (
    "name", "name_phonetic", "name_kind", "suffix", "twin_order", "name_shown",
    "_implied_mother", "_implied_mother_phonetic", "_implied_mother_shown",
)  # fmt: skip


def _column(name: str, function: StandardiserFunction, *outputs: str) -> ColumnStandardiser:
    return ColumnStandardiser((name,), outputs or (name,), function)


def _simple(name: str, read: Callable[[str], str | Problem | None]) -> ColumnStandardiser:
    return _column(name, _one(name, read))


READERS: tuple[ColumnStandardiser, ...] = (
    ColumnStandardiser(("full_name", "given_name", "family_name"), _NAME_OUTPUTS, _person_name),
    _column("social_name", _social, "social_name", "social_name_shown"),
    _column("nickname", _nickname),
    _column("mother_name", _mother, "mother", "mother_phonetic", "mother_shown"),
    _column("father_name", _father, "father", "father_shown"),
    _column("guardian_name", _guardian, "guardian"),
    _column("birth_date", _birth_date, "birth_date", "birth_date_default", "birth_mistyped"),
    _simple("sex", codes.sex),
    _simple("race", codes.race),
    _simple("cpf", national_ids.cpf),
    _column("cns", _many("cns", national_ids.cns)),
    _simple("nis", national_ids.nis),
    _simple("inep_id", national_ids.inep_id),
    _simple("voter_id", national_ids.voter_id),
    _simple("rg", national_ids.rg),
    _simple("birth_certificate", national_ids.birth_certificate),
    _simple("dnv", national_ids.dnv),
    _simple("foreign_document", national_ids.foreign_document),
    _column("phone", _many("phone", contacts.phone), "phones"),
    _column("email", _many("email", contacts.email), "emails"),
    _column("street", _street, "street", "street_shown", "_number_in_street"),
    _simple("street_number", addresses.street_number),
    _column("district", _district, "district", "district_shown"),
    _simple("postal_code", addresses.postal_code),
    _simple("municipality", addresses.municipality),
    _simple("birth_municipality", addresses.municipality),
    _simple("household_id", _key),
    _simple("household_role", codes.household_role),
    _simple("guardian_cpf", national_ids.cpf),
    _simple("unit_code", _key),
    _simple("unit_name", _clean_text),
    _simple("class_code", _key),
    _simple("service_status", _key),
    _column("service_since", _date("service_since", DateKind.START)),
    _column("last_contact_on", _date("last_contact_on", DateKind.PAST_EVENT)),
    _simple("merged_into", _clean_text),
    _column("restricted", _restricted),
    _column("updated_at", _updated_at),
    _column("deceased_on", _date("deceased_on", DateKind.PAST_EVENT)),
)

_MOTHER = ("mother", "mother_phonetic", "mother_shown")
COMBINERS: tuple[ColumnStandardiser, ...] = (
    ColumnStandardiser(
        ("_implied_mother", "_implied_mother_phonetic", "_implied_mother_shown", *_MOTHER),
        _MOTHER,
        _fill_mother,
    ),
    ColumnStandardiser(
        ("social_name", "social_name_shown", "name", "mother"),
        ("social_name", "social_name_shown"),
        _check_social,
    ),
    ColumnStandardiser(("_number_in_street", "street_number"), ("street_number",), _fill_number),
)

COLUMN_STANDARDISERS: tuple[ColumnStandardiser, ...] = READERS + COMBINERS
