"""Which load last said something of a record: golden values of equal rank go by it."""

import duckdb
import pyarrow as pa

from mdm.duck import write_batches
from mdm.ports import ReadSession
from mdm.services.lists import rows_of_numbers

_LOADED = pa.schema([("record_id", pa.int64()), ("load_order", pa.int64())])
_SQL = "SELECT record_id, last_load_id AS load_order FROM record"


def read_load_order(
    con: duckdb.DuckDBPyConnection, session: ReadSession, members: str | None
) -> None:
    """Write `golden_load(record_id, load_order)`.

    Args:
        con: The volume database.
        session: A snapshot of the registry.
        members: A relation with the few records to read, or None for all.
    """
    if members is None:
        write_batches(con, "golden_load", session.read_arrow(_SQL, schema=_LOADED), _LOADED)
        return
    found = con.execute(f"SELECT record_id FROM {members}").fetchall()
    asked = f"{_SQL} WHERE record_id IN ({{keys}})"
    rows = rows_of_numbers(session, asked, (row[0] for row in found))
    table = pa.Table.from_pylist(list(rows), schema=_LOADED)
    write_batches(con, "golden_load", table.to_batches(), _LOADED)
