"""Stage a delivery: files in, comparable records, issues and quarantine out, or a named refusal."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from mdm.domain.canonical import CANONICAL, Group
from mdm.errors import DiskFullError, FileLayoutError, MdmError, UsageError
from mdm.ingest.connection import staging_settings
from mdm.ingest.declaration import SourceDeclaration
from mdm.ingest.file_facts import FileFacts, text_facts
from mdm.ingest.layout import PER_SOURCE, Kind, Layout
from mdm.ingest.mapping import identifier, literal
from mdm.ingest.read_delimited import read_delimited
from mdm.ingest.read_lines import Disagreement, read_lines
from mdm.ingest.read_parquet import parquet_facts, read_parquet
from mdm.ingest.standardise_batch import POOL_FROM_BYTES, standardise_stage, worker_pool
from mdm.ingest.tables import (
    IGNORED_ROW,
    VALUE_COLUMNS,
    count_rows,
    create_stage,
    drop_stage,
    only_row,
    payload_sql,
)

Progress = Callable[[str, float], None]
TRAILER_DISAGREES = "trailer_disagrees"
SEVERAL_SERVICES = "several_services"
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
    """Read a delivery into `stage_canonical`, `stage_record`, `stage_issue`, `stage_quarantine`.

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
    try:
        facts = _all_facts(declaration.read_as, files, tell)
        received = sum(one.bytes for one in facts)
        with (
            worker_pool(today, wanted=received >= POOL_FROM_BYTES) as pool,
            staging_settings(con, received),
        ):
            return _stage(con, declaration.read_as, facts, today=today, tell=tell, pool=pool)
    except duckdb.Error as error:
        drop_stage(con)
        raise _named(error, files) from None
    except BaseException:
        drop_stage(con)
        raise


def _silent(step: str, share: float) -> None:
    """Tell nobody."""


def _stage(
    con: duckdb.DuckDBPyConnection,
    layout: Layout,
    facts: Sequence[FileFacts],
    *,
    today: date,
    tell: Progress,
    pool: ProcessPoolExecutor | None,
) -> StagedLoad:
    create_stage(con)
    disagreements = _read(con, layout, facts, tell)
    tell("quarantine", 0.0)
    ignored = _remove_ignored(con)
    scopes = _scopes(con, layout)
    _quarantine_nameless(con, facts)
    _quarantine_repeated(con, facts)
    standardise_stage(con, today=today, progress=tell, pool=pool)
    return _summary(con, facts, ignored, scopes, disagreements)


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


def _read(
    con: duckdb.DuckDBPyConnection, layout: Layout, facts: Sequence[FileFacts], tell: Progress
) -> list[Disagreement]:
    tell("read", 0.0)
    if layout.kind.by_line:
        return read_lines(con, layout, facts)
    read = read_parquet if layout.kind is Kind.PARQUET else read_delimited
    for file_no, one in enumerate(facts):
        read(con, layout, one, file_no=file_no)
        tell("read", (file_no + 1) / len(facts))
    return []


def _remove_ignored(con: duckdb.DuckDBPyConnection) -> int:
    ignored = count_rows(con, "stage_canonical", f"file_no = {IGNORED_ROW}")
    if ignored:
        con.execute(f"DELETE FROM stage_canonical WHERE file_no = {IGNORED_ROW}")
    return ignored


def _scopes(con: duckdb.DuckDBPyConnection, layout: Layout) -> frozenset[str]:
    if layout.scope == PER_SOURCE:
        return frozenset({PER_SOURCE})
    con.execute("UPDATE stage_canonical SET scope = '' WHERE scope IS NULL")
    rows = con.execute("SELECT DISTINCT scope FROM stage_canonical").fetchall()
    return frozenset(str(scope) for (scope,) in rows)


def _file_names(facts: Sequence[FileFacts]) -> str:
    return "[" + ", ".join(literal(one.name) for one in facts) + "]"


def _quarantine_nameless(con: duckdb.DuckDBPyConnection, facts: Sequence[FileFacts]) -> None:
    if count_rows(con, "stage_canonical", "local_id IS NULL") == 0:
        return
    con.execute(
        f"INSERT INTO stage_quarantine SELECT {_file_names(facts)}[file_no + 1], line, NULL,"
        f" 'no_local_id', {payload_sql()} FROM stage_canonical WHERE local_id IS NULL"
        " ORDER BY file_no, line"
    )
    con.execute("DELETE FROM stage_canonical WHERE local_id IS NULL")


def _quarantine_repeated(con: duckdb.DuckDBPyConnection, facts: Sequence[FileFacts]) -> None:
    """Rows that share a local ID: identical persons are one, of others nobody knows which holds.

    Two rows of one person that differ only in the service (a pupil of two schools) are one
    record; the first gives the service, and an issue tells that there are more.
    """
    person = ", ".join(
        identifier(name) for name in VALUE_COLUMNS if CANONICAL[name].group is not Group.SERVICE
    )
    service = ", ".join(
        identifier(name) for name in VALUE_COLUMNS if CANONICAL[name].group is Group.SERVICE
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stage_repeats AS"
        " SELECT local_id FROM stage_canonical GROUP BY local_id HAVING count(*) > 1"
    )
    if count_rows(con, "stage_repeats") == 0:
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE stage_cut AS"
        " SELECT rowid AS row_id, local_id,"
        "  row_number() OVER (PARTITION BY local_id ORDER BY file_no, line) = 1 AS first,"
        f" md5(to_json([{person}])::VARCHAR) AS person,"
        f" md5(to_json([scope, {service}])::VARCHAR) AS service"
        " FROM stage_canonical SEMI JOIN stage_repeats USING (local_id)"
    )
    con.execute(
        f"INSERT INTO stage_quarantine SELECT {_file_names(facts)}[file_no + 1], line, local_id,"
        f" 'repeated_local_id', {payload_sql()} FROM stage_canonical SEMI JOIN"
        f" ({_UNLIKE}) USING (local_id) ORDER BY file_no, line"
    )
    con.execute(
        "INSERT INTO stage_issue SELECT local_id, 'unit_code', 'several',"
        f" {literal(SEVERAL_SERVICES)} FROM stage_cut GROUP BY local_id"
        " HAVING count(DISTINCT person) = 1 AND count(DISTINCT service) > 1 ORDER BY local_id"
    )
    con.execute(
        "DELETE FROM stage_canonical WHERE rowid IN (SELECT row_id FROM stage_cut"
        f" WHERE NOT first OR local_id IN ({_UNLIKE}))"
    )
    con.execute("DROP TABLE stage_cut")


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
    rows = con.execute("SELECT file_no, count(*) FROM stage_canonical GROUP BY file_no").fetchall()
    good = {int(file_no): int(count) for file_no, count in rows}
    rows = con.execute("SELECT file, count(*) FROM stage_quarantine GROUP BY file").fetchall()
    bad = {str(name): int(count) for name, count in rows}
    return tuple(
        StagedFile(one.name, one.sha256, one.bytes, good.get(number, 0) + bad.get(one.name, 0))
        for number, one in enumerate(facts)
    )


def _named(error: duckdb.Error, files: Sequence[Path]) -> MdmError:
    """A refusal for what DuckDB raised; its own text may quote a line, so it is not passed on."""
    where = ", ".join(path.name for path in files)
    room = isinstance(error, duckdb.OutOfMemoryException) or "No space left" in str(error)
    if room:
        return DiskFullError("no room for the staging tables", where=where)
    return FileLayoutError("the file cannot be read in the layout declared", where=where)
