"""Read files with several record types, one a line, joined into one row a person.

The file is cut once: of every line only the fields that the mapping or a join needs are kept,
so that fields which must never be stored are never written, not even for a moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from mdm.errors import FileEmptyError, FileLayoutError, FileTruncatedError
from mdm.ingest.file_facts import FileFacts
from mdm.ingest.layout import PER_SOURCE, Kind, Layout, RecordType, Role
from mdm.ingest.mapping import ColumnSql, columns_of, literal
from mdm.ingest.parse_delimited import BLANK
from mdm.ingest.tables import IGNORED_ROW, count_rows, kept_rows, select_list
from mdm.ingest.text_blocks import line_blocks

_SCHEMA = pa.schema([("file_no", pa.int32()), ("line", pa.int64()), ("text", pa.string())])
_LINES = "stage_lines"
BROKEN_SHARE = 0.5
"""From this share of broken lines on, the file is in another layout."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A count in a file that differs from what the file holds: the load is held."""

    file: str
    record: str
    stated: str
    found: int


@contextmanager
def assembled_rows(
    con: duckdb.DuckDBPyConnection, layout: Layout, files: Sequence[FileFacts]
) -> Iterator[str]:
    """A query of the persons of all files.

    Broken and orphan lines go to `stage_quarantine`.

    Args:
        con: The connection that runs the query.
        layout: How the files are read.
        files: All files of a delivery.

    Raises:
        FileLayoutError: Wrong first record, or most lines are broken.
        FileTruncatedError: A file ends without its last record or in the middle of a line.
        FileEmptyError: No file has a person.
    """
    cutter = _Cutter(layout)
    reader = pa.RecordBatchReader.from_batches(_SCHEMA, _batches(files))
    con.register(_LINES, reader)
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE stage_cut AS {cutter.sql()}")
    finally:
        con.unregister(_LINES)
    _check_ends(con, layout, files)
    _check_broken(con, files)
    _quarantine_broken(con, files)
    _quarantine_orphans(con, layout, cutter, files)
    if count_rows(con, f"({_persons(layout)})") + count_rows(con, "stage_quarantine") == 0:
        raise FileEmptyError("the file holds no record", where=files[0].name)
    yield _assembled(layout, cutter)


def _batches(files: Sequence[FileFacts]) -> Iterator[pa.RecordBatch]:
    for file_no, facts in enumerate(files):
        first = 1
        for block in line_blocks(facts):
            found = block.decode("utf-8").split("\n")
            found.pop()
            numbers = pa.array(range(first, first + len(found)), pa.int64())
            file_nos = pa.array([file_no] * len(found), pa.int32())
            yield pa.RecordBatch.from_arrays(
                [file_nos, numbers, pa.array(found, pa.string())], schema=_SCHEMA
            )
            first += len(found)


