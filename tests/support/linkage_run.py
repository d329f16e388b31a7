"""Runs of the linkage steps over small cities, as `mdm.linkage.engine.score` puts them together."""

from collections import Counter
from dataclasses import replace

import duckdb
import pyarrow as pa

from mdm.domain.ownership import IDENTIFIERS
from mdm.linkage.engine import _register_model
from mdm.linkage.levels import Values
from mdm.linkage.model import PersonModel, frequency
from mdm.linkage.ownership import decide_ownership
from mdm.linkage.person_model import GIVEN_BY_SURNAME, TF_COLUMNS
from mdm.linkage.prepare import (
    DWELLING_SHARED_BY_AT_MOST,
    PHONE_SHARED_BY_AT_MOST,
    prepare_records,
)
from mdm.linkage.prepare_one import Decided, prepare_one
from support.linkage_city import standard_record


def prepare(con: duckdb.DuckDBPyConnection, model: PersonModel) -> None:
    """`ownership` and `link_record` of the city under a model."""
    decide_ownership(con)
    _register_model(con, model)
    prepare_records(con)


def rows_of(con: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, object]]:
    """A table's rows as dictionaries."""
    found: list[dict[str, object]] = con.sql(f"SELECT * FROM {table}").to_arrow_table().to_pylist()
    return found


def prepared_one_by_one(
    con: duckdb.DuckDBPyConnection, model: PersonModel
) -> dict[int, dict[str, object]]:
    """The columns of every record by the one-record path, by record number."""
    not_own: dict[int, set[str]] = {}
    for record_id, name in con.execute("SELECT record_id, identifier FROM ownership").fetchall():
        not_own.setdefault(record_id, set()).add(name)
    assert set().union(*not_own.values()) <= set(IDENTIFIERS)
    shared: dict[str, int] = {}
    rows = rows_of(con, "standard")
    for row in rows:
        for phone in _list(row["phones"]):
            shared[phone] = shared.get(phone, 0) + 1
    tenants = Counter((row["street"], row["street_number"]) for row in rows)
    given = frozenset(model.given_tokens)
    made = {}
    for row in rows:
        record_id = int(str(row["record_id"]))
        usable = sorted(p for p in _list(row["phones"]) if shared[p] <= PHONE_SHARED_BY_AT_MOST)
        decided = Decided(
            frozenset(not_own.get(record_id, ())),
            tuple(usable),
            tenants[row["street"], row["street_number"]] > DWELLING_SHARED_BY_AT_MOST,
        )
        made[record_id] = prepare_one(
            standard_record(row),
            record_id=record_id,
            source=str(row["source"]),
            decided=decided,
            given_tokens=given,
        )
    return made


def with_keys(
    con: duckdb.DuckDBPyConnection, rows: dict[int, dict[str, object]]
) -> dict[int, dict[str, object]]:
    """Rows of the one-record path with the hashes that `link_record` has in place of texts."""
    types = con.execute("SELECT column_name, column_type FROM (DESCRIBE link_record)").fetchall()
    single = {name for name, kind in types if kind == "UBIGINT"}
    lists = {name for name, kind in types if kind == "UBIGINT[]"}
    texts = {str(row[c]) for row in rows.values() for c in single if row.get(c) is not None}
    texts |= {text for row in rows.values() for c in lists for text in _list(row.get(c))}
    keys: dict[str, int] = dict(
        con.execute("SELECT t, hash(t) FROM (SELECT unnest($1) AS t)", [sorted(texts)]).fetchall()
    )
    return {
        number: {
            column: None
            if value is None
            else keys[str(value)]
            if column in single
            else [keys[text] for text in _list(value)]
            if column in lists
            else value
            for column, value in row.items()
        }
        for number, row in rows.items()
    }


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def without_relatives(model: PersonModel) -> PersonModel:
    """The same model with next to no relatives and no twins: its weights are Splink's own."""
    return replace(model, relatives_per_record=1e-250, twins_per_record=0.0)


def all_pairs(con: duckdb.DuckDBPyConnection, limit: int) -> None:
    """`candidate`: the candidates of blocking are kept, and pairs at random added to them."""
    con.execute(
        f"""
        INSERT INTO candidate
        SELECT l.record_id, r.record_id, '0' FROM standard l JOIN standard r
          ON l.record_id < r.record_id AND hash(l.record_id, r.record_id) % 200 = 0
        ANTI JOIN candidate c ON c.join_key_l = l.record_id AND c.join_key_r = r.record_id
        LIMIT {limit}
        """
    )


def register_pairs(con: duckdb.DuckDBPyConnection, pairs: list[tuple[int, int]]) -> None:
    """`candidate` of given pairs."""
    table = pa.table(
        {
            "join_key_l": pa.array([pair[0] for pair in pairs], pa.int64()),
            "join_key_r": pa.array([pair[1] for pair in pairs], pa.int64()),
            "match_key": pa.array(["0"] * len(pairs), pa.string()),
        }
    )
    con.register("pair_rows", table)
    con.execute("CREATE OR REPLACE TABLE candidate AS SELECT * FROM pair_rows")
    con.unregister("pair_rows")


def with_frequencies(model: PersonModel, values: Values) -> dict[str, object]:
    """A prepared record with the frequencies that the batch joins to it."""
    tf = {
        f"tf_{c}": frequency(model.term_frequencies, c, values)
        for c in (*TF_COLUMNS, GIVEN_BY_SURNAME)
    }
    return {**values, **tf}
