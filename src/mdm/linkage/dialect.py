"""Level SQL in the dialect of another engine.

The SQL twins of the level kinds are declared in DuckDB's dialect and translated by SQLGlot, as
Splink translates. What SQLGlot hands on as it stands is named here.
"""

from typing import Final

import sqlglot
from sqlglot import expressions as exp

DECLARED: Final = "duckdb"
_SPARK_NAMES: Final = {"ARRAY_HAS_ANY": "arrays_overlap"}


def spark_sql(condition: str) -> str:
    """A level condition for Spark.

    `damerau_levenshtein` stays: Spark has none, Splink's JAR brings it under that name.
    """
    tree = sqlglot.parse_one(condition, read=DECLARED)
    return tree.transform(_renamed).sql(dialect="spark")


def _renamed(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Anonymous) and str(node.this).upper() in _SPARK_NAMES:
        return exp.Anonymous(
            this=_SPARK_NAMES[str(node.this).upper()], expressions=node.expressions
        )
    return node
