"""Records with equal keys to pairs of records: sorting integers, block by block.

A pair is one 64-bit integer while it is counted and compared: the smaller record, the larger one
and the rule that found them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

RULE_BITS = 5
RECORD_BITS = 29
_RECORD, _RULE = (1 << RECORD_BITS) - 1, (1 << RULE_BITS) - 1


NONE: Integers = np.zeros(0, np.int64)


def pairs_of_rule(
    keys: Keys, records: Integers, *, rule: int, most: int, hidden: Integers = NONE
) -> tuple[Integers, int]:
    """Pairs of records with an equal key of one rule.

    Args:
        keys: A key for each row.
        records: The record of each row, from 0 to below 2 ** `RECORD_BITS`.
        rule: Number of the rule, below 2 ** `RULE_BITS`.
        most: Rows of the largest block that is taken.
        hidden: Records that fill no block: in one that would be too large with them they have
            no pair, the others do.

    Returns:
        Packed pairs, as `merged` reads them, and how many blocks were larger than `most`.
    """
    if len(hidden) > 0:
        kept = _without_crowding(keys, np.isin(records, hidden), most)
        keys, records = keys[kept], records[kept]
    order = np.argsort(keys)
    ordered = keys[order]
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    sizes = np.diff(np.append(starts, len(keys)))
    large = int(np.count_nonzero(sizes > most))
    taken = (sizes >= 2) & (sizes <= most)  # noqa: PLR2004 - a pair is two
    starts, sizes = starts[taken], sizes[taken]
    # Rows of the blocks taken, block after block, and how many rows of its block follow each.
    ends = np.cumsum(sizes)
    place = np.arange(int(sizes.sum()))
    rows = records[order[place + np.repeat(starts - (ends - sizes), sizes)]]
    followers = np.repeat(ends, sizes) - place - 1
    found: list[Integers] = []
    distance = 1
    while len(place := place[followers[place] >= distance]) > 0:
        one, other = rows[place], rows[place + distance]
        left, right = np.minimum(one, other), np.maximum(one, other)
        pairs = (left << RECORD_BITS | right) << RULE_BITS | rule
        # A record may carry one key twice: it is no pair with itself.
        found.append(pairs[left < right])
        distance += 1
    return np.concatenate(found) if found else np.zeros(0, np.int64), large


def _without_crowding(
    keys: Keys, is_hidden: npt.NDArray[np.bool_], most: int
) -> npt.NDArray[np.bool_]:
    """Which rows count: all but hidden ones in blocks of more than `most` rows."""
    shared, place = np.unique(keys[is_hidden], return_inverse=True)
    if len(shared) == 0:
        return ~is_hidden
    order = np.searchsorted(shared, keys)
    order[order == len(shared)] = 0
    among = shared[order] == keys
    totals = np.bincount(order[among], minlength=len(shared))
    kept = ~is_hidden
    kept[is_hidden] = totals[place] <= most
    return kept


def merged(found: Sequence[Integers]) -> tuple[Integers, Integers, npt.NDArray[np.int32]]:
    """Each pair once, in order: smaller records, larger records, bit masks of the rules."""
    packed = np.concatenate([np.zeros(0, np.int64), *found])
    packed.sort()
    pairs = packed >> RULE_BITS
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    bits = np.left_shift(np.int32(1), (packed & _RULE).astype(np.int32))
    masks = np.bitwise_or.reduceat(bits, starts) if len(starts) > 0 else bits
    pairs = pairs[starts]
    return pairs >> RECORD_BITS, pairs & _RECORD, masks
