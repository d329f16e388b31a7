"""Exports: crosswalk, golden records, open questions, scored pairs, and issues of a source.

All stream. Restricted records are left out unless asked for. An export with municipal IDs tells
them to its holder: that is noted in the transaction that reads them, before the file appears.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from mdm.domain.canonical import UNMAPPED
from mdm.domain.golden_record import GOLDEN_COLUMNS
from mdm.domain.ledger import TxHeader
from mdm.domain.told_sets import ToldKind
from mdm.ports import ReadSession, Store
from mdm.services.blind import CONTROL, SHOWN_AS, shown_weight
from mdm.services.changes import Scope, level_cursor
from mdm.services.export_file import export_target, write_export
from mdm.services.golden_lineage import with_sources
from mdm.services.keys import check_source
from mdm.services.seals import unsealed
from mdm.services.sight import Sight
from mdm.services.told import tell_all

PERSON_NAMES = ("name", "social_name", "mother", "father")
_TEXT, _NUMBER, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()

CROSSWALK = pa.schema(
    [
        ("municipal_id", _TEXT),
        ("source", _TEXT),
        ("local_id", _TEXT),
        ("record_status", _TEXT),
        ("link_status", _TEXT),
        ("under_review", _FLAG),
        ("ambiguous", _FLAG),
        ("linked_at", _TEXT),
    ]
)
_CROSSWALK_SQL = """
WITH asked AS (
  SELECT v.record_l, v.record_r FROM review_item v
  JOIN record l ON l.record_id = v.record_l JOIN record o ON o.record_id = v.record_r
  WHERE v.state IN ('open', 'claimed') AND v.kind <> 'control' AND {both}),
named AS (SELECT record_l AS record_id FROM asked UNION SELECT record_r FROM asked),
unclear AS MATERIALIZED (
  SELECT municipal_id FROM municipal_id WHERE ambiguous_until > :today)
SELECT m.municipal_id, r.source, r.local_id, r.state, m.link_status,
       a.record_id IS NOT NULL, u.municipal_id IS NOT NULL, m.linked_at
FROM membership m CROSS JOIN record r
LEFT JOIN unclear u ON u.municipal_id = m.municipal_id
LEFT JOIN named a ON a.record_id = m.record_id
WHERE r.record_id = m.record_id AND r.state <> 'erased' AND {open} ORDER BY m.record_id
"""
# A cross join goes through memberships in the order of their key on SQLite: nothing is sorted,
# so the first rows come at once and memory stays that of one batch.
_GOLDEN_NAMES = tuple(c for c in GOLDEN_COLUMNS if c not in {"name_key", "content_digest"})
GOLDEN = pa.schema((c, _NUMBER if c == "record_count" else _TEXT) for c in _GOLDEN_NAMES)
_GOLDEN_SQL = f"SELECT {', '.join(_GOLDEN_NAMES)} FROM golden_record ORDER BY municipal_id"

_PAIR_KEY = [
    ("source_l", _TEXT),
    ("local_id_l", _TEXT),
    ("source_r", _TEXT),
    ("local_id_r", _TEXT),
    ("match_weight", _REAL),
]
REVIEW = pa.schema([*_PAIR_KEY, ("match_probability", _REAL), ("reason", _TEXT)])
QUESTION_ORDER = (
    "CASE v.kind WHEN 'suspended_judgement' THEN 0 ELSE 1 END, coalesce(v.priority, 0) DESC, "
    "coalesce(v.group_id, 0), v.review_id"
)
"""Order of open questions (`v`: table `review_item`): what was answered and has changed since,
then by expected harm."""
ONE_A_PAIR = (
    "SELECT q.*, ROW_NUMBER() OVER (PARTITION BY q.record_l, q.record_r ORDER BY "
    "CASE q.kind WHEN 'suspended_judgement' THEN 0 ELSE 1 END, coalesce(q.priority, 0) DESC, "
    "q.review_id) AS place FROM review_item q "
    "WHERE q.state IN ('open', 'claimed') AND q.record_r IS NOT NULL"
)
"""Waiting questions; of several about one pair that with `place` 1 stands for all: one answer
settles them."""
_REVIEW_SQL = f"""
SELECT l.source, l.local_id, r.source, r.local_id, {shown_weight("match_weight")},
       {shown_weight("match_probability")},
       CASE WHEN v.kind = '{CONTROL}' THEN '{SHOWN_AS}' ELSE v.reason END
