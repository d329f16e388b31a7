"""The demonstration: load, link, apply and golden records on the sample city, and the report."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mdm.bootstrap.application import Application, create_application
from mdm.bootstrap.declarations import declared_file
from mdm.bootstrap.demo_service import serve_demo, stop_demo
from mdm.bootstrap.link_commands import run_link
from mdm.bootstrap.link_run import report_file
from mdm.errors import FileMissingError, UsageError
from mdm.ports import ProgressStep
from mdm.services.link_records import LinkOptions
from mdm.services.load_source import LoadContext, load_source
from mdm.services.sources import add_source
from mdm.storage.home import SETTINGS_FILE

REPORT = "report.html"
MARK = "demonstration"
"""File in a home folder that a demonstration made; only such a folder is ever replaced."""
# Declaration file and the files of one delivery, below the folder of the samples.
DELIVERIES = (
    ("sources/saude.toml", "esus-pec/*.csv"),
    ("sources/cadunico.toml", "cadunico/*.txt"),
    ("sources/educacao.toml", "educacenso/*.txt"),
)


# As the report counts them: whoever has a present record that all may see.
_CITIZENS = (
    "SELECT COUNT(DISTINCT m.municipal_id) FROM membership m "
    "JOIN record r ON r.record_id = m.record_id WHERE r.state = 'present' AND NOT r.restricted"
)


@dataclass(slots=True)
class _Watch:
    """Seconds of the named steps."""

    steps: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.steps.append((step, round(time.perf_counter() - start, 3)))


def run_demo(
    samples: Path, home: Path, progress: ProgressStep, *, serve: bool = False
) -> dict[str, object]:
    """Build a registry of the samples in a fresh home folder.

    Args:
        samples: Folder as `data/samples`: the files of three sources, and the truth.
        home: Folder of the registry; a registry that a demonstration left there is replaced.
        progress: Told a step and its share done.
        serve: Leave the service running in the background.

    Returns:
        Loads by source, the link run, the evaluation, the report's path, seconds by step, and
        where the service is (None without one).

    Raises:
        FileMissingError: The samples are not there.
        UsageError: The home folder holds something else, a registry of real work above all.
    """
    deliveries = [(declaration, _files(samples, pattern)) for declaration, pattern in DELIVERIES]
    stop_demo(home)
    _clear(home)
    application = create_application(home)
    (application.home.folder / MARK).touch()
    watch = _Watch()
    try:
        with watch.timed("load"):
            loads = [
                _load(application, samples, declaration, files, progress)
                for declaration, files in deliveries
            ]
        with watch.timed("link"):
            linked = run_link(application, progress, LinkOptions(apply=True))
        report = home.absolute() / REPORT
        start = time.perf_counter()
        measured = report_file(
            application,
            int(str(linked["plan_id"])),
            report,
            progress,
            truth=samples / "truth.csv",
            timings=watch.steps,
        )
        watch.steps.append(("report", round(time.perf_counter() - start, 3)))
        told = _told(application)
    finally:
        application.store.close()
    return {
        "home": str(home.absolute()),
        "loads": loads,
        "link": linked,
        **told,
        "evaluation": measured,
        "report": str(report),
        "seconds": dict(watch.steps),
        "service": serve_demo(home) if serve else None,
    }


def _clear(home: Path) -> None:
    if not home.exists():
        return
    inside = {path.name for path in home.iterdir()} if home.is_dir() else {""}
    if inside and not {SETTINGS_FILE, MARK} <= inside:
        raise UsageError("the folder holds something that is no demonstration", where=str(home))
    shutil.rmtree(home)


def _files(samples: Path, pattern: str) -> list[Path]:
    files = sorted(samples.glob(pattern))
    if not files:
        raise FileMissingError("the sample files are not there", where=str(samples / pattern))
    return files


def _load(
    application: Application,
    samples: Path,
    declaration: str,
    files: list[Path],
    progress: ProgressStep,
) -> dict[str, object]:
    declared = declared_file(samples / declaration)
    add_source(application.store, declared, header=application.header("source"), replace=False)
    with application.intake() as intake:
        context = LoadContext(
            store=application.store,
            intake=intake,
            header=application.header("load"),
            progress=progress,
        )
        return load_source(context, declared.name, files)


def _told(application: Application) -> dict[str, object]:
    """Citizens, links by reason and open questions by kind."""
    counted = {
        "links": "SELECT link_status AS name, COUNT(*) AS n FROM membership GROUP BY 1 ORDER BY 1",
        "review": "SELECT kind AS name, COUNT(*) AS n FROM review_item "
        "WHERE state = 'open' GROUP BY 1 ORDER BY 1",
    }
    with application.store.reading() as session:
        return {
            "citizens": session.number(_CITIZENS),
            **{
                key: {str(row["name"]): row["n"] for row in session.rows(sql)}
                for key, sql in counted.items()
            },
        }
