"""Golden values as one reader may see them: left out, masked, or whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from mdm.domain.golden_record import (
    LISTED,
    Address,
    Attribute,
    Contact,
    DeceasedStatus,
    Document,
    GoldenRecord,
    GoldenValue,
    Rival,
    Service,
    Value,
)
from mdm.domain.minority import is_child, latest_birth
from mdm.domain.visibility import Field, Flag, Shown
from mdm.services.citizen_parts import plain
from mdm.services.masking import (
    masked,
    masked_address,
    masked_cpf,
    masked_email,
    masked_name,
    masked_phone,
)
from mdm.services.sight import Sight
from mdm.standardise.text import fold
from mdm.survivorship.policy import Outcome

FIELD_OF: Mapping[Attribute, Field] = MappingProxyType(
    {
        Attribute.NAME: Field.NAME,
        Attribute.SOCIAL_NAME: Field.NAME,
        Attribute.NICKNAMES: Field.NICKNAME,
        Attribute.BIRTH_DATE: Field.BIRTH,
        Attribute.BIRTH_MUNICIPALITY: Field.BIRTH,
        Attribute.SEX: Field.BIRTH,
        Attribute.RACE: Field.RACE,
        Attribute.MOTHER: Field.PARENTS,
        Attribute.FATHER: Field.PARENTS,
        Attribute.CPF: Field.CPF,
        Attribute.CNS: Field.NUMBERS,
        Attribute.NIS: Field.NUMBERS,
        Attribute.INEP_ID: Field.NUMBERS,
        Attribute.DOCUMENTS: Field.NUMBERS,
        Attribute.PHONES: Field.CONTACTS,
        Attribute.EMAILS: Field.CONTACTS,
        Attribute.ADDRESS: Field.ADDRESS,
        Attribute.DECEASED_ON: Field.DEATH,
    }
)
"""The group of each attribute; services and family are told in parts of their own."""

CIVIL_NAME = "civil_name"
_TELLING = 3
"""Letters of a word that tells a name: particles have fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherValue:
    """A value that was not chosen, with the sources that have it."""

    value: object
    masked: bool
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """A value as the reader sees it.

    Attributes:
        value: Text or object; None where it is there and left out (a civil name not asked for).
        masked: Whether part of it is hidden.
        on_request: Whether it comes whole if the reader asks for its group.
        field: Its group, by which it is asked for.
        source: Who says it; None where the reader may not see origins.
        as_of: Day the record was last known to be current.
        rule: Why it was chosen.
        others: Values that were not chosen.
    """

    value: object
    masked: bool
    on_request: bool
    field: Field
    source: str | None = None
    as_of: str | None = None
    rule: str | None = None
    others: tuple[OtherValue, ...] = ()


def flags_of(
    golden: GoldenRecord, today: str, *, restricted: bool = False, sealed: bool = False
) -> frozenset[Flag]:
    """What a citizen is marked as.

    Args:
        golden: Their golden record.
        today: ISO day.
        restricted: Whether all that is known of them is restricted.
        sealed: Whether they are sealed.
    """
    flags = set()
    born = _latest_birth(golden)
    if born is not None and is_child(born, date.fromisoformat(today)):
        flags.add(Flag.CHILD)
    if golden.deceased_status is DeceasedStatus.CONFIRMED:
        flags.add(Flag.DECEASED)
    if restricted:
        flags.add(Flag.RESTRICTED)
    if sealed:
        flags.add(Flag.SEALED)
    return frozenset(flags)


