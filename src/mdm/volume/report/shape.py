"""Counts of the run report that only the volume database can give, set-wise."""

from dataclasses import dataclass

import duckdb

from mdm.domain.standard_record import STANDARD_COLUMNS
from mdm.volume.golden_members import GoldenInputs, columns_of, member_select
from mdm.volume.report.facts import Filled, LargeCitizen, Overlap, SizeCount, WeightBin

COMPLETENESS_COLUMNS = (
    "name",
    "social_name",
    "mother",
    "father",
    "birth_date",
    "sex",
    "race",
    "cpf",
    "cns",
    "nis",
    "inep_id",
    "birth_certificate",
    "phones",
    "emails",
    "street",
    "postal_code",
    "household_id",
    "unit_code",
)
_LISTS = ("cns", "phones", "emails")
_MOST_BINS = 80


@dataclass(frozen=True, slots=True)
class Shape:
    """How citizens, records and sources lie to each other; restricted records are left out."""

    records: int
    citizens: int
    by_records: tuple[SizeCount, ...]
    by_sources: tuple[SizeCount, ...]
    overlap: tuple[Overlap, ...]
    completeness: tuple[Filled, ...]
    largest: tuple[LargeCitizen, ...]


def read_shape(
    con: duckdb.DuckDBPyConnection,
    inputs: GoldenInputs,
    *,
    scored: str | None = None,
    largest: int = 10,
) -> Shape:
    """Count present, unrestricted records and their citizens.

    Args:
        con: Connection to the volume database.
        inputs: The relations to read.
        scored: Relation with `record_l`, `record_r`, `match_weight` of the linked pairs, for the
            weakest link of the largest citizens.
        largest: How many of the largest citizens to name.
    """
    members = member_select(columns_of(con, inputs.membership), inputs)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE report_member AS
        SELECT b.municipal_id, b.record_id, s.source FROM ({members}) b
        JOIN {inputs.standard} s USING (record_id)
        WHERE b.state = 'present' AND NOT b.restricted AND NOT coalesce(s.restricted, false)"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE report_citizen AS
        SELECT municipal_id, count(*) AS records, list_sort(list_distinct(list(source))) AS sources
        FROM report_member GROUP BY municipal_id"""
    )
    try:
        return Shape(
            records=_count(con, "report_member"),
            citizens=_count(con, "report_citizen"),
            by_records=_sizes(con, "records"),
            by_sources=_sizes(con, "len(sources)"),
            overlap=_overlap(con),
            completeness=_completeness(con, inputs.standard),
            largest=_largest(con, scored, largest),
        )
    finally:
        con.execute("DROP TABLE temp.report_member")
        con.execute("DROP TABLE temp.report_citizen")


def weight_bins(con: duckdb.DuckDBPyConnection, scored: str) -> tuple[WeightBin, ...]:
    """Histogram of `match_weight` in a relation: bins of whole bits, at most eighty."""
    row = con.execute(
        f"SELECT floor(min(match_weight)), max(match_weight) FROM {scored}"
    ).fetchone()
    if row is None or row[0] is None:
        return ()
    low, high = int(row[0]), float(row[1])
    width = int((high - low) // _MOST_BINS) + 1
    counts: dict[int, int] = dict(
        con.execute(
            f"SELECT floor((match_weight - {low}) / {width})::INTEGER, count(*)"
            f" FROM {scored} GROUP BY 1"
        ).fetchall()
    )
    return tuple(
        WeightBin(float(low + b * width), float(low + (b + 1) * width), counts.get(b, 0))
        for b in range(max(counts) + 1)
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return 0 if row is None else int(row[0])


def _sizes(con: duckdb.DuckDBPyConnection, size: str) -> tuple[SizeCount, ...]:
    rows = con.execute(
        f"SELECT {size} AS size, count(*) FROM report_citizen GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return tuple(SizeCount(*row) for row in rows)


def _overlap(con: duckdb.DuckDBPyConnection) -> tuple[Overlap, ...]:
    rows = con.execute(
        "SELECT sources, count(*) AS n FROM report_citizen GROUP BY 1 ORDER BY n DESC, sources"
    ).fetchall()
    return tuple(Overlap(tuple(sources), citizens) for sources, citizens in rows)


def _completeness(con: duckdb.DuckDBPyConnection, standard: str) -> tuple[Filled, ...]:
    assert set(COMPLETENESS_COLUMNS) <= set(STANDARD_COLUMNS)
    shares = ", ".join(
        f"avg((coalesce(len({c}), 0) > 0)::INTEGER)" if c in _LISTS else f"count({c}) / count(*)"
        for c in COMPLETENESS_COLUMNS
    )
    rows = con.execute(
        f"SELECT source, {shares} FROM {standard} SEMI JOIN report_member USING (record_id)"
        " GROUP BY source ORDER BY source"
    ).fetchall()
    return tuple(
        Filled(row[0], column, float(share))
        for row in rows
        for column, share in zip(COMPLETENESS_COLUMNS, row[1:], strict=True)
    )


def _largest(
    con: duckdb.DuckDBPyConnection, scored: str | None, most: int
) -> tuple[LargeCitizen, ...]:
    weakest = "NULL"
    if scored is not None:
        weakest = f"""(SELECT min(p.match_weight) FROM {scored} p
            JOIN report_member l ON l.record_id = p.record_l
            JOIN report_member r ON r.record_id = p.record_r
            WHERE l.municipal_id = c.municipal_id AND r.municipal_id = c.municipal_id)"""
    rows = con.execute(
        f"""WITH c AS (SELECT * FROM report_citizen WHERE records > 1
                       ORDER BY records DESC, municipal_id LIMIT ?)
        SELECT municipal_id, records, len(sources), {weakest} FROM c
        ORDER BY records DESC, municipal_id""",
        [most],
    ).fetchall()
    return tuple(LargeCitizen(*row) for row in rows)
