"""Batch scoring: candidate pairs to match weights, by Splink on DuckDB.

Splink weighs matches against unrelated pairs; what relatives and twins take off is added from the
levels found (`mdm.linkage.mixture` has the formula). It only lowers a weight, so Splink may drop
pairs under the threshold first, exactly; and before Splink looks at them, those that equalities
alone keep under it (`mdm.linkage.ceiling`).
"""

import duckdb
import pyarrow as pa

from mdm.duck import count_rows
from mdm.linkage.ceiling import within_reach_sql
from mdm.linkage.mixture import MOST_BITS, OtherClass, other_classes
from mdm.linkage.model import PersonModel, splink_settings, untrained_settings
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.prediction import predict

_REACH = "within_reach"
_WORTHWHILE = 1.5
"""Pairs a record from which on it takes less to look at all of them twice than to weigh all."""


def pattern_sql() -> str:
    """The levels found, as one integer in mixed radix: per comparison 0 missing, else gamma + 1."""
    terms, place = [], 1
    for comparison in COMPARISONS:
        terms.append(f"(gamma_{comparison.name} + 1)::BIGINT * {place}")
        place *= len(comparison.levels) + 1
    return " + ".join(terms)


def class_sql(model: PersonModel, other: OtherClass) -> str:
    """How much better a class explains the levels than matches do, in bits."""
    terms = []
    for comparison in COMPARISONS:
        levels = model.levels[comparison.name]
        top = len(levels) - 1
        whens = " ".join(
            f"WHEN {top - place} THEN {other.bits(p)!r}" for place, p in enumerate(levels)
        )
        terms.append(f"CASE gamma_{comparison.name} {whens} ELSE 0 END")
    return " + ".join(terms)


def taken_sql(model: PersonModel, population: int) -> str:
    """What relatives and twins take off the Splink weight, as SQL; never negative."""
    parts = (
        f"pow(2.0::DOUBLE, least({MOST_BITS}, match_weight + {other.shift!r} + "
        f"({class_sql(model, other)})))"
        for other in other_classes(model, population)
    )
    return f"log2(1 + {' + '.join(parts)})"


def score_pairs(
    con: duckdb.DuckDBPyConnection,
    model: PersonModel,
    *,
    population: int,
    threshold: float,
    records: str = "link_record",
    pairs: str = "candidate",
    out: str = "scored",
) -> None:
    """Write `out(record_l, record_r, match_weight, pattern, rules)` at or above a threshold."""
    settings = splink_settings(model, population)
    if count_rows(con, pairs) > _WORTHWHILE * count_rows(con, records):
        reach = within_reach_sql(
            model, population=population, threshold=threshold, records=records, pairs=pairs
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_REACH} AS {reach}")
        predicted = predict(con, records, _REACH, settings, threshold)
        con.execute(f"DROP TABLE {_REACH}")
    else:
        predicted = predict(con, records, pairs, settings, threshold)
    con.execute(
        f"""
        CREATE OR REPLACE TABLE {out} AS
        SELECT record_l, record_r, match_weight, pattern, rules FROM (
          SELECT unique_id_l AS record_l, unique_id_r AS record_r,
                 round(match_weight - {taken_sql(model, population)}, 6) AS match_weight,
                 {pattern_sql()} AS pattern, match_key::VARCHAR AS rules
          FROM {predicted})
        WHERE match_weight >= {threshold}
        """
    )
    con.execute(f"DROP TABLE IF EXISTS {predicted}")


def count_patterns(
    con: duckdb.DuckDBPyConnection, pairs: str, *, records: str = "link_record"
) -> pa.Table:
    """Level patterns of pairs with their counts, in a fixed order: columns gamma_*, n."""
    predicted = predict(con, records, pairs, untrained_settings(), None)
    columns = ", ".join(f"gamma_{c.name}" for c in COMPARISONS)
    table = con.sql(
        f"SELECT {columns}, count(*) AS n FROM {predicted} GROUP BY {columns} ORDER BY {columns}"
    ).to_arrow_table()
    con.execute(f"DROP TABLE IF EXISTS {predicted}")
    return table
