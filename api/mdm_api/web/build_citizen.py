"""A citizen as the services answer them, as their page shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from mdm.domain.golden_record import Attribute, DeceasedStatus
from mdm.domain.municipal_id import shown as written
from mdm.domain.seal import SealReason
from mdm.domain.visibility import Field, Flag
from mdm.services.disclosure import CIVIL_NAME, FIELD_OF, ShownValue
from mdm.services.read_citizen import Attended, CitizenAnswer, DeclaredFamily, FamilyMember
from mdm.services.seals import SealOn
from mdm_api.web import shown, words
from mdm_api.web.build_search import age_text
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import KnownSource, title_of
from mdm_api.web.values import text_of
from mdm_api.web.views.citizen import (
    Attendance,
    Banner,
    CitizenPage,
    Family,
    Hidden,
    Known,
    Other,
    Relative,
)

DOTS: Final = "•••"
IDENTIFIERS: Final = ("cpf", "cns", "nis", "inep_id", "documents")
CONTACTS: Final = ("phones", "emails")
_GROUNDS: Final = {
    SealReason.ADOPTION: _("Adoption"),
    SealReason.PROTECTION: _("Protection of a threatened person"),
    SealReason.COURT_ORDER: _("Court order"),
}
KNOWN: Final = (
    "birth_date", "mother", "father", "sex", "race", "birth_municipality", "address", "nicknames",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the page is looked at.

    Attributes:
        sources: The declared sources.
        today: The day that ages are measured against.
        reviews: Whether the reader decides pairs.
        revealed: Attribute and place of the one value shown whole, with that value.
    """

    sources: Mapping[str, KnownSource]
    today: date
    reviews: bool
    revealed: tuple[str, ShownValue] | None = None


def field_name(attribute: str, place: int) -> str:
    """Names one value in a form."""
    return f"{attribute}:{place}"


def seal_banner(seal: SealOn, say: Translate) -> Banner:
    """What stands over everything about a sealed citizen."""
    text = _(
        "%(ground)s, since %(day)s. Nobody but the data-protection officer may learn that this "
        "citizen exists."
    )
    return Banner(
        kind="warning",
        icon="lock",
        heading=say(_("Sealed citizen")),
        text=say(text) % {"ground": say(_GROUNDS[seal.reason]), "day": shown.day(seal.at[:10])},
    )


def citizen_page(answer: CitizenAnswer, seen: Seen, translate: Translate) -> CitizenPage:
    """The page of a citizen."""
    return _Building(answer, seen, translate).page()


