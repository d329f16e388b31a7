"""Stage a delivery: files in, comparable records, issues and quarantine out, or a named refusal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.domain.canonical import CANONICAL, Group
from mdm.errors import DiskFullError, FileLayoutError, MdmError, UsageError
from mdm.ingest.connection import PLAIN_UP_TO, staging_settings
from mdm.ingest.declaration import SourceDeclaration
from mdm.ingest.file_facts import FileFacts, text_facts
from mdm.ingest.layout import PER_SOURCE, Kind, Layout
from mdm.ingest.mapping import literal
from mdm.ingest.read_delimited import delimited_rows
from mdm.ingest.read_lines import Disagreement, assembled_rows, find_disagreements
from mdm.ingest.read_parquet import parquet_facts, parquet_rows
from mdm.ingest.stage_rows import BLOCK_ROWS, RowsSeen, create_record_view, stage_rows
from mdm.ingest.tables import (
    VALUE_COLUMNS,
    count_rows,
    create_stage,
    drop_stage,
    only_row,
    payload_sql,
)
from mdm.ingest.worker_pool import Standardisers, standardisers

Progress = Callable[[str, float], None]
TRAILER_DISAGREES = "trailer_disagrees"
SEVERAL_SERVICES = "several_services"
MANY_BYTES = 30_000_000
"""Below these, starting worker processes costs more than they save."""
_LOWER_HALF = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of a delivery; `rows` are persons and quarantined rows found in it."""

    name: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class StagedLoad:
    """What `stage_files` left in the staging tables.

    Attributes:
        read: Persons assembled plus quarantined rows; `stage_record` has `read - quarantined`.
        quarantined: Rows of `stage_quarantine`.
        issues: Rows of `stage_issue`.
        ignored: Rows that the layout leaves out: no person of their own (unified at the source).
        scopes: Scopes that this delivery covers.
        held_reason: Why the load has to wait for a person, or None.
        held_detail: The counts that disagree, without personal values.
        content_digest: Of all (local ID, content hash), whatever their order.
    """

    read: int
    quarantined: int
    issues: int
    ignored: int
    scopes: frozenset[str]
    files: tuple[StagedFile, ...]
    held_reason: str | None
    held_detail: str | None
    content_digest: str


def stage_files(
    con: duckdb.DuckDBPyConnection,
    declaration: SourceDeclaration,
    files: Sequence[Path],
    *,
    today: date,
    progress: Progress | None = None,
) -> StagedLoad:
    """Read a delivery into `stage_record`, `stage_issue`, `stage_quarantine`.

    Args:
        con: Where the tables are made; see `mdm.ingest.connection.open_staging`.
        declaration: The source.
        files: One delivery; several files are read as one.
        today: What "in the future" is measured against.
        progress: Told a step and its share done, 0 to 1.

    Raises:
        FileRefusedError: A file as a whole cannot be read; nothing stays staged.
        DiskFullError: No room for the staging tables.
        UsageError: No file.
    """
    if not files:
        raise UsageError("name at least one file")
    tell = progress if progress is not None else _silent
    layout = declaration.read_as
    try:
        received = sum(path.stat().st_size for path in files if path.is_file())
        # The processes start while the files are looked through.
        with standardisers(today, many=received >= MANY_BYTES) as several:
            facts = _all_facts(layout, files, tell)
            with staging_settings(con, received):
                return _staged(con, layout, facts, several, tell)
    except (duckdb.Error, OSError) as error:
        drop_stage(con)
        named = _named(error, files)
        if named is None:
            raise
        raise named from None
    except BaseException:
        drop_stage(con)
        raise


def _staged(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    facts: Sequence[FileFacts],
    several: Standardisers,
    tell: Progress,
) -> StagedLoad:
    create_stage(con)
    seen, disagreements = _stage_rows(con, layout, facts, several, tell)
    tell("quarantine", 0.0)
    create_record_view(con)
    _quarantine_repeated(con, facts)
    scopes = {PER_SOURCE} if layout.scope == PER_SOURCE else seen.scopes
    return _summary(con, facts, seen.ignored, frozenset(scopes), disagreements)


def _silent(step: str, share: float) -> None:
    """Tell nobody."""


def _all_facts(layout: Layout, files: Sequence[Path], tell: Progress) -> list[FileFacts]:
    facts = []
    for number, path in enumerate(files):
        tell("check", number / len(files))
        facts.append(_facts(layout, path))
    return facts


def _facts(layout: Layout, path: Path) -> FileFacts:
    if layout.kind is Kind.PARQUET:
        return parquet_facts(path)
    return text_facts(path, layout.reading.encoding)


def _stage_rows(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    facts: Sequence[FileFacts],
    several: Standardisers,
    tell: Progress,
) -> tuple[RowsSeen, list[Disagreement]]:
    """Read the files and standardise their rows, at once."""
    tell("read", 0.0)
    disagreements: list[Disagreement] = []
    lines = sum(one.lines for one in facts)
    with closing(con.cursor()) as reading:
        seen = stage_rows(
            con,
            _batches(reading, layout, facts, disagreements),
            several,
            file_names=[one.name for one in facts],
            compressed=sum(one.bytes for one in facts) > PLAIN_UP_TO,
            staged=lambda rows: tell("standardise", min(1.0, rows / max(lines, rows))),
        )
    return seen, disagreements


def _batches(
    reading: duckdb.DuckDBPyConnection,
    layout: Layout,
    facts: Sequence[FileFacts],
    disagreements: list[Disagreement],
) -> Iterator[pa.Table]:
    """The rows of all files in their order, while another connection may write."""
    if layout.kind.by_line:
        with assembled_rows(reading, layout, facts) as query:
            yield from _tables(reading, query)
            disagreements.extend(find_disagreements(reading, layout, facts))
        return
    rows_of = parquet_rows if layout.kind is Kind.PARQUET else delimited_rows
    for file_no, one in enumerate(facts):
        with rows_of(reading, layout, one, file_no=file_no) as query:
            yield from _tables(reading, query)


