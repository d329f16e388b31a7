"""Backups are made while writers go on, and give the registry back."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mdm.errors import BackupError, RegistryExistsError
from mdm.storage.arrow import is_checked
from mdm.storage.backup import Kind, backup, read_manifest, restore
from mdm.storage.store import Store
from mdm.storage.tables import declared_tables
from mdm.storage.verify import verify
from support.databases import HEADER, PATIENCE, new_sqlite
from support.registries import fill

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def content(store: Store) -> dict[str, list[str]]:
    """All rows of all tables, sorted."""
    with store.reading() as session:
        return {
            table.name: sorted(
                str(row)
                for batch in session.table_batches(table.name, with_check=is_checked(table.name))
                for row in batch.to_pylist()
            )
            for table in declared_tables()
        }


def fresh(folder: Path) -> str:
    return f"sqlite:///{folder / 'restored.db'}"


def test_what_was_backed_up_comes_back(store: Store, tmp_path: Path) -> None:
    fill(store)

    made = backup(store, tmp_path / "copy", now=NOW)
    url = fresh(tmp_path)
    restored = restore(tmp_path / "copy", url)

    other = Store(url)
    assert restored == made == read_manifest(tmp_path / "copy")
    assert content(other) == content(store)
    assert all(check.ok for check in verify(other))
    other.close()


def test_tables_come_back_on_the_same_database(empty_database_url: str, tmp_path: Path) -> None:
    source = Store(new_sqlite(tmp_path / "source.db"))
    fill(source)
    backup(source, tmp_path / "copy", now=NOW, kind="tables")

    restore(tmp_path / "copy", empty_database_url)

    other = Store(empty_database_url)
    assert content(other) == content(source)
    assert all(check.ok for check in verify(other))
    source.close()
    other.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["file", "tables"])
def test_a_backup_is_one_moment_while_a_writer_commits(tmp_path: Path, kind: Kind) -> None:
    store = Store(new_sqlite(tmp_path / "registry.db"))
    fill(store)
    stop, committed = threading.Event(), threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():
            with store.writing(HEADER) as session:
                for kept in ("issue", "quarantine"):
                    session.insert_rows(kept, [_row(kept, number)])
            committed.set()
            number += 1

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    made = []
    for n in range(4):
        committed.clear()
        assert committed.wait(PATIENCE)
        made.append(backup(store, tmp_path / f"copy{n}", now=NOW, kind=kind))
    stop.set()
    writer.join()

    assert made[-1].tx_id > made[0].tx_id
    for number, manifest in enumerate(made):
        assert manifest.rows["ledger_tx"] == manifest.tx_id
        url = f"sqlite:///{tmp_path / f'again{number}.db'}"
        restore(tmp_path / f"copy{number}", url)
        other = Store(url)
        assert all(check.ok for check in verify(other) if check.name.startswith("digest"))
        other.close()
    store.close()


def _row(table: str, number: int) -> dict[str, object]:
    if table == "issue":
        given = {"issue_id": number, "record_id": 1, "field": "cpf", "value_class": "v"}
    else:
        given = {"quarantine_id": number, "source": "s", "file": "f"}
    return {**given, "load_id": 1, "reason": "r"}


def test_nobody_else_may_read_a_backup(store: Store, tmp_path: Path) -> None:
    fill(store)
    backup(store, tmp_path / "copy", now=NOW)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "copy").iterdir()}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700


def test_a_backup_is_never_written_over(store: Store, tmp_path: Path) -> None:
    backup(store, tmp_path / "copy", now=NOW)

    with pytest.raises(BackupError):
        backup(store, tmp_path / "copy", now=NOW)


def test_a_registry_is_never_restored_over(store: Store, database_url: str, tmp_path: Path) -> None:
    fill(store)
    backup(store, tmp_path / "copy", now=NOW)

    with pytest.raises(RegistryExistsError):
        restore(tmp_path / "copy", database_url)


def test_a_changed_backup_is_refused(store: Store, tmp_path: Path) -> None:
    fill(store)
    backup(store, tmp_path / "copy", now=NOW)
    victim = max((tmp_path / "copy").glob("r*"), key=lambda path: path.stat().st_size)
    changed = bytearray(victim.read_bytes())
    changed[len(changed) // 2] ^= 1
    victim.write_bytes(changed)

    with pytest.raises(BackupError):
        restore(tmp_path / "copy", fresh(tmp_path))
    assert not (tmp_path / "restored.db").exists()


def test_another_folder_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupError):
        restore(tmp_path, fresh(tmp_path))


def test_a_backup_that_cannot_be_written_leaves_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BackupError):
        backup(store, tmp_path / "file" / "copy", now=NOW)
