"""The home folder of a registry."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.errors import DatabaseUnavailableError, NoRegistryError, RegistryExistsError
from mdm.storage.home import DATABASE_FILE, create_home, open_home
from mdm.storage.store import Store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_created_opens(tmp_path: Path) -> None:
    made = create_home(tmp_path / "a" / "registry", now=NOW)

    assert open_home(tmp_path / "a" / "registry") == made
    assert made.created == "2026-11-23T09:00:00Z"
    assert made.work.is_dir()


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    made = create_home(tmp_path / "registry", now=NOW)
    assert made.database_url is not None
    store = Store(made.database_url)
    store.migrate()

    assert mode(made.folder) == mode(made.work) == 0o700
    assert {mode(path) for path in made.folder.iterdir() if path.is_file()} == {0o600}
    store.close()


def test_a_url_is_kept_as_given(tmp_path: Path) -> None:
    url = 'postgresql://u:p"\\w@host/name'

    assert create_home(tmp_path, database_url=url, now=NOW).database_url == url
    assert open_home(tmp_path).database_url == url


def test_a_folder_tells_that_its_database_is_named_elsewhere(tmp_path: Path) -> None:
    assert create_home(tmp_path, elsewhere=True, now=NOW).database_url is None
    assert open_home(tmp_path).database_url is None
    assert not (tmp_path / DATABASE_FILE).exists()


def test_a_registry_is_never_made_over(tmp_path: Path) -> None:
    create_home(tmp_path, now=NOW)

    with pytest.raises(RegistryExistsError):
        create_home(tmp_path, now=NOW)


def test_a_folder_without_registry_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoRegistryError):
        open_home(tmp_path)


def test_unreadable_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text("created = ")

    with pytest.raises(NoRegistryError):
        open_home(tmp_path)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DatabaseUnavailableError):
        create_home(tmp_path / "file" / "registry", now=NOW)


def test_paths_are_absolute_whatever_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = create_home(Path("registry"), now=NOW)

    assert made.folder.is_absolute()
    assert made.database_url is not None
    assert os.fspath(tmp_path) in made.database_url
