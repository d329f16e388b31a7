"""Rows as they pass on their way into a table."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mdm.storage.arrow import Key, key_set


@dataclass(slots=True)
class Written:
    """How many rows went by."""

    rows: int = 0


def watched(
    data: Iterable[pa.RecordBatch], names: Sequence[str], gone: set[Key], written: Written
) -> Iterator[pa.RecordBatch]:
    """The rows, counted; whose keys pass are taken out of those that are gone.

    Args:
        data: The rows.
        names: Columns of their key.
        gone: Keys of which no row has passed yet.
        written: The count.
    """
    for batch in data:
        gone -= key_set(batch.select(names))
        written.rows += batch.num_rows
        yield batch


def numbered(data: Iterable[pa.RecordBatch], first: int) -> Iterator[pa.RecordBatch]:
    """The rows with consecutive numbers as `seq`."""
    for batch in data:
        numbers = pa.array(np.arange(first, first + batch.num_rows))
        yield batch.append_column("seq", numbers)
        first += batch.num_rows
