"""A source that gives its records new local IDs: a file of old and new ones, taken as merges.

Each old record names the new one as its replacement, as if the source had said so: it is superseded
once the new one is delivered, goes on resolving, and is a must-link, so that every ID stays. A
delivery in which old local IDs are replaced withdraws nobody, and is not held for that.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mdm.domain.canonical import CANONICAL
from mdm.errors import (
    FileEmptyError,
    RekeyFileError,
)
from mdm.ports import MARKED, ReadSession
from mdm.services.csv_rows import csv_rows
from mdm.services.lists import rows_of_texts
from mdm.services.load_source import LoadContext, load_delivery
from mdm.services.seals import sealed, unsealed
from mdm.services.source_merges import MARK_FIELD
from mdm.services.sources import source_declaration
from mdm.standardise.text import clean

COLUMNS = ("old_local_id", "new_local_id")
_NAMED = 50
_AT_ONCE = 10_000
_OLD = f"""
SELECT r.local_id, r.scope, r.state, r.restricted, v.payload FROM record r
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.source = :source AND r.state IN ('pending', 'present', 'withdrawn')
  AND {unsealed("r")} AND r.local_id IN ({{keys}})
"""
_SEALED = f"""
SELECT r.record_id, r.local_id FROM record r
WHERE r.source = :source AND {sealed("r")} AND r.local_id IN ({{keys}})
"""
_NEW = """
SELECT local_id FROM record WHERE source = :source AND state <> 'erased' AND local_id IN ({keys})
"""


@dataclass(frozen=True, slots=True)
class MapFile:
    """The file that maps old local IDs to new ones, as a delivery names its files."""

    name: str
    sha256: str
    bytes: int
    rows: int


def rekey_source(context: LoadContext, source: str, path: Path) -> dict[str, object]:
    """Take a source's map of old to new local IDs; before its new delivery, or while that is held.

    Old local IDs that the registry does not hold in force are passed over; those of records that
    were withdrawn count where the new one is known already.

    Returns:
        As `load_source`, and `mapped`, `unknown`: lines taken, and lines passed over.

    Raises:
        UnknownSourceError: The source is not declared.
        FileRefusedError: The file cannot be read or lacks a column.
        RekeyFileError: Some lines cannot be taken; nothing was taken.
    """
    source_declaration(context.store, source)
    named = read_map(path)
    _carry_seals(context, source, named)
    with context.store.reading() as session:
        known = {
            str(row["local_id"])
            for row in rows_of_texts(session, _NEW, named.values(), {"source": source})
        }
        file = MapFile(path.name, _digest(path), path.stat().st_size, len(named))
        delivery = context.intake.stage_marks(_marked(session, source, named, known), file)
    result = load_delivery(context, source, delivery, snapshot=False)
    return {**result, "mapped": delivery.read, "unknown": len(named) - delivery.read}


def _carry_seals(context: LoadContext, source: str, named: Mapping[str, str]) -> None:
    """Sealed records go by their new local ID: what the source delivers under it stays out."""
    with context.store.reading() as session:
        if not list(rows_of_texts(session, _SEALED, named, {"source": source})):
            return
    with context.store.writing(context.header) as writing:
        rows = list(rows_of_texts(writing, _SEALED, named, {"source": source}))
        wanted = {str(row["local_id"]): named[str(row["local_id"])] for row in rows}
        taken = {
            str(row["local_id"])
            for row in rows_of_texts(
                writing,
                "SELECT local_id FROM record WHERE source = :source AND local_id IN ({keys})",
                wanted.values(),
                {"source": source},
            )
        }
        going = [row for row in rows if wanted[str(row["local_id"])] not in taken]
        writing.update_rows(
            "record",
            [
                {"record_id": row["record_id"], "local_id": wanted[str(row["local_id"])]}
                for row in going
            ],
        )


def read_map(path: Path) -> dict[str, str]:
    """Old local ID -> new local ID, in the order of the file.

    Raises:
        FileRefusedError: The file cannot be read or lacks a column.
        RekeyFileError: A line lacks a local ID, repeats an old one or maps it to itself, or gives a
            new local ID that is an old one, too: whose record that is could not be told.
    """
    lines = [
        (number, clean(row[COLUMNS[0]] or ""), clean(row[COLUMNS[1]] or ""))
        for number, row in csv_rows(path, COLUMNS)
    ]
    return _checked(lines, path.name)


def _checked(lines: list[tuple[int, str, str]], name: str) -> dict[str, str]:
    old_ones = {old for _, old, _ in lines}
    found: dict[str, str] = {}
    refused: list[str] = []
    for number, old, new in lines:
        if "" in {old, new}:
            refused.append(f"line {number}: a local ID is missing")
        elif old in found:
            refused.append(f"line {number}: the old local ID is repeated")
        elif new in old_ones:
            refused.append(f"line {number}: the new local ID is an old one, too")
        else:
            found[old] = new
    if refused:
        more = "" if len(refused) <= _NAMED else f"; and {len(refused) - _NAMED} more"
        text = "; ".join(refused[:_NAMED])
        raise RekeyFileError(f"nothing was taken: {text}{more}", where=name)
    if not found:
        raise FileEmptyError("the file holds no line", where=name)
    return found


def _marked(
    session: ReadSession, source: str, named: Mapping[str, str], known: Iterable[str]
) -> Iterator[pa.RecordBatch]:
    """The old records with their present content and the mark, as rows to stage."""
    here = {*known}
    for part in _parts(named):
        rows = [
            _staged(row, named[str(row["local_id"])])
            for row in rows_of_texts(session, _OLD, part, {"source": source})
            if row["state"] != "withdrawn" or named[str(row["local_id"])] in here
        ]
        yield from pa.Table.from_pylist(rows, schema=MARKED).to_batches()


def _parts(named: Mapping[str, str]) -> Iterator[list[str]]:
    keys = list(named)
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _staged(row: Mapping[str, object], new: str) -> dict[str, object]:
    values = {**json.loads(str(row["payload"])), MARK_FIELD: new}
    ordered = {name: values[name] for name in CANONICAL if name in values}
    payload = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return {
        "local_id": row["local_id"],
        "scope": row["scope"],
        "payload": payload,
        "content_hash": hashlib.md5(payload.encode(), usedforsecurity=False).hexdigest(),
        "merged_into": new,
        "restricted": bool(row["restricted"]),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
