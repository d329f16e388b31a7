"""Plain Splink for each public labelled set: `python -m bench.labelled_peer SET DIR` prints JSON.

As a competent user writes it for that file: Splink's own comparisons with term frequencies, several
blocking rules, u by sampling, EM sessions, `link_only` where two files are linked; connected
components. Shown at the best threshold of all, chosen with the truth.
"""

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from bench.labelled import shares

BITS = np.arange(-10, 31)


@dataclass(frozen=True, slots=True)
class Plain:
    """What plain Splink reads of one set.

    Attributes:
        columns: Column to SQL over the file's columns.
        comparisons: Splink's comparisons.
        blocks: Columns of each blocking rule.
        sessions: Columns that EM sessions block on.
    """

    columns: dict[str, str]
    comparisons: list[Any]
    blocks: tuple[tuple[str, ...], ...]
    sessions: tuple[tuple[str, ...], ...]


def _name(column: str) -> Any:
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.ExactMatchLevel(column, term_frequency_adjustments=True),
            cll.JaroWinklerLevel(column, 0.92),
            cll.JaroWinklerLevel(column, 0.8),
            cll.ElseLevel(),
        ],
    )


def _date(column: str) -> Any:
    return cl.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            cll.NullLevel(column),
            cll.ExactMatchLevel(column),
            cll.DamerauLevenshteinLevel(column, 1),
            cll.DamerauLevenshteinLevel(column, 2),
            cll.ElseLevel(),
        ],
    )


def _exact(column: str) -> Any:
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


def _upper(column: str) -> str:
    return f"nullif(upper(trim({column})), '')"


_FEBRL = Plain(
    {
        "first": _upper("given_name"), "last": _upper("surname"),
        "dob": "nullif(trim(date_of_birth), '')", "number": _upper("street_number"),
        "street": _upper("address_1"), "suburb": _upper("suburb"), "postcode": _upper("postcode"),
    },
    [_name("first"), _name("last"), _date("dob"), _name("street"), _name("suburb"),
     _exact("number"), _exact("postcode")],
    (("first", "last"), ("dob",), ("first", "postcode"), ("last", "postcode"),
     ("street", "number"), ("first", "suburb"), ("last", "suburb"), ("suburb", "number")),
    (("first", "last"), ("dob",), ("postcode", "suburb")),
)  # fmt: skip
_FEBRL_PHONE = Plain(
    {**_FEBRL.columns, "phone": "nullif(regexp_replace(phone_number, '[^0-9]', '', 'g'), '')"},
    [*_FEBRL.comparisons, cl.LevenshteinAtThresholds("phone", [1, 2])],
    (*_FEBRL.blocks, ("phone",)),
    _FEBRL.sessions,
)
PLAIN: dict[str, Plain] = {
    "febrl4_link": _FEBRL,
    "febrl_dsgen_A_10000": _FEBRL_PHONE,
    "febrl_dsgen_C_10000": _FEBRL_PHONE,
    "RLdata10000": Plain(
        {"first": _upper("fname_c1"), "last": _upper("lname_c1"), "dob": _upper("dob"),
         "by": "dob[1:4]", "bm": "dob[6:7]", "bd": "dob[9:10]"},
        [_name("first"), _name("last"), _date("dob")],
        (("first", "last"), ("dob",), ("first", "by"), ("last", "by"), ("first", "bm", "bd"),
         ("last", "bm", "bd")),
        (("first", "last"), ("dob",)),
    ),
    "splink_fake_1000": Plain(
        {"first": _upper("first_name"), "last": _upper("surname"), "dob": _upper("dob"),
         "city": _upper("city"), "email": _upper("email")},
        [_name("first"), _name("last"), _date("dob"), _exact("city"), _name("email")],
        (("first", "last"), ("dob",), ("email",), ("first", "city"), ("last", "city")),
        (("first", "last"), ("dob",)),
    ),
    "tucuxi_br_link": Plain(
        {"first": _upper("first_token"), "last": _upper("last_token"), "whole": _upper("name"),
         "dob": _upper("birth_date"), "mother": _upper("mother_name"), "sex": _upper("sex")},
        [_name("whole"), _name("mother"), _date("dob"), cl.ExactMatch("sex")],
        (("first", "last"), ("dob", "first"), ("dob", "last"), ("mother",), ("dob", "sex")),
        (("first", "last"), ("dob",)),
    ),
    "pp_census2020_census2030_link": Plain(
        {"first": _upper("first_name"), "middle": _upper("middle_initial"),
         "last": _upper("last_name"), "dob": _upper("date_of_birth"), "sex": _upper("sex"),
         "street": _upper("street_name"), "number": _upper("street_number"),
         "zip": _upper("zipcode"), "born": "date_of_birth[7:10]"},
        [_name("first"), _name("last"), _exact("middle"), _date("dob"), cl.ExactMatch("sex"),
         _exact("street"), _exact("number")],
        (("first", "last"), ("dob",), ("first", "born"), ("last", "born"), ("street", "number")),
        (("first", "last"), ("dob",), ("street", "number")),
    ),
}  # fmt: skip


