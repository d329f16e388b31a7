"""What a delivery of 1 % costs beside a full link, and whether it decides the same.

`python -m bench.delta CITY FOLDER [--share 0.01] [--model DIR]` splits a synthetic city: half of
the share of each source's rows is held back and delivered later as new records, as many rows are
delivered again with other values, and so once more. It builds a registry of the rest, delivers
and links one delta and the other, and links a copy of the same records with nothing kept. It prints
the processor seconds of each step and how many rows differ between the tables that both runs leave.
The first delta after a build decides contested records again, which have citizens since; the second
is as those that follow. Link is held against link; the two other figures add the delta's load
alone, and both loads.
"""

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from bench.build import DELIVERIES

PARTS = ("base", "first", "second")
COMPARED = {
    "candidate": "join_key_l, join_key_r, match_key",
    "scored": "record_l, record_r, match_weight, pattern, rules",
    "ownership": "record_id, identifier, value, state",
    "component": "record_id, component",
    "cluster": "record_id, cluster, link_status, weight",
    "review_pair": "record_l, record_r, match_weight, kind, guard, group_id, rank",
    "plan_event": "step, place, kind, record_id, municipal_id, from_id, weight, detail",
    "plan_pair": "record_l, record_r, match_weight, pattern, guard, outcome",
}


def split(city: Path, folder: Path, share: float) -> dict[str, int]:
    """Write `base` and two deltas of a city; returns how many rows of each source both have."""
    rows = {}
    for name, _, file in DELIVERIES:
        for part in PARTS:
            (folder / part).mkdir(parents=True, exist_ok=True)
        with (city / "canonical" / file).open(newline="", encoding="utf-8") as given:
            reader = csv.DictReader(given)
            assert reader.fieldnames is not None
            with ExitStack() as open_files:
                written = []
                for part in PARTS:
                    path = folder / part / file
                    out = open_files.enter_context(path.open("w", newline="", encoding="utf-8"))
                    written.append(csv.DictWriter(out, reader.fieldnames))
                    written[-1].writeheader()
                rows[name] = _split_rows(reader, written, share)
    return rows


def _split_rows(
    rows: Iterator[dict[str, str]], written: Sequence["csv.DictWriter[str]"], share: float
) -> int:
    base, *deltas = written
    delivered = 0
    for row in rows:
        lot = int(hashlib.md5(row["local_id"].encode(), usedforsecurity=False).hexdigest()[:8], 16)
        place = lot / 0xFFFFFFFF / share
        number = int(place)
        is_new = number < len(deltas) and place - number < 0.5
        if not is_new:
            base.writerow(row)
        if number < len(deltas):
            deltas[number].writerow(row if is_new else changed(row, lot))
            delivered += 1
    return delivered


def changed(row: Mapping[str, str], lot: int) -> dict[str, str]:
    """A row as its source might deliver it again: moved, corrected, completed."""
    new = dict(row)
    kind = lot % 8
    if kind <= 1:
        new |= {"phone": f"519{lot % 10**8:08}", "street": "RUA DA PRAIA", "street_number": "10"}
    elif kind == 2:
        new["phone"] = ""
    elif kind == 3:
        new["full_name"] = " ".join(row["full_name"].split()[:-1]) or row["full_name"]
    elif kind == 4:
        new["mother_name"] = ""
    elif kind == 5 and row["birth_date"]:
        new["birth_date"] = f"{row['birth_date'][:8]}{1 + lot % 28:02}"
    elif kind == 6:
        new["cpf"] = ""
    else:
        new["full_name"] = f"{row['full_name']} DA SILVA"
    return new


def run(*words: str) -> dict[str, Any]:
    """A stage of `bench.delta_run` in a process of its own; returns its JSON answer."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.delta_run", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def let_go(folder: Path) -> None:
    """Write a copy to the disk and out of memory, so that what comes next has to do neither."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as held:
                os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def differing(home: Path, twin: Path) -> dict[str, int]:
    """Rows by which the tables of two runs differ."""
    with duckdb.connect(":memory:") as con:
        for name, folder in (("here", home), ("there", twin)):
            con.execute(f"ATTACH '{folder / 'work' / 'volume.duckdb'}' AS {name} (READ_ONLY)")
        found = {}
        for table, columns in COMPARED.items():
            here, there = (f"SELECT {columns} FROM {name}.{table}" for name in ("here", "there"))
            rows = con.execute(
                f"SELECT count(*) FROM (({here} EXCEPT ALL {there}) UNION ALL "
                f"({there} EXCEPT ALL {here}))"
            ).fetchall()
            found[table] = int(rows[0][0])
    return found


def seconds(runs: Mapping[str, dict[str, Any]]) -> Table:
    """Processor seconds by step, and all seconds of several runs.

    Of the processor's, `user` are those outside the kernel, which hang less on what memory costs.
    """
    table = Table(title="Processor seconds by step")
    table.add_column("step")
    for name in runs:
        table.add_column(name, justify="right")
    steps = dict.fromkeys(step for one in runs.values() for step in one["steps"])
    for step in steps:
        table.add_row(step, *(f"{one['steps'].get(step, 0.0):.2f}" for one in runs.values()))
    for total in ("seconds", "processor", "user"):
        table.add_row(total, *(f"{one[total]:.2f}" for one in runs.values()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.delta", description=__doc__)
    parser.add_argument("city", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--model", default="linkage_models/person/v6")
    words = parser.parse_args()
    home, twin = words.folder / "home", words.folder / "twin"
    for made in (home, twin):
        shutil.rmtree(made, ignore_errors=True)
    delivered = split(words.city, words.folder, words.share)
    base, first, second = (str(words.folder / part) for part in PARTS)
    runs = {
        "full load": run("load", base, str(home)),
        "full link": run("link", str(home), words.model),
        "first load": run("load", first, str(home)),
        "first link": run("link", str(home), words.model),
    }
    shutil.copytree(home, twin)
    run("load", second, str(twin))
    let_go(twin)
    runs["second load"] = run("load", second, str(home))
    runs["second link"] = run("link", str(home), words.model)
    run("forget", str(twin))
    runs["nothing kept"] = run("link", str(twin), words.model)
    console = Console(width=160)
    console.print(f"delivered: {delivered}", runs["second link"]["counts"], seconds(runs))
    for total, delta in product(("seconds", "processor", "user"), ("first", "second")):
        all_load, full, load, link = (
            runs[stage][total]
            for stage in ("full load", "full link", f"{delta} load", f"{delta} link")
        )
        console.print(f"{delta} link / full link, {total}: {link / full:.3f}; "
                      f"with its load: {(load + link) / full:.3f}; "
                      f"both loaded: {(load + link) / (all_load + full):.3f}")  # fmt: skip
    console.print("rows that differ:", differing(home, twin))


if __name__ == "__main__":
    main()
