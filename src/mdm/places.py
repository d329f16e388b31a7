"""Records as places in arrays: what a database joins by hashing, an index tells.

Records of a registry are numbered in the order in which they came, with few gaps: most often the
place of one is its number, less the least of all.
"""

from collections.abc import Callable

import duckdb
import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.int64]
_GAPS = 4
"""Places for each record, at most; numbers with more gaps are ranked."""


def places_of(*records: Records) -> tuple[int, Callable[[Records], Records]]:
    """How many places some records take, and what gives the place of each of them.

    Places are in the order of the records' numbers.
    """
    every = [part for part in records if len(part) > 0]
    if not every:
        return 0, lambda asked: asked
    least, most = min(int(p.min()) for p in every), max(int(p.max()) for p in every)
    if most - least < _GAPS * sum(map(len, every)):
        return most - least + 1, lambda asked: asked - least
    known = np.unique(np.concatenate(every))
    return len(known), lambda asked: np.searchsorted(known, asked)


def read_records(
    con: duckdb.DuckDBPyConnection, sql: str
) -> tuple[Records, npt.NDArray[np.int64 | np.uint64]]:
    """The two columns of a query: a record, and a 64-bit integer of it; neither is ever NULL."""
    columns = list(con.execute(sql).fetchnumpy().values())
    return np.asarray(columns[0], np.int64), np.asarray(columns[1])


def differing(con: duckdb.DuckDBPyConnection, now: str, before: str) -> Records:
    """Records of which two queries tell another value, or that only one of them knows.

    Args:
        con: Where to ask.
        now: Query as of `read_records`, each record once.
        before: The same of another time; values are of the same type.
    """
    sides = [read_records(con, sql) for sql in (now, before)]
    size, place = places_of(*(records for records, _ in sides))
    told = np.zeros((2, size), sides[0][1].dtype)
    known = np.zeros((2, size), np.bool_)
    for side, (records, values) in enumerate(sides):
        at = place(records)
        told[side, at], known[side, at] = values, True
    differs = (told[0] != told[1]) | (known[0] != known[1])
    kept = [records[differs[place(records)]] for records, _ in sides]
    return np.unique(np.concatenate(kept))
