"""The text of a file in blocks of whole lines, whatever its encoding and line ends."""

import codecs
from collections.abc import Iterator

from mdm.errors import FileLayoutError
from mdm.ingest.file_facts import FileFacts, blocks
from mdm.ingest.layout import Encoding

LONGEST_LINE = 2_000_000
"""Bytes; no layout has a line that comes near, so a longer one means another kind of file."""

# What Windows-1252 puts where ISO-8859-1 has control codes; five codes are undefined in both.
_WINDOWS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}


def line_blocks(facts: FileFacts) -> Iterator[bytes]:
    """Blocks of whole lines in UTF-8; every line ends in LF, the byte order mark is removed.

    Raises:
        FileLayoutError: A line is longer than `LONGEST_LINE`.
    """
    pending, line = b"", 1
    for number, block in enumerate(blocks(facts.path)):
        piece = block.removeprefix(codecs.BOM_UTF8) if number == 0 else block
        whole, newline, rest = piece.rpartition(b"\n")
        if newline:
            yield _unified(pending + whole + newline, facts)
            line += whole.count(b"\n") + 1
            pending = rest
        else:
            pending += rest
        if len(pending) > LONGEST_LINE:
            text = f"line {line} is longer than {LONGEST_LINE} bytes"
            raise FileLayoutError(text, where=facts.name)
    if pending:
        yield _unified(pending, facts) + b"\n"


def _unified(data: bytes, facts: FileFacts) -> bytes:
    if b"\r" in data:
        # A return inside a line is a blank to the reader, never the end of a record.
        data = data.replace(b"\r\n", b"\n")
        if data.endswith(b"\r"):
            data = data[:-1]
        data = data.replace(b"\r", b" ")
    if facts.encoding is Encoding.UTF_8 or data.isascii():
        return data
    text = data.decode("latin-1")
    return (text.translate(_WINDOWS) if facts.windows else text).encode("utf-8")
