"""Registries with small canonical sources, for tests of loads and of what follows them."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mdm.bootstrap import Application, open_application
from mdm.bootstrap.declarations import declared_canonical, declared_file
from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.services.load_source import LoadContext, accept_load, load_source
from mdm.services.rekey_source import rekey_source
from mdm.services.sources import add_source
from mdm.settings import Settings
from mdm.storage.home import DATABASE_FILE, create_home
from support.databases import SteppingClock, new_sqlite

Person = Mapping[str, str]


@pytest.fixture
def application(database_url: str, tmp_path: Path) -> Iterator[Application]:
    """A fresh registry, on each of the two databases in turn."""
    with made_application(tmp_path / "home", database_url) as made:
        yield made


@contextmanager
def made_application(
    home: Path,
    database_url: str | None = None,
    *,
    settings: Settings | None = None,
    clock: SteppingClock | None = None,
) -> Iterator[Application]:
    """A fresh registry in a folder.

    Args:
        home: The folder.
        database_url: A registry without rows; None for SQLite in the folder.
        settings: None for those of a small machine.
        clock: None for one that begins with the year 2026.
    """
    if settings is None:
        settings = Settings(threads=1, memory="500MB", actor="tester")
    clock = SteppingClock() if clock is None else clock
    create_home(home, database_url=database_url, now=clock())
    if database_url is None:
        new_sqlite(home / DATABASE_FILE)
    made = open_application(home, settings=settings, clock=clock)
    try:
        yield made
    finally:
        made.store.close()


def silent(step: str, share: float) -> None:
    """Progress that nobody looks at."""


def declare(application: Application, name: str = "clinic", sector: str = "health") -> None:
    """Declare a source of the canonical layout."""
    add_source(
        application.store,
        declared_canonical(name, sector),
        header=application.header("source"),
        replace=False,
    )


def declare_file(application: Application, path: Path, text: str) -> None:
    """Declare a source by a TOML text."""
    path.write_text(text, "utf-8")
    add_source(
        application.store,
        declared_file(path),
        header=application.header("source"),
        replace=False,
    )


def write_people(path: Path, people: Sequence[Person]) -> Path:
    """Write a delivery in the canonical layout; columns are those that anyone has."""
    columns = list(dict.fromkeys(["local_id", *(name for person in people for name in person)]))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(people)
    return path


def person(local_id: str, name: str = "Ana Souza", **values: str) -> dict[str, str]:
    """One person of a delivery."""
    return {"local_id": local_id, "full_name": name, **values}


def load(
    application: Application, *files: Path, source: str = "clinic", accept: int | None = None
) -> dict[str, object]:
    """Load files, or accept a held load."""
    with application.intake() as intake:
        context = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("load"),
            progress=silent,
        )
        if accept is not None:
            return accept_load(context, accept)
        return load_source(context, source, files)


def write_map(path: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    """Write a source's map of old local IDs to new ones."""
    lines = ["old_local_id,new_local_id", *(",".join(pair) for pair in pairs)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def rekey(application: Application, path: Path, source: str = "clinic") -> dict[str, object]:
    """Take a map of old local IDs to new ones."""
    with application.intake() as intake:
        context = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("source_rekey"),
            progress=silent,
        )
        return rekey_source(context, source, path)


def counts(result: Mapping[str, object]) -> dict[str, object]:
    """The counts of a load that are not zero, without `read` and `issues`."""
    names = ("new", "changed", "unchanged", "reinstated", "withdrawn", "quarantined")
    return {name: result[name] for name in names if result[name] != 0}


def states(application: Application) -> dict[str, str]:
    """The state of every record by local ID, in the order of record numbers."""
    with application.store.reading() as session:
        rows = session.rows("SELECT local_id, state FROM record ORDER BY record_id")
    return {str(row["local_id"]): str(row["state"]) for row in rows}


def number(application: Application, sql: str) -> int:
    """A count that a query gives."""
    with application.store.reading() as session:
        return session.number(sql)


def cache(application: Application, *, synced: bool = True) -> list[tuple[object, ...]]:
    """All that the volume database says of standard records, in a fixed order."""
    columns = ", ".join(("record_id", "source", "local_id", "version", *STANDARD_COLUMNS))
    opened = application.synced_volume(silent) if synced else application.volume()
    with opened as con:
        rows = con.execute(f"SELECT {columns} FROM standard ORDER BY record_id").fetchall()
        placed = con.execute("SELECT * FROM record_state ORDER BY record_id").fetchall()
        merged = con.execute("SELECT * FROM source_merge ORDER BY record_id").fetchall()
    return [*rows, *placed, *merged]


def rebuilt_cache(application: Application) -> list[tuple[object, ...]]:
    """The same, made again from the registry alone."""
    (application.home.work / "volume.duckdb").unlink()
    return cache(application)