def predicted(name: str, data: Path, con: duckdb.DuckDBPyConnection) -> Any:
    """Train and predict; leaves `person` with record_id, entity and source."""
    plain = PLAIN[name]
    file = f"read_csv('{data / name}.csv', all_varchar = true)"
    present = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()}
    source = "source" if "source" in present else "'one'"
    columns = ", ".join(f"{sql} AS {column}" for column, sql in plain.columns.items())
    con.execute(
        f"CREATE TABLE person AS SELECT row_number() OVER () - 1 AS unique_id, {source} AS source, "
        f"entity_id AS entity, {columns} FROM {file}"
    )
    names = [row[0] for row in con.execute("SELECT DISTINCT source FROM person").fetchall()]
    api = DuckDBAPI(con)
    for number, one in enumerate(sorted(names)):
        con.execute(f"CREATE TABLE part{number} AS SELECT * FROM person WHERE source = '{one}'")
    tables = [api.register(f"part{number}") for number in range(len(names))]
    linker = Linker(
        tables if len(tables) > 1 else tables[0],
        SettingsCreator(
            link_type="link_only" if len(tables) > 1 else "dedupe_only",
            comparisons=plain.comparisons,
            blocking_rules_to_generate_predictions=[block_on(*b) for b in plain.blocks],
        ),
    )
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on(*plain.sessions[0], "dob")], recall=0.7
    )
    training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for session in plain.sessions:
        training.estimate_parameters_using_expectation_maximisation(
            block_on(*session), estimate_without_term_frequencies=True
        )
    return linker.inference.predict(threshold_match_weight=float(BITS[0]))


def main() -> None:
    """The best of all thresholds as one JSON object."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect()
    found = predicted(sys.argv[1], Path(sys.argv[2]), con)
    pairs = con.execute(
        f"SELECT unique_id_l AS l, unique_id_r AS r, match_weight AS w FROM {found.physical_name}"
    ).fetchnumpy()
    con.execute("CREATE TABLE label AS SELECT unique_id AS record_id, entity, source FROM person")
    records = con.execute("SELECT count(*) FROM person").fetchall()[0][0]
    two = con.execute("SELECT count(DISTINCT source) FROM person").fetchall()[0][0] > 1
    best: dict[str, float] = {"f1": -1.0}
    for bits in BITS:
        kept = np.asarray(pairs["w"]) >= bits
        ends = (np.asarray(pairs["l"])[kept], np.asarray(pairs["r"])[kept])
        graph = coo_array((np.ones(int(kept.sum())), ends), shape=(records, records))
        labels = connected_components(graph, directed=False)[1]
        con.register("groups", pa.table({"record_id": np.arange(records), "cluster": labels}))
        one = shares(con, "groups", linked_files=two)
        con.unregister("groups")
        best = max(best, {**one, "bits": float(bits)}, key=lambda each: each["f1"])
    print(json.dumps(best))


if __name__ == "__main__":
    main()