def _latest_birth(golden: GoldenRecord) -> date | None:
    """By all dates that the records give, or by the one that a steward set."""
    chosen = golden.values.get(Attribute.BIRTH_DATE)
    if chosen is None or not isinstance(chosen.value, date):
        return None
    if chosen.rule == Outcome.STEWARD:
        return chosen.value
    services = golden.lists.get(Attribute.SERVICES, ())
    began = [one.value.since for one in services if isinstance(one.value, Service)]
    dates = [chosen.value, *(one.value for one in chosen.rivals if isinstance(one.value, date))]
    return latest_birth(dates, min((day for day in began if day is not None), default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """How one reader sees one citizen.

    Attributes:
        sight: The reader.
        flags: What the citizen is marked as.
        sources: Source of each record that the reader may know of.
        asked: Groups that the reader asks for whole.
    """

    sight: Sight
    flags: frozenset[Flag]
    sources: Mapping[int, str]
    asked: frozenset[Field] = frozenset()

    def level(self, record_id: int, field: Field) -> Shown:
        """How what a record says is shown; `ON_REQUEST` and asked for is `SHOWN`."""
        return self.level_of(self.sources.get(record_id), field)

    def level_of(self, source: str | None, field: Field, *, restricted: bool = False) -> Shown:
        """The same for what a source says."""
        flags = self.flags | {Flag.RESTRICTED} if restricted else self.flags
        found = self.sight.shown(source, flags, field)
        if found is Shown.ON_REQUEST and field in self.asked:
            return Shown.SHOWN
        return found

    def values(self, golden: GoldenRecord) -> dict[str, tuple[ShownValue, ...]]:
        """The values of a golden record by attribute; single attributes have one or none.

        `name` is the name the citizen goes by. Where that is a nome social the civil name is
        `civil_name`, without its value unless it was asked for, other names that sources know are
        left out, and an e-mail that spells one of them is masked: whole for who asks for contacts
        and may see the civil name.
        """
        told: dict[str, tuple[ShownValue, ...]] = {}
        given_up = names_given_up(golden)
        for attribute, field in FIELD_OF.items():
            found = golden.values.get(attribute)
            entries = golden.lists.get(attribute, ()) if attribute in LISTED else (found,)
            shown = [self._value(attribute, field, e, given_up) for e in entries if e is not None]
            told[attribute.value] = tuple(value for value in shown if value is not None)
        social = told.pop(Attribute.SOCIAL_NAME.value)
        if Attribute.SOCIAL_NAME in golden.values:
            told[CIVIL_NAME] = self._civil(golden)
            told[Attribute.NAME.value] = tuple(replace(v, others=()) for v in social)
            told[Attribute.NICKNAMES.value] = ()
        return told

    def _civil(self, golden: GoldenRecord) -> tuple[ShownValue, ...]:
        found = golden.values.get(Attribute.NAME)
        if found is None:
            return ()
        level = self.level(found.record_id, Field.CIVIL)
        if level is Shown.HIDDEN:
            return ()
        if level is Shown.SHOWN:
            made = self._made(Attribute.NAME, Field.CIVIL, found, level)
            return (replace(made, others=()),)
        return (
            ShownValue(
                value=None,
                masked=True,
                on_request=level is Shown.ON_REQUEST,
                field=Field.CIVIL,
            ),
        )

    def _value(
        self, attribute: Attribute, field: Field, found: GoldenValue, given_up: frozenset[str]
    ) -> ShownValue | None:
        level = self.level(found.record_id, field)
        if level is Shown.SHOWN and _spells(found.value, given_up):
            level = self._telling(found.record_id, field)
        return None if level is Shown.HIDDEN else self._made(attribute, field, found, level)

    def _telling(self, record_id: int, field: Field) -> Shown:
        """How a value is shown that tells the civil name with it."""
        if self.level(record_id, Field.CIVIL) in {Shown.HIDDEN, Shown.MASKED}:
            return Shown.MASKED
        return Shown.SHOWN if field in self.asked else Shown.ON_REQUEST

    def _made(
        self, attribute: Attribute, field: Field, found: GoldenValue, level: Shown
    ) -> ShownValue:
        whole = level is Shown.SHOWN
        value = found.value if whole else mask(attribute, found.value)
        made = ShownValue(
            value=plain(value),
            masked=not whole,
            on_request=level is Shown.ON_REQUEST,
            field=field,
        )
        if self.level(found.record_id, Field.ORIGIN) is Shown.HIDDEN:
            return made
        return replace(
            made,
            source=self.sources.get(found.record_id),
            as_of=None if found.as_of is None else found.as_of.isoformat(),
            rule=found.rule,
            others=self._others(attribute, field, found.rivals),
        )

    def _others(
        self, attribute: Attribute, field: Field, rivals: Sequence[Rival]
    ) -> tuple[OtherValue, ...]:
        told = []
        for rival in rivals:
            records = [r for r in rival.record_ids if self.level(r, field) is not Shown.HIDDEN]
            if not records:
                continue
            whole = any(self.level(r, field) is Shown.SHOWN for r in records)
            value = rival.value if whole else mask(attribute, rival.value)
            names = _names(self.sources.get(r) for r in records)
            told.append(OtherValue(value=plain(value), masked=not whole, sources=names))
        return tuple(told)


def names_given_up(golden: GoldenRecord) -> frozenset[str]:
    """Words of the names that sources know and a nome social has taken the place of.

    Returns:
        Folded words of three letters and more; empty for who goes by the civil name.
    """
    social, civil = (golden.values.get(a) for a in (Attribute.SOCIAL_NAME, Attribute.NAME))
    if social is None or civil is None:
        return frozenset()
    names = [civil.value, *(rival.value for rival in civil.rivals)]
    words = {word for name in names for word in fold(str(name)).split()}
    kept = set(fold(str(social.value)).split())
    return frozenset(word for word in words - kept if len(word) >= _TELLING)


def _spells(value: Value, words: frozenset[str]) -> bool:
    if not isinstance(value, Contact) or not words:
        return False
    text = fold(value.value)
    return any(word in text for word in words)


def _names(sources: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in sources if name is not None}))


def mask(attribute: Attribute, value: Value) -> Value:
    """A value with most of it hidden.

    Raises:
        ValueError: Values of the attribute have no masked form: they are shown or hidden.
    """
    if isinstance(value, Document):
        return replace(value, number=masked(value.number))
    if isinstance(value, Address):
        return masked_address(value)
    if isinstance(value, Contact):
        hide = masked_phone if attribute is Attribute.PHONES else masked_email
        return replace(value, value=hide(value.value))
    if attribute in {Attribute.MOTHER, Attribute.FATHER} and isinstance(value, str):
        return masked_name(value)
    if attribute is Attribute.CPF and isinstance(value, str):
        return masked_cpf(value)
    if attribute in {Attribute.CNS, Attribute.NIS, Attribute.INEP_ID} and isinstance(value, str):
        return masked(value)
    raise ValueError(f"{attribute} has no masked form")