@dataclass(frozen=True, slots=True)
class _Building:
    answer: CitizenAnswer
    seen: Seen
    say: Translate

    def page(self) -> CitizenPage:
        answer = self.answer
        name, birth = self._first("name"), self._first("birth_date")
        born = None if birth is None else str(birth.value)
        mother = self._first("mother")
        return CitizenPage(
            municipal_id=answer.municipal_id,
            shown_id=answer.shown,
            merged_from=None
            if answer.requested_id == answer.municipal_id
            else written(answer.requested_id),
            headline=self.say(_("Name not given"))
            if name is None
            else shown.person_name(str(name.value)),
            civil_name=self._civil(),
            birth=shown.day(born),
            age=age_text(born, self.seen.today, self.say),
            mother="" if mother is None else text_of("mother", mother.value, self.say),
            chips=tuple(self._chips()),
            banners=tuple(self._banners()),
            attended=tuple(map(self._attendance, answer.services)),
            families=tuple(map(self._family, answer.family)),
            identifiers=tuple(self._hiddens(IDENTIFIERS)),
            contacts=tuple(self._hiddens(CONTACTS)),
            known=tuple(self._known()),
            updated=self._updated(),
        )

    def _first(self, attribute: str) -> ShownValue | None:
        return next(iter(self.answer.values.get(attribute, ())), None)

    def _civil(self) -> Hidden | None:
        """The civil name is never on the page before somebody asks for it."""
        found = self._first(CIVIL_NAME)
        if found is None:
            return None
        field = field_name(CIVIL_NAME, 0)
        made = Hidden(
            field=field,
            label=self.say(_("Civil name")),
            shown=DOTS,
            can_reveal=found.on_request or not found.masked,
        )
        whole = self._whole(field)
        if whole is None:
            return made
        return replace(made, shown=text_of("name", whole.value, self.say), revealed=True)

    def _whole(self, field: str) -> ShownValue | None:
        revealed = self.seen.revealed
        return revealed[1] if revealed is not None and revealed[0] == field else None

    def _chips(self) -> Iterator[tuple[str, str]]:
        if CIVIL_NAME in self.answer.values:
            yield "info", self.say(_("social name"))
        if Flag.CHILD in self.answer.flags:
            yield "neutral", self.say(_("child or adolescent"))
        if self.answer.status == "dormant":
            yield "warning", self.say(_("no present record"))

    def _banners(self) -> Iterator[Banner]:
        yield from self._death()
        if self.answer.seal is not None:
            yield seal_banner(self.answer.seal, self.say)
        elif Flag.RESTRICTED in self.answer.flags:
            yield Banner(
                kind="warning",
                icon="lock",
                heading=self.say(_("Protected record")),
                text=self.say(_("Tell nobody where this person lives or is served.")),
            )
        if self.answer.doubts:
            first = self.answer.doubts[0]["review_id"]
            text = _("%(count)s open questions ask whether further records are this person's.")
            if len(self.answer.doubts) == 1:
                text = _("An open question asks whether a further record is this person's.")
            yield Banner(
                kind="warning",
                icon="pair",
                heading=self.say(_("Possible duplicate")),
                text=self.say(text) % {"count": len(self.answer.doubts)},
                link=f"/revisao/{first}" if self.seen.reviews else None,
                link_label=self.say(_("See and compare")),
            )
        if self.answer.status == "dormant":
            yield Banner(
                kind="info",
                icon="info",
                heading=self.say(_("No source holds this citizen at present")),
                text=self.say(_("The data below are the last that were known.")),
            )

    def _death(self) -> Iterator[Banner]:
        told = self.answer.deceased
        if told is None:
            return
        confirmed = told["status"] == DeceasedStatus.CONFIRMED
        reported = told["reported"]
        day = shown.day(str(reported[0])) if isinstance(reported, list) and reported else ""
        heading = _("Death confirmed") if confirmed else _("Death reported, not confirmed")
        text = _("Date told: %(day)s. It may be an error: ask, and do not refuse anything on it.")
        if confirmed:
            text = _("Date: %(day)s. Check before you go on.")
        elif told["status"] == DeceasedStatus.CONTRADICTED:
            text = _(
                "Date told: %(day)s. The person was seen after it: do not refuse anything on it."
            )
        yield Banner(
            kind="danger" if confirmed else "warning",
            icon="danger" if confirmed else "warning",
            heading=self.say(heading),
            text=self.say(text) % {"day": day if day != "" else self.say(_("not given"))},
        )

    def _attendance(self, one: Attended) -> Attendance:
        known = self.seen.sources.get(one.source)
        present = one.record_status == "present"
        code = (one.status or "").lower() if present else one.record_status
        sector = "" if known is None else known.sector
        return Attendance(
            source=title_of(self.seen.sources, one.source),
            sector=words.word(words.SECTORS, sector, self.say),
            unit="" if one.unit_name is None else shown.place(one.unit_name),
            status=self.say(_("Not told"))
            if code == ""
            else words.word(words.STATUSES, code, self.say),
            status_kind=words.STATUS_KINDS.get(code, "neutral"),
            since=shown.day(one.since),
            last_seen=shown.day(one.last_contact_on),
            local_id=DOTS if one.local_id is None else one.local_id,
        )

    def _family(self, one: DeclaredFamily) -> Family:
        return Family(
            source=title_of(self.seen.sources, one.source),
            household_id="" if one.household_id is None else one.household_id,
            members=tuple(map(self._relative, one.members)),
            guardian="" if one.guardian is None else shown.person_name(one.guardian),
            hidden=one.masked,
        )

    def _relative(self, one: FamilyMember) -> Relative:
        return Relative(
            name=self.say(_("Name not given")) if one.name is None else shown.person_name(one.name),
            relation=""
            if one.role is None
            else words.word(words.HOUSEHOLD_ROLES, one.role, self.say),
            municipal_id=one.municipal_id,
            is_self=one.is_self,
        )

    def _hiddens(self, attributes: tuple[str, ...]) -> Iterator[Hidden]:
        for attribute in attributes:
            for place, value in enumerate(self.answer.values.get(attribute, ())):
                yield self._hidden(attribute, place, value)

    def _hidden(self, attribute: str, place: int, value: ShownValue) -> Hidden:
        field = field_name(attribute, place)
        whole = self._whole(field)
        text = text_of(attribute, (value if whole is None else whole).value, self.say)
        origin = title_of(self.seen.sources, value.source)
        when = shown.day(value.as_of)
        return Hidden(
            field=field,
            label=self._label(attribute, value.value),
            shown=text,
            spoken=shown.spoken(text) if value.masked and whole is None else "",
            source=f"{origin} · {when}" if origin != "" and when != "" else origin,
            revealed=whole is not None or not value.masked,
            can_reveal=value.on_request,
        )

    def _label(self, attribute: str, value: object) -> str:
        if attribute == "documents" and isinstance(value, dict):
            return words.word(words.DOCUMENTS, str(value["kind"]), self.say)
        return words.word(words.ATTRIBUTES, attribute, self.say)

    def _known(self) -> Iterator[Known]:
        for attribute in KNOWN:
            for place, value in enumerate(self.answer.values.get(attribute, ())):
                rule = "" if value.rule is None else words.word(words.RULES, value.rule, self.say)
                yield Known(
                    label=words.word(words.ATTRIBUTES, attribute, self.say),
                    value=text_of(attribute, value.value, self.say),
                    source=title_of(self.seen.sources, value.source),
                    as_of=shown.day(value.as_of),
                    why=rule,
                    others=tuple(
                        Other(
                            value=text_of(attribute, other.value, self.say),
                            sources=tuple(title_of(self.seen.sources, s) for s in other.sources),
                        )
                        for other in value.others
                    ),
                    hidden=self._hidden(attribute, place, value) if value.masked else None,
                )

    def _updated(self) -> str:
        days = [
            value.as_of
            for values in self.answer.values.values()
            for value in values
            if value.as_of is not None
        ]
        return shown.day(max(days, default=None))


def reveal_field(attribute: str) -> Field | None:
    """The group that a value belongs to, by which it is asked for; None for what has none."""
    if attribute == CIVIL_NAME:
        return Field.CIVIL
    try:
        return FIELD_OF.get(Attribute(attribute))
    except ValueError:
        return None
