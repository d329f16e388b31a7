"""Protocols that the services need; outer packages implement them.

Arrow is the one foreign type that crosses these borders. SQL that services pass is plain and the
same on both databases; parameters are named (`:name`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

from mdm.domain.delivery import Comparison
from mdm.domain.ledger import TxHeader
from mdm.domain.plan_size import PlanSize

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


class WriteSession(ReadSession, Protocol):
    """One command's writes, committed whole with its ledger row, or not at all."""

    tx_id: int
    at: str

    def insert_arrow(self, table: str, data: ArrowData, *, ahead: bool = ...) -> int:
        """Append rows; `ahead` makes batches in a thread, which must not read this session."""
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

    def clear(self, table: str) -> int:
        """Delete all rows of a derived table."""
        ...

    def append_events(self, data: ArrowData) -> range:
        """Append ledger events; returns their numbers."""
        ...

    def next_ids(self, table: str, count: int = ...) -> int:
        """Reserve consecutive keys; returns the first."""
        ...


class Store(Protocol):
    """The registry: readers unlimited, one writer."""

    def reading(self) -> AbstractContextManager[ReadSession]:
        """A consistent snapshot."""
        ...

    def writing(self, header: TxHeader) -> AbstractContextManager[WriteSession]:
        """The writer lane; commits at the end, rolls back on any exception."""
        ...


class DeliveredFile(Protocol):
    """A file of a delivery."""

    @property
    def name(self) -> str:
        """Name without folder."""
        ...

    @property
    def sha256(self) -> str:
        """Digest of its bytes, hex."""
        ...

    @property
    def bytes(self) -> int:
        """Size."""
        ...

    @property
    def rows(self) -> int:
        """Persons and quarantined rows found in it."""
        ...


class Delivery(Protocol):
    """What staging found in the files of a delivery."""

    @property
    def read(self) -> int:
        """Persons and quarantined rows."""
        ...

    @property
    def quarantined(self) -> int:
        """Rows that could not be named."""
        ...

    @property
    def issues(self) -> int:
        """Values that could not be used."""
        ...

    @property
    def scopes(self) -> frozenset[str]:
        """Scopes that it covers."""
        ...

    @property
    def files(self) -> Sequence[DeliveredFile]:
        """Its files."""
        ...

    @property
    def held_reason(self) -> str | None:
        """Why it must wait for a person, whatever the registry holds."""
        ...

    @property
    def content_digest(self) -> str:
        """Of all (local ID, content hash), whatever their order."""
        ...


