"""Pieces that the real layouts share: dates, fixed-width lines, codes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth.streams import Ints
from mdm.synth.tables import join_present

# CadSUS race codes to those of e-SUS and CadÚnico, where 3 is amarela and 4 is parda.
ESUS_RACE = {"01": "1", "02": "2", "03": "4", "04": "3", "05": "5"}
EDUCACENSO_RACE = {"01": "1", "02": "2", "03": "3", "04": "4", "05": "5"}


def recoded(values: Any, codes: dict[str, str], otherwise: str | None = None) -> Any:
    """Each code replaced by the layout's own; `otherwise` for the rest and for null."""
    keys = pa.array(list(codes), pa.string())
    targets = pa.array([*codes.values(), otherwise], pa.string())
    found = pc.fill_null(pc.index_in(values, keys), len(codes))
    return targets.take(found)


def day_first(values: Any, separator: str) -> Any:
    """ISO dates as day, month, year; works on unusable dates too."""
    day, month, year = (pc.utf8_slice_codeunits(values, a, b) for a, b in ((8, 10), (5, 7), (0, 4)))
    return pc.binary_join_element_wise(day, month, year, separator)


def date_part(timestamps: Any) -> Any:
    """The ISO date of ISO timestamps."""
    return pc.utf8_slice_codeunits(timestamps, 0, 10)


def part(values: Any, place: int) -> Any:
    """The value at `place` of cells with several values; null where there are fewer."""
    pieces = pc.split_pattern(values, ";")
    enough = pc.greater(pc.list_value_length(pieces), place)
    rows = np.flatnonzero(np.asarray(pc.fill_null(enough, fill_value=False)))
    chosen = pc.list_element(pieces.take(pa.array(rows)), place)
    where = np.full(len(values), -1, dtype=np.int64)
    where[rows] = np.arange(len(rows))
    return chosen.take(pa.array(where, mask=where < 0))


def fixed_lines(fields: dict[int, tuple[int, Any]], width: int, count: int) -> Any:
    """Lines of fixed width.

    Args:
        fields: First position (from 1) to length and Arrow text; values too long are cut.
        width: Characters of a line.
        count: How many lines.
    """
    pieces: list[Any] = []
    at = 1

    def blank(upto: int) -> None:
        if upto > at:
            pieces.append(pa.repeat(pa.scalar(" " * (upto - at)), count))

    for start in sorted(fields):
        length, values = fields[start]
        blank(start)
        cut = pc.utf8_slice_codeunits(pc.fill_null(values, ""), 0, length)
        pieces.append(pc.utf8_rpad(cut, length, " "))
        at = start + length
    blank(width + 1)
    return join_present(pieces, "")


def constant(text: str, count: int) -> Any:
    """The same text in every row."""
    return pa.repeat(pa.scalar(text), count)


def numbered(values: Ints, width: int) -> Any:
    """Numbers padded with zeros."""
    return pc.utf8_lpad(pc.cast(pa.array(values), pa.string()), width, "0")
