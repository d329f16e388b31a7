"""Errors that travel: a record filled in from what another source wrote of the same person."""

import numpy as np
import pyarrow as pa

from mdm.synth.received import Received
from mdm.synth.streams import Flags, Ints, Streams, chance

# What a clerk takes over from the other system's printout.
TAKEN_OVER = ("full_name", "mother_name", "father_name", "birth_date", "cpf")


def copied(streams: Streams, source: Received, earlier: Received, share: float) -> Received:
    """`source` with a share of its records taken over from an earlier source, errors and all.

    Args:
        streams: Of the city.
        source: The source that copies.
        earlier: The source copied from; its first record of a person is taken.
        share: Share of the records that could be copied.
    """
    rng = streams.named(f"{source.source} copied")
    people, first = np.unique(earlier.records.person, return_index=True)
    place = np.searchsorted(people, source.records.person)
    place = np.minimum(place, len(people) - 1)
    known = people[place] == source.records.person
    known &= ~earlier.records.newborn[first[place]] & ~source.records.newborn
    rows = np.flatnonzero(known & chance(rng, len(known), share))
    return Received(
        source.source,
        source.records,
        _taken_over(source, earlier, rows, first[place[rows]]),
        _lent(source, earlier, rows, first[place[rows]]),
    )


def _taken_over(source: Received, earlier: Received, rows: Ints, origin: Ints) -> pa.Table:
    table = source.table
    index = np.arange(table.num_rows)
    index[rows] = table.num_rows + origin
    for name in TAKEN_OVER:
        both = pa.concat_tables([table.select([name]), earlier.table.select([name])])
        column = table.column_names.index(name)
        table = table.set_column(column, name, both[name].take(pa.array(index)))
    return table


def _lent(source: Received, earlier: Received, rows: Ints, origin: Ints) -> Flags:
    lent: Flags = source.of_relative.copy()
    lent[rows] = earlier.of_relative[origin]
    return lent