FROM ({ONE_A_PAIR}) v JOIN record l ON l.record_id = v.record_l
JOIN record r ON r.record_id = v.record_r
WHERE v.place = 1 AND {{both}} ORDER BY {QUESTION_ORDER}
"""
_PAIRS = pa.schema([*_PAIR_KEY, ("outcome", _TEXT), ("guard", _TEXT), ("pattern", _NUMBER)])
_PAIRS_SQL = """
SELECT l.source, l.local_id, r.source, r.local_id, p.match_weight, p.outcome, p.guard, p.pattern
FROM scored_pair p JOIN record l ON l.record_id = p.record_l
JOIN record r ON r.record_id = p.record_r WHERE {both} ORDER BY p.record_l, p.record_r
"""
ISSUES = pa.schema(
    [
        ("local_id", _TEXT),
        ("field", _TEXT),
        ("received", _TEXT),
        ("value_class", _TEXT),
        ("reason", _TEXT),
        ("load_id", _NUMBER),
    ]
)
_ISSUES_SQL = """
SELECT r.local_id, i.field, v.payload, i.value_class, i.reason, i.load_id
FROM issue i JOIN record r ON r.record_id = i.record_id
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.source = :source AND r.state <> 'erased' AND {open} ORDER BY i.issue_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Who exports, and how much.

    Attributes:
        store: The registry.
        header: Who exports, and why.
        path: The file: .csv or .parquet.
        holder: The system that the IDs are told to; None for the actor.
        restricted: Whether restricted records are among them.
    """

    store: Store
    header: TxHeader
    path: Path
    holder: str | None = None
    restricted: bool = False

    def condition(self, *records: str) -> str:
        """SQL condition on aliases of table `record`."""
        if self.restricted:
            return " AND ".join(unsealed(alias) for alias in records)
        return " AND ".join(f"NOT {alias}.restricted" for alias in records)


def export_crosswalk(request: ExportRequest) -> dict[str, object]:
    """Every placed record with its municipal ID.

    `record_status` is present, withdrawn or superseded; `under_review`: an open question names
    the record; `ambiguous`: alone the ID does not answer now. Pending records have no ID and are
    not among them.

    Returns:
        export, file, rows, cursor: where to go on with the feed of changes.
    """
    told = ToldKind.ALL_RECORDS if request.restricted else ToldKind.OPEN_RECORDS

    def read(session: ReadSession, at: str) -> Iterator[pa.RecordBatch]:
        sql = _CROSSWALK_SQL.format(open=request.condition("r"), both=request.condition("l", "o"))
        return session.read_arrow(sql, {"today": at[:10]}, schema=CROSSWALK)

    return _told_export(request, "crosswalk", CROSSWALK, read, told)


def crosswalk_batches(
    session: ReadSession, sight: Sight, sources: Collection[str], today: str
) -> Iterator[pa.RecordBatch]:
    """Every placed record of some sources that a reader may know of, in the schema `CROSSWALK`.

    Args:
        session: The snapshot; it stays open while the batches are read.
        sight: The reader.
        sources: Names of declared sources, for which the reader may speak.
        today: ISO day, for IDs that are ambiguous for a time.
    """
    named = {f"s{n}": source for n, source in enumerate(sorted(sources))}
    listed = ", ".join(f":{name}" for name in named)
    sql = _CROSSWALK_SQL.format(
        open=f"r.source IN ({listed}) AND {sight.visible('r')}",
        both=f"{sight.visible('l')} AND {sight.visible('o')}",
    )
    return session.read_arrow(sql, {"today": today, **named}, schema=CROSSWALK)


def export_golden(request: ExportRequest) -> dict[str, object]:
    """Every golden record; restricted records are in none of them.

    `lineage` names sources: numbers of records stay inside.

    Returns:
        export, file, rows, cursor (none).
    """

    def read(session: ReadSession, at: str) -> Iterator[pa.RecordBatch]:  # noqa: ARG001
        found = session.read_arrow(_GOLDEN_SQL, schema=GOLDEN)
        return (with_sources(session, batch) for batch in found)

    return _told_export(request, "golden", GOLDEN, read, ToldKind.CITIZENS)


def export_review(request: ExportRequest) -> dict[str, object]:
    """Every open question about a pair, in the order in which to answer them.

    Returns:
        export, file, rows, cursor (none).
    """
    sql = _REVIEW_SQL.format(both=request.condition("l", "r"))
    with request.store.reading() as session, export_target(request.path) as target:
        rows = write_export(target, REVIEW, session.read_arrow(sql, schema=REVIEW))
    return _result(request, "review", rows)


def export_pairs(
    request: ExportRequest,
    comparisons: tuple[str, ...],
    unpack: Callable[[int], Mapping[str, str]],
) -> dict[str, object]:
    """Every stored pair with the level found by each comparison.

    Args:
        request: Who exports.
        comparisons: Names of the comparisons.
        unpack: The levels by comparison that a stored pattern holds.

    Returns:
        export, file, rows, cursor (none).
    """
    schema = pa.schema([*list(_PAIRS)[:-1], *((name, _TEXT) for name in comparisons)])

    @cache
    def levels(pattern: int) -> tuple[str, ...]:
        found = unpack(pattern)
        return tuple(found[name] for name in comparisons)

    def with_levels(batch: pa.RecordBatch) -> pa.RecordBatch:
        known = [levels(pattern) for pattern in batch.column("pattern").to_pylist()]
        columns = [pa.array([row[n] for row in known], _TEXT) for n in range(len(comparisons))]
        return pa.RecordBatch.from_arrays([*batch.columns[:-1], *columns], schema=schema)

    sql = _PAIRS_SQL.format(both=request.condition("l", "r"))
    with request.store.reading() as session, export_target(request.path) as target:
        batches = map(with_levels, session.read_arrow(sql, schema=_PAIRS))
        rows = write_export(target, schema, batches)
    return _result(request, "pairs", rows)


def export_issues(request: ExportRequest, source: str) -> dict[str, object]:
    """Values of a source that could not be used, as it sent them, to go back to it.

    Returns:
        export, file, rows, cursor (none).

    Raises:
        UnknownSourceError: The source is not declared.
    """
    sql = _ISSUES_SQL.format(open=request.condition("r"))
    with request.store.reading() as session:
        check_source(session, source)
        with export_target(request.path) as target:
            found = session.read_arrow(sql, {"source": source}, schema=ISSUES)
            rows = write_export(target, ISSUES, map(_with_received, found), names=("received",))
    return _result(request, "issues", rows)


def _with_received(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The value of the field, as the source sent it, in the place of the whole payload."""
    values = [
        _sent(json.loads(payload).get(field))
        for field, payload in zip(
            batch.column("field").to_pylist(), batch.column("received").to_pylist(), strict=True
        )
    ]
    place = ISSUES.get_field_index("received")
    return batch.set_column(place, ISSUES.field(place), pa.array(values, _TEXT))


def _sent(value: str | None) -> str | None:
    return None if value is None else value.removeprefix(UNMAPPED)


def _told_export(
    request: ExportRequest,
    kind: str,
    schema: pa.Schema,
    read: Callable[[ReadSession, str], Iterator[pa.RecordBatch]],
    told: ToldKind,
) -> dict[str, object]:
    holder = request.header.actor if request.holder is None else request.holder
    names = [name for name in PERSON_NAMES if name in schema.names]
    with export_target(request.path) as target, request.store.writing(request.header) as session:
        cursor = level_cursor(session, Scope(request.condition("r"), {}))
        rows = write_export(target, schema, read(session, session.at), names=names)
        tell_all(session, holder, told)
    return {**_result(request, kind, rows), "cursor": str(cursor)}


def _result(request: ExportRequest, kind: str, rows: int) -> dict[str, object]:
    return {"export": kind, "file": str(request.path), "rows": rows, "cursor": None}
