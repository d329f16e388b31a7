"""The life of a citizen as one reader may see it: sentences, keys masked as elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from mdm.domain.access import Reader
from mdm.domain.life import LifeEvent, sentence
from mdm.domain.visibility import Field, Shown
from mdm.ports import ReadSession
from mdm.services.citizen_parts import shown_local_id
from mdm.services.citizen_state import CitizenState, Question, citizen_state
from mdm.services.disclosure import Disclosure, flags_of
from mdm.services.life import Life, read_life
from mdm.services.masking import masked
from mdm.services.refresh_golden import GoldenRules
from mdm.services.seals import SealOn, seal_on
from mdm.services.sight import Sight, sight_of

SOMEBODY = "Uma pessoa responsável"
"""Stands for a steward where the reader sees no doubts."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event in words.

    Attributes:
        at: When, UTC ISO text.
        sentence: In Portuguese.
    """

    at: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLife:
    """What a reader sees of the life of a citizen.

    Attributes:
        municipal_id: The ID that they have.
        requested: The ID asked for.
        events: From the first to the last.
        municipal_ids: All IDs named.
        seal: The seal on them; told to nobody but who may know of it.
    """

    municipal_id: str
    requested: str
    events: tuple[Told, ...]
    municipal_ids: tuple[str, ...]
    seal: SealOn | None = None


def show_life(
    session: ReadSession,
    rules: GoldenRules,
    reader: Reader,
    municipal_id: str,
    *,
    today: date,
    titles: Mapping[str, str] | None = None,
) -> ShownLife:
    """The life of the citizen that an ID names now.

    Args:
        session: A snapshot.
        rules: Which local IDs are numbers of documents.
        reader: Who reads, for which purpose.
        municipal_id: The ID.
        today: The day that ages are measured against.
        titles: What people call the sources; None: by their names.

    Raises:
        ForbiddenError: The role may not read citizens for this purpose.
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError, IdErasedError: See `citizen_state`.
    """
    sight = sight_of(session, reader)
    state = citizen_state(
        session,
        rules,
        Question(municipal_id=municipal_id),
        sees=sight.may_know,
        today=today,
    )
    life = read_life(session, municipal_id, sight.visible, today=today.isoformat())
    showing = _Showing(sight, rules, state, life, {} if titles is None else titles)
    events = tuple(showing.told(event) for event in life.events if showing.may_tell(event))
    named: set[str | None] = {state.municipal_id, state.requested}
    for event in life.events:
        if event.change is not None:
            named |= {event.change.municipal_id, event.change.former_id, event.change.resolves_to}
    return ShownLife(
        municipal_id=state.municipal_id,
        requested=state.requested,
        events=events,
        municipal_ids=tuple(sorted(name for name in named if name is not None)),
        seal=seal_on(session, state.municipal_id) if state.sealed else None,
    )


@dataclass(frozen=True, slots=True)
class _Showing:
    sight: Sight
    rules: GoldenRules
    state: CitizenState
    life: Life
    titles: Mapping[str, str]

    @property
    def disclosure(self) -> Disclosure:
        secret = all(member.restricted for member in self.state.members)
        flags = flags_of(
            self.state.golden,
            self.state.day.isoformat(),
            restricted=secret,
            sealed=self.state.sealed,
        )
        sources = {member.record_id: member.source for member in self.state.members}
        return Disclosure(sight=self.sight, flags=flags, sources=sources)

    def may_tell(self, event: LifeEvent) -> bool:
        """Whether the reader sees the records that the event is about."""
        return all(self._level(key) is not Shown.HIDDEN for key in event.records())

    def told(self, event: LifeEvent) -> Told:
        """The event with keys as far as they are shown; stewards by name only to their like."""
        sees_doubts = self.sight.sees(self.disclosure.flags, Field.DOUBTS)
        event = replace(
            event,
            actor=event.actor if sees_doubts else SOMEBODY,
            # A number of bits tells readers of this page nothing: evidence has pages of its own.
            weight=None,
        )
        if event.said is not None:
            records = tuple((key[0], self._shown(key)) for key in event.said.records)
            event = replace(event, said=replace(event.said, records=records))
        elif event.change is not None and event.change.local_id is not None:
            (key,) = event.records()
            event = replace(event, change=replace(event.change, local_id=self._shown(key)))
        return Told(at=event.at, sentence=sentence(event, self.life.requested, self.titles))

    def _level(self, key: Key, field: Field = Field.RECORDS) -> Shown:
        restricted = any(
            member.restricted for member in self.state.members
            if (member.source, member.local_id) == key
        )  # fmt: skip
        return self.disclosure.level_of(key[0], field, restricted=restricted)

    def _shown(self, key: Key) -> str:
        if self._level(key) is not Shown.SHOWN:
            return masked(key[1])
        whole = self._level(key, Field.CPF) is Shown.SHOWN
        return shown_local_id(*key, self.rules, whole=whole)
