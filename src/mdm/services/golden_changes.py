"""When citizens' golden values changed: noted as digests, told from them for any moment."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from mdm.ports import ReadSession, WriteSession
from mdm.services.lists import as_text, rows_of_texts

Digests = Mapping[str, str]
"""Municipal ID -> digest of the citizen's golden values; who has none is missing."""

_NOW = "SELECT municipal_id, content_digest FROM golden_record WHERE municipal_id IN ({keys})"
_OF_TX = (
    "SELECT municipal_id, digest_before FROM golden_change WHERE tx_id = :tx "
    "AND municipal_id IN ({keys})"
)
_BESIDE = """
SELECT g.municipal_id, g.digest_before, g.digest_after FROM golden_change g JOIN (
  SELECT municipal_id, {pick}(tx_id) AS tx_id FROM golden_change
  WHERE municipal_id IN ({{keys}}) AND tx_id {side} :tx GROUP BY municipal_id) p
ON p.municipal_id = g.municipal_id AND p.tx_id = g.tx_id
"""
_BEFORE = _BESIDE.format(pick="MAX", side="<=")
_AFTER = _BESIDE.format(pick="MIN", side=">")
_ISSUED = (
    "SELECT municipal_id FROM ledger_event WHERE kind = 'mint' AND tx_id <= :tx "
    "AND municipal_id IN ({keys})"
)


def golden_digests(session: ReadSession, municipal_ids: Iterable[str]) -> dict[str, str]:
    """The digests of today."""
    rows = rows_of_texts(session, _NOW, municipal_ids)
    return {str(row["municipal_id"]): str(row["content_digest"]) for row in rows}


def seen(batches: Iterable[pa.RecordBatch], found: dict[str, str]) -> Iterator[pa.RecordBatch]:
    """Rows of golden records as they pass, with their digests added to `found`."""
    for batch in batches:
        names, digests = (batch.column(c).to_pylist() for c in ("municipal_id", "content_digest"))
        found.update(zip(names, digests, strict=True))
        yield batch


def ever_noted(session: ReadSession) -> set[str]:
    """Citizens whose golden values were ever others than at their mint."""
    rows = session.rows("SELECT DISTINCT municipal_id FROM golden_change")
    return {str(row["municipal_id"]) for row in rows}


def note_golden(session: WriteSession, before: Digests, after: Digests) -> None:
    """Note in the transaction whose values are others now, or gone.

    Args:
        session: The writer lane.
        before: Digests of the citizens looked at as they were.
        after: The same as they are.
    """
    names = sorted(before.keys() | after.keys())
    earlier = {
        str(row["municipal_id"]): as_text(row["digest_before"])
        for row in rows_of_texts(session, _OF_TX, names, {"tx": session.tx_id})
    }
    rows = []
    for name in names:
        was, now = earlier.get(name, before.get(name)), after.get(name)
        if was != now or name in earlier:
            rows.append(
                {
                    "municipal_id": name,
                    "tx_id": session.tx_id,
                    "digest_before": was,
                    "digest_after": now,
                }
            )
    session.upsert_rows("golden_change", rows)


def golden_digests_at(
    session: ReadSession, municipal_ids: Iterable[str], tx_id: int
) -> dict[str, str]:
    """The digests as they were after a transaction."""
    names = sorted(set(municipal_ids))
    params = {"tx": tx_id}
    issued = {str(row["municipal_id"]) for row in rows_of_texts(session, _ISSUED, names, params)}
    known: dict[str, str | None] = {**golden_digests(session, names)}
    for row in rows_of_texts(session, _AFTER, names, params):
        known[str(row["municipal_id"])] = as_text(row["digest_before"])
    for row in rows_of_texts(session, _BEFORE, names, params):
        known[str(row["municipal_id"])] = as_text(row["digest_after"])
    return {name: d for name, d in known.items() if d is not None and name in issued}
