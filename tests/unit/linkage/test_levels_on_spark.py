"""Every level means the same on Spark as on DuckDB and in Python: `make spark` installs it."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from mdm.linkage.dialect import spark_sql
from support.level_rows import conditions, drawn_pairs, table_of

PAIRS = 2000
_JAR = "internals/files/spark_jars/scala-udf-similarity-0.2.1_spark4.x.jar"
_DAMERAU = "uk.gov.moj.dash.linkage.LevDamerauDistance"

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A local Spark with the distance that Splink brings."""
    import splink
    from pyspark.sql import SparkSession
    from pyspark.sql.types import DoubleType

    made = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", str(Path(splink.__file__).parent / _JAR))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.codegen.wholeStage", "false")
        .getOrCreate()
    )
    made.sparkContext.setLogLevel("ERROR")
    made.udf.registerJavaFunction("damerau_levenshtein", _DAMERAU, DoubleType())
    yield made
    made.stop()


def test_a_level_holds_on_spark_exactly_where_it_holds_on_duckdb_and_in_python(
    spark: Any, tmp_path: Path
) -> None:
    seed = 1 if "CI" in os.environ else secrets.randbelow(1 << 31)
    pairs = drawn_pairs(seed, PAIRS)
    file = tmp_path / "pair.parquet"
    pq.write_table(table_of(pairs), file)
    named = conditions()
    asked = ", ".join(f"coalesce(({c.sql()}), false)" for _, c in named)
    on_duckdb = duckdb.execute(f"SELECT {asked} FROM '{file}'").fetchall()
    table = spark.read.parquet(str(file))
    translated = [
        f"coalesce(({spark_sql(c.sql())}), false) AS c{n}" for n, (_, c) in enumerate(named)
    ]
    on_spark = [tuple(row) for row in table.selectExpr(*translated).collect()]
    in_python = [tuple(c.holds(left, right) for _, c in named) for left, right in pairs]

    held = [sum(column) for column in zip(*in_python, strict=True)]
    assert min(held) > 0, [
        name for (name, _), number in zip(named, held, strict=True) if not number
    ]
    assert on_duckdb == in_python, f"seed {seed}"
    assert on_spark == in_python, f"seed {seed}"
