"""Pages of SQLite's file format: cells in key order become a B-tree, from the leaves up.

Written after https://www.sqlite.org/fileformat2.html, section 1.6.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mdm.storage.table_file.cells import Bytes, Cells, Numbers, varint

PAGE = 16_384
"""Bytes of a page. Smaller ones cost a build more, larger ones cost small changes more."""
_LOCK_PAGE = (1 << 30) // PAGE + 1
"""The page that SQLite never uses: its locks stand on these bytes."""
_LEAF_HEADER, _INNER_HEADER = 8, 12
_TABLE_LEAF, _TABLE_INNER, _INDEX_LEAF, _INDEX_INNER = 13, 5, 10, 2
_MOST_IN_TABLE = PAGE - 35
_MOST_IN_INDEX = (PAGE - 12) * 64 // 255 - 23
_LEAST = (PAGE - 12) * 32 // 255 - 23
"""Bytes of a record on the page itself: the most of all of it, and the least of a part."""
_PAGES_AT, _VALID_AT = 28, 92
Node = tuple[int, bytes]
"""A page, and what stands between it and the next: a row ID, or an entry."""


class PageFile:
    """A database file to which pages are added."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("r+b", buffering=0)
        self._file.seek(0, 2)
        self._pages = self._file.tell() // PAGE

    def add(self, pages: Bytes) -> list[int]:
        """Write pages (rows of bytes) at the end; returns their numbers."""
        before = min(len(pages), max(0, _LOCK_PAGE - 1 - self._pages))
        numbers: list[int] = []
        for part in (pages[:before], pages[before:]):
            if len(part) == 0:
                continue
            if self._pages + 1 == _LOCK_PAGE:
                self._write(np.zeros((1, PAGE), dtype=np.uint8))
            first = self._pages + 1
            self._write(part)
            numbers += range(first, first + len(part))
        return numbers

    def put(self, number: int, page: Bytes) -> None:
        """Write a page over one that is there."""
        self._file.seek((number - 1) * PAGE)
        self._file.write(page.data)
        self._file.seek(0, 2)

    def close(self) -> None:
        """State how many pages there are, and close the file."""
        self._file.seek(_PAGES_AT)
        self._file.write(self._pages.to_bytes(4, "big"))
        self._file.close()

    def _write(self, pages: Bytes) -> None:
        left = pages.data.cast("B")
        while len(left) != 0:
            left = left[self._file.write(left) :]
        self._pages += len(pages)