class _Cutter:
    """Which fields are kept of each record type, and the SQL that cuts them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        wanted = {column for rule in layout.mapping.values() for column in columns_of(rule)}
        wanted |= {rows.when.column for rows in layout.ignored_rows}
        if layout.scope != PER_SOURCE:
            wanted.add(layout.scope)
        for name, record in layout.records.items():
            wanted |= {f"{name}.{own}" for own in (*record.on, *record.counts.values())}
            wanted |= set(record.on.values())
        never = {column.lower() for column in layout.never_store}
        self.kept: Mapping[str, list[str]] = {
            name: [field for field in record.fields if f"{name}.{field}" in wanted]
            for name, record in layout.records.items()
        }
        assert not any(column.lower() in never for column in wanted)

    def part(self, column: str, alias: str | None = None) -> str:
        """The kept field `record.field` of the row `alias` (the record's own name, if None)."""
        record, _, field = column.partition(".")
        place = self.kept[record].index(field) + 1
        return f"{alias or record}.parts[{place}]"

    def sql(self) -> str:
        """One row a line: file, line, type, whether it is broken, its kept fields."""
        arms = " ".join(
            f"WHEN {literal(record.type)} THEN {self._parts(name, record)}"
            for name, record in self.layout.records.items()
        )
        return (
            "SELECT file_no, line, type, broken,"
            f" CASE WHEN broken THEN NULL ELSE CASE type {arms} END END AS parts"
            f" FROM (SELECT *, {self._broken()} AS broken FROM ({self._marked()}))"
        )

    def _marked(self) -> str:
        mark = self.layout.record_type
        assert mark is not None
        if self.layout.kind is Kind.FIXED_WIDTH:
            cut = f"substring(text, {mark.start}, {mark.length})"
            inner = f"SELECT *, {cut} AS type FROM {_LINES}"
        else:
            split = f"string_split(text, {literal(self.layout.reading.delimiter)})"
            fields = f"SELECT *, {split} AS f FROM {_LINES}"
            inner = f"SELECT *, f[{mark.field or 1}] AS type FROM ({fields})"
        return f"{inner} WHERE trim(text, {literal(BLANK)}) <> ''"

    def _broken(self) -> str:
        measure = "length(text)" if self.layout.kind is Kind.FIXED_WIDTH else "len(f)"
        arms = " ".join(
            f"WHEN {literal(record.type)} THEN"
            + (
                f" {measure} NOT BETWEEN {record.size[0]} AND {record.size[1]}"
                if record.size
                else " false"
            )
            for record in self.layout.records.values()
        )
        ignored = " ".join(f"WHEN {literal(mark)} THEN false" for mark in self.layout.ignored_types)
        return f"CASE type {arms} {ignored} ELSE true END"

    def _parts(self, name: str, record: RecordType) -> str:
        cut = (self._cut(record.fields[field]) for field in self.kept[name])
        parts = ", ".join(f"nullif(trim({sql}, {literal(BLANK)}), '')" for sql in cut)
        return f"[{parts}]::VARCHAR[]"

    @staticmethod
    def _cut(place: tuple[int, int] | int) -> str:
        if isinstance(place, tuple):
            return f"substring(text, {place[0]}, {place[1]})"
        return f"f[{place}]"


def _check_ends(con: duckdb.DuckDBPyConnection, layout: Layout, files: Sequence[FileFacts]) -> None:
    rows = con.execute(
        "SELECT file_no, arg_min(type, line), arg_max(type, line), arg_max(broken, line)"
        " FROM stage_cut GROUP BY file_no"
    ).fetchall()
    ends = {file_no: (first, last, broken) for file_no, first, last, broken in rows}
    for file_no, facts in enumerate(files):
        if file_no not in ends:
            raise FileEmptyError("the file holds no record", where=facts.name)
        first, last, broken = ends[file_no]
        if layout.first_record is not None:
            wanted = layout.records[layout.first_record].type
            if first != wanted:
                text = f"the first line is not record {wanted}"
                raise FileLayoutError(text, where=facts.name)
        if broken and not facts.ends_in_newline:
            raise FileTruncatedError(f"line {facts.lines} breaks off", where=facts.name)
        if layout.last_record is not None:
            wanted = layout.records[layout.last_record].type
            if last != wanted:
                text = f"the file does not end with record {wanted}"
                raise FileTruncatedError(text, where=facts.name)
        if layout.reading.final_newline == "required" and not facts.ends_in_newline:
            raise FileTruncatedError("the last line has no line end", where=facts.name)


def _check_broken(con: duckdb.DuckDBPyConnection, files: Sequence[FileFacts]) -> None:
    rows = con.execute(
        "SELECT file_no, count(*) FILTER (broken), count(*), min(line) FILTER (broken)"
        " FROM stage_cut GROUP BY file_no HAVING count(*) FILTER (broken) > 0 ORDER BY file_no"
    ).fetchall()
    for file_no, broken, total, line in rows:
        if broken >= BROKEN_SHARE * total:
            text = f"{broken} of {total} lines have another width or record type, first line {line}"
            raise FileLayoutError(text, where=files[file_no].name)


def _names(files: Sequence[FileFacts]) -> str:
    return "[" + ", ".join(literal(facts.name) for facts in files) + "]"


def _quarantine_broken(con: duckdb.DuckDBPyConnection, files: Sequence[FileFacts]) -> None:
    con.execute(
        f"INSERT INTO stage_quarantine SELECT {_names(files)}[file_no + 1], line, NULL,"
        " 'broken_line', NULL FROM stage_cut WHERE broken ORDER BY file_no, line"
    )


def _person(layout: Layout) -> str:
    return next(name for name, record in layout.records.items() if record.role is Role.PERSON)


def _persons(layout: Layout) -> str:
    mark = literal(layout.records[_person(layout)].type)
    return f"SELECT * FROM stage_cut WHERE type = {mark} AND NOT broken"


def _joins(layout: Layout, cutter: _Cutter) -> str:
    """FROM and JOINs: every person line with the first line of each joined record."""
    person = _person(layout)
    parts = [f"({_persons(layout)}) AS {person}"]
    for name, record in layout.records.items():
        if record.role is not Role.JOINED:
            continue
        own = [cutter.part(f"{name}.{field}", "stage_cut") for field in record.on]
        keys = ", ".join(f"{sql} AS k{number}" for number, sql in enumerate(own))
        grouped = ", ".join(["file_no", *(f"k{number}" for number in range(len(own)))])
        lines_of = (
            f"SELECT {grouped}, arg_min(parts, line) AS parts FROM"
            f" (SELECT file_no, line, parts, {keys} FROM stage_cut"
            f" WHERE type = {literal(record.type)} AND NOT broken) GROUP BY {grouped}"
        )
        on = [f"{name}.file_no = {person}.file_no"]
        on += [
            f"{name}.k{number} = {cutter.part(far)}"
            for number, far in enumerate(record.on.values())
        ]
        parts.append(f"LEFT JOIN ({lines_of}) AS {name} ON {' AND '.join(on)}")
    return " ".join(parts)


def _assembled(layout: Layout, cutter: _Cutter) -> str:
    column: ColumnSql = cutter.part
    person = _person(layout)
    return (
        f"SELECT CASE WHEN {kept_rows(layout, column)} THEN {person}.file_no"
        f" ELSE {IGNORED_ROW} END::INTEGER AS file_no, {person}.line, {select_list(layout, column)}"
        f" FROM {_joins(layout, cutter)} ORDER BY {person}.file_no, {person}.line"
    )


def _quarantine_orphans(
    con: duckdb.DuckDBPyConnection, layout: Layout, cutter: _Cutter, files: Sequence[FileFacts]
) -> None:
    for name, record in layout.records.items():
        if record.role is not Role.JOINED or record.orphan == "ignore":
            continue
        on = [f"{name}.file_no = other.file_no"]
        targets = {far.partition(".")[0] for far in record.on.values()}
        assert len(targets) == 1
        target = targets.pop()
        on += [
            f"{cutter.part(f'{name}.{own}')} = {cutter.part(far, 'other')}"
            for own, far in record.on.items()
        ]
        con.execute(
            f"INSERT INTO stage_quarantine SELECT {_names(files)}[file_no + 1], line, NULL,"
            f" 'orphan_line', NULL FROM stage_cut AS {name} ANTI JOIN"
            f" (SELECT file_no, parts FROM stage_cut WHERE NOT broken"
            f"  AND type = {literal(layout.records[target].type)}) AS other"
            f" ON {' AND '.join(on)}"
            f" WHERE type = {literal(record.type)} AND NOT broken"
        )


def find_disagreements(
    con: duckdb.DuckDBPyConnection, layout: Layout, files: Sequence[FileFacts]
) -> list[Disagreement]:
    """Counts that the files state and do not hold, while `assembled_rows` lasts."""
    cutter = _Cutter(layout)
    found = []
    for name, record in layout.records.items():
        for counted, field in record.counts.items():
            rows = con.execute(
                f"SELECT stating.file_no, any_value(stating.stated), count(counted.line)"
                f" FROM (SELECT file_no, {cutter.part(f'{name}.{field}', 'stage_cut')} AS stated"
                f"  FROM stage_cut WHERE type = {literal(record.type)} AND NOT broken) AS stating"
                f" LEFT JOIN stage_cut AS counted ON counted.file_no = stating.file_no"
                f" AND counted.type = {literal(layout.records[counted].type)}"
                f" GROUP BY stating.file_no ORDER BY stating.file_no"
            ).fetchall()
            for file_no, stated, count in rows:
                if stated is None or not stated.isdecimal() or int(stated) != count:
                    shown = stated if stated is not None and stated.isdecimal() else "no number"
                    found.append(Disagreement(files[file_no].name, counted, shown, count))
    return found
