"""What data look like, as a model sees them: fill rates and sizes, compared before linking."""

from collections.abc import Mapping
from typing import Any

import duckdb

from mdm.duck import first_row

_COLUMNS = (
    "given1",
    "surname",
    "mother",
    "father",
    "birth",
    "sex",
    "cpf",
    "cns",
    "nis",
    "birth_certificate",
    "inep_id",
    "phones",
    "email",
    "street",
    "household",
    "suffix",
)
# A fill rate may differ this much before the model counts as made for other data.
TOLERANCE = 0.25


FILLED = " | ".join(
    f"(({column} IS NOT NULL)::INTEGER << {place})" for place, column in enumerate(_COLUMNS)
)
"""Which of the columns a row of `link_record` has, as bits."""


def fingerprint(
    con: duckdb.DuckDBPyConnection, filled: str = f"SELECT {FILLED} AS filled FROM link_record"
) -> dict[str, Any]:
    """Number of records and the fill rate of each column of `link_record` (four digits).

    Args:
        con: The volume database.
        filled: SQL of `FILLED` for each record.
    """
    rates = ", ".join(f"avg(filled >> {place} & 1)" for place in range(len(_COLUMNS)))
    row = first_row(con, f"SELECT count(*), {rates} FROM ({filled})")
    fill = {c: round(float(v or 0.0), 4) for c, v in zip(_COLUMNS, row[1:], strict=True)}
    return {"records": int(row[0]), "fill": fill}


def differences(trained: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Columns whose fill rate is unlike what the model was trained on, as short texts."""
    before, now = trained.get("fill", {}), seen.get("fill", {})
    return [
        f"{column}: filled {now[column]:.0%}, model trained at {before[column]:.0%}"
        for column in _COLUMNS
        if column in before and column in now and abs(now[column] - before[column]) > TOLERANCE
    ]
