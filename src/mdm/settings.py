"""Settings from the environment (`MDM_*`); read by bootstrap and entry points only."""

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mdm.errors import UsageError


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """What the environment says; a command-line option goes before it.

    Attributes:
        home: Folder of the registry.
        database_url: Database instead of the one that the home folder names; keeps its password
            out of files.
        threads: Processor cores that volume work may use.
        memory: What DuckDB may hold before it spills to disk ("4GB").
        models: Folder of linkage models instead of the shipped one.
        actor: Who acts, in the ledger; the account of the operating system otherwise.
        access_log: Whether serving processes write a line a request: method, route, status, time.
        metrics_token: Opens `/metrics` to other machines; without it only this one reads them.
    """

    model_config = SettingsConfigDict(env_prefix="MDM_", extra="ignore", frozen=True)

    home: Path = Path("registry")
    database_url: str | None = Field(default=None, repr=False)
    threads: int = Field(default_factory=_cores, ge=1)
    memory: str = Field(
        default="4GB", pattern=r"^[0-9]+(\.[0-9]+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
    )
    models: Path | None = None
    actor: str | None = Field(default=None, min_length=1, max_length=200)
    access_log: bool = True
    metrics_token: SecretStr | None = Field(default=None, min_length=16)


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        UsageError: A variable cannot be read; all of them are named.
    """
    try:
        return Settings()
    except ValidationError as error:
        names = sorted(f"MDM_{'_'.join(map(str, one['loc'])).upper()}" for one in error.errors())
        raise UsageError(f"cannot be read: {', '.join(names)}") from None
