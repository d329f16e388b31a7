"""Level patterns of the pairs that a training step looks at."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from mdm.linkage.expectation import Array
from mdm.linkage.person_model import COMPARISONS
from mdm.linkage.scoring import count_patterns


def patterns(con: duckdb.DuckDBPyConnection, pairs: str) -> tuple[NDArray[np.int64], Array]:
    """Level patterns of `pairs` as indices from the strongest level (0), and their counts.

    Args:
        con: Holds `link_record`.
        pairs: Relation with join_key_l, join_key_r, match_key.

    Returns:
        (patterns, comparisons), -1 where a side is missing or another comparison tells the level;
        and one count a pattern.
    """
    table = count_patterns(con, pairs)
    columns = []
    for comparison in COMPARISONS:
        gamma = table.column(f"gamma_{comparison.name}").to_numpy().astype(np.int64)
        top = len(comparison.levels) - 1
        places = np.where(gamma < 0, -1, top - gamma)
        for place, level in enumerate(comparison.levels):
            if level.mute:
                places[places == place] = -1
            elif level.same_as is not None:
                places[places == place] = comparison.place(level.same_as)
        columns.append(places)
    return np.stack(columns, axis=1), table.column("n").to_numpy().astype(float)
