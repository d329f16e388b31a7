"""Backups while the registry runs, and how they come back.

A backup is a folder: `manifest.json` and either the SQLite file (`file`: SQLite's own online
backup of one snapshot) or one Parquet file per table (`tables`: all read in one snapshot). The
second kind restores into either database. A backup is complete only when it has its final name.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from mdm.errors import BackupError, DiskFullError, RegistryExistsError, SchemaVersionError
from mdm.storage import migrate
from mdm.storage.arrow import arrow_schema, is_checked
from mdm.storage.bulk import bulk_for, deferred_indexes
from mdm.storage.engine import WRITES, take_lane
from mdm.storage.faults import named_faults
from mdm.storage.read_session import ReadSession
from mdm.storage.store import Store, iso
from mdm.storage.tables import declared_tables

MANIFEST = "manifest.json"
DATABASE = "registry.db"
Kind = Literal["file", "tables"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        kind: `file` or `tables`.
        schema: Schema version of the registry.
        made_at: UTC ISO text.
        tx_id: The last transaction in it.
        rows: Rows of each table.
        files: SHA-256 of each file.
    """

    kind: Kind
    schema: str
    made_at: str
    tx_id: int
    rows: dict[str, int]
    files: dict[str, str]


def backup(
    store: Store,
    target: Path,
    *,
    now: datetime,
    kind: Kind | None = None,
    beside: Callable[[Path], object] | None = None,
) -> Manifest:
    """Copy the registry as it is at one moment; writers go on meanwhile.

    Args:
        store: The registry.
        target: Folder to make; must not exist.
        now: The present time.
        kind: `file` (SQLite only, its default) or `tables` (any database).
        beside: Writes what else belongs to the registry into the folder, after its tables.

    Raises:
        BackupError: The target exists or cannot be written, or the copy is damaged.
        DiskFullError: There is no room for it.
    """
    kind = kind or ("file" if store.dialect == "sqlite" else "tables")
    if kind == "file" and store.dialect != "sqlite":
        raise BackupError("PostgreSQL is backed up as tables")
    if target.exists():
        raise BackupError("the target exists already", where=str(target))
    partial = target.with_name(target.name + ".partial")
    with _file_faults(target):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        try:
            with store.reading() as session:
                schema = str(session.value("SELECT version_num FROM alembic_version"))
                tx_id = session.number("SELECT MAX(tx_id) FROM ledger_tx")
                rows = _write_file(session, partial) if kind == "file" else _write(session, partial)
            if beside is not None:
                beside(partial)
                for path in partial.iterdir():
                    _sync(path)
            files = {path.name: _sha256(path) for path in sorted(partial.iterdir())}
            manifest = Manifest(kind, schema, iso(now), tx_id, rows, files)
            _write_manifest(partial, manifest)
            partial.rename(target)
            _sync_folder(target.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return manifest


def read_manifest(target: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupError: The folder is not a complete backup.
    """
    try:
        content = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        return Manifest(**content)
    except (OSError, ValueError, TypeError) as error:
        raise BackupError("not a backup of a registry", where=str(target)) from error


def restore(target: Path, url: str) -> Manifest:
    """Bring a backup back into a database that holds no registry.

    Args:
        target: Folder of the backup.
        url: The database; an SQLite file may be missing or empty.

    Raises:
        BackupError: The folder is not a backup, or a file of it was changed.
        RegistryExistsError: The database holds a registry.
        SchemaVersionError: A backup as tables is of another version of the program.
    """
    manifest = read_manifest(target)
    for name, digest in manifest.files.items():
        if not (target / name).is_file() or _sha256(target / name) != digest:
            raise BackupError("a file of the backup is missing or was changed", where=name)
    if manifest.kind == "file":
        _restore_file(target / DATABASE, url)
    else:
        _restore_tables(target, manifest, url)
    return manifest


# ------------------------------------------------------------------ the SQLite file


def _write_file(session: ReadSession, folder: Path) -> dict[str, int]:
    """Copy all pages of the session's snapshot, then look at the copy."""
    path = folder / DATABASE
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with named_faults(), closing(sqlite.connect(str(path), isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # synced below, once
        session.driver_connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise BackupError("the copy is damaged: verify the registry")
        rows = {
            table.name: int(copy.execute(f'SELECT COUNT(*) FROM "{table.name}"').fetchone()[0])
            for table in declared_tables()
        }
    _sync(path)
    return rows


def _restore_file(source: Path, url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database is None:
        raise BackupError("a backup of an SQLite file restores into SQLite only")
    path = Path(parsed.database)
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")]
    if (path.exists() and path.stat().st_size > 0) or any(other.exists() for other in beside):
        raise RegistryExistsError("the database file is in use or not empty", where=str(path))
    partial = path.with_name(path.name + ".partial")
    with _file_faults(path):
        try:
            with source.open("rb") as given, partial.open("wb") as made:
                os.fchmod(made.fileno(), 0o600)
                shutil.copyfileobj(given, made, 1 << 20)
                made.flush()
                os.fsync(made.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


# ------------------------------------------------------------------ tables as Parquet


def _write(session: ReadSession, folder: Path) -> dict[str, int]:
    rows: dict[str, int] = {}
    for table in declared_tables():
        path = folder / f"{table.name}.parquet"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        schema = arrow_schema(table.name, with_check=is_checked(table.name))
        rows[table.name] = 0
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in session.table_batches(table.name, with_check=is_checked(table.name)):
                writer.write_batch(batch)
                rows[table.name] += batch.num_rows
        _sync(path)
    return rows


def _restore_tables(target: Path, manifest: Manifest, url: str) -> None:
    if manifest.schema != migrate.newest_revision():
        raise SchemaVersionError(f"the backup has schema {manifest.schema}", where=str(target))
    store = Store(url)
    try:
        with named_faults(), store.engine.connect() as bare:
            connection = bare.execution_options(**{WRITES: True})
            with connection.begin():
                take_lane(connection, 5.0)
                if migrate.present_revision(connection) is not None:
                    raise RegistryExistsError("the database holds a registry already")
                migrate.upgrade(connection)
                for name, rows in manifest.rows.items():
                    _fill(connection, target / f"{name}.parquet", name, rows)
    finally:
        store.close()


def _fill(connection: Connection, path: Path, table: str, rows: int) -> None:
    with pq.ParquetFile(path) as file, deferred_indexes(connection, table):
        bulk_for(connection).insert(table, file.iter_batches(batch_size=65_536))
    found = connection.exec_driver_sql(f'SELECT COUNT(*) FROM "{table}"').scalar()
    if found != rows:
        raise BackupError(f"{table} has {found} rows, not {rows}", where=path.name)


# ------------------------------------------------------------------ files


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True), encoding="utf-8")
    path.chmod(0o600)
    _sync(path)
    _sync_folder(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _file_faults(where: Path) -> Iterator[None]:
    """Let failures of files leave as refusals with names."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFullError("no room for the copy", where=str(where)) from error
        raise BackupError("cannot be written", where=str(where)) from error
