"""Keep a registry: is it what its ledger says, copy it while it runs, bring a copy back."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mdm.bootstrap.application import Application, utc_now
from mdm.bootstrap.erasing import files_check
from mdm.bootstrap.serving import copy_public_keys, restore_public_keys
from mdm.domain.check import Check
from mdm.errors import MdmError, RegistryExistsError
from mdm.ports import Clock, ProgressStep
from mdm.services.golden_due import golden_rules_in_force
from mdm.settings import Settings, read_settings
from mdm.storage import backup as copies
from mdm.storage.audit import open_chains
from mdm.storage.audit.archive import ENTRIES, read_trail, write_trail
from mdm.storage.home import DATABASE_FILE, SETTINGS_FILE, Home, create_home
from mdm.storage.read_session import ReadSession
from mdm.storage.verify import verify
from mdm.volume.delivery import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_APPLIED = "(SELECT COALESCE(MAX(applied_tx), 0) FROM plan)"
_LOADED_SINCE = f"""
SELECT 1 FROM load WHERE tx_id > {_APPLIED} UNION ALL SELECT 1 FROM ledger_event
WHERE tx_id > {_APPLIED} AND (kind LIKE 'judge_identifier%' OR detail = 'erased'
  OR kind IN ('seal', 'unseal')) LIMIT 1
"""
# Of citizens with a record that changed since, or whose numbers other people use as well: what
# was loaded, or judged of a number, since may have changed whose they are.
_DUE = f"""
SELECT municipal_id, content_digest, lineage FROM golden_record WHERE municipal_id IN (
  SELECT m.municipal_id FROM membership m
  JOIN record r ON r.record_id = m.record_id JOIN load l ON l.load_id = r.last_load_id
  WHERE l.tx_id > {_APPLIED}
  UNION SELECT m.municipal_id FROM membership m JOIN issue i ON i.record_id = m.record_id
  WHERE i.reason IN ('not_theirs', 'contested'))
"""
_COMPARED = ("municipal_id", "content_digest", "lineage")
_STORED = f"SELECT {', '.join(_COMPARED)} FROM golden_record"
_SCHEMA = pa.schema([(name, pa.string()) for name in _COMPARED])


def verify_registry(application: Application, progress: ProgressStep) -> list[Check]:
    """Every check of the registry, golden records computed anew among them.

    Citizens whose records changed since a plan was last applied have the golden record of before
    until the next one: theirs is not compared. By another policy, other standings of the sources
    or another release's rules that is everybody.

    Raises:
        LaneBusyError: Another process loads or links: golden records need the volume database.
    """
    with ExitStack() as opened:

        def golden(session: ReadSession) -> "Iterator[pa.RecordBatch]":
            if session.value("SELECT 1 FROM golden_record LIMIT 1") is None:
                return iter(())
            con = opened.enter_context(application.volume())
            return _golden_anew(application, opened, con, session, progress)

        def told(what: str, done: float) -> None:
            progress(what, done)

        checks = verify(application.store, golden=golden, progress=told)
        return [*checks, files_check(application)]


def _golden_anew(
    application: Application,
    opened: ExitStack,
    con: "duckdb.DuckDBPyConnection",
    session: ReadSession,
    progress: ProgressStep,
) -> "Iterator[pa.RecordBatch]":
    """Golden records as they follow from the snapshot; those that are due to change as stored."""
    from mdm.bootstrap.link_run import linking_over

    linking = linking_over(application, con, None, progress)
    if golden_rules_in_force(session) != linking.golden_rules:
        yield from session.read_arrow(_STORED, schema=_SCHEMA)
        return
    linking.read_registry(session)
    # What a link run has left in the volume database is not to change.
    con.execute("BEGIN")
    opened.callback(con.execute, "ROLLBACK")
    linking.decide_owners()
    if session.value(_LOADED_SINCE) is None:
        yield from (batch.select(list(_COMPARED)) for batch in linking.golden(session, None))
        return
    due = _due_golden(con, session)
    left_out = due.column("municipal_id").combine_chunks()
    for batch in linking.golden(session, None):
        chosen = batch.select(list(_COMPARED))
        yield chosen.filter(pc.invert(pc.is_in(chosen.column(0), left_out)))
    yield from due.to_batches()


def _due_golden(con: "duckdb.DuckDBPyConnection", session: ReadSession) -> pa.Table:
    """The stored golden records that the next plan may change."""
    con.execute(
        "CREATE OR REPLACE TABLE golden_due"
        " (municipal_id VARCHAR, content_digest VARCHAR, lineage VARCHAR)"
    )
    con.execute("CREATE OR REPLACE TABLE golden_stored AS FROM golden_due")
    fill(con, "golden_due", session.read_arrow(_DUE, schema=_SCHEMA))
    fill(con, "golden_stored", session.read_arrow(_STORED, schema=_SCHEMA))
    con.execute(
        "INSERT INTO golden_due SELECT s.* FROM golden_stored s ANTI JOIN golden_due"
        " USING (municipal_id) WHERE s.municipal_id IN"
        " (SELECT p.municipal_id FROM placed p SEMI JOIN ownership USING (record_id))"
    )
    return con.sql("FROM golden_due").to_arrow_table()


def backup_registry(application: Application, target: Path, *, as_tables: bool) -> copies.Manifest:
    """Copy the registry as it is at one moment; others go on writing.

    Args:
        application: The registry.
        target: Folder to make.
        as_tables: One Parquet file for each table, also of an SQLite registry.

    Raises:
        BackupError, DiskFullError: See `mdm.storage.backup.backup`.
    """
    kind: copies.Kind | None = "tables" if as_tables else None

    def beside(folder: Path) -> None:
        # After the tables: what they say was noted as told is in the trail by then.
        write_trail(application.chains, folder)
        copy_public_keys(application.home.folder, folder)

    return copies.backup(
        application.store, target.absolute(), now=application.clock(), kind=kind, beside=beside
    )


def restore_registry(
    source: Path,
    home: Path | None = None,
    *,
    database_url: str | None = None,
    settings: Settings | None = None,
    clock: Clock = utc_now,
) -> tuple[Home, copies.Manifest]:
    """Bring a backup back as a registry of its own.

    Args:
        source: Folder of the backup.
        home: Folder to make; None for the one of the settings.
        database_url: Where its database shall be; None for SQLite in the folder.
        settings: None for those of the environment.
        clock: Gives the present time.

    Raises:
        BackupError: The folder is not a backup, or was changed.
        RegistryExistsError: The home folder, or the database, holds a registry already.
    """
    settings = read_settings() if settings is None else settings
    folder = (settings.home if home is None else home).absolute()
    if (folder / SETTINGS_FILE).exists() or (folder / DATABASE_FILE).exists():
        raise RegistryExistsError("the folder holds a registry already", where=str(folder))
    copies.read_manifest(source)
    given = settings.database_url if database_url is None else database_url
    made = create_home(folder, database_url=database_url, elsewhere=given is not None, now=clock())
    url = made.database_url if given is None else given
    assert url is not None  # a folder that leaves it to the environment was given one
    try:
        manifest = copies.restore(source, url)
        if ENTRIES in manifest.files:
            read_trail(open_chains(made.folder, url), source)
            restore_public_keys(source, made.folder)
    except MdmError:
        (folder / SETTINGS_FILE).unlink()
        (folder / DATABASE_FILE).unlink(missing_ok=True)
        raise
    return made, manifest
