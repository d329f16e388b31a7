"""One build of our registry for a city, step by step: what `bench.ours` runs."""

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mdm.bootstrap import create_application
from mdm.bootstrap.application import Application
from mdm.bootstrap.declarations import declared_canonical
from mdm.services.load_source import LoadContext, load_source
from mdm.services.sources import add_source

DELIVERIES = (
    ("saude", "health", "health.csv"),
    ("cadunico", "social", "social.csv"),
    ("educacao", "education", "education.csv"),
)
# What stands beside the peer's predict and cluster, and what comes before it.
PAIRING = ("block", "score", "cluster")
BEFORE_PAIRING = ("ownership of identifiers", "prepare")


class Steps:
    """Seconds by the name of the step that was last told, of the clock or of another counter."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._name = ""
        self._since = clock()

    def __call__(self, name: str, share: float) -> None:
        del share
        self.turn(name)

    def turn(self, name: str) -> None:
        """Close the step that runs and start another."""
        now = self._clock()
        if self._name != "":
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self._name, self._since = name, now


def load(application: Application, city: Path, steps: Steps) -> None:
    for name, sector, file in DELIVERIES:
        declared = declared_canonical(name, sector)
        add_source(application.store, declared, header=application.header("source"), replace=False)
        with application.intake() as intake:
            load_source(
                LoadContext(
                    store=application.store,
                    intake=intake,
                    header=application.header("load"),
                    progress=steps,
                ),
                name,
                [city / "canonical" / file],
            )
    application.store.close()  # as a command does: it waits for what is still being written


def link(application: Application, model: Path, steps: Steps) -> dict[str, object]:
    # Imported here as `mdm link` does: the worker processes of a load import this module, too.
    from mdm.bootstrap.link_run import opened_linking
    from mdm.services.link_records import LinkContext, LinkOptions, link_records

    with opened_linking(application, model, steps) as linking:
        counts = link_records(
            LinkContext(
                store=application.store,
                linking=linking,
                header=application.header("link", model_version=linking.model_version),
                clock=application.clock,
            ),
            LinkOptions(apply=True, accept_model=True, model=str(model)),
        )
    application.store.close()
    return counts


def ids(application: Application) -> str:
    """A digest of who has which ID: it must not change when nothing has changed."""
    with application.store.reading() as session:
        row = session.row("SELECT sum_a, sum_b FROM state_digest WHERE name = 'membership'")
    return str(row)


def main() -> None:
    """Build, link twice, evaluate; print the figures as one JSON object."""
    city, home, model = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    shutil.rmtree(home, ignore_errors=True)
    application = create_application(home)
    result: dict[str, object] = {}
    for name in ("load", "link", "relink"):
        steps = Steps()
        start = time.perf_counter()
        if name == "load":
            load(application, city, steps)
        else:
            result[f"{name}_counts"] = link(application, model, steps)
        result[name] = time.perf_counter() - start
        steps.turn("")
        result[f"{name}_steps"] = steps.seconds
        result[f"{name}_ids"] = ids(application) if name != "load" else None
        result[f"{name}_peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    from mdm.bootstrap.evaluating import evaluate

    with application.volume() as con, application.store.reading() as session:
        result["evaluation"] = evaluate(con, session, city / "truth.csv")
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result["peak_of_a_worker"] = workers
    print(json.dumps(result))
