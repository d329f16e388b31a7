"""The port `Intake`, made of `mdm.ingest` (staging) and `mdm.volume` (comparison and cache)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.bootstrap.declarations import for_corrected_rows, read_stored
from mdm.domain.delivery import Comparison
from mdm.duck import count_rows, write_batches
from mdm.ingest.connection import PLAIN_UP_TO, PUBLISHING_BYTES, bound_memory
from mdm.ingest.declaration import SourceDeclaration
from mdm.ingest.stage import StagedFile, StagedLoad, stage_files
from mdm.ingest.standardise_batch import standardise_payloads
from mdm.ingest.tables import create_stage, drop_tables, remove_files
from mdm.ports import MARKED, DeliveredFile, ProgressStep, ReadSession
from mdm.volume import delivery as rows
from mdm.volume.forget import forget_in_held, replace_by
from mdm.volume.held import forget_held, keep_held, take_up_held
from mdm.volume.overlays import find_overlays, is_updated
from mdm.volume.source_merges import unusable_marks
from mdm.volume.standard import begin_update, finish_update, state_digests

Sync = Callable[[duckdb.DuckDBPyConnection, ReadSession], object]


class DuckIntake:
    """One delivery at a time in a volume database.

    Args:
        con: The volume database.
        held: Folder of loads that wait for a person.
        today: The day that values are measured against.
        sync: Brings the cache of standard records level with a snapshot.
        erasure_key: By which erased records are known whose local ID is a person's number.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        *,
        held: Path,
        today: date,
        sync: Sync,
        erasure_key: str = "",
    ) -> None:
        self._con = con
        self._sync = sync
        self._held = held
        self._erasure_key = erasure_key
        self._today = today
        self._source = ""
        self._load_id = 0
        self._standardised = False
        self._cache, self._reading = con.cursor(), con.cursor()
        self._begun: Callable[[], bool] | None = None
        self._is_big = False
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="cache")

    def close(self) -> None:
        """Wait for the cache's thread; what it began and nobody finished is dropped."""
        self._worker.shutdown()
        with suppress(duckdb.Error):
            self._cache.rollback()
        self._cache.close()
        self._reading.close()

    def stage(
        self, declaration: str, files: Sequence[Path], *, progress: ProgressStep
    ) -> StagedLoad:
        """Read and standardise the files of a source, whose stored declaration is given."""
        return self._stage(read_stored(declaration), files, progress)

    def stage_corrected(
        self, declaration: str, file: Path, *, progress: ProgressStep
    ) -> StagedLoad:
        """Read rows that were quarantined and mended."""
        return self._stage(for_corrected_rows(read_stored(declaration)), [file], progress)

    def _stage(
        self, declaration: SourceDeclaration, files: Sequence[Path], progress: ProgressStep
    ) -> StagedLoad:
        staged = stage_files(self._con, declaration, files, today=self._today, progress=progress)
        self._standardised = True
        self._is_big = sum(file.bytes for file in staged.files) > PLAIN_UP_TO
        if self._is_big:
            # What does not fit is sorted and joined from disk: a delivery may be of any size.
            bound_memory(self._con, PUBLISHING_BYTES)
        return staged

    def stage_marks(self, rows: Iterator[pa.RecordBatch], file: DeliveredFile) -> StagedLoad:
        """Stage known records with marks; the cache then follows when it is next needed."""
        create_stage(self._con)
        self._standardised = False
        write_batches(self._con, "stage_record", rows, MARKED)
        staged = StagedFile(file.name, file.sha256, file.bytes, file.rows)
        return StagedLoad(
            read=count_rows(self._con, "stage_record"),
            quarantined=0,
            issues=0,
            ignored=0,
            scopes=frozenset(),
            files=(staged,),
            held_reason=None,
            held_detail=None,
            content_digest=file.sha256,
        )

    def is_snapshot(self, declaration: str) -> bool:
        """Whether what a delivery of the source leaves out was withdrawn."""
        return read_stored(declaration).snapshot == "full"

    def keep(self, load_id: int) -> None:
        """Keep the staged content of a load that waits for a person."""
        keep_held(self._con, self._held, load_id)
        erased = rows.delivered_erased(self._con)
        if erased:
            for fresh in forget_in_held(self._held, load_id, erased, lambda _: False):
                replace_by(fresh)

    def take_up(self, load_id: int) -> None:
        """Stage what was kept; the cache then follows when it is next needed."""
        take_up_held(self._con, self._held, load_id)
        self._standardised = False

    def forget(self, load_id: int) -> None:
        """Delete what was kept, if it is there."""
        forget_held(self._held, load_id)

    def named(self, marks: Mapping[str, str]) -> Sequence[str]:
        """Local IDs of all records that what is staged can say anything of, if it is a delta."""
        return [*rows.named_local_ids(self._con), *marks, *marks.values()]

    def compare(
        self,
        known: Iterator[pa.RecordBatch],
        *,
        source: str,
        marks: Mapping[str, str],
        scopes: Sequence[str],
        snapshot: bool,
    ) -> Comparison:
        """Hold what is staged against the source's records in the registry."""
        return rows.compare_delivery(
            self._con,
            known,
            marks=marks,
            scopes=scopes,
            snapshot=snapshot,
            erased_as=(self._erasure_key, source),
        )

    def number(self, *, source: str, load_id: int, first_record: int) -> None:
        """Give new records their numbers, in the order of their local IDs."""
        self._source, self._load_id = source, load_id
        rows.number_records(self._con, first_record=first_record)

    def overlays(self, session: ReadSession) -> list[int]:
        """Placed records whose new content is somebody else."""
        if not is_updated(self._con):
            return []
        self._sync(self._con, session)
        if self._standardised:
            return find_overlays(self._con)
        again = partial(standardise_payloads, today=self._today, keys=("local_id",))
        return find_overlays(self._con, again)

    def new_records(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record` to insert."""
        return rows.new_record_rows(self._con, source=self._source, load_id=self._load_id)

    def touched_records(self) -> pa.Table:
        """Columns of `record` to update."""
        return rows.touched_record_rows(self._con, load_id=self._load_id)

    def versions(self) -> Iterator[pa.RecordBatch]:
        """Rows of `record_version` to insert; other rows may be read meanwhile."""
        return rows.version_rows(self._reading, load_id=self._load_id)

    def state_events(self) -> Iterator[pa.RecordBatch]:
        """Ledger events: records that were withdrawn, came back, or were replaced."""
        return rows.state_event_rows(self._con)

    def unusable_marks(self) -> list[tuple[int, str]]:
        """Records that name a replacement in vain, with the reason."""
        return unusable_marks(self._con)

    def issue_rows(self, *, first_issue: int) -> Iterator[pa.RecordBatch]:
        """Rows of `issue` to insert, for content that is new."""
        return rows.issue_rows(self._con, load_id=self._load_id, first_issue=first_issue)

    def settled_issues(self, known: Iterator[pa.RecordBatch]) -> pa.Table:
        """Of given (issue_id, record_id), the keys of those whose record has other content now."""
        return rows.settled_issues(self._con, known)

    def quarantine_rows(self, *, first_quarantine: int) -> Iterator[pa.RecordBatch]:
        """Rows of `quarantine` to insert."""
        return rows.quarantine_rows(
            self._con,
            source=self._source,
            load_id=self._load_id,
            first_quarantine=first_quarantine,
        )

    def settled_quarantine(self, waiting: Iterator[pa.RecordBatch]) -> list[int]:
        """Of rows that wait, the keys of those that were delivered again."""
        return rows.settled_quarantine(self._con, waiting)

    def registry_state(self, session: ReadSession) -> dict[str, str]:
        """What the registry states of the tables that the cache follows."""
        return state_digests(session)

    def anticipate(self, before: Mapping[str, str]) -> None:
        """Begin to take the delivery into the cache, in a thread, while the registry is written."""
        if self._standardised:
            update = partial(begin_update, self._cache, self._source, before)
            # Two of a big delivery's size at once would not have the room: it waits for the commit.
            self._begun = update if self._is_big else self._worker.submit(update).result

    def follow(self, after: Mapping[str, str]) -> None:
        """Bring the cache level after the commit, and free the staging tables."""
        if self._begun is not None and self._begun():
            finish_update(self._cache, after)
        removed = self._worker.submit(remove_files, self._cache)
        self._con.execute("BEGIN")
        rows.drop_delivery(self._con)
        drop_tables(self._con)
        self._con.execute("COMMIT")
        removed.result()
