"""The home folder of a registry: where its settings, its database and its work files lie."""

import os
import stat
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mdm.errors import DatabaseUnavailableError, DiskFullError, NoRegistryError, RegistryExistsError

SETTINGS_FILE = "registry.toml"
DATABASE_FILE = "registry.db"
WORK_FOLDER = "work"
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Home:
    """A registry's folder.

    Attributes:
        folder: Absolute path.
        database_url: Where the database is; secrets in it are why the file is private. None where
            the folder leaves it to the environment.
        created: UTC ISO text.
    """

    folder: Path
    database_url: str | None
    created: str

    @property
    def work(self) -> Path:
        """Folder of what can be made again (the volume database)."""
        return self.folder / WORK_FOLDER


def create_home(
    folder: Path, *, database_url: str | None = None, elsewhere: bool = False, now: datetime
) -> Home:
    """Make the folder of a new registry; the database itself is made by `Store.migrate`.

    Args:
        folder: May exist; is made with its parents otherwise.
        database_url: Where the database is; None for an SQLite file in the folder.
        elsewhere: The environment alone names the database; the folder says so.
        now: The present time.

    Raises:
        RegistryExistsError: The folder holds a registry already.
        DatabaseUnavailableError: The folder cannot be made or written.
    """
    folder = folder.absolute()
    settings = folder / SETTINGS_FILE
    if settings.exists():
        raise RegistryExistsError("the folder holds a registry already", where=str(folder))
    created = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f'created = "{created}"']
    if database_url is not None:
        lines.append(f"database_url = {_toml_text(database_url)}")
    elif elsewhere:
        lines.append("database_elsewhere = true")
    try:
        for path in (folder, folder / WORK_FOLDER):
            path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            path.chmod(_PRIVATE_FOLDER)
        if database_url is None and not elsewhere:
            _private_file(folder / DATABASE_FILE, b"")
        _private_file(settings, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise _folder_refusal(error, folder) from error
    return open_home(folder)


def open_home(folder: Path) -> Home:
    """Read a registry's folder.

    Raises:
        NoRegistryError: It holds no registry, or its settings cannot be read.
    """
    folder = folder.absolute()
    try:
        settings = tomllib.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoRegistryError("no registry here: run `mdm init`", where=str(folder)) from error
    except (OSError, ValueError) as error:
        raise NoRegistryError("registry.toml cannot be read", where=str(folder)) from error
    own = f"sqlite:///{folder / DATABASE_FILE}"
    url = settings.get("database_url", None if settings.get("database_elsewhere") else own)
    return Home(
        folder=folder,
        database_url=None if url is None else str(url),
        created=str(settings.get("created", "")),
    )


def _private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, _PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _folder_refusal(error: OSError, folder: Path) -> DatabaseUnavailableError | DiskFullError:
    if error.errno in {28, 122}:  # ENOSPC, EDQUOT
        return DiskFullError("no room for the registry's folder", where=str(folder))
    return DatabaseUnavailableError("the registry's folder cannot be written", where=str(folder))


def _toml_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
