"""A checksum per row that names the one cell that was changed behind our back.

Every cell gets a 31-bit hash h. With the columns numbered from 1, a row keeps A = sum(h_c) and
B = sum(c * h_c), both modulo the prime P = 2^31 - 1, packed as A << 31 | B. If one cell c differs
from what was written, A is off by d and B by c * d, so c = dB / dA names the column (the
two-syndrome code of Reed and Solomon). Both sums are linear: a change of one column to a constant
changes the check by a constant, so set-wise SQL can keep it, and the sums over a table add up.

An empty cell counts 0, so that a column added later leaves old checks valid. Hashes depend on the
value alone, not on the database, the byte order or the chunk it came in.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

P = (1 << 31) - 1
SHIFT = 31
_LOW = (1 << SHIFT) - 1
_LONG = 256
_WORD = 8
Hashes = npt.NDArray[np.uint64]

_C1 = np.uint64(0xBF58476D1CE4E5B9)
_C2 = np.uint64(0x94D049BB133111EB)
_SEED = np.uint64(0x9E3779B97F4A7C15)


def _mix(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    mixed = values + _SEED
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _C1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _C2
    return mixed ^ (mixed >> np.uint64(31))


def cell_hashes(column: pa.Array) -> Hashes:
    """The 31-bit hash of every cell; 0 where it is empty.

    Args:
        column: 64-bit integers, doubles, booleans, text or bytes.
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        hashed = _text_hashes(column)
    elif pa.types.is_floating(kind):
        hashed = _mix(_doubles(column))
    elif pa.types.is_boolean(kind):
        hashed = _mix(_integers(column.cast(pa.int64())))
    else:
        hashed = _mix(_integers(column))
    hashed = hashed % np.uint64(P)
    if column.null_count != 0:
        hashed[pc.is_null(column).to_numpy(zero_copy_only=False)] = 0
    return hashed


def _integers(column: pa.Array) -> Hashes:
    filled = column.fill_null(0) if column.null_count != 0 else column
    numbers: npt.NDArray[np.int64] = filled.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers.view(np.uint64)


def _doubles(column: pa.Array) -> Hashes:
    filled = column.fill_null(0.0) if column.null_count != 0 else column
    numbers: npt.NDArray[np.float64] = filled.to_numpy(zero_copy_only=False).astype(np.float64)
    # SQLite keeps -0.0 as 0.0: the sum makes them one value here too.
    return (numbers + 0.0).view(np.uint64)


def _text_hashes(column: pa.Array) -> Hashes:
    """Eight bytes at a time for short texts, BLAKE2b for long ones."""
    binary = column.cast(pa.binary()) if pa.types.is_string(column.type) else column
    count = len(binary)
    raw_offsets, raw_data = binary.buffers()[1:]
    offsets = np.frombuffer(raw_offsets, dtype=np.int32)[binary.offset : binary.offset + count + 1]
    start, end = int(offsets[0]), int(offsets[-1])
    starts = offsets[:-1].astype(np.int64) - start
    lengths = np.diff(offsets).astype(np.int64)
    data = memoryview(raw_data)[start:end] if raw_data is not None else memoryview(b"")
    hashed = lengths.astype(np.uint64) * _C2
    _fold_words(hashed, data, starts, lengths)
    for row in np.flatnonzero(lengths > _LONG).tolist():
        text = data[starts[row] : starts[row] + lengths[row]]
        digest = hashlib.blake2b(text, digest_size=_WORD).digest()
        hashed[row] = int.from_bytes(digest, "little")
    return _mix(hashed)


def _fold_words(
    hashed: Hashes, data: memoryview, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> None:
    """Mix the words of all texts of at most `_LONG` bytes into `hashed`, in place."""
    padded = np.zeros(len(data) + _WORD, dtype=np.uint8)
    padded[: len(data)] = np.frombuffer(data, dtype=np.uint8)
    words: Hashes = np.ndarray(
        shape=(len(data) + 1,), dtype="<u8", buffer=padded.data, strides=(1,)
    )
    short = lengths <= _LONG
    for position in range(0, _LONG, _WORD):
        rows = np.flatnonzero(short & (lengths > position))
        if len(rows) == 0:
            return
        word = words[starts[rows] + position].astype(np.uint64)
        left = np.minimum(lengths[rows] - position, _WORD).astype(np.uint64)
        word &= np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(64) - left * np.uint64(8))
        hashed[rows] = _mix(hashed[rows] ^ word)


def row_checks(columns: Sequence[pa.Array], rows: int) -> npt.NDArray[np.int64]:
    """The packed check of every row of a batch; columns in the declared order."""
    return pack(*weighted_sums(enumerate_columns(columns), rows))


def enumerate_columns(columns: Sequence[pa.Array]) -> list[tuple[int, pa.Array]]:
    """Columns with their numbers, from 1."""
    return list(enumerate(columns, start=1))


def weighted_sums(columns: Sequence[tuple[int, pa.Array]], rows: int) -> tuple[Hashes, Hashes]:
    """A and B of some columns of every row."""
    total = np.zeros(rows, dtype=np.uint64)
    weighted = np.zeros(rows, dtype=np.uint64)
    for number, column in columns:
        hashed = cell_hashes(column)
        total += hashed
        weighted += hashed * np.uint64(number)
    return total % np.uint64(P), weighted % np.uint64(P)


def pack(total: Hashes, weighted: Hashes) -> npt.NDArray[np.int64]:
    """A << 31 | B."""
    return ((total << np.uint64(SHIFT)) | weighted).astype(np.int64)


def unpack(checks: npt.NDArray[np.int64]) -> tuple[Hashes, Hashes]:
    """A and B."""
    bits = checks.astype(np.uint64)
    return bits >> np.uint64(SHIFT), bits & np.uint64(_LOW)


def shifted(
    checks: npt.NDArray[np.int64], before: tuple[Hashes, Hashes], after: tuple[Hashes, Hashes]
) -> npt.NDArray[np.int64]:
    """Checks after some cells changed: take what they gave, add what they give."""
    total, weighted = unpack(checks)
    prime = np.uint64(P)
    return pack(
        (total + after[0] + prime - before[0]) % prime,
        (weighted + after[1] + prime - before[1]) % prime,
    )


def sums(checks: npt.NDArray[np.int64]) -> tuple[int, int]:
    """A and B added over rows, modulo P."""
    total, weighted = unpack(checks)
    return int(total.sum()) % P, int(weighted.sum()) % P


def changed_column(stored: int, computed: int, columns: int) -> int | None:
    """Which column (from 1) was changed in a row whose stored and computed checks differ.

    Returns:
        The number of the column; None where no single cell explains it, as when the check
        itself was changed.
    """
    difference_a = ((computed >> SHIFT) - (stored >> SHIFT)) % P
    difference_b = ((computed & _LOW) - (stored & _LOW)) % P
    if difference_a == 0:
        return None
    number = difference_b * pow(difference_a, -1, P) % P
    return number if 1 <= number <= columns else None
