"""The peer: Splink 5 on DuckDB as a competent user writes it for these files.

Names folded and without particles, nine comparisons of Splink's own library with term
frequencies, eight blocking rules, u by random sampling, m by two EM sessions, connected
components. Nothing of ours is used, and nothing is stored.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

FILES = {"saude": "health", "cadunico": "social", "educacao": "education"}

_FOLD = "strip_accents(upper(trim({})))"
_CLEAN = (
    "nullif(trim(regexp_replace(regexp_replace(regexp_replace({}, '[^A-Z ]', '', 'g'), "
    "'\\b(DA|DE|DO|DAS|DOS|E)\\b', '', 'g'), ' +', ' ', 'g')), '')"
)
_PLACEHOLDER = (
    "CASE WHEN {0} SIMILAR TO '.*(INFORMAD|DECLARAD|IGNORAD|DESCONHECID|IDENTIFICAD|"
    "NAO CONSTA|SEM ).*' THEN NULL ELSE {0} END"
)


def _digits(column: str, length: int) -> str:
    digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    repeated = f"regexp_matches({digits}, '^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$')"
    return f"CASE WHEN length({digits}) = {length} AND NOT {repeated} THEN {digits} END"


def load(con: duckdb.DuckDBPyConnection, city: Path) -> int:
    """Read the three canonical files into `person`; returns the number of records."""
    parts = []
    wanted = (
        "local_id", "full_name", "mother_name", "birth_date", "sex", "cpf", "cns", "phone",
        "street", "street_number", "postal_code",
    )  # fmt: skip
    for source, file in FILES.items():
        path = city / "canonical" / f"{file}.csv"
        relation = f"read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"')"
        present = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
        columns = ", ".join(c if c in present else f"NULL::VARCHAR AS {c}" for c in wanted)
        parts.append(f"SELECT '{source}' AS source, {columns} FROM {relation}")
    union = " UNION ALL ".join(parts)
    name = _CLEAN.format(_FOLD.format("full_name"))
    mother = _PLACEHOLDER.format(_CLEAN.format(_FOLD.format("mother_name")))
    birth = (
        "coalesce(try_strptime(birth_date, '%Y-%m-%d'), try_strptime(birth_date, '%d/%m/%Y'))::DATE"
    )
    con.execute(
        f"""
        CREATE TABLE person AS
        SELECT source || '|' || local_id AS unique_id, source, local_id,
               split_part(name, ' ', 1) AS first_name,
               nullif(trim(substr(name, length(split_part(name, ' ', 1)) + 1)), '') AS surname,
               mother, strftime(birth, '%Y-%m-%d') AS dob, sex, cpf, cns, phone, address
        FROM (SELECT source, local_id, {name} AS name, {mother} AS mother, {birth} AS birth, sex,
                     {_digits("cpf", 11)} AS cpf,
                     {_digits("split_part(cns, ';', 1)", 15)} AS cns,
                     {_digits("split_part(phone, ';', 1)", 11)} AS phone,
                     strip_accents(upper(street || ' ' || coalesce(street_number, ''))) AS address
              FROM ({union}))
        """
    )
    return int(con.execute("SELECT count(*) FROM person").fetchall()[0][0])


def settings() -> SettingsCreator:
    """Nine comparisons, eight blocking rules."""

    def named(column: str) -> cl.CustomComparison:
        return cl.CustomComparison(
            output_column_name=column,
            comparison_levels=[
                cll.NullLevel(column),
                cll.ExactMatchLevel(column, term_frequency_adjustments=True),
                cll.JaroWinklerLevel(column, 0.94),
                cll.JaroWinklerLevel(column, 0.88),
                cll.ElseLevel(),
            ],
        )

    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            named("first_name"),
            named("surname"),
            named("mother"),
            cl.DateOfBirthComparison(
                "dob",
                input_is_string=True,
                datetime_thresholds=[1, 1],
                datetime_metrics=["month", "year"],
            ),
            cl.ExactMatch("sex"),
            cl.ExactMatch("cpf"),
            cl.ExactMatch("cns"),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.ExactMatch("address").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("cpf"),
            block_on("cns"),
            block_on("dob", "first_name"),
            block_on("dob", "surname"),
            block_on("first_name", "surname", "substr(dob, 1, 4)"),
            block_on("mother", "first_name"),
            block_on("mother", "dob"),
            block_on("phone", "first_name"),
        ],
    )


@dataclass
class PeerRun:
    """Seconds by step, and the connection that holds `person`, `predicted` and clusters."""

    con: duckdb.DuckDBPyConnection
    records: int
    pairs: int
    seconds: dict[str, float]


def run(city: Path, *, threads: int = 2) -> PeerRun:
    """Load, train, predict and cluster at 0.95."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect(config={"threads": threads})
    seconds: dict[str, float] = {}

    def timed(step: str, start: float) -> float:
        now = time.perf_counter()
        seconds[step] = now - start
        return now

    clock = time.perf_counter()
    records = load(con, city)
    clock = timed("load", clock)
    linker = Linker(DuckDBAPI(con).register("person"), settings())
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("cpf"), block_on("dob", "first_name", "surname")], recall=0.9
    )
    training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    training.estimate_parameters_using_expectation_maximisation(
        block_on("dob", "first_name"), estimate_without_term_frequencies=True
    )
    training.estimate_parameters_using_expectation_maximisation(
        block_on("cpf"), estimate_without_term_frequencies=True
    )
    clock = timed("train", clock)
    predicted = linker.inference.predict(threshold_match_weight=-5)
    con.execute(f"CREATE VIEW predicted AS SELECT * FROM {predicted.physical_name}")
    clock = timed("predict", clock)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=0.95
    )
    con.execute(f"CREATE VIEW peer_cluster AS SELECT * FROM {clusters.physical_name}")
    timed("cluster", clock)
    pairs = int(con.execute("SELECT count(*) FROM predicted").fetchall()[0][0])
    return PeerRun(con, records, pairs, seconds)
