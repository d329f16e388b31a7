"""One citizen for one reader: what the table of visibility lets them see, and no more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mdm.domain.access import Reader
from mdm.domain.municipal_id import shown as written
from mdm.domain.visibility import Field, Shown
from mdm.ports import ReadSession, Rows
from mdm.services.citizen_facts import KnownRecord
from mdm.services.citizen_parts import (
    Family,
    Keys,
    Relative,
    deceased_of,
    doubts_of,
    ids_of,
    relatives_of,
    shown_local_id,
    weakest_of,
)
from mdm.services.citizen_state import CitizenState, Member, Question, citizen_state
from mdm.services.disclosure import Disclosure, ShownValue, flags_of
from mdm.services.masking import masked
from mdm.services.refresh_golden import GoldenRules
from mdm.services.seals import SealOn, seal_on
from mdm.services.sight import Sight, sight_of
from mdm.services.told import WITHOUT_RECORD


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """A service that knows the citizen.

    Attributes:
        record_status: State of the record: present, withdrawn, superseded.
        status: What the source says of the service.
        since, last_contact_on: ISO days.
        local_id: The source's own key, as far as it is shown.
    """

    source: str
    unit_code: str | None
    unit_name: str | None
    record_status: str
    status: str | None
    since: str | None
    last_contact_on: str | None
    local_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMember:
    """A member of a declared family, by the name they go by."""

    municipal_id: str
    name: str | None
    role: str | None
    is_self: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredFamily:
    """A family as one source declares it.

    Attributes:
        household_id: The source's key of the family; None where it gives none or it is hidden.
        role: The citizen's role in it.
        guardian: Whom to call for a child.
        members: Who belongs to it, the citizen among them.
        masked: Whether key, guardian and members are hidden.
    """

    source: str
    household_id: str | None
    role: str | None
    guardian: str | None
    members: tuple[FamilyMember, ...]
    masked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMember:
    """A record of the citizen."""

    source: str
    local_id: str
    masked: bool
    status: str
    link_status: str
    linked_at: str
    match_weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenAnswer:
    """A citizen as the reader sees them.

    Attributes:
        municipal_id: The ID that they have.
        shown: The same as people write it.
        requested_id: The ID asked for, without hyphen.
        status: active; dormant: no source holds them at present; sealed.
        as_of: The moment asked for; None for now.
        event: How the requested ID came to name them, where it is another one.
        flags: child, deceased, restricted, sealed.
        values: By attribute; see `Disclosure.values`.
        deceased: Standing of a reported death; None where none is, or it is hidden.
        services, family, members: As far as they are shown.
        ids: All IDs that name them.
        weakest_link, doubts: Only where the reader sees doubts, and not of the past.
        told: (ID, record or 0) of each ID in the answer, for the trace.
        municipal_ids: All IDs in it.
        fields: Groups that left, whole or masked, for the trace.
        seal: The seal on them; only who may know of it ever gets such an answer.
    """

    municipal_id: str
    shown: str
    requested_id: str
    status: str
    as_of: str | None
    event: dict[str, object] | None
    flags: tuple[str, ...]
    values: dict[str, tuple[ShownValue, ...]]
    deceased: dict[str, object] | None
    services: tuple[Attended, ...]
    family: tuple[DeclaredFamily, ...]
    members: tuple[ShownMember, ...]
    ids: tuple[str, ...]
    weakest_link: dict[str, object] | None
    doubts: tuple[dict[str, object], ...]
    told: tuple[tuple[str, int], ...]
    municipal_ids: tuple[str, ...]
    fields: tuple[str, ...]
    seal: SealOn | None = None


def read_citizen(
    session: ReadSession,
    rules: GoldenRules,
    reader: Reader,
    question: Question,
    *,
    today: date,
    asked: frozenset[Field] = frozenset(),
) -> CitizenAnswer:
    """What a reader sees of the citizen that an ID names.

    Args:
        session: The snapshot.
        rules: Survivorship, and which local IDs are numbers of documents.
        reader: Who reads, for which purpose.
        question: Which citizen.
        today: The day that dates are measured against.
        asked: Groups that are to come whole where the reader may ask for that.

    Raises:
        ForbiddenError: The role may not read citizens for this purpose.
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError, IdErasedError, UsageError: See `citizen_state`.
    """
    sight = sight_of(session, reader)
    state = citizen_state(
        session,
        rules,
        question,
        sees=sight.may_know,
        today=today,
    )
    secret = all(member.restricted for member in state.members)
    disclosure = Disclosure(
        sight=sight,
        flags=flags_of(state.golden, state.day.isoformat(), restricted=secret, sealed=state.sealed),
        sources={member.record_id: member.source for member in state.members},
        asked=asked,
    )
    return _Answering(session, rules, state, disclosure).answer()


@dataclass(frozen=True, slots=True)
class _Answering:
    """One answer in the making."""

    session: ReadSession
    rules: GoldenRules
    state: CitizenState
    disclosure: Disclosure

    @property
    def sight(self) -> Sight:
        return self.disclosure.sight

    def answer(self) -> CitizenAnswer:
        state = self.state
        values = self.disclosure.values(state.golden)
        family = tuple(self._families())
        keys = self._keys()
        ids = tuple(str(row["municipal_id"]) for row in ids_of(state.members, keys))
        # Of the past neither weights of all pairs nor questions are kept.
        is_past = state.as_of is not None
        sees_doubts = not is_past and self.sight.sees(self.disclosure.flags, Field.DOUBTS)
        sees_weights = self.sight.sees(self.disclosure.flags, Field.DOUBTS)
        sees_death = self.sight.sees(self.disclosure.flags, Field.DEATH)
        relatives = {member.municipal_id for one in family for member in one.members}
        every = sorted({state.municipal_id, *ids, *relatives})
        return CitizenAnswer(
            municipal_id=state.municipal_id,
            shown=written(state.municipal_id),
            requested_id=state.requested,
            status=state.status.value,
            as_of=state.as_of,
            event=state.event,
            flags=tuple(sorted(flag.value for flag in self.disclosure.flags)),
            values=values,
            deceased=deceased_of(state.golden) if sees_death else None,
            services=tuple(self._services()),
            family=family,
            members=tuple(self._members(weights=sees_weights)),
            ids=ids,
            weakest_link=weakest_of(self.session, keys) if sees_doubts else None,
            doubts=tuple(self._doubts(keys)) if sees_doubts else (),
            told=tuple((municipal_id, WITHOUT_RECORD) for municipal_id in every),
            municipal_ids=tuple(every),
            fields=self._fields(values),
            seal=seal_on(self.session, state.municipal_id) if state.sealed else None,
        )

    def _level(self, member: Member, field: Field) -> Shown:
        return self.disclosure.level_of(member.source, field, restricted=member.restricted)

    def _local_id(self, member: Member) -> tuple[str, bool] | None:
        """The local ID, and whether it is masked; None where it is hidden."""
        level = self._level(member, Field.RECORDS)
        if level is Shown.HIDDEN:
            return None
        if level is Shown.MASKED:
            return masked(member.local_id), True
        whole = self._level(member, Field.CPF) is Shown.SHOWN
        text = shown_local_id(member.source, member.local_id, self.rules, whole=whole)
        return text, text != member.local_id

    def _keys(self) -> Keys:
        """Records with their keys as far as they are shown, for what names records."""
        told = {}
        for member in self.state.members:
            local_id = self._local_id(member)
            told[member.record_id] = {
                "source": None if local_id is None else member.source,
                "local_id": None if local_id is None else local_id[0],
            }
        return told

    def _services(self) -> Iterator[Attended]:
        for member in self.state.members:
            if self._level(member, Field.SERVICES) is Shown.HIDDEN:
                continue
            local_id = self._local_id(member)
            record = self.state.known[member.record_id].record
            yield Attended(
                source=member.source,
                unit_code=record.unit_code,
                unit_name=record.unit_name,
                record_status=member.status,
                status=record.service_status,
                since=_iso(record.service_since),
                last_contact_on=_iso(record.last_contact_on),
                local_id=None if local_id is None else local_id[0],
            )

    def _members(self, *, weights: bool) -> Iterator[ShownMember]:
        for member in self.state.members:
            local_id = self._local_id(member)
            if local_id is not None:
                yield ShownMember(
                    source=member.source,
                    local_id=local_id[0],
                    masked=local_id[1],
                    status=member.status,
                    link_status=member.link_status,
                    linked_at=member.linked_at,
                    match_weight=member.match_weight if weights else None,
                )

    def _families(self) -> Iterator[DeclaredFamily]:
        declaring: dict[tuple[str, str | None], tuple[KnownRecord, Shown]] = {}
        for member in self.state.members:
            known = self.state.known[member.record_id]
            level = self._level(member, Field.FAMILY)
            nothing = known.record.household_id is None and known.record.guardian is None
            if level is not Shown.HIDDEN and not nothing:
                key = (member.source, known.record.household_id)
                declaring.setdefault(key, (known, level))
        relatives = self._relatives(declaring.values())
        for known, level in declaring.values():
            yield self._family(known, relatives, masked=level is not Shown.SHOWN)

    def _relatives(
        self, declaring: Iterable[tuple[KnownRecord, Shown]]
    ) -> Mapping[Family, list[Relative]]:
        """Who belongs to the families that are shown whole.

        A past answer tells no relatives: who they were then is not what the index knows.
        """
        if self.state.as_of is not None:
            return {}
        families = [
            (known.source, known.family)
            for known, level in declaring
            if level is Shown.SHOWN and known.family is not None
        ]
        return relatives_of(self.session, families, self.sight.visible("r")) if families else {}

    def _family(
        self, known: KnownRecord, relatives: Mapping[Family, list[Relative]], *, masked: bool
    ) -> DeclaredFamily:
        record = known.record
        found = () if known.family is None else relatives.get((known.source, known.family), ())
        return DeclaredFamily(
            source=known.source,
            household_id=None if masked else record.household_id,
            role=record.household_role,
            guardian=None if masked else record.guardian,
            members=() if masked else tuple(self._relative(relative) for relative in found),
            masked=masked,
        )

    def _relative(self, relative: Relative) -> FamilyMember:
        return FamilyMember(
            municipal_id=relative.municipal_id,
            name=relative.name,
            role=relative.role,
            is_self=relative.municipal_id == self.state.municipal_id,
        )

    def _doubts(self, keys: Keys) -> Rows:
        visible = {end: self.sight.visible(end) for end in ("l", "r")}
        names = ("review_id", "kind", "match_weight", "match_probability", "reason")
        return [
            {
                **{name: row[name] for name in names},
                "source_l": row["source_l"],
                "source_r": row["source_r"],
            }
            for row in doubts_of(self.session, keys, visible)
        ]

    def _fields(self, values: dict[str, tuple[ShownValue, ...]]) -> tuple[str, ...]:
        """Names of what left; those that came whole on request end in `!`."""
        told = set()
        for name, entries in values.items():
            for entry in entries:
                whole = entry.field in self.disclosure.asked and not entry.masked
                told.add(f"{name}!" if whole else name)
        return tuple(sorted(told))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
