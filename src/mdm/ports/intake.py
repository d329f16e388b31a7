"""The volume database's side of a load."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from mdm.domain.delivery import Comparison
from mdm.ports.sessions import ProgressStep, ReadSession

MARKED = pa.schema(
    [
        ("local_id", pa.string()),
        ("scope", pa.string()),
        ("payload", pa.string()),
        ("content_hash", pa.string()),
        ("merged_into", pa.string()),
        ("restricted", pa.bool_()),
    ]
)
"""Rows of a delivery without their standard columns: these follow from the payload."""


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

    def stage_marks(self, rows: Iterator[pa.RecordBatch], file: DeliveredFile) -> Delivery:
        """Stage known records with a mark that they did not have (`MARKED`), never a snapshot.

        The delivery covers no scope: it stands for none that waits for a person.
        """
        ...

    def is_snapshot(self, declaration: str) -> bool:
        """Whether what a delivery of the source leaves out was withdrawn."""
        ...

    def keep(self, load_id: int) -> None:
        """Keep the staged content of a load that waits for a person."""
        ...

    def take_up(self, load_id: int) -> None:
        """Stage what was kept.

        Raises:
            LoadStateError: It is no longer there.
        """
        ...

    def forget(self, load_id: int) -> None:
        """Delete what was kept, if it is there."""
        ...

    def named(self, marks: Mapping[str, str]) -> Sequence[str]:
        """Local IDs of all records that what is staged can say anything of, if it is a delta.

        Those delivered, those of rows that could not be read, and those that marks of merges
        stand on or name.

        Args:
            marks: As of `compare`.
        """
        ...

    def compare(
        self,
        known: Iterator[pa.RecordBatch],
        *,
        source: str,
        marks: Mapping[str, str],
        scopes: Sequence[str],
        snapshot: bool,
    ) -> Comparison:
        """Hold what is staged against the source's records in the registry.

        Args:
            known: record_id, local_id, scope, state, version, content_hash, stale, restricted,
                placed (whether it belongs to a citizen); of a delta those that `named` names and
                the erased ones whose local ID is concealed will do.
            source: The source.
            marks: Of its records that name a replacement, local ID -> the local ID named.
            scopes: Scopes that the delivery covers.
            snapshot: Whether records that are left out were withdrawn.
        """
        ...

    def number(self, *, source: str, load_id: int, first_record: int) -> None:
        """Give new records their numbers, in the order of their local IDs."""
        ...

    def overlays(self, session: ReadSession) -> list[int]:
        """Placed records whose new content is somebody else; see `mdm.domain.overlay`.

        Args:
            session: The registry before the delivery is written.
        """
        ...

    def new_records(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record` to insert."""
        ...

    def touched_records(self) -> pa.Table:
        """Columns of `record` to update."""
        ...

    def versions(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record_version` to insert; other rows may be read meanwhile."""
        ...

    def state_events(self) -> Iterator[pa.RecordBatch]:
        """Ledger events: records that were withdrawn, came back, or were replaced."""
        ...

    def unusable_marks(self) -> list[tuple[int, str]]:
        """All records of the source that name a replacement in vain, with the reason."""
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
        """Of given (quarantine_id, local_id, reason, content), the keys of those delivered again.

        Good or bad this time: the newer row stands for them.
        """
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
