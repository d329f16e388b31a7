"""Cut blocks of a delimited file into columns; every line is a record or is told as broken.

A block whose lines all have the right number of fields is cut by Arrow's CSV parser. A block
with anything else (a line break inside quotes, a stray quote, too many fields) is cut line by
line, so that one bad line costs no other line its place.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from mdm.errors import FileLayoutError, MdmError
from mdm.ingest.file_facts import FileFacts
from mdm.ingest.layout import Reading
from mdm.ingest.text_blocks import line_blocks

BLANK = " \t\r\n"
LINE = "line"
_LONGEST_VALUE_LINES = 50
"""Lines that one quoted value may span; an unclosed quote must not swallow a file."""
_BROKEN_AT_LEAST, _BROKEN_SHARE = 1000, 0.5


@dataclass(slots=True)
class DelimitedParser:
    """Cuts one file; read `broken` and `refusal` when the batches are used up.

    Attributes:
        reading: Delimiter, quote, header.
        width: Number of fields of a good line.
        kept: Places (from 0) of the columns to give, in this order.
        broken: Number and text of each line that is no record.
        records: Good lines so far.
        refusal: Why reading stopped early; raised by the caller, since nothing passes through
            the consumer of an Arrow stream.
    """

    facts: FileFacts
    reading: Reading
    width: int
    kept: Sequence[int]
    broken: list[tuple[int, str]] = field(default_factory=list)
    records: int = 0
    refusal: MdmError | None = None
    _carried: list[str] = field(default_factory=list)

    @property
    def schema(self) -> pa.Schema:
        """`line` and one text column `c<place>` for each kept place."""
        texts = [(f"c{place}", pa.string()) for place in self.kept]
        return pa.schema([(LINE, pa.int64()), *texts])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The good lines; blank values are NULL, others trimmed."""
        try:
            yield from self._batches()
        except MdmError as refusal:
            self.refusal = refusal

    def _batches(self) -> Iterator[pa.RecordBatch]:
        line = 1
        for number, block in enumerate(line_blocks(self.facts)):
            body = block
            if number == 0 and self.reading.header:
                body = block.partition(b"\n")[2]
                line = 2
            first, count = line, body.count(b"\n")
            line += count
            batch = self._fast(body, first, count)
            if batch is None:
                batch = self._slow(body, first)
            if batch.num_rows:
                self.records += batch.num_rows
                yield batch
            self._stop_if_hopeless()
        batch = self._cut(self._carried, line - len(self._carried), final=True)
        if batch.num_rows:
            self.records += batch.num_rows
            yield batch

    def _stop_if_hopeless(self) -> None:
        broken = len(self.broken)
        if broken > _BROKEN_AT_LEAST and broken > _BROKEN_SHARE * self.records:
            text = "most lines do not have the fields that the header names"
            raise FileLayoutError(text, where=self.facts.name)

    def _fast(self, body: bytes, first: int, count: int) -> pa.RecordBatch | None:
        if self._carried or count == 0 or self._needs_care(body):
            return None
        quote = self.reading.quote if self.reading.quote and _quote_in(self.reading, body) else None
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(body),
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,
                    block_size=len(body) + 1,
                    column_names=[f"c{place}" for place in range(self.width)],
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self.reading.delimiter, quote_char=quote or False
                ),
                convert_options=self._conversion(),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != count:
            return None
        numbers = pa.array(range(first, first + count), pa.int64())
        columns = [table.column(name).combine_chunks() for name in self.schema.names[1:]]
        return pa.RecordBatch.from_arrays([numbers, *columns], schema=self.schema)

    def _conversion(self) -> arrow_csv.ConvertOptions:
        names = self.schema.names[1:]
        return arrow_csv.ConvertOptions(
            check_utf8=False,
            include_columns=names,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        )

    def _needs_care(self, body: bytes) -> bool:
        """Whether a value has a blank at its edge, or a quote stands inside one."""
        delimiter = self.reading.delimiter.encode()
        if _blank_at_edge(body, delimiter):
            return True
        if not self.reading.quote or not _quote_in(self.reading, body):
            return False
        mark, quote = re.escape(delimiter), re.escape(self.reading.quote.encode())
        inner = rb"[^" + mark + rb"\n]"
        blank = quote + rb"[ \t]|[ \t]" + quote
        return re.search(inner + quote + inner + rb"|" + blank, body) is not None

    def _slow(self, body: bytes, first: int) -> pa.RecordBatch:
        lines = body.decode("utf-8").split("\n")
        lines.pop()
        start = first - len(self._carried)
        return self._cut([*self._carried, *lines], start, final=False)

    def _cut(self, lines: Sequence[str], first: int, *, final: bool) -> pa.RecordBatch:
        """Line by line; an open quote at the end is carried over to the next block."""
        numbers: list[int] = []
        found: list[Sequence[str]] = []
        self._carried = []
        place = 0
        while place < len(lines):
            fields, used = self._record(lines, place)
            open_quote = fields is None and used == 0
            if open_quote and not final and len(lines) - place < _LONGEST_VALUE_LINES:
                self._carried = list(lines[place:])
                break
            if fields is not None:
                numbers.append(first + place)
                found.append(fields)
            elif lines[place].strip(BLANK):
                self.broken.append((first + place, lines[place]))
            place += max(used, 1)
        columns = [
            pa.array([fields[kept].strip(BLANK) or None for fields in found], pa.string())
            for kept in self.kept
        ]
        arrays = [pa.array(numbers, pa.int64()), *columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _record(self, lines: Sequence[str], place: int) -> tuple[Sequence[str] | None, int]:
        """The fields of the record that begins here and its lines.

        None and 1: a broken (or blank) line. None and 0: a quote opens and none closes it.
        """
        line = lines[place]
        if not self.reading.quote or self.reading.quote not in line:
            fields: Sequence[str] | None = line.split(self.reading.delimiter)
            return (fields if self._fits(fields) else None), 1
        fields = self._quoted([line])
        if fields is not None:
            return (fields if self._fits(fields) else None), 1
        for used in range(2, _LONGEST_VALUE_LINES + 1):
            if place + used > len(lines):
                return None, 0
            if self.reading.quote not in lines[place + used - 1]:
                continue
            fields = self._quoted(lines[place : place + used])
            if fields is not None:
                return (fields, used) if self._fits(fields) else (None, 1)
        return None, 1

    def _fits(self, fields: Sequence[str] | None) -> bool:
        return fields is not None and len(fields) == self.width

    def _quoted(self, lines: Sequence[str]) -> list[str] | None:
        """The fields of these lines when they are exactly one record."""
        reader = csv.reader(
            [f"{line}\n" for line in lines],
            delimiter=self.reading.delimiter,
            quotechar=self.reading.quote,
            strict=True,
        )
        try:
            records = list(reader)
        except csv.Error:
            return None
        return records[0] if len(records) == 1 else None


def _quote_in(reading: Reading, body: bytes) -> bool:
    return reading.quote.encode() in body


def _blank_at_edge(body: bytes, delimiter: bytes) -> bool:
    """Whether a space or tab stands beside a delimiter or at the end of a line."""
    chars = np.frombuffer(body, np.uint8)
    edge = chars == ord("\n")
    # Of a delimiter of several bytes the last stands before a value, the first after one.
    opens, closes = edge | (chars == delimiter[-1]), edge | (chars == delimiter[0])
    blank = chars == ord(" ")
    if delimiter != b"\t":
        blank |= chars == ord("\t")
    return bool(blank[0] or (blank[1:] & opens[:-1]).any() or (blank[:-1] & closes[1:]).any())
