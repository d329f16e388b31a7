"""An open registry with everything that commands need."""

import getpass
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mdm.collector import collected_seldom
from mdm.domain.ledger import TxHeader
from mdm.errors import MdmError, NoRegistryError, RegistryExistsError, SchemaVersionError
from mdm.ports import Clock, ProgressStep, ReadSession
from mdm.resources import models_folder
from mdm.services.fold_told import fold_told
from mdm.settings import Settings, read_settings
from mdm.storage.audit import Chains, open_chains
from mdm.storage.home import SETTINGS_FILE, Home, create_home, open_home
from mdm.storage.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from mdm.bootstrap.intake import DuckIntake
    from mdm.ingest.declaration import SourceDeclaration


def utc_now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Application:
    """A registry and its surroundings.

    Attributes:
        home: The registry's folder.
        store: Its database.
        settings: The environment's settings.
        clock: Gives the present time.
        actor: Who acts, as the ledger names it.
        chains: The trace of reads.
    """

    home: Home
    store: Store
    chains: Chains
    settings: Settings
    clock: Clock
    actor: str

    @property
    def database_url(self) -> str:
        """Where the database is; may hold a password."""
        return _url(self.home, self.settings)

    def header(
        self,
        kind: str,
        *,
        plan_id: int | None = None,
        cause: str | None = None,
        model_version: str | None = None,
    ) -> TxHeader:
        """The header of a write transaction of this process's actor."""
        return TxHeader(
            kind=kind,
            actor=self.actor,
            plan_id=plan_id,
            cause=cause,
            model_version=model_version,
        )

    def today(self) -> date:
        """The day that values are measured against."""
        return self.clock().date()

    def models(self) -> Path:
        """The folder of linkage models.

        Raises:
            ModelFileError: There is none.
        """
        return models_folder(self.settings.models)

    @contextmanager
    def volume(self) -> "Iterator[duckdb.DuckDBPyConnection]":
        """The volume database (DuckDB), as it is; one process at a time.

        Raises:
            LaneBusyError: Another process works on it.
        """
        from mdm.volume.database import open_volume

        work, threads, memory = self.home.work, self.settings.threads, self.settings.memory
        with open_volume(work, threads=threads, memory=memory) as con, collected_seldom():
            yield con

    @contextmanager
    def synced_volume(self, progress: ProgressStep) -> "Iterator[duckdb.DuckDBPyConnection]":
        """The volume database with `standard`, `record_state` and `source_merge` up to date."""
        with self.volume() as con:
            self.sync(con, progress)
            yield con

    def sync(self, con: "duckdb.DuckDBPyConnection", progress: ProgressStep) -> int:
        """Bring the cache of standard records level with the registry.

        Returns:
            How many records had to be standardised anew.
        """
        with self.store.reading() as session:
            return self.sync_with(con, session, progress)

    def sync_with(
        self, con: "duckdb.DuckDBPyConnection", session: ReadSession, progress: ProgressStep
    ) -> int:
        """The same, level with a given snapshot."""
        from mdm.ingest.standardise_batch import standardise_payloads
        from mdm.volume.standard import KEYS, sync_standard

        standardise = partial(
            standardise_payloads, today=self.today(), keys=KEYS, progress=progress
        )
        return sync_standard(con, session, standardise)

    @contextmanager
    def intake(self) -> "Iterator[DuckIntake]":
        """The volume database's side of a load."""
        from mdm.bootstrap.erasure_key import erasure_key
        from mdm.bootstrap.intake import DuckIntake

        with self.volume() as con:
            intake = DuckIntake(
                con,
                held=self.home.work / "held",
                today=self.today(),
                sync=partial(self.sync_with, progress=_silent),
                erasure_key=erasure_key(self.home.folder, make=False),
            )
            with closing(intake):
                yield intake

    def declarations(self) -> "dict[str, SourceDeclaration]":
        """Every declared source by name."""
        from mdm.bootstrap.declarations import read_stored

        with self.store.reading() as session:
            rows = session.rows("SELECT name, declaration FROM source ORDER BY name")
        return {str(row["name"]): read_stored(str(row["declaration"])) for row in rows}

    def titles(self) -> dict[str, str]:
        """What people call the declared sources; those without a title are not among them."""
        known = self.declarations()
        return {name: one.title for name, one in known.items() if one.title != ""}


def open_application(
    home: Path | None = None, *, settings: Settings | None = None, clock: Clock = utc_now
) -> Application:
    """Open the registry of a home folder.

    Args:
        home: Its folder; None for the one of the settings.
        settings: None for those of the environment.
        clock: Gives the present time.

    Raises:
        NoRegistryError: The folder holds none.
    """
    settings = read_settings() if settings is None else settings
    folder = settings.home if home is None else home
    return _application(open_home(folder), settings, clock)


def create_application(
    home: Path | None = None,
    *,
    database_url: str | None = None,
    settings: Settings | None = None,
    clock: Clock = utc_now,
) -> Application:
    """Make a registry: its folder and its database.

    A folder whose database lacks its tables, or has those of an older version, gets them.

    Args:
        home: Its folder; None for the one of the settings.
        database_url: Where the database is; None for SQLite in the folder.
        settings: None for those of the environment.
        clock: Gives the present time.

    Raises:
        RegistryExistsError: The folder, or the database, holds one already.
        DatabaseUnavailableError: The folder cannot be written or the database not reached.
    """
    settings = read_settings() if settings is None else settings
    folder = (settings.home if home is None else home).absolute()
    url = settings.database_url if database_url is None else database_url
    if (folder / SETTINGS_FILE).exists():
        return _migrated(_application(open_home(folder), settings, clock))
    if url is not None:
        _refuse_used(url)
    made = create_home(folder, database_url=database_url, elsewhere=url is not None, now=clock())
    application = _application(made, settings, clock)
    try:
        application.store.migrate()
    except MdmError:
        (folder / SETTINGS_FILE).unlink()
        raise
    return application


def _migrated(application: Application) -> Application:
    try:
        with application.store.reading():
            pass
    except (NoRegistryError, SchemaVersionError):
        application.store.migrate()
        return application
    where = str(application.home.folder)
    application.store.close()
    raise RegistryExistsError("the folder holds a registry already", where=where)


def _refuse_used(url: str) -> None:
    store = Store(url)
    try:
        if store.is_created():
            raise RegistryExistsError("the database holds a registry already")
    finally:
        store.close()


def _url(home: Home, settings: Settings) -> str:
    url = home.database_url if settings.database_url is None else settings.database_url
    if url is None:
        raise NoRegistryError("MDM_DATABASE_URL names its database, but is not set")
    return url


def _application(home: Home, settings: Settings, clock: Clock) -> Application:
    url = _url(home, settings)
    chains = open_chains(home.folder, url)
    return Application(
        home=home,
        store=Store(url, clock=clock, begin=lambda session: fold_told(session, chains)),
        chains=chains,
        settings=settings,
        clock=clock,
        actor=_account() if settings.actor is None else settings.actor,
    )


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "operator"


def _silent(step: str, share: float) -> None:
    """Progress that nobody looks at."""
