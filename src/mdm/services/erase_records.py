"""Erase records: their content leaves every table, the slot, the anchor and the ledger stay.

The record keeps its number, its citizen and the IDs that it anchors, so that every ID ever issued
goes on resolving and none is minted again. It is final: a source that delivers the record again
changes nothing (`mdm.volume.delivery`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from mdm.domain.erasure import Traces, traces_of
from mdm.domain.events import RecordState, RecordStateSet
from mdm.domain.lifecycle import CitizenStatus, citizen_status_of, stated_record_state
from mdm.ports import ReadSession, WriteSession
from mdm.services.apply_events import event_table
from mdm.services.judge_identifier import forget_identifier_judgements
from mdm.services.lists import as_int, as_text, rows_of_numbers, rows_of_texts
from mdm.services.overrides import forget_overrides
from mdm.services.past_numbers import forget_ownership
from mdm.services.refresh_golden import GoldenRules, refresh_golden

Conceal = Callable[[str, str], str]
"""What stands for the local ID of an erased record of a source: source and local ID -> text."""

_RECORDS = """
SELECT r.record_id, r.source, r.local_id, r.state, m.municipal_id FROM record r
LEFT JOIN membership m ON m.record_id = r.record_id WHERE r.record_id IN ({keys})
"""
_ENDS = ("record_l", "record_r")


@dataclass(frozen=True, slots=True)
class Gone:
    """An erased record, as deliveries name it.

    Attributes:
        local_id: As delivered.
        kept: As the registry keeps it from now on.
    """

    local_id: str
    kept: str


@dataclass(slots=True)
class Erased:
    """What was erased.

    Attributes:
        records: Numbers of the records.
        citizens: IDs of the citizens that they belong to.
        erased_citizens: Of these, those of whom nothing is left but the ID.
        gone: By source, how deliveries name the records.
        traces: By what rows that could not be named are known to be theirs.
        quarantined: Rows of the quarantine that lost their text.
    """

    records: list[int]
    citizens: list[str] = field(default_factory=list)
    erased_citizens: list[str] = field(default_factory=list)
    gone: dict[str, list[Gone]] = field(default_factory=dict)
    traces: dict[str, Traces] = field(default_factory=dict)
    quarantined: int = 0


def what_goes(session: ReadSession, record_ids: Iterable[int], conceal: Conceal) -> Erased:
    """What erasing records would erase; nothing is changed.

    Args:
        session: A snapshot.
        record_ids: Known records; those erased already count for what they are called only.
        conceal: See `Conceal`.
    """
    rows = {as_int(r["record_id"]): r for r in rows_of_numbers(session, _RECORDS, record_ids)}
    open_ = sorted(number for number, row in rows.items() if row["state"] != RecordState.ERASED)
    homes = {str(rows[number]["municipal_id"]) for number in open_ if rows[number]["municipal_id"]}
    found = Erased(open_, sorted(homes))
    for row in rows.values():
        source, local_id = str(row["source"]), str(row["local_id"])
        found.gone.setdefault(source, []).append(Gone(local_id, conceal(source, local_id)))
    payloads: dict[str, list[str]] = {}
    for version in rows_of_numbers(
        session, "SELECT record_id, payload FROM record_version WHERE record_id IN ({keys})", rows
    ):
        source = str(rows[as_int(version["record_id"])]["source"])
        payloads.setdefault(source, []).append(str(version["payload"]))
    found.traces = {source: traces_of(texts) for source, texts in payloads.items()}
    return found


def erase_records(session: WriteSession, rules: GoldenRules, going: Erased) -> None:
    """Erase what `what_goes` found in this transaction; fills in what became of it.

    Args:
        session: The writer lane.
        rules: How the golden records of the citizens are built anew.
        going: What to erase.

    Raises:
        StateTransitionError: A record cannot be erased.
    """
    numbers = going.records
    _empty_contents(session, numbers)
    _empty_what_people_said(session, numbers)
    forget_pairs(session, numbers)
    going.quarantined = sum(
        empty_quarantine(session, source, gone, going.traces.get(source, Traces()))
        for source, gone in sorted(going.gone.items())
    )
    _set_erased(session, going)
    refresh_golden(session, rules, going.citizens)
    going.erased_citizens = _wholly_erased(session, going.citizens)


def _empty_contents(session: WriteSession, numbers: Sequence[int]) -> None:
    versions = rows_of_numbers(
        session,
        "SELECT record_id, version FROM record_version WHERE record_id IN ({keys})",
        numbers,
    )
    session.update_rows("record_version", [{**row, "payload": ""} for row in versions])
    issues = rows_of_numbers(
        session, "SELECT issue_id FROM issue WHERE record_id IN ({keys})", numbers
    )
    keys = [as_int(row["issue_id"]) for row in issues]
    session.delete_arrow("issue", pa.table({"issue_id": pa.array(keys, pa.int64())}))


def _empty_what_people_said(session: WriteSession, numbers: Sequence[int]) -> None:
    """Their words go; that two records were judged one person, or two, stays, as IDs hang on it."""
    forget_overrides(session, numbers)
    forget_identifier_judgements(session, numbers)
    forget_ownership(session, numbers)
    said = _on_pairs(session, "judgement", "judgement_id", "reason IS NOT NULL", numbers)
    session.update_rows("judgement", [{"judgement_id": n, "reason": None} for n in said])


def forget_pairs(session: WriteSession, numbers: Sequence[int]) -> None:
    """Ask no more about some records, and forget the weights of their pairs."""
    asked = _on_pairs(session, "review_item", "review_id", "state IN ('open', 'claimed')", numbers)
    session.update_rows("review_item", [{"review_id": n, "state": "stale"} for n in asked])
    pairs = {
        (as_int(row["record_l"]), as_int(row["record_r"]))
        for end in _ENDS
        for row in rows_of_numbers(
            session,
            f"SELECT record_l, record_r FROM scored_pair WHERE {end} IN ({{keys}})",
            numbers,
        )
    }
    ends = zip(_ENDS, zip(*sorted(pairs), strict=True) if pairs else ((), ()), strict=True)
    keys = {name: pa.array(list(column), pa.int64()) for name, column in ends}
    session.delete_arrow("scored_pair", pa.table(keys))


def _on_pairs(
    session: ReadSession, table: str, key: str, condition: str, numbers: Sequence[int]
) -> list[int]:
    """Keys of the rows about a pair with one of the records."""
    return sorted(
        {
            as_int(row[key])
            for end in _ENDS
            for row in rows_of_numbers(
                session,
                f"SELECT {key} FROM {table} WHERE {condition} AND {end} IN ({{keys}})",
                numbers,
            )
        }
    )


def empty_quarantine(
    session: WriteSession, source: str, gone: Sequence[Gone], traces: Traces
) -> int:
    """Take the text of rows in quarantine that are an erased record's; they wait no longer.

    Returns:
        How many rows lost something.
    """
    kept = {one.local_id: one.kept for one in gone}
    rows = session.rows(
        "SELECT quarantine_id, load_id, local_id, content, resolved_load_id FROM quarantine "
        "WHERE source = :source",
        {"source": source},
    )
    changed = []
    for row in rows:
        local_id, content = as_text(row["local_id"]), as_text(row["content"])
        if local_id not in kept and (content is None or not traces.are_in(content)):
            continue
        left = kept.get(local_id or "")
        ended = row["resolved_load_id"] if row["resolved_load_id"] is not None else row["load_id"]
        after = {**row, "local_id": left, "content": None, "resolved_load_id": ended}
        if after != row:
            changed.append(after)
    session.update_rows("quarantine", changed)
    return len(changed)


def _set_erased(session: WriteSession, going: Erased) -> None:
    """The state itself. The scope goes, too: a school or a unit says something of a person."""
    kept = {(source, one.local_id): one.kept for source, all_ in going.gone.items() for one in all_}
    rows = list(rows_of_numbers(session, _RECORDS, going.records))
    for row in rows:
        placed = row["municipal_id"] is not None
        stated_record_state(RecordState(str(row["state"])), RecordState.ERASED, placed=placed)
    session.update_rows(
        "record",
        [
            {
                "record_id": row["record_id"],
                "local_id": kept[str(row["source"]), str(row["local_id"])],
                "scope": None,
                "state": RecordState.ERASED.value,
                "stale": False,
            }
            for row in rows
        ],
    )
    if rows:
        events = [RecordStateSet(number, RecordState.ERASED) for number in going.records]
        session.append_events(event_table(events))


def _wholly_erased(session: ReadSession, citizens: Iterable[str]) -> list[str]:
    states: dict[str, set[RecordState]] = {}
    for row in rows_of_texts(
        session,
        "SELECT DISTINCT m.municipal_id, r.state FROM membership m "
        "JOIN record r ON r.record_id = m.record_id WHERE m.municipal_id IN ({keys})",
        citizens,
    ):
        states.setdefault(str(row["municipal_id"]), set()).add(RecordState(str(row["state"])))
    return sorted(n for n, of in states.items() if citizen_status_of(of) is CitizenStatus.ERASED)
