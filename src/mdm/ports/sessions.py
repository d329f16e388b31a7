"""The registry as services see it: one snapshot to read, one lane to write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeAlias

import pyarrow as pa

from mdm.domain.ledger import TxHeader

ArrowData: TypeAlias = pa.Table | pa.RecordBatch | Iterator[pa.RecordBatch]
Rows = list[dict[str, object]]
Clock = Callable[[], datetime]
ProgressStep = Callable[[str, float], None]


class ReadSession(Protocol):
    """One consistent snapshot of the registry."""

    def read_table(
        self, sql: str, params: Mapping[str, object] = ..., *, schema: pa.Schema
    ) -> pa.Table:
        """A query's rows as one Arrow table."""
        ...

    def read_arrow(
        self, sql: str, params: Mapping[str, object] = ..., *, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """A query's rows, streaming."""
        ...

    def table_batches(
        self, table: str, *, where: str = ..., params: Mapping[str, object] = ...
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a declared table, streaming."""
        ...

    def rows(self, sql: str, params: Mapping[str, object] = ...) -> Rows:
        """All rows of a small result."""
        ...

    def row(self, sql: str, params: Mapping[str, object] = ...) -> dict[str, object] | None:
        """The first row, or None."""
        ...

    def value(self, sql: str, params: Mapping[str, object] = ...) -> object:
        """The first column of the first row, or None."""
        ...

    def number(self, sql: str, params: Mapping[str, object] = ...) -> int:
        """A count or a sum; 0 where it is empty."""
        ...

    def payload_sql(self, version: str, column: str) -> str:
        """SQL of one value in the payload of an alias of `record_version`."""
        ...


class WriteSession(ReadSession, Protocol):
    """One command's writes, committed whole with its ledger row, or not at all."""

    tx_id: int
    at: str

    def insert_arrow(self, table: str, data: ArrowData, *, ahead: bool = ...) -> int:
        """Append rows; `ahead` makes batches in a thread, which must not read this session."""
        ...

    def prepared(self, table: str, data: ArrowData) -> AbstractContextManager[None]:
        """Append rows when the block ends, made ready in a thread while it runs.

        The block leaves the table alone, and `data` must not read this session.
        """
        ...

    def insert_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Append a few rows."""
        ...

    def upsert_arrow(self, table: str, data: ArrowData) -> int:
        """Write whole rows: new keys inserted, known keys replaced."""
        ...

    def upsert_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Write a few whole rows."""
        ...

    def update_arrow(self, table: str, data: ArrowData) -> int:
        """Change some columns of known rows."""
        ...

    def update_rows(self, table: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Change some columns of a few known rows."""
        ...

    def set_where(
        self,
        table: str,
        changes: Mapping[str, object],
        where: str = ...,
        params: Mapping[str, object] = ...,
    ) -> int:
        """Set columns to constants in all rows that meet a condition."""
        ...

    def delete_arrow(self, table: str, keys: ArrowData) -> int:
        """Delete the rows of the given keys."""
        ...

    def replace_arrow(self, table: str, keys: pa.Table, data: ArrowData) -> int:
        """Make the rows of some keys those given: changed where they differ, new, or gone.

        `data` must not read this session.
        """
        ...

    def replace_rows(
        self,
        table: str,
        keys: Sequence[Mapping[str, object]],
        rows: Sequence[Mapping[str, object]],
    ) -> int:
        """The same with a few rows."""
        ...

    def clear(self, table: str) -> int:
        """Delete all rows of a derived table."""
        ...

    def append_events(self, data: ArrowData) -> range:
        """Append ledger events; returns their numbers."""
        ...

    def next_ids(self, table: str, count: int = ...) -> int:
        """Reserve consecutive keys; returns the first."""
        ...

    def next_ids_below(self, table: str, count: int) -> range:
        """Reserve keys below zero, which leave no gap in those of `next_ids`."""
        ...


class Store(Protocol):
    """The registry: readers unlimited, one writer."""

    def reading(self) -> AbstractContextManager[ReadSession]:
        """A consistent snapshot."""
        ...

    def asking(self) -> AbstractContextManager[ReadSession]:
        """For one statement, which is a snapshot by itself: cheaper than `reading`."""
        ...

    def writing(self, header: TxHeader) -> AbstractContextManager[WriteSession]:
        """The writer lane; commits at the end, rolls back on any exception."""
        ...
