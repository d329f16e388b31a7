"""Evaluate the registry against a truth file: membership, open questions, golden values."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from mdm.duck import count, write_batches
from mdm.errors import FileMissingError, NothingToLinkError, TruthFileError
from mdm.linkage.evaluation import (
    candidate_recall,
    join_groups,
    measure_clusters,
    measure_pairs,
)
from mdm.linkage.evaluation_golden import measure_golden
from mdm.ports import ReadSession
from mdm.standardise.names import Name, read_name

_GROUPS = pa.schema([("record_id", pa.int64()), ("cluster", pa.string())])
_GOLDEN = pa.schema(
    [
        ("municipal_id", pa.string()),
        ("name_key", pa.string()),
        ("birth_date", pa.string()),
        ("cpf", pa.string()),
    ]
)
_KEYS = {"source", "local_id", "person_id"}
_VALUES = ("true_name", "true_birth_date", "true_cpf")


def evaluate(
    con: duckdb.DuckDBPyConnection, session: ReadSession, truth: Path
) -> dict[str, object]:
    """Measure the applied state.

    Args:
        con: The volume database, level with the registry and left by its last link run.
        session: A snapshot of the registry.
        truth: CSV or Parquet: source, local_id, person_id, and true values where known.

    Raises:
        TruthFileError: Columns are missing, or no record is in it.
        NothingToLinkError: Nothing was linked yet.
    """
    write_truth(con, truth)
    groups = session.read_arrow(
        "SELECT record_id, municipal_id AS cluster FROM membership", schema=_GROUPS
    )
    write_batches(con, "eval_group", groups, _GROUPS)
    if count(con, "SELECT count(*) FROM eval_group") == 0:
        raise NothingToLinkError("nothing is linked yet: mdm link --apply")
    golden = session.read_arrow(
        f"SELECT {', '.join(_GOLDEN.names)} FROM golden_record", schema=_GOLDEN
    )
    write_batches(con, "eval_golden", golden, _GOLDEN)
    waiting = _open_pairs(session)
    true = _true_pairs(con, waiting)
    join_groups(con, "eval_group", true, "eval_reviewed")
    citizens = count(con, "SELECT count(DISTINCT cluster) FROM eval_group")
    result: dict[str, object] = {
        "records": count(con, "SELECT count(*) FROM eval_truth"),
        "citizens": citizens,
        "pairs": measure_pairs(con, "eval_group", "eval_truth").as_dict(),
        "cluster": measure_clusters(con, "eval_group", "eval_truth").as_dict(),
        "with_review": measure_pairs(con, "eval_reviewed", "eval_truth").as_dict(),
        "review": len(waiting),
        "review_true": len(true),
        "review_per_1000": round(1000 * len(waiting) / citizens, 3),
        "candidate_recall": _candidate_recall(con),
        "golden": measure_golden(con, "eval_group", "eval_truth", "eval_golden"),
    }
    for table in ("eval_group", "eval_golden", "eval_truth"):
        con.execute(f"DROP TABLE {table}")
    return result


def write_truth(con: duckdb.DuckDBPyConnection, truth: Path) -> None:
    """Write `eval_truth(record_id, person, true values)` of a truth file; see `evaluate`."""
    if not truth.is_file():
        raise FileMissingError("the truth file does not exist", where=truth.name)
    path = str(truth).replace("'", "''")
    reader = (
        f"read_parquet('{path}')"
        if truth.suffix == ".parquet"
        else f"read_csv('{path}', all_varchar = true, header = true)"
    )
    try:
        columns = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()}
    except duckdb.Error:
        raise TruthFileError("the truth file cannot be read as a table", where=truth.name) from None
    missing = sorted(_KEYS - columns)
    if missing:
        raise TruthFileError(f"columns are missing: {', '.join(missing)}", where=truth.name)
    values = ", ".join(
        f"t.{name}::VARCHAR AS {name}" if name in columns else f"NULL::VARCHAR AS {name}"
        for name in _VALUES
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE truth_row AS SELECT s.record_id, t.person_id AS person, "
        f"{values} FROM {reader} t JOIN standard s "
        "ON s.source = t.source AND s.local_id = t.local_id::VARCHAR"
    )
    if count(con, "SELECT count(*) FROM truth_row") == 0:
        raise TruthFileError("no record of the registry is in the truth file", where=truth.name)
    names = con.execute(
        "SELECT DISTINCT true_name FROM truth_row WHERE true_name IS NOT NULL"
    ).fetchall()
    con.register("name_rows", _standard_names(row[0] for row in names))
    con.execute(
        "CREATE OR REPLACE TABLE eval_truth AS SELECT r.record_id, r.person, "
        "n.standard AS true_name, try_cast(r.true_birth_date AS DATE) AS true_birth_date, "
        "r.true_cpf FROM truth_row r LEFT JOIN name_rows n ON n.received = r.true_name"
    )
    con.unregister("name_rows")
    con.execute("DROP TABLE truth_row")


def _standard_names(names: Iterable[str]) -> pa.Table:
    read: Mapping[str, str | None] = {
        name: found.tokens if isinstance(found := read_name(name), Name) else None for name in names
    }
    return pa.table(
        {
            "received": pa.array(list(read), pa.string()),
            "standard": pa.array(list(read.values()), pa.string()),
        }
    )


def _open_pairs(session: ReadSession) -> list[tuple[int, int]]:
    rows = session.rows(
        "SELECT record_l, record_r FROM review_item "
        "WHERE state IN ('open', 'claimed') AND kind <> 'control' AND record_r IS NOT NULL"
    )
    return [(int(str(row["record_l"])), int(str(row["record_r"]))) for row in rows]


def _true_pairs(
    con: duckdb.DuckDBPyConnection, pairs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    con.register(
        "asked_rows",
        pa.table(
            {
                "l": pa.array([pair[0] for pair in pairs], pa.int64()),
                "r": pa.array([pair[1] for pair in pairs], pa.int64()),
            }
        ),
    )
    rows = con.execute(
        "SELECT a.l, a.r FROM asked_rows a JOIN eval_truth l ON l.record_id = a.l "
        "JOIN eval_truth r ON r.record_id = a.r WHERE l.person = r.person ORDER BY 1, 2"
    ).fetchall()
    con.unregister("asked_rows")
    return [(int(left), int(right)) for left, right in rows]


def _candidate_recall(con: duckdb.DuckDBPyConnection) -> float | None:
    """None where the candidates of the last link run are gone (a cache made anew)."""
    found = count(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'candidate'")
    return candidate_recall(con, "candidate", "eval_truth") if found else None
