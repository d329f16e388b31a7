"""One stage of `bench.delta` in a process of its own: prints processor seconds by step as JSON.

`python -m bench.delta_run load FOLDER HOME` · `link HOME MODEL` · `forget HOME`
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench.build import DELIVERIES, Steps, link
from mdm.bootstrap import create_application, open_application
from mdm.bootstrap.application import Application
from mdm.bootstrap.declarations import declared_canonical
from mdm.errors import NoRegistryError
from mdm.services.load_source import LoadContext, load_source
from mdm.services.sources import add_source

FULL, DELTA = 'snapshot = "full"', 'snapshot = "delta"'


def registry(home: Path) -> Application:
    """The registry of a folder; a new one with the three sources, which deliver deltas."""
    try:
        return open_application(home)
    except NoRegistryError:
        application = create_application(home)
    for name, sector, _ in DELIVERIES:
        declared = declared_canonical(name, sector)
        delivers = replace(declared, text=declared.text.replace(FULL, DELTA))
        add_source(application.store, delivers, header=application.header("source"), replace=False)
    return application


def load(folder: Path, home: Path, steps: Steps) -> None:
    application = registry(home)
    for name, _, file in DELIVERIES:
        with application.intake() as intake:
            context = LoadContext(
                store=application.store,
                intake=intake,
                header=application.header("load"),
                progress=steps,
            )
            load_source(context, name, [folder / file])


def main() -> None:
    """Run the stage that the first word names."""
    stage, *words = sys.argv[1:]
    steps, start = Steps(time.process_time), time.perf_counter()
    answer: dict[str, object] = {}
    if stage == "load":
        load(Path(words[0]), Path(words[1]), steps)
    elif stage == "link":
        answer["counts"] = link(open_application(Path(words[0])), Path(words[1]), steps)
    else:
        with open_application(Path(words[0])).volume() as con:
            for marker in ("scored_marker", "decided_marker"):
                con.execute(f"DROP TABLE IF EXISTS {marker}")
    steps.turn("")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    answer |= {
        "seconds": time.perf_counter() - start,
        "processor": usage.ru_utime + usage.ru_stime,
        "user": usage.ru_utime,
        "steps": steps.seconds,
        "peak": usage.ru_maxrss * 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
