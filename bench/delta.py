"""What a delivery of 1 % costs beside a full link, and whether it decides the same.

`python -m bench.delta CITY FOLDER [--share 0.01] [--model DIR]` splits a synthetic city: half of
the share of each source's rows is held back and delivered later as new records, as many rows are
delivered again with other values. It builds a registry of the rest, delivers the delta, links it,
and links a copy of the same records without anything kept. It prints the seconds of each step and
the tables in which both runs differ.
"""

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.build import DELIVERIES

DELIVERED_AS_DELTA = ('snapshot = "full"', 'snapshot = "delta"')
# What a run leaves for the plan; `rules` and weights included.
COMPARED = {
    "candidate": "join_key_l, join_key_r, match_key",
    "scored": "record_l, record_r, match_weight, pattern, rules",
    "ownership": "record_id, identifier, value, state",
    "component": "record_id, component",
    "cluster": "record_id, cluster, link_status, weight",
    "review_pair": "record_l, record_r, match_weight, kind, guard, group_id, rank",
    "plan_event": "step, place, kind, record_id, municipal_id, from_id, weight, detail",
    "plan_pair": "record_l, record_r, match_weight, pattern, guard, outcome",
    "plan_cluster": "record_id, cluster",
}


def split(city: Path, folder: Path, share: float) -> dict[str, int]:
    """Write `base` and `delta` deliveries of a city; returns the rows of each delta."""
    rows = {}
    for name, _, file in DELIVERIES:
        for part in ("base", "delta"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        with (city / "canonical" / file).open(newline="", encoding="utf-8") as given:
            reader = csv.DictReader(given)
            assert reader.fieldnames is not None
            with (
                (folder / "base" / file).open("w", newline="", encoding="utf-8") as base,
                (folder / "delta" / file).open("w", newline="", encoding="utf-8") as delta,
            ):
                kept = csv.DictWriter(base, reader.fieldnames)
                later = csv.DictWriter(delta, reader.fieldnames)
                kept.writeheader()
                later.writeheader()
                rows[name] = _split_rows(reader, kept, later, share)
    return rows


def _split_rows(
    rows: Iterator[dict[str, str]],
    kept: "csv.DictWriter[str]",
    later: "csv.DictWriter[str]",
    share: float,
) -> int:
    delivered = 0
    for row in rows:
        lot = int(hashlib.md5(row["local_id"].encode(), usedforsecurity=False).hexdigest()[:8], 16)
        place = lot / 0xFFFFFFFF / share
        if place < 0.5:
            later.writerow(row)
        else:
            kept.writerow(row)
            if place < 1:
                later.writerow(changed(row, lot))
        delivered += place < 1
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


def run(*words: str) -> dict[str, object]:
    """A stage of this module in a process of its own; returns its JSON answer."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.delta_run", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr[-3000:]}")
    answer: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
