"""Splink's prediction, whose SQL is kept: Splink writes it once for a model.

To start Splink and have it write its SQL takes as long as to weigh the pairs of a delta. The text
follows from the settings, the names of the tables, the threshold and Splink's version alone; pairs
go by one name, so that what a full run was told serves the deltas after it.
"""

import hashlib
import json
from importlib.metadata import version
from typing import Any

import duckdb

from mdm.__about__ import __version__

_TABLE, _PAIRS = "predicted_pair", "pair_to_weigh"
_KEPT_AT_MOST = 20


def predict(
    con: duckdb.DuckDBPyConnection,
    records: str,
    pairs: str,
    settings: dict[str, Any],
    threshold: float | None,
) -> str:
    """Make a table of Splink's prediction for given pairs; returns its name.

    It holds the levels (gamma) but not the values compared.

    Args:
        con: The volume database.
        records: Name of the table of prepared records.
        pairs: Name of the table of pairs.
        settings: Splink's settings.
        threshold: Least match weight that is kept; None for all.
    """
    key = _key(records, settings, threshold)
    con.execute(f"CREATE OR REPLACE TEMP VIEW {_PAIRS} AS FROM {pairs}")
    con.execute("CREATE TABLE IF NOT EXISTS predict_sql (key VARCHAR, sql VARCHAR)")
    known = con.execute("SELECT sql FROM predict_sql WHERE key = $1", [key]).fetchall()
    if known:
        con.execute(f"CREATE OR REPLACE TABLE {_TABLE} AS {known[0][0]}")
        return _TABLE
    # Imported here: a delta whose SQL is known does without Splink.
    from mdm.linkage.predict_by_splink import predict_by_splink

    table, sql = predict_by_splink(con, records, _PAIRS, settings, threshold)
    if con.execute("SELECT count(*) FROM predict_sql").fetchall()[0][0] >= _KEPT_AT_MOST:
        con.execute("DELETE FROM predict_sql")
    con.execute("INSERT INTO predict_sql VALUES ($1, $2)", [key, sql])
    return table


def _key(records: str, settings: dict[str, Any], threshold: float | None) -> str:
    given = [__version__, version("splink"), records, threshold, settings]
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
