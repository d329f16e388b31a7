"""Public labelled sets of persons: ours given only a mapping, plain Splink written for each set.

`MDM_BENCH_DATA=DIR python -m bench.labelled [SET ...]` reads DIR/SET.csv. Ours: declare (a mapping
in TOML), load, `mdm train`, link with the model just trained, apply. The peer is in
`bench/labelled_peer.py`. No label is read by either; both are measured against `entity_id`, over
the pairs between files where a set links two files. Best: over all thresholds, with the truth; at
0 bits a link is as likely as not by the model's own account, and no truth chose it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from bench.accuracy_state import GROUPS
from bench.build import Steps, link
from mdm.bootstrap import create_application
from mdm.bootstrap.application import Application
from mdm.bootstrap.declarations import declared_file
from mdm.clustering.decision import Thresholds
from mdm.duck import first_row, write_batches
from mdm.linkage import engine
from mdm.linkage.model import load_model
from mdm.services.load_source import LoadContext, load_source
from mdm.services.sources import add_source
from mdm.volume.decide import decide_clusters

BITS = tuple(float(b) for b in range(-10, 21))
EVENS = 0.0
_DECLARATION = """
name = "{name}"
sector = "other"
layout = "delimited"
snapshot = "full"
purposes = ["bench"]
owner = "bench"
retention_days = 365
[legal_basis]
text = "public labelled data"
[options]
{options}
[mapping]
local_id = "record_id"
{mapping}
{codes}
"""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One set and its mapping.

    Attributes:
        name: File name without suffix.
        mapping: Lines of the TOML table `[mapping]`.
        sources: The files that are linked; empty where one file is deduplicated.
        options: Lines of `[options]`.
        codes: Code maps.
    """

    name: str
    mapping: str
    sources: tuple[str, ...] = ()
    options: str = ""
    codes: str = ""


_FEBRL = """
given_name = "given_name"
family_name = "surname"
birth_date = "date_of_birth"
street = "address_1"
street_number = "street_number"
district = "suburb"
postal_code = {join = [{value = "AU"}, "postcode"], with = "-", needs = ["postcode"]}
"""
_PHONE = 'phone = {join = [{value = "+61"}, "phone_number"], needs = ["phone_number"]}'
_FEBRL_DATE = 'date_format = "%Y%m%d"'
SETS = (
    LabelledSet("febrl4_link", _FEBRL, ("A", "B"), _FEBRL_DATE),
    LabelledSet("febrl_dsgen_A_10000", _FEBRL + _PHONE, (), _FEBRL_DATE),
    LabelledSet("febrl_dsgen_C_10000", _FEBRL + _PHONE, (), _FEBRL_DATE),
    LabelledSet(
        "RLdata10000",
        'given_name = {join = ["fname_c1", "fname_c2"]}\n'
        'family_name = {join = ["lname_c1", "lname_c2"]}\nbirth_date = "dob"',
    ),
    LabelledSet(
        "splink_fake_1000",
        'given_name = "first_name"\nfamily_name = "surname"\nbirth_date = "dob"\n'
        'municipality = "city"\nemail = "email"\ndistrict = "city"',
    ),
    LabelledSet(
        "tucuxi_br_link",
        'full_name = "name"\nbirth_date = "birth_date"\nsex = "sex"\nmother_name = "mother_name"',
        ("*",),
    ),
    LabelledSet(
        "pp_census2020_census2030_link",
        'given_name = {join = ["first_name", "middle_initial"]}\nfamily_name = "last_name"\n'
        'birth_date = "date_of_birth"\nstreet = "street_name"\nstreet_number = "street_number"\n'
        'sex = "sex"\nmunicipality = "city"\npostal_code = "zipcode"',
        ("*",),
        'date_format = "%m/%d/%Y"',
        '[code_maps.sex]\nFEMALE = "F"\nMALE = "M"',
    ),
)


def split(wanted: LabelledSet, data: Path, folder: Path) -> dict[str, Path]:
    """The set as one file a source; returns name of the source to file."""
    con = duckdb.connect()
    con.execute(
        f"CREATE TABLE r AS SELECT * FROM read_csv('{data / wanted.name}.csv', all_varchar = true)"
    )
    if not wanted.sources:
        con.execute(f"COPY r TO '{folder / 'one.csv'}' (HEADER)")
        return {"one": folder / "one.csv"}
    files = {}
    for number, (value,) in enumerate(
        con.execute("SELECT DISTINCT source FROM r ORDER BY 1").fetchall()
    ):
        name = f"file{number}"
        con.execute(
            f"COPY (SELECT * EXCLUDE source FROM r WHERE source = '{value}') "
            f"TO '{folder / name}.csv' (HEADER)"
        )
        files[name] = folder / f"{name}.csv"
    return files


