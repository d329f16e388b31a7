"""Many IDs that leave at once, and which of them a few citizens' records were among.

An export is noted as what it covered and the last transaction that it saw. Which IDs left by it
follows from the ledger: those that the records of its sources had then.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

WITHOUT_RECORD = 0
"""Stands for the record where an ID was told without one."""

Holders = Mapping[tuple[str, int], frozenset[str]]
"""(ID, record) -> the systems that were told this ID for this record."""


class ToldKind(StrEnum):
    """What an export told."""

    OPEN_RECORDS = "open_records"
    """Placed records with their citizens, but for restricted ones."""

    ALL_RECORDS = "all_records"
    """The same with restricted ones."""

    CITIZENS = "citizens"
    """Citizens without their records; those of whom all is restricted were not among them."""


@dataclass(frozen=True, slots=True)
class ToldSet:
    """An export.

    Attributes:
        source: The source whose records it covered; None for all.
        tx_id: The last transaction in the snapshot that was told.
        kind: What it told.
    """

    source: str | None
    tx_id: int
    kind: ToldKind = ToldKind.OPEN_RECORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPast:
    """What became of one record; a transaction each, in their order.

    Attributes:
        record_id, source: Which record.
        placed: From when on it belonged to which citizen; None: to nobody.
        restricted: From when on it was flagged, or not any more.
        erased: When it was erased, if it was.
    """

    record_id: int
    source: str
    placed: Sequence[tuple[int, str | None]]
    restricted: Sequence[tuple[int, bool]]
    erased: int | None = None


def holders_by_id(told: Holders) -> dict[str, Holders]:
    """The same, parted by municipal ID."""
    parted: dict[str, dict[tuple[str, int], frozenset[str]]] = {}
    for key, holders in told.items():
        parted.setdefault(key[0], {})[key] = holders
    return {**parted}


def holders_of_sets(
    pasts: Iterable[RecordPast], told: Iterable[tuple[str, ToldSet]]
) -> dict[tuple[str, int], set[str]]:
    """Who was told what by exports.

    Args:
        pasts: The records asked for.
        told: Holders and what each was told.

    Returns:
        The holders by (ID, record); record `WITHOUT_RECORD` for exports of citizens.
    """
    seen: dict[tuple[str, str | None, ToldKind], list[int]] = {}
    for holder, one in told:
        seen.setdefault((holder, one.source, one.kind), []).append(one.tx_id)
    for numbers in seen.values():
        numbers.sort()
    found: dict[tuple[str, int], set[str]] = {}
    for past in pasts:
        for start, end, municipal_id, is_restricted in _spans(past):
            for (holder, source, kind), numbers in seen.items():
                if source not in {None, past.source}:
                    continue
                if is_restricted and kind is not ToldKind.ALL_RECORDS:
                    continue
                if _any_within(numbers, start, end):
                    record_id = WITHOUT_RECORD if kind is ToldKind.CITIZENS else past.record_id
                    found.setdefault((municipal_id, record_id), set()).add(holder)
    return found


def _spans(past: RecordPast) -> Iterable[tuple[int, int | None, str, bool]]:
    """First transaction, the one after the last, citizen, flag: while a record belonged to one."""
    turns = sorted({tx_id for tx_id, _ in (*past.placed, *past.restricted)})
    homes, flags = dict(past.placed), dict(past.restricted)
    home, is_restricted = None, False
    for place, start in enumerate(turns):
        home, is_restricted = homes.get(start, home), flags.get(start, is_restricted)
        end = turns[place + 1] if place + 1 < len(turns) else None
        if past.erased is not None:
            end = past.erased if end is None else min(end, past.erased)
        if home is not None and (end is None or start < end):
            yield start, end, home, is_restricted


def _any_within(numbers: Sequence[int], start: int, end: int | None) -> bool:
    place = bisect_left(numbers, start)
    return place < len(numbers) and (end is None or numbers[place] < end)