class Intake(Protocol):
    """The volume database's side of a load: stage, compare, give the rows to write.

    One delivery at a time; each method builds on those before it.
    """

    def stage(self, declaration: str, files: Sequence[Path], *, progress: ProgressStep) -> Delivery:
        """Read and standardise the files of a source, whose stored declaration is given."""
        ...

    def stage_corrected(self, declaration: str, file: Path, *, progress: ProgressStep) -> Delivery:
        """Read rows that were quarantined and mended: canonical columns, never a snapshot."""
        ...

    def is_snapshot(self, declaration: str) -> bool:
        """Whether what a delivery of the source leaves out was withdrawn."""
        ...

    def keep(self, load_id: int) -> None:
        """Keep the staged content of a load that waits for a person."""
        ...

    def take_up(self, load_id: int) -> None:
        """Stage what was kept; LoadStateError where it is no longer there."""
        ...

    def forget(self, load_id: int) -> None:
        """Delete what was kept, if it is there."""
        ...

    def compare(
        self, known: Iterator[pa.RecordBatch], *, scopes: Sequence[str], snapshot: bool
    ) -> Comparison:
        """Hold what is staged against the source's records in the registry.

        Args:
            known: record_id, local_id, scope, state, version, content_hash, stale, restricted,
                placed (whether it belongs to a citizen).
            scopes: Scopes that the delivery covers.
            snapshot: Whether records that are left out were withdrawn.
        """
        ...

    def number(self, *, source: str, load_id: int, first_record: int) -> None:
        """Give new records their numbers, in the order of their local IDs."""
        ...

    def new_records(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record` to insert."""
        ...

    def touched_records(self) -> pa.Table:
        """Columns of `record` to update."""
        ...

    def versions(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record_version` to insert."""
        ...

    def state_events(self) -> Iterator[pa.RecordBatch]:
        """Ledger events: records that were withdrawn, came back, or were replaced."""
        ...

    def issue_rows(self, *, first_issue: int) -> Iterator[pa.RecordBatch]:
        """Rows of `issue` to insert, for content that is new."""
        ...

    def settled_issues(self, known: Iterator[pa.RecordBatch]) -> pa.Table:
        """Of given (issue_id, record_id), the keys of those whose record has other content now."""
        ...

    def quarantine_rows(self, *, first_quarantine: int) -> Iterator[pa.RecordBatch]:
        """Rows of `quarantine` to insert."""
        ...

    def settled_quarantine(self, waiting: Iterator[pa.RecordBatch]) -> list[int]:
        """Of (quarantine_id, local_id, reason, content), the keys of rows that came again."""
        ...

    def registry_state(self, session: ReadSession) -> dict[str, str]:
        """What the registry states of the tables that the cache of standard records follows."""
        ...

    def anticipate(self, before: Mapping[str, str]) -> None:
        """Begin to bring the cache level with what is numbered now and about to be written.

        Args:
            before: `registry_state` that the transaction found.
        """
        ...

    def follow(self, after: Mapping[str, str]) -> None:
        """The cache is level from here on: `after` is the `registry_state` that was committed."""
        ...


class PlanScore(Protocol):
    """What scoring found; see `mdm.linkage.engine.Scored`."""

    @property
    def records(self) -> int:
        """Records compared."""
        ...

    @property
    def candidate_pairs(self) -> int:
        """Pairs that blocking gave."""
        ...

    @property
    def scored_pairs(self) -> int:
        """Pairs at or above the review threshold."""
        ...

    @property
    def population(self) -> int:
        """Population class of the weights."""
        ...

    @property
    def unlike(self) -> tuple[str, ...]:
        """Where the data are unlike what the model was trained on."""
        ...


class Linking(Protocol):
    """The volume plane's side of a link run; see `mdm.bootstrap.linking`."""

    @property
    def model_version(self) -> str:
        """Short name of the model in use."""
        ...

    @property
    def inputs_digest(self) -> str:
        """Hash of what the plan is decided from: content, model, judgements."""
        ...

    def read_registry(self, session: ReadSession) -> None:
        """Bring the cache level and read memberships, IDs, sources and judgements."""
        ...

    def score(self) -> PlanScore:
        """Score all candidate pairs, or keep those that still hold."""
        ...

    def decide(
        self,
        told: Callable[[Sequence[str]], Mapping[tuple[str, int], frozenset[str]]],
        *,
        fresh: bool,
        ambiguous_until: str,
    ) -> PlanSize:
        """Cluster and reconcile; leaves the plan's tables."""
        ...

    def pack(self) -> tuple[bytes, str]:
        """The plan as bytes, and their SHA-256."""
        ...

    def unpack(self, items: bytes) -> None:
        """Take up a stored plan."""
        ...

    def is_told_otherwise(
        self, told: Callable[[Sequence[str]], Mapping[tuple[str, int], frozenset[str]]]
    ) -> bool:
        """Whether somebody was told an ID since on which the plan's decisions depend."""
        ...

    def events(self) -> pa.Table:
        """The plan's events with drawn IDs."""
        ...

    def applied(self, session: ReadSession, events: pa.Table, numbers: range) -> None:
        """Bring memberships and IDs level with events, applied already if any ID is older."""
        ...

    def pairs(self, known: Iterator[pa.RecordBatch]) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Scored pairs to write, keys to delete, and those stored that give way to both."""
        ...

    def review_rows(self) -> pa.Table:
        """Questions of the plan."""
        ...

    def ownership_rows(self) -> pa.Table:
        """Identifiers that are not plainly their records' own: record_id, field, reason."""
        ...

    def golden(self, session: ReadSession, changed: pa.Table | None) -> Iterator[pa.RecordBatch]:
        """Golden records of the citizens given (`municipal_id`), or of all.

        The session is read before this returns; ask for nothing else while rows are taken.
        """
        ...

    def registry_state(self, session: ReadSession) -> dict[str, str]:
        """What the registry states of the tables that the cache follows."""
        ...

    def follow(self, *, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Bring the cache's record states level after the commit."""
        ...
