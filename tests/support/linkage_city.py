"""Standard records of small synthetic cities in DuckDB, with their truth: no registry needed."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb

from mdm.domain.standard_record import STANDARD_COLUMNS, StandardRecord
from mdm.ingest.standardise_batch import standardise_payloads
from mdm.resources import models_folder
from mdm.synth.city import generate

KEYS = ("record_id", "source", "local_id", "version", "content_hash")
SOURCES = ("education", "health", "social")
TODAY = date(2026, 11, 1)
SHIPPED_MODEL = models_folder(None) / "person" / "v6"


@lru_cache(maxsize=4)
def city_file(people: int, seed: int) -> Path:
    """A DuckDB file with `standard` and `truth(record_id, person)` of a synthetic city."""
    folder = Path(tempfile.mkdtemp(prefix="mdm-linkage-"))
    generate(folder, people, seed, layouts=False)
    path = folder / "city.duckdb"
    with duckdb.connect(str(path), config={"threads": 1}) as con:
        parts = []
        for source in SOURCES:
            file = folder / "canonical" / f"{source}.csv"
            con.execute(f"CREATE TABLE {source} AS FROM read_csv('{file}', all_varchar = true)")
            parts.append(
                f"SELECT '{source}' AS source, local_id, to_json({source})::VARCHAR AS payload "
                f"FROM {source}"
            )
        con.execute(
            "CREATE TABLE received AS SELECT row_number() OVER (ORDER BY source, local_id) "
            "AS record_id, source, local_id, 1::BIGINT AS version, md5(payload) AS content_hash, "
            f"payload FROM ({' UNION ALL '.join(parts)})"
        )
        standardise_payloads(con, "received", "standard", today=TODAY, keys=KEYS)
        names = {"education": "educacao", "health": "saude", "social": "cadunico"}
        whens = " ".join(f"WHEN '{theirs}' THEN '{ours}'" for ours, theirs in names.items())
        con.execute(
            f"CREATE TABLE truth AS SELECT s.record_id, t.person_id AS person FROM read_csv("
            f"'{folder / 'truth.csv'}', all_varchar = true) t JOIN standard s "
            f"ON s.local_id = t.local_id AND s.source = CASE t.source {whens} ELSE t.source END"
        )
        for table in (*SOURCES, "received"):
            con.execute(f"DROP TABLE {table}")
    return path


@contextmanager
def city(
    people: int = 1000, seed: int = 7, *, threads: int = 1
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of one's own with the city's `standard`, `truth` and empty decision tables."""
    with duckdb.connect(":memory:", config={"threads": threads}) as con:
        con.execute(f"ATTACH '{city_file(people, seed)}' AS made (READ_ONLY)")
        con.execute("CREATE TABLE standard AS FROM made.standard")
        con.execute("CREATE TABLE truth AS FROM made.truth")
        con.execute("DETACH made")
        yield con


def standard_record(row: Mapping[str, object]) -> StandardRecord:
    """A row of `standard` as the value that the one-record path works with."""
    values = {
        name: tuple(value) if isinstance(value := row[name], list) else value
        for name in STANDARD_COLUMNS
    }
    for name in ("cns", "phones", "emails"):
        values[name] = values[name] if values[name] is not None else ()
    return StandardRecord(**values)  # type: ignore[arg-type]