def build(wanted: LabelledSet, files: dict[str, Path], home: Path) -> Application:
    """Declare (in files beside the data, as a user does) and load."""
    application = create_application(home)
    for name, file in files.items():
        text = _DECLARATION.format(
            name=name, options=wanted.options, mapping=wanted.mapping, codes=wanted.codes
        )
        declaration = file.with_suffix(".toml")
        declaration.write_text(text, "utf-8")
        declared = declared_file(declaration)
        add_source(application.store, declared, header=application.header("source"), replace=False)
        with application.intake() as intake:
            load_source(
                LoadContext(
                    store=application.store,
                    intake=intake,
                    header=application.header("load"),
                    progress=Steps(),
                ),
                name,
                [file],
            )
    return application


_TRUTH = """
CREATE OR REPLACE TABLE label AS
SELECT s.record_id, s.source, t.entity_id AS entity FROM read_csv({files}, all_varchar = true,
  union_by_name = true) t JOIN standard s ON s.local_id = t.record_id
"""
# Pairs within a cluster, of one entity, and both; between files where a set has two.
_COUNT = """
WITH m AS (SELECT record_id, cluster::VARCHAR AS cluster, entity, source
           FROM {groups} JOIN label USING (record_id)),
     linked AS (SELECT count(*) AS n, count(*) FILTER (l.entity = r.entity) AS right_ones
                FROM m l JOIN m r ON l.cluster = r.cluster AND l.record_id < r.record_id {between}),
     truly AS (SELECT count(*) AS n FROM m l JOIN m r
               ON l.entity = r.entity AND l.record_id < r.record_id {between})
SELECT linked.n, right_ones, truly.n FROM linked, truly
"""


def shares(con: duckdb.DuckDBPyConnection, groups: str, *, linked_files: bool) -> dict[str, float]:
    """Precision, recall and F1 of the pairs of `groups(record_id, cluster)`."""
    between = "AND l.source <> r.source" if linked_files else ""
    found, right, true = first_row(con, _COUNT.format(groups=groups, between=between))
    precision, recall = right / found if found else 1.0, right / true
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def ours(wanted: LabelledSet, data: Path, folder: Path) -> dict[str, dict[str, float]]:
    """As applied with the thresholds that training writes, at 0 bits, and at the best threshold."""
    files = split(wanted, data, folder)
    application = build(wanted, files, folder / "home")
    model, steps = folder / "model", Steps()
    with application.synced_volume(steps) as con:
        engine.train(con, model, steps)
    link(application, model, steps)
    frozen = load_model(model)
    two = len(files) > 1
    with application.synced_volume(steps) as con, application.store.reading() as session:
        listed = ", ".join(f"'{file}'" for file in files.values())
        con.execute(_TRUTH.format(files=f"[{listed}]"))
        members = session.read_arrow(
            "SELECT record_id, municipal_id AS cluster FROM membership", schema=GROUPS
        )
        write_batches(con, "applied", members, GROUPS)
        result = {"applied": shares(con, "applied", linked_files=two)}
        con.execute("DELETE FROM placed")
        # A link run keeps no pair under the review threshold; here all thresholds are tried.
        engine.prepare_candidates(con, frozen)
        engine.weigh_pairs(con, frozen, pairs="candidate", out="scored")
        best: dict[str, float] = {"f1": -1.0}
        for bits in BITS:
            t = Thresholds(review=bits, link=bits, fracture=bits, margin=frozen.thresholds.margin)
            decide_clusters(con, t, ())
            found = shares(con, "cluster", linked_files=two)
            if bits == EVENS:
                result["evens"] = found
            best = max(best, {**found, "bits": bits}, key=lambda one: one["f1"])
        return {**result, "best": best}


def main() -> None:
    """Measure the sets named (all without a name) and print one table."""
    where = os.environ.get("MDM_BENCH_DATA")
    if where is None:
        raise SystemExit("MDM_BENCH_DATA: the folder of the labelled sets")
    named = sys.argv[1:]
    rows = []
    for wanted in SETS:
        if named and wanted.name not in named:
            continue
        with tempfile.TemporaryDirectory() as folder:
            found: dict[str, dict[str, float]] = ours(wanted, Path(where), Path(folder))
        peer = subprocess.run(
            [sys.executable, "-m", "bench.labelled_peer", wanted.name, where],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if peer.returncode != 0:
            raise SystemExit(peer.stderr[-2000:])
        found["peer"] = json.loads(peer.stdout.strip().splitlines()[-1])
        rows.append((wanted.name, found))
        print(json.dumps({"set": wanted.name, **found}), flush=True)
    Console(width=180).print(table(rows))


def table(rows: Sequence[tuple[str, dict[str, dict[str, float]]]]) -> Table:
    """Ours as applied, at 0 bits and at its best, the peer at its best."""
    shown = Table(title="Public labelled sets: F1 (precision, recall) of pairs")
    for name in (
        "set",
        "plain Splink, best",
        "ours as applied",
        "ours, 0 bits",
        "ours, best",
        "at bits",
    ):
        shown.add_column(name)
    for name, found in rows:
        texts = [
            f"{one['f1']:.4f} ({one['precision']:.4f}, {one['recall']:.4f})"
            for one in (found["peer"], found["applied"], found["evens"], found["best"])
        ]
        shown.add_row(name, *texts, f"{found['best']['bits']:.0f}")
    return shown


if __name__ == "__main__":
    main()
