"""Overlays: ask about records that an update turned into somebody else, hold them until answered.

A question is about the record and another one of its citizen: *same* keeps it there, *different*
takes it out. `group_id` is the record, `content_hash` that of its content before. A citizen of a
single record has nobody to be told from: nothing is asked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from mdm.domain.judgement import Judgement
from mdm.domain.overlay import OpenOverlay, ties
from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.publish_review import OVERLAY
from mdm.services.review_queue import Pair, Question, open_questions

# Ordinary records first, so that the question hides no more than it must; then present ones.
_COMPANIONS = """
SELECT m.record_id, o.record_id AS other, v.content_hash FROM membership m
JOIN membership o ON o.municipal_id = m.municipal_id AND o.record_id <> m.record_id
JOIN record r ON r.record_id = o.record_id
JOIN record own ON own.record_id = m.record_id
JOIN record_version v ON v.record_id = m.record_id AND v.version = own.version - 1
WHERE r.state <> 'erased' AND m.record_id IN ({keys})
ORDER BY m.record_id, r.restricted, CASE r.state WHEN 'present' THEN 0 ELSE 1 END, o.record_id
"""
_OPEN = f"""
SELECT v.review_id, v.group_id, v.record_l, v.record_r, v.content_hash AS hash_before,
       r.content_hash, r.restricted, l.municipal_id AS home_l, o.municipal_id AS home_r
FROM review_item v JOIN record r ON r.record_id = v.group_id
LEFT JOIN membership l ON l.record_id = v.record_l
LEFT JOIN membership o ON o.record_id = v.record_r
WHERE v.kind = '{OVERLAY}' AND v.state IN ('open', 'claimed')
"""
_OPEN_AMONG = _OPEN + "AND (v.record_l IN ({keys}) OR v.record_r IN ({keys}))"
_HOMES = "SELECT record_id, municipal_id FROM membership WHERE record_id IN ({keys})"
_CITIZENS = f"""
SELECT m.record_id, m.municipal_id FROM membership m WHERE m.municipal_id IN (
  SELECT o.municipal_id FROM review_item v JOIN membership o ON o.record_id = v.group_id
  WHERE v.kind = '{OVERLAY}' AND v.state IN ('open', 'claimed'))
"""
_REPLACED = f"""
SELECT v.group_id FROM review_item v JOIN judgement j ON j.judgement_id = v.judgement_id
JOIN record r ON r.record_id = v.group_id JOIN load l ON l.load_id = r.last_load_id
WHERE v.kind = '{OVERLAY}' AND v.state = 'decided' AND j.verdict = 'different'
  AND j.state <> 'undone' AND (v.record_l IN ({{keys}}) OR v.record_r IN ({{keys}}))
  AND l.tx_id > coalesce((SELECT MAX(applied_tx) FROM plan WHERE state = 'applied'), 0)
"""


def ask_overlays(session: WriteSession, records: Iterable[int]) -> None:
    """Open a question about each of the records, after their new content was written.

    Those of citizens without another record are passed over, and so are those asked about.
    """
    asked: dict[tuple[int, int], Question] = {}
    seen: set[int] = set()
    for row in rows_of_numbers(session, _COMPANIONS, records):
        record_id, other = as_int(row["record_id"]), as_int(row["other"])
        if record_id in seen:
            continue
        seen.add(record_id)
        pair = (min(record_id, other), max(record_id, other))
        question = Question(
            kind=OVERLAY,
            record_l=pair[0],
            record_r=pair[1],
            match_weight=None,
            group=record_id,
            content_hash=str(row["content_hash"]),
        )
        asked.setdefault(pair, question)
    waiting = {as_int(row["group_id"]) for row in session.rows(_OPEN)} if asked else set()
    open_questions(session, [q for q in asked.values() if q.group not in waiting])
    close_overlays(session)


def close_overlays(session: WriteSession, records: Collection[int] | None = None) -> None:
    """Ask no more where the source put the former content back, or the two records have parted.

    Args:
        session: The writer lane.
        records: Those whose questions are looked at; None for all.
    """
    rows = (
        session.rows(_OPEN) if records is None else rows_of_numbers(session, _OPEN_AMONG, records)
    )
    gone = {
        as_int(row["review_id"])
        for row in rows
        if row["content_hash"] == row["hash_before"] or row["home_l"] != row["home_r"]
    }
    session.update_rows("review_item", [{"review_id": n, "state": "stale"} for n in sorted(gone)])


def all_ties(session: ReadSession, judgements: Sequence[Judgement]) -> tuple[Judgement, ...]:
    """What holds the records of all open overlays; see `mdm.domain.overlay.ties`."""
    overlays = _open_overlays(session.rows(_OPEN))
    if not overlays:
        return ()
    rows = session.rows(_CITIZENS)
    citizens = {as_int(row["record_id"]): str(row["municipal_id"]) for row in rows}
    return ties(overlays, citizens, judgements)


def ties_of(
    session: ReadSession, citizens: Mapping[int, str], judgements: Sequence[Judgement]
) -> tuple[Judgement, ...]:
    """The same within some citizens (record -> citizen)."""
    found = _open_overlays(rows_of_numbers(session, _OPEN_AMONG, citizens))
    overlays = [overlay for overlay in found if citizens.keys() >= {*overlay.pair}]
    return ties(overlays, citizens, judgements) if overlays else ()


def settled_overlays(session: ReadSession, different: Mapping[Pair, int]) -> dict[Pair, int]:
    """Open overlays that answers about other pairs settle: the record is another than its fellow.

    Args:
        session: The registry before it is decided anew.
        different: Pairs called different -> the judgement.

    Returns:
        Pair in question -> the judgement that settles it.
    """
    records = {record_id for pair in different for record_id in pair}
    overlays = _open_overlays(rows_of_numbers(session, _OPEN_AMONG, records))
    if not overlays:
        return {}
    rows = rows_of_numbers(session, _HOMES, records)
    citizens = {as_int(row["record_id"]): row["municipal_id"] for row in rows}
    return {
        overlay.pair: number
        for overlay in overlays
        for pair, number in different.items()
        if overlay.record_id in pair and len({citizens.get(r, r) for r in pair}) == 1
    }


def replaced_records(session: ReadSession, records: Collection[int]) -> set[int]:
    """Records that a steward called somebody else now, and whose weights are of before that."""
    rows = rows_of_numbers(session, _REPLACED, records)
    return {as_int(row["group_id"]) for row in rows}.intersection(records)


def _open_overlays(rows: Iterable[Mapping[str, object]]) -> list[OpenOverlay]:
    return [
        OpenOverlay(
            as_int(row["group_id"]),
            (as_int(row["record_l"]), as_int(row["record_r"])),
            is_bridge=not row["restricted"],
        )
        for row in rows
    ]
