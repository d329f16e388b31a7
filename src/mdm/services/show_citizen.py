"""One citizen as a person reads it: golden values with their origin, records, links, doubts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from mdm.domain.golden_record import (
    LISTED,
    Attribute,
    Document,
    GoldenRecord,
    GoldenValue,
    Value,
)
from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import parse, shown
from mdm.ports import Clock, ReadSession, Rows, Store
from mdm.services.citizen_parts import (
    Keys,
    deceased_of,
    doubts_of,
    ids_of,
    plain,
    shown_local_id,
    weakest_of,
)
from mdm.services.citizen_state import CitizenState, Member, Question, citizen_state
from mdm.services.masking import masked, masked_cpf
from mdm.services.refresh_golden import GoldenRules
from mdm.services.seals import Hidden, unsealed
from mdm.services.told import Telling, is_told, tell

_NUMBERS = frozenset({Attribute.CNS, Attribute.NIS, Attribute.INEP_ID})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How somebody looks at a citizen.

    Attributes:
        municipal_id: The ID, as people write it.
        holder: The system that is told the ID; None for the actor.
        reveal: Show documents whole; it is written to the ledger with the purpose of the header.
        restricted: Show restricted records, too.
    """

    municipal_id: str
    holder: str | None = None
    reveal: bool = False
    restricted: bool = False


def show_citizen(
    store: Store, clock: Clock, rules: GoldenRules, header: TxHeader, look: Look
) -> dict[str, object]:
    """Show the citizen that an ID names now.

    Returns:
        municipal_id, shown, requested, status, golden, deceased, members, ids, weakest_link,
        doubts, revealed.

    Raises:
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError: See `mdm.services.resolve.resolve`.
    """
    return answered(store, clock, header, look, partial(_read, rules=rules, look=look))


def answered(
    store: Store,
    clock: Clock,
    header: TxHeader,
    look: Look,
    read: Callable[[ReadSession, date], dict[str, object]],
) -> dict[str, object]:
    """Read a citizen, and note that their ID was told.

    Args:
        store: The registry.
        clock: Says which day it is.
        header: Who asks; written where something is noted.
        look: How they look.
        read: Gives what is answered, with its `municipal_id`, from a snapshot and the day.
    """
    today = clock().date()
    holder = header.actor if look.holder is None else look.holder
    if not look.reveal:
        with store.reading() as session:
            found = read(session, today)
            if is_told(session, Telling(str(found["municipal_id"])), holder, today.isoformat()):
                return found
    cause = f"municipal_id {parse(look.municipal_id)}" if look.reveal else header.cause
    with store.writing(replace(header, cause=cause)) as writing:
        found = read(writing, today)
        tell(writing, [Telling(str(found["municipal_id"]))], holder)
    return found


def state_and_keys(
    session: ReadSession, today: date, rules: GoldenRules, look: Look
) -> tuple[CitizenState, Keys]:
    """The citizen as somebody looks at them, and how each record's key is shown."""

    def sees(_source: str, hidden: Hidden) -> bool:
        return hidden is Hidden.NO or (look.restricted and hidden is Hidden.RESTRICTED)

    question = Question(municipal_id=look.municipal_id)
    state = citizen_state(session, rules, question, sees=sees, today=today)
    keys = {
        member.record_id: {
            "source": member.source,
            "local_id": shown_local_id(member.source, member.local_id, rules, whole=look.reveal),
        }
        for member in state.members
    }
    return state, keys


def _read(
    session: ReadSession, today: date, *, rules: GoldenRules, look: Look
) -> dict[str, object]:
    state, keys = state_and_keys(session, today, rules, look)
    return {
        "municipal_id": state.municipal_id,
        "shown": shown(state.municipal_id),
        "requested": state.requested,
        "status": state.status.value,
        "golden": _golden(state.golden, keys, reveal=look.reveal),
        "deceased": deceased_of(state.golden),
        "members": [_member(member, keys[member.record_id]) for member in state.members],
        "ids": ids_of(state.members, keys),
        "weakest_link": weakest_of(session, keys),
        "doubts": _doubts(session, rules, look, keys),
        "revealed": look.reveal,
    }


def _member(member: Member, key: Mapping[str, object]) -> dict[str, object]:
    names = ("status", "link_status", "match_weight", "linked_at")
    return {**key, **{name: getattr(member, name) for name in names}}


def _golden(golden: GoldenRecord, keys: Keys, *, reveal: bool) -> dict[str, object]:
    told: dict[str, object] = {}
    for attribute in Attribute:
        if attribute in LISTED:
            entries = golden.lists.get(attribute, ())
            told[attribute.value] = [_value(attribute, e, keys, reveal=reveal) for e in entries]
        else:
            found = golden.values.get(attribute)
            told[attribute.value] = (
                None if found is None else _value(attribute, found, keys, reveal=reveal)
            )
    return told


def _value(
    attribute: Attribute, found: GoldenValue, keys: Keys, *, reveal: bool
) -> dict[str, object]:
    """A value with its origin, and the values of other records that lost."""
    origin = keys.get(found.record_id, {"source": None, "local_id": None})
    told: dict[str, object] = {
        "value": _shown(attribute, found.value, reveal=reveal),
        **origin,
        "rule": found.rule,
        "as_of": None if found.as_of is None else found.as_of.isoformat(),
    }
    if attribute not in LISTED:
        told["rivals"] = [
            {
                "value": _shown(attribute, rival.value, reveal=reveal),
                "records": [dict(keys[r]) for r in rival.record_ids if r in keys],
            }
            for rival in found.rivals
        ]
    return told


def _shown(attribute: Attribute, value: Value, *, reveal: bool) -> object:
    if not reveal:
        if attribute is Attribute.CPF:
            return masked_cpf(str(value))
        if attribute in _NUMBERS:
            return masked(str(value))
        if isinstance(value, Document):
            value = replace(value, number=masked(value.number))
    return plain(value)


def _doubts(session: ReadSession, rules: GoldenRules, look: Look, keys: Keys) -> Rows:
    visible = {
        end: unsealed(end) if look.restricted else f"NOT {end}.restricted" for end in ("l", "r")
    }
    told = []
    for row in doubts_of(session, keys, visible):
        ends = {
            f"local_id_{end}": shown_local_id(
                str(row[f"source_{end}"]), str(row[f"local_id_{end}"]), rules, whole=look.reveal
            )
            for end in ("l", "r")
        }
        names = ("kind", "source_l", "local_id_l", "source_r", "local_id_r", "match_weight",
                 "match_probability", "reason")  # fmt: skip
        told.append({name: ends.get(name, row[name]) for name in names})
    return told
