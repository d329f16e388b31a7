"""Golden records of a whole city, set-wise: the same answers as `mdm.survivorship.build`.

Both twins read one policy; a test holds them to the same rows. Citizens of one record, two in
three, are one projection; the others pass through a table of offers. Citizens with a steward's
override are few and go through `build_golden` itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from mdm.domain.golden_record import GOLDEN_COLUMNS
from mdm.survivorship.build import Override, build_golden
from mdm.survivorship.policy import Policy
from mdm.volume import golden_sql as sql
from mdm.volume.golden_members import GoldenInputs, columns_of, read_members

BATCH_ROWS = 65_536
GOLDEN_SCHEMA = pa.schema(
    (column, pa.int64() if column == "record_count" else pa.string()) for column in GOLDEN_COLUMNS
)
_TEMPORARY = (
    "golden_member",
    "golden_single",
    "golden_offer",
    "golden_short",
    "golden_spelled",
    "golden_place",
    "golden_win",
    "golden_father",
    "golden_entry",
    "golden_list",
    "golden_dead",
)


@dataclass(frozen=True, slots=True)
class GoldenScope:
    """Which citizens to compute, and the values that stewards set for them.

    Attributes:
        municipal_ids: Name of a relation with a column `municipal_id`; None for the whole city.
        overrides: Stewards' values by municipal ID.
    """

    municipal_ids: str | None = None
    overrides: Mapping[str, Sequence[Override]] | None = None


def golden_rows(
    con: duckdb.DuckDBPyConnection,
    inputs: GoldenInputs,
    policy: Policy,
    scope: GoldenScope | None = None,
) -> pa.RecordBatchReader:
    """Rows of table `golden_record` for every citizen with an unrestricted record.

    Citizens whose records are all restricted, erased or pending have no row: the caller deletes
    theirs. Temporary tables `golden_*` live in `con` until the next call or `drop_temporary`.

    Args:
        con: Connection to the volume database; no other statement may run on it while the
            reader is open.
        inputs: The relations to read.
        policy: The survivorship policy.
        scope: Which citizens, and overrides; None for the whole city without overrides.

    Returns:
        A streaming reader with `GOLDEN_SCHEMA`.
    """
    scope = GoldenScope() if scope is None else scope
    overrides = {} if scope.overrides is None else dict(scope.overrides)
    prepared = _steward_rows(con, inputs, policy, overrides, scope)
    drop_temporary(con)
    con.execute(sql.member_table(columns_of(con, inputs.membership), inputs, scope.municipal_ids))
    if overrides:
        con.execute(
            "DELETE FROM golden_member WHERE municipal_id IN (SELECT unnest(?))", [list(overrides)]
        )
    for statement in sql.statements(inputs, policy):
        con.execute(statement)
    rows = con.sql(sql.final_rows(inputs)).to_arrow_reader(BATCH_ROWS)
    return pa.RecordBatchReader.from_batches(GOLDEN_SCHEMA, _chained(rows, prepared))


def drop_temporary(con: duckdb.DuckDBPyConnection) -> None:
    """Free what the last `golden_rows` left in the connection."""
    for table in _TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _steward_rows(
    con: duckdb.DuckDBPyConnection,
    inputs: GoldenInputs,
    policy: Policy,
    overrides: Mapping[str, Sequence[Override]],
    scope: GoldenScope,
) -> list[dict[str, object]]:
    if not overrides:
        return []
    wanted = set(overrides)
    if scope.municipal_ids is not None:
        found = con.execute(f"SELECT DISTINCT municipal_id FROM {scope.municipal_ids}").fetchall()
        wanted &= {row[0] for row in found}
    members = read_members(con, inputs, sorted(wanted))
    return [
        build_golden(records, policy, overrides[municipal_id]).to_row(municipal_id)
        for municipal_id, records in members.items()
        if any(record.eligible for record in records)
    ]


def _chained(
    rows: pa.RecordBatchReader, prepared: list[dict[str, object]]
) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        yield batch.cast(GOLDEN_SCHEMA)
    if prepared:
        yield pa.RecordBatch.from_pylist(prepared, schema=GOLDEN_SCHEMA)
