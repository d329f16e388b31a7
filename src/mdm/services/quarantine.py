"""Rows that could not be named and wait to be mended: list them, give them out."""

import json
from collections.abc import Iterator, Mapping

from mdm.domain.canonical import CANONICAL
from mdm.errors import UnknownSourceError
from mdm.ports import ReadSession, Rows, Store

KEY = "quarantine_id"
EXPORT_COLUMNS: tuple[str, ...] = (KEY, "file", "line", "reason", "content", *CANONICAL)
"""Columns of the file that is mended: where the row came from, its text if it could not be cut
into values, and the canonical columns to fill in or correct."""

_LISTED = "quarantine_id, load_id, source, file, line, local_id, reason"


def list_quarantine(store: Store, source: str | None) -> Rows:
    """The rows that wait, oldest first, without their content.

    Args:
        store: The registry.
        source: One source, or None for all.

    Raises:
        UnknownSourceError: No source of that name is declared.
    """
    with store.reading() as session:
        return _waiting(session, source, _LISTED)


def mendable_rows(store: Store, source: str) -> Iterator[dict[str, object]]:
    """The rows of a source that wait, with `EXPORT_COLUMNS`.

    Raises:
        UnknownSourceError: No source of that name is declared.
    """
    with store.reading() as session:
        rows = _waiting(session, source, f"{_LISTED}, content")
    return (_mendable(row) for row in rows)


def _waiting(session: ReadSession, source: str | None, columns: str) -> Rows:
    condition = "resolved_load_id IS NULL"
    params: dict[str, object] = {}
    if source is not None:
        _check_source(session, source)
        condition += " AND source = :source"
        params["source"] = source
    return session.rows(
        f"SELECT {columns} FROM quarantine WHERE {condition} ORDER BY quarantine_id", params
    )


def _check_source(session: ReadSession, source: str) -> None:
    if session.value("SELECT 1 FROM source WHERE name = :name", {"name": source}) is None:
        raise UnknownSourceError("no such source: `mdm source list` names them", where=source)


def _mendable(row: Mapping[str, object]) -> dict[str, object]:
    content = row["content"]
    values = _values(content)
    made = {name: row[name] for name in (KEY, "file", "line", "reason")}
    made["content"] = content if values is None else None
    made.update(dict.fromkeys(CANONICAL) if values is None else values)
    made["local_id"] = row["local_id"]
    return made


def _values(content: object) -> dict[str, object] | None:
    """The canonical values that a row's content states; None where it is a bare line."""
    if not isinstance(content, str):
        return None
    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or not set(found) <= set(CANONICAL):
        return None
    return {name: found.get(name) for name in CANONICAL}
