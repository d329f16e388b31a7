"""The two records of a question, as a steward may see them."""

from dataclasses import dataclass, replace
from datetime import date

from mdm.domain.visibility import Field, Shown
from mdm.ports import ReadSession
from mdm.services.citizen_facts import KnownRecord, read_records
from mdm.services.citizen_parts import shown_local_id
from mdm.services.citizen_state import opened
from mdm.services.disclosure import Disclosure, ShownValue, flags_of
from mdm.services.read_citizen import Attended
from mdm.services.refresh_golden import GoldenRules, member_of
from mdm.services.review_desk import ReviewItem
from mdm.services.sight import Sight
from mdm.services.take_answers import home_of
from mdm.survivorship.build import build_golden


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSide:
    """One of the two records, as the reader may see it.

    Attributes:
        service: What its source says of the service.
        values: By attribute; see `Disclosure.values`.
        companions: Sources of the citizen's other records.
    """

    source: str
    local_id: str
    municipal_id: str | None
    record_status: str
    service: Attended
    values: dict[str, tuple[ShownValue, ...]]
    companions: tuple[str, ...]


def read_sides(
    session: ReadSession,
    rules: GoldenRules,
    sight: Sight,
    item: ReviewItem,
    *,
    today: date,
    asked: frozenset[Field] = frozenset(),
) -> tuple[ReviewSide, ReviewSide]:
    """The two records of a question.

    Args:
        session: The snapshot that the question was read in.
        rules: Survivorship, and which local IDs are numbers of documents.
        sight: From `desk_sight`.
        item: The question.
        today: The day that dates are measured against.
        asked: Groups that are to come whole where the reader may ask for that.
    """
    known = read_records(session, item.pair, today=today)
    left, right = (
        _side(session, rules, sight, known[number], today=today, asked=asked)
        for number in item.pair
    )
    if item.is_blind:
        return _alone(left), _alone(right)
    return left, right


def _alone(side: ReviewSide) -> ReviewSide:
    """The record without what would tell whose it is."""
    return replace(side, municipal_id=None, companions=())


def _side(
    session: ReadSession,
    rules: GoldenRules,
    sight: Sight,
    known: KnownRecord,
    *,
    today: date,
    asked: frozenset[Field],
) -> ReviewSide:
    alone = opened(member_of(known, rules, frozenset(known.record.cns)))
    golden = build_golden([alone], rules.policy)
    disclosure = Disclosure(
        sight=sight,
        flags=flags_of(golden, today.isoformat(), restricted=known.restricted),
        sources={known.record_id: known.source},
        asked=asked,
    )
    home = home_of(session, [known.record_id]).get(known.record_id)
    whole = disclosure.level(known.record_id, Field.CPF) is Shown.SHOWN
    local_id = shown_local_id(known.source, known.local_id, rules, whole=whole)
    record = known.record
    rows = session.rows(
        f"SELECT r.source FROM membership m JOIN record r ON r.record_id = m.record_id "
        f"WHERE m.municipal_id = :id AND r.record_id <> :own AND {sight.visible('r')} "
        "ORDER BY r.record_id",
        {"id": home, "own": known.record_id},
    )
    return ReviewSide(
        source=known.source,
        local_id=local_id,
        municipal_id=home,
        record_status=known.state,
        service=Attended(
            source=known.source,
            unit_code=record.unit_code,
            unit_name=record.unit_name,
            record_status=known.state,
            status=record.service_status,
            since=_iso(record.service_since),
            last_contact_on=_iso(record.last_contact_on),
            local_id=local_id,
        ),
        values=disclosure.values(golden),
        companions=tuple(str(row["source"]) for row in rows),
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
