"""Rows of delimited files."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from mdm.ahead import made_ahead
from mdm.errors import FileEmptyError, FileLayoutError, FileTruncatedError
from mdm.ingest.file_facts import FileFacts
from mdm.ingest.layout import PER_SOURCE, Layout
from mdm.ingest.mapping import ABSENT, ColumnSql, Rule, RuleTable, columns_of
from mdm.ingest.parse_delimited import BLANK, LINE, DelimitedParser
from mdm.ingest.tables import IGNORED_ROW, kept_rows, select_list
from mdm.ingest.text_blocks import line_blocks

_STREAM = "stage_stream"


@contextmanager
def delimited_rows(
    con: duckdb.DuckDBPyConnection, layout: Layout, facts: FileFacts, *, file_no: int
) -> Iterator[str]:
    """A query of the rows of one file, to be read once to its end within the context.

    Its broken lines go to `stage_quarantine` afterwards.

    Args:
        con: The connection that runs the query.
        layout: How the file is read.
        facts: The file.
        file_no: Its number.

    Raises:
        FileLayoutError: The header does not match, or no line has the right form.
        FileEmptyError: There is no line after the header.
        FileTruncatedError: The last line breaks off.
    """
    header = _header(layout, facts)
    places = _places(header, facts)
    check_columns(layout, places, facts.name)
    wanted = columns_read(layout)
    parser = DelimitedParser(
        facts=facts,
        reading=layout.reading,
        width=len(header),
        kept=sorted(place for name, place in places.items() if name in wanted),
    )
    column = text_column({name: f"c{place}" for name, place in places.items()})
    with made_ahead(parser.batches()) as batches:
        con.register(_STREAM, pa.RecordBatchReader.from_batches(parser.schema, batches))
        try:
            yield (
                f"SELECT CASE WHEN {kept_rows(layout, column)} THEN {file_no}"
                f" ELSE {IGNORED_ROW} END::INTEGER AS file_no,"
                f" {LINE}, {select_list(layout, column)} FROM {_STREAM}"
            )
        finally:
            con.unregister(_STREAM)
    if parser.refusal is not None:
        raise parser.refusal
    _check_end(layout, facts, parser)
    _quarantine(con, layout, facts, places, parser.broken)


def columns_read(layout: Layout) -> frozenset[str]:
    """Every source column that is read, in lower case."""
    read = {column for rule in layout.mapping.values() for column in columns_of(rule)}
    read |= {rows.when.column for rows in layout.ignored_rows}
    if layout.scope != PER_SOURCE:
        read.add(layout.scope)
    return frozenset(name.strip().lower() for name in read)


def text_column(columns: Mapping[str, str]) -> ColumnSql:
    """Source column -> its expression, NULL when the file lacks it."""

    def column(name: str) -> str:
        return columns.get(name.strip().lower(), ABSENT)

    return column


def check_columns(layout: Layout, present: Mapping[str, object], where: str) -> None:
    """Refuse a header that lacks what the mapping needs.

    Raises:
        FileLayoutError: Names every missing column.
    """
    missing: list[str] = []
    for name in dict.fromkeys(layout.required):
        missing.extend(
            " or ".join(group)
            for group in _needed(layout.mapping[name])
            if not any(column.strip().lower() in present for column in group)
        )
    if layout.scope != PER_SOURCE and layout.scope.strip().lower() not in present:
        missing.append(layout.scope)
    known = columns_read(layout) & set(present)
    if not missing and len(known) == 1 and len(layout.mapping) > 1:
        missing.append("any column beside the local ID")
    if missing:
        text = f"the header lacks {', '.join(dict.fromkeys(missing))}"
        raise FileLayoutError(text, where=where)


def _needed(rule: Rule) -> Iterator[tuple[str, ...]]:
    """Groups of columns of which one at least must be there."""
    if isinstance(rule, str):
        yield (rule,)
    elif isinstance(rule, RuleTable) and rule.join is not None:
        for part in rule.join:
            yield from _needed(part)
    else:
        found = tuple(columns_of(rule))
        if found:
            yield found


def _header(layout: Layout, facts: FileFacts) -> list[str]:
    reading = layout.reading
    if not reading.header:
        return list(reading.columns)
    first = next(line_blocks(facts)).partition(b"\n")[0].decode("utf-8")
    try:
        rows = csv.reader(
            [first],
            delimiter=reading.delimiter,
            quotechar=reading.quote or None,
            quoting=csv.QUOTE_MINIMAL if reading.quote else csv.QUOTE_NONE,
            strict=True,
        )
        return next(rows, [])
    except csv.Error:
        raise FileLayoutError("the header line cannot be read", where=facts.name) from None


def _places(header: Sequence[str], facts: FileFacts) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    doubles = {name for name in names if name and names.count(name) > 1}
    if doubles:
        # The names stand in a file that may be anything: only their number is told.
        raise FileLayoutError(f"{len(doubles)} header names occur twice", where=facts.name)
    return {name: place for place, name in enumerate(names) if name}


def _check_end(layout: Layout, facts: FileFacts, parser: DelimitedParser) -> None:
    if not facts.ends_in_newline:
        if parser.broken and parser.broken[-1][0] == facts.lines:
            raise FileTruncatedError(f"line {facts.lines} breaks off", where=facts.name)
        if layout.reading.final_newline == "required":
            raise FileTruncatedError("the last line has no line end", where=facts.name)
    if parser.records == 0 and parser.broken:
        raise FileLayoutError("no line has the fields that the header names", where=facts.name)
    if parser.records == 0:
        raise FileEmptyError("the file holds no record", where=facts.name)


def _quarantine(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    facts: FileFacts,
    places: Mapping[str, int],
    broken: Sequence[tuple[int, str]],
) -> None:
    if not broken:
        return
    # Unmapped columns are never written, and in a broken line nobody knows which text is whose.
    storable = set(places) <= columns_read(layout)
    rows = [
        (
            facts.name,
            line,
            _guessed_id(layout, places, text),
            "broken_line",
            text if storable else None,
        )
        for line, text in broken
    ]
    con.executemany("INSERT INTO stage_quarantine VALUES (?, ?, ?, ?, ?)", rows)


def _guessed_id(layout: Layout, places: Mapping[str, int], text: str) -> str | None:
    """The local ID of a broken line, if the line still has it where it belongs.

    It only keeps the last good version of a known record from being taken for withdrawn.
    """
    rule = layout.mapping["local_id"]
    if not isinstance(rule, str):
        return None
    parts = text.split(layout.reading.delimiter)
    place = places[rule.strip().lower()]
    if place >= len(parts):
        return None
    return parts[place].strip(BLANK).strip(layout.reading.quote) or None
