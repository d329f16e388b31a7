"""Rows as cells of SQLite's file format, column by column.

Written after https://www.sqlite.org/fileformat2.html, sections 1.6 and 2.1: byte for byte what
SQLite itself would write.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_NULL, _FLOAT, _ZERO, _ONE, _BLOB, _TEXT = 0, 7, 8, 9, 12, 13
_BITS = np.array([7, 15, 23, 31, 47], dtype=np.int64)
"""Bits of the magnitude that integers of serial types 1 to 5 hold; type 6 holds all."""
_WIDTHS = np.array([0, 1, 2, 3, 4, 6, 8, 8, 0, 0], dtype=np.int64)
"""Bytes of a value by serial type, up to 9."""
_LONGEST_HEADER = 127
_EMPTY = pa.scalar(b"", pa.binary())


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a B-tree one after the other.

    Attributes:
        data: Their bytes.
        offsets: Where each begins, and where the last ends.
        payloads: Bytes of each record, without what stands before it.
        keys: The row ID of each; None in an index.
    """

    data: Bytes
    offsets: Numbers
    payloads: Numbers
    keys: Numbers | None

    def __len__(self) -> int:
        return len(self.payloads)


@dataclass(frozen=True, slots=True)
class _Column:
    """Serial types of a column's values, their bytes and how many each has."""

    serials: Numbers
    lengths: Numbers
    body: pa.Array | None


def cells_of(columns: Sequence[pa.Array | None], keys: Numbers | None = None) -> Cells:
    """Cells of some rows.

    Args:
        columns: The values: 64-bit integers, booleans, doubles, text or bytes. None stands for
            the column that is the row ID, which a record leaves out.
        keys: Row IDs; None for the cells of an index.
    """
    rows = next(len(column) for column in columns if column is not None)
    nothing = np.zeros(rows, dtype=np.int64)
    parts = [
        _Column(nothing, nothing, None) if column is None else _encoded(column)
        for column in columns
    ]
    serials = [part.serials for part in parts]
    header = sum(map(_varint_sizes, serials), np.ones(rows, dtype=np.int64))
    if int(header.max()) > _LONGEST_HEADER:
        raise ValueError("the header of a record must be short enough for one byte of length")
    payloads = sum((part.lengths for part in parts), header)
    before = [payloads] if keys is None else [payloads, keys]
    head = _varints([*before, header, *serials])
    bodies = [part.body for part in parts if part.body is not None]
    joined = pc.binary_join_element_wise(
        head, *bodies, _EMPTY, null_handling="replace", null_replacement=b""
    )
    data, offsets = _buffers(joined)
    return Cells(data, offsets, payloads, keys)


def varint(number: int) -> bytes:
    """A number of at most 56 bits as SQLite's variable-length integer."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def _buffers(column: pa.Array) -> tuple[Bytes, Numbers]:
    _, offsets, data = column.buffers()
    found = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, dtype=np.uint8), found.astype(np.int64)


def _varint_sizes(numbers: Numbers) -> Numbers:
    sizes = np.ones(len(numbers), dtype=np.int64)
    most = int(numbers.max())
    for place in range(1, 8):
        if most >> 7 * place == 0:
            return sizes
        sizes += numbers >= 1 << 7 * place
    raise ValueError("a number of more than 56 bits has no place here")


def _varints(columns: Sequence[Numbers]) -> pa.Array:
    """For each row its numbers as variable-length integers, one after the other."""
    rows = len(columns[0])
    widths = [len(varint(int(column.max()))) for column in columns]
    digits = np.empty((rows, sum(widths)), dtype=np.uint8)
    kept = np.ones(digits.shape, dtype=np.bool_)
    at = 0
    for column, width in zip(columns, widths, strict=True):
        for place in range(width - 1, -1, -1):
            digit = column >> 7 * place if place != 0 else column
            if place == 0:
                digits[:, at] = digit & 0x7F
            else:
                digits[:, at] = digit & 0x7F | 0x80
                kept[:, at] = digit != 0
            at += 1
    return _binary(digits, kept)


def _binary(table: Bytes, kept: npt.NDArray[np.bool_]) -> pa.Array:
    """The kept bytes of each row of a table."""
    lengths = kept.sum(axis=1)
    if int(lengths.min()) == table.shape[1]:
        return _fixed(table)
    return _from_buffers(lengths, table[kept])


def _fixed(table: Bytes) -> pa.Array:
    return _from_buffers(np.full(len(table), table.shape[1]), table)


def _from_buffers(lengths: npt.NDArray[np.integer], data: Bytes) -> pa.Array:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    return pa.Array.from_buffers(pa.binary(), len(lengths), buffers)


def _encoded(column: pa.Array) -> _Column:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        lengths = pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        lengths = lengths.astype(np.int64)
        serials = 2 * lengths + (_TEXT if pa.types.is_string(kind) else _BLOB)
        return _Column(_where_null(column, serials), lengths, column.cast(pa.binary()))
    if pa.types.is_floating(kind):
        return _doubles(column)
    return _integers(column.cast(pa.int64()))


def _where_null(column: pa.Array, serials: Numbers) -> Numbers:
    if column.null_count != 0:
        serials[column.is_null().to_numpy(zero_copy_only=False)] = _NULL
    return serials


def _integers(column: pa.Array) -> _Column:
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    magnitudes = np.where(values < 0, ~values, values)
    least, most = int(magnitudes.min()), int(magnitudes.max())
    limits = 1 << _BITS
    if least > 1 and np.searchsorted(limits, least, "right") == np.searchsorted(
        limits, most, "right"
    ):
        serials = np.full(len(values), 1 + np.searchsorted(limits, most, "right"), dtype=np.int64)
    else:
        serials = 1 + np.searchsorted(limits, magnitudes, "right").astype(np.int64)
        serials[values == 0] = _ZERO
        serials[values == 1] = _ONE
        _where_null(column, serials)
    return _big_endian(values.astype(">i8").view(np.uint8).reshape(-1, 8), serials)


def _doubles(column: pa.Array) -> _Column:
    # SQLite keeps -0.0 as 0.0: the sum makes them one value.
    values = column.fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0
    serials = _where_null(column, np.full(len(values), _FLOAT, dtype=np.int64))
    return _big_endian(values.astype(">f8").view(np.uint8).reshape(-1, 8), serials)


def _big_endian(table: Bytes, serials: Numbers) -> _Column:
    """The last bytes of each row, as many as its serial type has."""
    lengths = _WIDTHS[serials]
    most = int(lengths.max())
    if most == 0:
        return _Column(serials, lengths, None)
    last = table[:, 8 - most :]
    if int(lengths.min()) == most:
        return _Column(serials, lengths, _fixed(last))
    kept = np.arange(most) >= most - lengths[:, None]
    return _Column(serials, lengths, _from_buffers(lengths, last[kept]))
