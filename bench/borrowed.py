"""Children under a relative's CPF, and newborns: what becomes of them.

`python -m bench.borrowed [--people N] [--seeds S ...] [--share X]` makes cities in which a stated
share of the children goes by a relative's CPF, half of them in every record. Each is built with the
shipped model. Counted are those children, the numbers that they were lent, records written at birth
and numbered twins.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from bench.accuracy_groups import traps
from bench.accuracy_state import read_state
from bench.build import Steps, link, load
from mdm.bootstrap import create_application
from mdm.duck import first_row
from mdm.linkage.model import load_model
from mdm.synth.city import generate
from mdm.synth.rates import CityRates

SEEDS, PEOPLE, SHARE = (101, 102, 103), 50_000, 0.015
_USUAL = CityRates()

# One row a child who bears a relative's CPF anywhere. A child reaches its own citizen when each of
# those records stands with another record of the child and with nobody else's.
_CHILDREN = """
WITH child AS (SELECT person FROM bench_record WHERE borrowed GROUP BY person),
citizen AS (SELECT cluster, count(DISTINCT person) AS people, count(*) AS records
            FROM applied JOIN bench_record USING (record_id) GROUP BY cluster),
asked AS (SELECT record_l AS record_id FROM applied_review
          UNION SELECT record_r FROM applied_review),
record AS (SELECT b.person, b.borrowed, a.cluster, c.people > 1 AS mixed, c.records,
                  b.record_id IN (FROM asked) AS asked
           FROM bench_record b SEMI JOIN child USING (person) JOIN applied a USING (record_id)
           JOIN citizen c USING (cluster)),
each AS (SELECT person, count(*) AS records, bool_and(borrowed) AS everywhere,
                bool_or(mixed) AS mixed, bool_and(records > 1) FILTER (borrowed) AS met,
                count(DISTINCT cluster) = 1 AS whole, bool_or(asked) AS asked
         FROM record GROUP BY person)
SELECT count(*), count(*) FILTER (records > 1), count(*) FILTER (records > 1 AND everywhere),
       count(*) FILTER (records > 1 AND met AND NOT mixed),
       count(*) FILTER (records > 1 AND met AND NOT mixed AND everywhere),
       count(*) FILTER (records > 1 AND met AND NOT mixed AND NOT asked),
       count(*) FILTER (records > 1 AND whole AND NOT mixed),
       count(*) FILTER (records = 1 AND NOT mixed), count(*) FILTER (mixed),
       count(*) FILTER (asked)
FROM each
"""
_COUNTED = (
    "children", "several records", "in every record", "reached", "reached, in every record",
    "reached, nothing asked", "all records together", "one record, alone", "with somebody else",
    "asked about",
)  # fmt: skip
# Records RN DE <mother> whose child has other records: do they meet one of them, all of them?
_NEWBORNS = """
WITH newborn AS (SELECT record_id, person, cluster FROM bench_record JOIN applied USING (record_id)
                 WHERE newborn),
other AS (SELECT n.record_id, n.cluster = a.cluster AS together
          FROM newborn n JOIN bench_record o ON o.person = n.person AND o.record_id <> n.record_id
          JOIN applied a ON a.record_id = o.record_id),
met AS (SELECT record_id, bool_or(together) AS one, bool_and(together) AS every
        FROM other GROUP BY record_id),
mixed AS (SELECT n.record_id FROM newborn n JOIN applied a USING (cluster)
          JOIN bench_record o ON o.record_id = a.record_id AND o.person <> n.person
          GROUP BY n.record_id)
SELECT (SELECT count(*) FROM newborn), count(*), count(*) FILTER (one), count(*) FILTER (every),
       (SELECT count(*) FROM mixed) FROM met
"""
_NEWBORN_COUNTED = (
    "RN records", "RN with other records", "RN met one of them", "RN met all of them",
    "RN with somebody else",
)  # fmt: skip


def counted(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """What became of the children, from the state that `bench.accuracy_state` read."""
    children = dict(zip(_COUNTED, first_row(con, _CHILDREN), strict=True))
    newborns = dict(zip(_NEWBORN_COUNTED, first_row(con, _NEWBORNS), strict=True))
    return children | newborns


def measured(folder: Path, people: int, seed: int, rates: CityRates, model: Path) -> dict[str, int]:
    """Make, build and count one city."""
    city, home = folder / "city", folder / "home"
    for old in (city, home):
        shutil.rmtree(old, ignore_errors=True)
    generate(city, people, seed, rates=rates, layouts=False)
    application = create_application(home)
    steps = Steps()
    load(application, city, steps)
    link(application, model, steps)
    with application.synced_volume(steps) as con, application.store.reading() as session:
        read_state(con, session, load_model(model), city / "truth.csv")
        return counted(con) | traps(con, session, "applied")


def table(rows: Sequence[tuple[str, Mapping[str, int]]]) -> Table:
    """One column a city."""
    shown = Table(title="Borrowed CPFs and newborns (counts)")
    shown.add_column("what")
    for name, _ in rows:
        shown.add_column(name, justify="right")
    for what in rows[0][1]:
        shown.add_row(what.replace("_", " "), *(f"{found[what]:,}" for _, found in rows))
    return shown


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.borrowed", description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--twins", type=float, default=_USUAL.twins, help="people born as twins")
    parser.add_argument("--newborn", type=float, default=_USUAL.newborn, help="births left as RN")
    parser.add_argument("--model", type=Path, default=Path("linkage_models/person/v6"))
    parser.add_argument("--folder", type=Path, help="keep the last city and registry here")
    words = parser.parse_args()
    rates = CityRates(borrowing_children=words.share, twins=words.twins, newborn=words.newborn)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if words.folder is None else words.folder
        for seed in words.seeds:
            found = measured(folder, words.people, seed, rates, words.model)
            rows.append((f"{words.people:,} / {seed}", found))
            print(json.dumps({"seed": seed, **found}), flush=True)
    Console(width=120).print(table(rows))


if __name__ == "__main__":
    main()
