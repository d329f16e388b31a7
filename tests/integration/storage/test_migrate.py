"""The migrations make the declared tables, whole or not at all."""

import signal
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from mdm.domain.golden_record import GOLDEN_COLUMNS
from mdm.errors import SchemaVersionError
from mdm.storage import migrate
from mdm.storage.arrow import arrow_schema
from mdm.storage.engine import WRITES
from mdm.storage.store import Store
from mdm.storage.tables import Registry, declared_tables
from support.processes import migrate_and_die


def is_compared(_object: object, name: str | None, *_: object) -> bool:
    """PostgreSQL tells this index's expression in words of its own."""
    return name != "ix_record_version_household"


# SQLite's indexes on expressions are not compared; PostgreSQL's are.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping")
def test_the_migrations_make_the_declared_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_compared})
        differences = compare_metadata(context, Registry.metadata)

    assert differences == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    store.migrate()

    assert store.is_created()


@pytest.mark.parametrize(("revision", "named"), [("9999", "newer"), ("0000", "newer")])
def test_another_schema_is_refused(store: Store, revision: str, named: str) -> None:
    connection = store.engine.connect().execution_options(**{WRITES: True})
    with connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    with pytest.raises(SchemaVersionError), store.reading():
        pass
    with pytest.raises(SchemaVersionError, match=named):
        store.migrate()


@pytest.mark.slow
@pytest.mark.parametrize("statements", [5, 20, 35, 1000])
def test_a_killed_migration_leaves_old_or_new(empty_database_url: str, statements: int) -> None:
    process = get_context("spawn").Process(
        target=migrate_and_die, args=(empty_database_url, statements)
    )
    process.start()
    process.join()
    store = Store(empty_database_url)

    with store.engine.connect() as connection:
        present = migrate.present_revision(connection)
        names = [table.name for table in declared_tables()]
        found = [name for name in names if store.engine.dialect.has_table(connection, name)]

    assert process.exitcode == (0 if statements == 1000 else -signal.SIGKILL)
    assert (present, found) in [(None, []), (migrate.newest_revision(), names)]
    store.migrate()
    assert store.is_created()
    store.close()


def test_golden_columns_are_those_of_the_golden_record() -> None:
    assert set(arrow_schema("golden_record").names) == set(GOLDEN_COLUMNS)


def test_the_newest_version_is_what_alembic_calls_the_head() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())

    assert migrate.newest_revision() == scripts.get_current_head()


def test_migrations_travel_with_the_package() -> None:
    folder = Path(migrate.__file__).parent / "migrations"

    assert {"env.py", "script.py.mako"} <= {path.name for path in folder.iterdir()}
    assert any((folder / "versions").glob("0001_*.py"))


def test_events_of_before_survive_the_widening_of_their_kinds(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    values = "(1, 1, 'judge', '7', 5), (2, 1, 'mint', NULL, 6)"
    with (
        store.engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        command.upgrade(migrate._config(connection), "0003")
        connection.execute(
            text(f"INSERT INTO ledger_event (seq, tx_id, kind, detail, row_check) VALUES {values}")
        )
        migrate.upgrade(connection)
        connection.execute(
            text(
                "INSERT INTO ledger_event (seq, tx_id, kind, detail, row_check) "
                "VALUES (3, 1, 'override', '1', 7)"
            )
        )
        rows = connection.execute(
            text("SELECT seq, kind, detail, row_check FROM ledger_event ORDER BY seq")
        ).fetchall()
    store.close()

    assert [tuple(row) for row in rows] == [
        (1, "judge", "7", 5), (2, "mint", None, 6), (3, "override", "1", 7),
    ]  # fmt: skip


def test_golden_records_of_before_keep_their_rows_and_indexes(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    ids = [f"{number:010}" for number in (3, 1, 2)]
    with (
        store.engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin(),
    ):
        command.upgrade(migrate._config(connection), "0011")
        connection.execute(
            text(
                "INSERT INTO golden_record (municipal_id, cns, record_count, lineage, "
                "content_digest, row_check) VALUES (:id, :cns, 1, '{}', 'd', 5)"
            ),
            [{"id": one, "cns": f'["70500000000{one[-4:]}"]'} for one in ids],
        )
        before = indexes_of(connection, "golden_record")
        migrate.upgrade(connection)
        rows = connection.execute(
            text("SELECT municipal_id, row_check FROM golden_record ORDER BY municipal_id")
        ).fetchall()
        after = indexes_of(connection, "golden_record")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("SELECT rowid FROM golden_record")  # it has them now
    store.close()

    assert [tuple(row) for row in rows] == [(one, 5) for one in sorted(ids)]
    assert after == before
    assert len(after) == 12
    assert is_sound(empty_database_url)


def indexes_of(connection: Connection, table: str) -> list[str]:
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name = :table ORDER BY name",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE tablename = :table "
        "AND indexname NOT LIKE 'pk_%' ORDER BY 1",
    }
    found = connection.execute(text(catalogue[connection.dialect.name]), {"table": table})
    return [str(name) for (name,) in found]


def is_sound(url: str) -> bool:
    """Whether SQLite finds its file sound; of PostgreSQL nobody asks."""
    if not url.startswith("sqlite"):
        return True
    store = Store(url)
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    store.close()
    return bool(found == "ok")
