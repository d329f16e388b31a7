"""What a file is, found in one pass over its bytes: digest, encoding, line ends.

A file that cannot be read as a whole is refused here by name, before anything is parsed.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdm.errors import (
    FileArchiveError,
    FileEmptyError,
    FileEncodingError,
    FileIsDirectoryError,
    FileLayoutError,
    FileMissingError,
)
from mdm.ingest.layout import Encoding

BLOCK = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"Rar!\x1a\x07": "rar",
}
_TAR_AT, _TAR = 257, b"ustar"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A well-formed multi-byte character of UTF-8.
_MULTIBYTE = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")
_HIGH = bytes(range(0x80, 0x100))
_C1 = bytes(range(0x80, 0xA0))
# A few doubly encoded names are bad values; from this share on, the file is not what it says.
_MIXED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one pass over the bytes found.

    Attributes:
        path: Where it is.
        sha256: Of the bytes as received, hex.
        bytes: Size.
        lines: Number of lines, a last one without line end included.
        encoding: What the layout says, and the bytes bear out.
        windows: A one-byte encoding with the Windows characters where ISO-8859-1 has controls.
        plain_lines: Every line ends the same way, in LF or CRLF.
        ends_in_newline: Whether the last line has a line end.
    """

    path: Path
    sha256: str
    bytes: int
    lines: int
    encoding: Encoding
    windows: bool
    plain_lines: bool
    ends_in_newline: bool

    @property
    def name(self) -> str:
        """The file name without its folder."""
        return self.path.name


def blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    """The bytes of a file.

    Raises:
        FileMissingError: It cannot be opened or read.
    """
    try:
        with path.open("rb") as stream:
            while block := stream.read(size):
                yield block
    except OSError:
        raise FileMissingError("the file cannot be read", where=path.name) from None


def check_openable(path: Path) -> bytes:
    """The first 512 bytes of a file that exists, is a file, is not empty, is no archive.

    Raises:
        FileMissingError, FileIsDirectoryError, FileEmptyError, FileArchiveError: By name.
    """
    if path.is_dir():
        raise FileIsDirectoryError("this is a folder; name the files in it", where=path.name)
    if not path.exists():
        raise FileMissingError("no such file", where=path.name)
    head = next(blocks(path, 512), b"")
    if not head:
        raise FileEmptyError("the file is empty", where=path.name)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise FileArchiveError(f"a {kind} archive: unpack it first", where=path.name)
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise FileArchiveError("a tar archive: unpack it first", where=path.name)
    return head


def file_digest(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file whose bytes need no other look."""
    digest, size = hashlib.sha256(), 0
    for block in blocks(path):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def text_facts(path: Path, encoding: Encoding) -> FileFacts:
    """Check a text file byte by byte, in constant memory.

    Raises:
        FileRefusedError: One of its kinds; see `check_openable`. FileEncodingError for UTF-16,
            NUL, bytes that are not of `encoding`, and a mixture of encodings. FileLayoutError
            for lines that end in CR alone.
    """
    head = check_openable(path)
    if head.startswith(_UTF16):
        raise FileEncodingError("the file is UTF-16; export it as UTF-8", where=path.name)
    scan = _Scan(path, encoding)
    for block in blocks(path):
        scan.feed(block)
    return scan.facts()


class _Scan:
    """The running state of the pass."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._path, self._encoding = path, encoding
        self._digest = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._size = self._newlines = self._crlf = self._returns = 0
        self._multibyte = self._single = self._c1 = 0
        self._last = b""

    def feed(self, block: bytes) -> None:
        self._digest.update(block)
        if b"\0" in block:
            self._refuse_nul(block)
        if self._encoding is Encoding.UTF_8:
            self._decode(block)
        elif not block.isascii():
            self._count_high(block)
        self._size += len(block)
        self._newlines += block.count(b"\n")
        if b"\r" in block:
            self._returns += block.count(b"\r")
            self._crlf += block.count(b"\r\n")
        self._crlf += self._last == b"\r" and block.startswith(b"\n")
        self._last = block[-1:]

    def _line_of(self, block: bytes, position: int) -> int:
        return self._newlines + block.count(b"\n", 0, max(position, 0)) + 1

    def _refuse_nul(self, block: bytes) -> None:
        nul = block.index(b"\0")
        line = self._line_of(block, nul)
        wide = block.count(b"\0") > len(block) // 4
        what = "the file looks like UTF-16; export it as UTF-8" if wide else "a NUL byte"
        raise FileEncodingError(f"{what} (line {line})", where=self._path.name)

    def _decode(self, block: bytes) -> None:
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError as error:
            pending = len(error.object) - len(block)
            line = self._line_of(block, error.start - pending)
            text = f"the layout says UTF-8; line {line} holds a byte that is not"
            raise FileEncodingError(text, where=self._path.name) from None

    def _count_high(self, block: bytes) -> None:
        rest, found = _MULTIBYTE.subn(b"", block)
        self._multibyte += found
        self._single += len(rest) - len(rest.translate(None, _HIGH))
        self._c1 += len(rest) - len(rest.translate(None, _C1))

    def facts(self) -> FileFacts:
        name = self._path.name
        if self._encoding is Encoding.UTF_8:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                text = "the file ends in the middle of a character"
                raise FileEncodingError(text, where=name) from None
        self._refuse_mixture()
        if self._returns > 0 and self._newlines == 0:
            text = "the lines end in CR alone; export with LF or CRLF"
            raise FileLayoutError(text, where=name)
        ends = self._last in {b"\n", b"\r"}
        lone_returns = self._returns - self._crlf
        return FileFacts(
            path=self._path,
            sha256=self._digest.hexdigest(),
            bytes=self._size,
            lines=self._newlines + (not ends),
            encoding=self._encoding,
            windows=self._c1 > 0,
            plain_lines=lone_returns == 0 and self._crlf in {0, self._newlines},
            ends_in_newline=ends,
        )

    def _refuse_mixture(self) -> None:
        if self._multibyte <= 1:
            return
        says = f"the layout says {self._encoding.value}"
        if self._single == 0:
            raise FileEncodingError(f"{says}; the file is UTF-8", where=self._path.name)
        if self._multibyte > _MIXED_SHARE * (self._multibyte + self._single):
            text = f"{says}; parts of the file are UTF-8: mixed encodings"
            raise FileEncodingError(text, where=self._path.name)