class Tree:
    """The B-tree of a table or of an index, filled in key order.

    Args:
        file: Where its pages go.
        root: Its empty root page.
        by_row_id: Whether it is that of a table with row IDs.
    """

    def __init__(self, file: PageFile, root: int, *, by_row_id: bool) -> None:
        self._file = file
        self._root = root
        self._by_row_id = by_row_id
        self._most = _MOST_IN_TABLE if by_row_id else _MOST_IN_INDEX
        self._leaves: list[Node] = []
        self._waiting: Cells | None = None

    def add(self, cells: Cells) -> None:
        """Add cells whose keys follow those of all before."""
        if len(cells) == 0:
            return
        if int(cells.payloads.max()) > self._most:
            cells = self._with_overflow(cells)
        held = cells if self._waiting is None else _joined(self._waiting, cells)
        starts, ends = _filled(held.offsets, between=0 if self._by_row_id else 1)
        if not starts:
            self._waiting = held
            return
        numbers = self._file.add(_leaf_pages(held, starts, ends, self._leaf_kind))
        self._leaves += zip(numbers, self._dividers(held, ends), strict=True)
        self._waiting = _from(held, ends[-1] if self._by_row_id else ends[-1] + 1)

    def close(self) -> None:
        """Write what waits, and the pages above the leaves."""
        if self._waiting is None:
            return
        self._write_last(self._waiting)
        nodes = self._leaves
        while len(nodes) > 1:
            nodes = self._level(nodes)

    @property
    def _leaf_kind(self) -> int:
        return _TABLE_LEAF if self._by_row_id else _INDEX_LEAF

    def _write_last(self, held: Cells) -> None:
        """At most one page and, in an index, one entry more."""
        count = len(held)
        room = PAGE - _LEAF_HEADER
        if int(held.offsets[-1] - held.offsets[0]) + 2 * count <= room:
            parts = [(0, count)]
        else:
            # An entry stands between the two pages, and the second must not be empty.
            parts = [(0, count - 2), (count - 1, count)]
        pages = _leaf_pages(held, [p[0] for p in parts], [p[1] for p in parts], self._leaf_kind)
        if not self._leaves and len(parts) == 1:
            self._file.put(self._root, pages[0])
            return
        numbers = self._file.add(pages)
        dividers = self._dividers(held, [end for _, end in parts[:-1]])
        self._leaves += zip(numbers, [*dividers, b""], strict=True)

    def _dividers(self, cells: Cells, ends: Sequence[int]) -> list[bytes]:
        if cells.keys is not None:
            return [varint(int(cells.keys[end - 1])) for end in ends]
        offsets = cells.offsets
        return [cells.data[offsets[end] : offsets[end + 1]].tobytes() for end in ends]

    def _level(self, nodes: Sequence[Node]) -> list[Node]:
        """Pages over some nodes; a single one is the root."""
        groups = _groups([len(between) for _, between in nodes])
        kind = _TABLE_INNER if self._by_row_id else _INDEX_INNER
        pages = [_inner_page(nodes[start : end + 1], kind) for start, end in groups]
        if len(pages) == 1:
            self._file.put(self._root, pages[0])
            return [(self._root, b"")]
        numbers = self._file.add(np.stack(pages))
        return [(number, nodes[end][1]) for number, (_, end) in zip(numbers, groups, strict=True)]

    def _with_overflow(self, cells: Cells) -> Cells:
        """The same cells, where what is too long for a page goes on in pages of its own."""
        parts: list[Bytes] = []
        lengths = np.diff(cells.offsets)
        done = 0
        for row in np.flatnonzero(cells.payloads > self._most).tolist():
            start, end, payload = (
                int(cells.offsets[row]), int(cells.offsets[row + 1]), int(cells.payloads[row])
            )  # fmt: skip
            local = _LEAST + (payload - _LEAST) % (PAGE - 4)
            local = _LEAST if local > self._most else local
            cut = end - payload + local
            link = np.frombuffer(self._overflow(cells.data[cut:end]).to_bytes(4, "big"), np.uint8)
            parts += [cells.data[done:cut], link]
            lengths[row] = cut - start + 4
            done = end
        parts.append(cells.data[done:])
        offsets = np.concatenate([[0], np.cumsum(lengths)]) + cells.offsets[0]
        return Cells(np.concatenate(parts), offsets, cells.payloads, cells.keys)

    def _overflow(self, rest: Bytes) -> int:
        """Write a chain of pages; returns the first."""
        following = 0
        room = PAGE - 4
        for start in range((len(rest) - 1) // room * room, -1, -room):
            page = np.zeros((1, PAGE), dtype=np.uint8)
            page[0, :4] = np.frombuffer(following.to_bytes(4, "big"), np.uint8)
            part = rest[start : start + room]
            page[0, 4 : 4 + len(part)] = part
            [following] = self._file.add(page)
        return following


def _filled(offsets: Numbers, *, between: int) -> tuple[list[int], list[int]]:
    """First cells and ends of full pages; cells enough for one page more stay behind.

    Args:
        offsets: Where the cells begin.
        between: Cells that stand between two pages.
    """
    count = len(offsets) - 1
    used = offsets - offsets[0] + 2 * np.arange(count + 1)
    fits = np.searchsorted(used, used + (PAGE - _LEAF_HEADER), side="right") - 1
    following = fits.tolist()
    starts, ends = [], []
    start = 0
    while (end := following[start]) + between < count:
        starts.append(start)
        ends.append(end)
        start = end + between
    return starts, ends


def _leaf_pages(cells: Cells, starts: Sequence[int], ends: Sequence[int], kind: int) -> Bytes:
    """Leaves of the cells `starts[n]` to `ends[n]`, one page each."""
    first, last = np.array(starts), np.array(ends)
    counts = last - first
    begins, stops = cells.offsets[first], cells.offsets[last]
    content = PAGE - (stops - begins)
    pages = np.zeros((len(first), PAGE), dtype=np.uint8)
    pages[:, 0] = kind
    pages[:, 3], pages[:, 4] = counts >> 8, counts & 0xFF
    pages[:, 5], pages[:, 6] = content >> 8, content & 0xFF
    data = cells.data
    places = zip(pages, content.tolist(), begins.tolist(), stops.tolist(), strict=True)
    for page, at, begin, stop in places:
        page[at:] = data[begin:stop]
    page_of = np.repeat(np.arange(len(first)), counts)
    nth = np.arange(len(page_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    pointers = cells.offsets[first[page_of] + nth] - begins[page_of] + content[page_of]
    pages.view(">u2")[page_of, _LEAF_HEADER // 2 + nth] = pointers
    return pages


def _inner_page(nodes: Sequence[Node], kind: int) -> Bytes:
    """A page over some nodes; what follows the last one stands on the level above."""
    cells = [number.to_bytes(4, "big") + between for number, between in nodes[:-1]]
    content = b"".join(cells)
    at = PAGE - len(content)
    pointers = at + np.cumsum([0, *(len(cell) for cell in cells[:-1])])
    head = bytes([kind, 0, 0]) + len(cells).to_bytes(2, "big") + at.to_bytes(2, "big") + b"\0"
    head += nodes[-1][0].to_bytes(4, "big") + pointers.astype(">u2").tobytes()
    return np.frombuffer(head + bytes(at - len(head)) + content, dtype=np.uint8)


def _groups(lengths: Sequence[int]) -> list[tuple[int, int]]:
    """First and last node of each page above; none has a single node."""
    groups = []
    start, final = 0, len(lengths) - 1
    while start <= final:
        used, last = _INNER_HEADER, start
        while last < final and used + 4 + lengths[last] + 2 <= PAGE:
            used += 4 + lengths[last] + 2
            last += 1
        if last == final - 1:
            last -= 1
        groups.append((start, last))
        start = last + 1
    return groups


def _joined(left: Cells, right: Cells) -> Cells:
    begin, end = int(left.offsets[0]), int(left.offsets[-1])
    data = np.concatenate([left.data[begin:end], right.data[right.offsets[0] : right.offsets[-1]]])
    offsets = np.concatenate(
        [left.offsets[:-1] - begin, right.offsets - right.offsets[0] + end - begin]
    )
    payloads = np.concatenate([left.payloads, right.payloads])
    if left.keys is None or right.keys is None:
        return Cells(data, offsets, payloads, None)
    return Cells(data, offsets, payloads, np.concatenate([left.keys, right.keys]))


def _from(cells: Cells, row: int) -> Cells:
    """The cells from one on, in memory of their own."""
    offsets = cells.offsets[row:]
    data = cells.data[offsets[0] : offsets[-1]].copy()
    keys = None if cells.keys is None else cells.keys[row:].copy()
    return Cells(data, offsets - offsets[0], cells.payloads[row:].copy(), keys)