def _tables(reading: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.Table]:
    used = [name for name in reading.sql(query).columns if name in CANONICAL]
    whole = (
        "SELECT *, md5(payload) AS content_hash FROM"
        f" (SELECT *, {payload_sql(used)} AS payload FROM ({query}))"
    )
    # A stream of short batches comes out as short as it went in.
    ready: list[pa.RecordBatch] = []
    for batch in reading.sql(whole).to_arrow_reader(BLOCK_ROWS):
        ready.append(batch)
        if sum(one.num_rows for one in ready) >= BLOCK_ROWS:
            yield pa.Table.from_batches(ready)
            ready.clear()
    if ready:
        yield pa.Table.from_batches(ready)


def _file_names(facts: Sequence[FileFacts]) -> str:
    return "[" + ", ".join(literal(one.name) for one in facts) + "]"


def _quarantine_repeated(con: duckdb.DuckDBPyConnection, facts: Sequence[FileFacts]) -> None:
    """Rows that share a local ID: identical persons are one, of others nobody knows which holds.

    Two rows of one person that differ only in the service (a pupil of two schools) are one
    record; the first gives the service, and an issue tells that there are more.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stage_repeats AS"
        " SELECT local_id FROM stage_record GROUP BY local_id HAVING count(*) > 1"
    )
    if count_rows(con, "stage_repeats") == 0:
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stage_cut AS SELECT place, file_no, line, local_id, payload,"
        "  row_number() OVER (PARTITION BY local_id ORDER BY file_no, line) = 1 AS first,"
        f" {_values_of(person=True)} AS person, [scope] || {_values_of(person=False)} AS service"
        " FROM stage_record SEMI JOIN stage_repeats USING (local_id)"
    )
    con.execute(
        f"INSERT INTO stage_quarantine SELECT {_file_names(facts)}[file_no + 1], line, local_id,"
        f" 'repeated_local_id', payload FROM stage_cut WHERE local_id IN ({_UNLIKE})"
        " ORDER BY file_no, line"
    )
    con.execute(
        f"INSERT INTO stage_removed SELECT place FROM stage_cut"
        f" WHERE NOT first OR local_id IN ({_UNLIKE})"
    )
    con.execute("DELETE FROM stage_issue WHERE place IN (SELECT place FROM stage_removed)")
    con.execute(
        "INSERT INTO stage_issue SELECT local_id, 'unit_code', 'several',"
        f" {literal(SEVERAL_SERVICES)}, NULL FROM stage_cut GROUP BY local_id"
        " HAVING count(DISTINCT person) = 1 AND count(DISTINCT service) > 1 ORDER BY local_id"
    )
    con.execute("DROP TABLE stage_cut")


def _values_of(*, person: bool) -> str:
    """The payload's values that are the person's, or those that are the service's, as a list."""
    paths = ", ".join(
        literal(f"$.{name}")
        for name in VALUE_COLUMNS
        if (CANONICAL[name].group is not Group.SERVICE) == person
    )
    return f"json_extract_string(payload, [{paths}])"


_UNLIKE = "SELECT local_id FROM stage_cut GROUP BY local_id HAVING count(DISTINCT person) > 1"


def _summary(
    con: duckdb.DuckDBPyConnection,
    facts: Sequence[FileFacts],
    ignored: int,
    scopes: frozenset[str],
    disagreements: Sequence[Disagreement],
) -> StagedLoad:
    quarantined = count_rows(con, "stage_quarantine")
    found = only_row(
        con,
        f"SELECT count(*), sum((n >> 64)::HUGEINT), sum((n & {_LOWER_HALF})::HUGEINT) FROM"
        " (SELECT md5_number(local_id || chr(31) || content_hash) AS n FROM stage_record)",
    )
    records, upper, lower = (int(number) if number is not None else 0 for number in found)
    detail = "; ".join(
        f"{one.file}: {one.record} states {one.stated}, holds {one.found}" for one in disagreements
    )
    return StagedLoad(
        read=records + quarantined,
        quarantined=quarantined,
        issues=count_rows(con, "stage_issue"),
        ignored=ignored,
        scopes=scopes,
        files=_staged_files(con, facts),
        held_reason=TRAILER_DISAGREES if disagreements else None,
        held_detail=detail or None,
        content_digest=f"{records:x}-{upper:x}-{lower:x}",
    )


def _staged_files(
    con: duckdb.DuckDBPyConnection, facts: Sequence[FileFacts]
) -> tuple[StagedFile, ...]:
    rows = con.execute("SELECT file_no, count(*) FROM stage_record GROUP BY file_no").fetchall()
    good = {int(file_no): int(count) for file_no, count in rows}
    rows = con.execute("SELECT file, count(*) FROM stage_quarantine GROUP BY file").fetchall()
    bad = {str(name): int(count) for name, count in rows}
    return tuple(
        StagedFile(one.name, one.sha256, one.bytes, good.get(number, 0) + bad.get(one.name, 0))
        for number, one in enumerate(facts)
    )


def _named(error: duckdb.Error | OSError, files: Sequence[Path]) -> MdmError | None:
    """A refusal for what DuckDB raised; its own text may quote a line, so it is not passed on."""
    where = ", ".join(path.name for path in files)
    room = isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error)
    if room:
        return DiskFullError("no room for the staging tables", where=where)
    if isinstance(error, OSError):
        return None
    return FileLayoutError("the file cannot be read in the layout declared", where=where)
