"""Merges that a source states of its own records, and marks of such that say nothing usable.

A mark (`merged_into`) names the record that replaces its own. It counts where that record is known
and the marks lead to an end; any other mark costs nobody their record: it is listed for the source.
"""

from collections.abc import Hashable, Mapping
from enum import StrEnum
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


class MarkProblem(StrEnum):
    """Why a mark does not count.

    `UNKNOWN`: the source has no such record, or has not delivered it yet; the same is said of a
    restricted record that an ordinary one names, because nobody may learn of it so.
    `CIRCLE`: the marks lead back to the record (or it names itself), so that none would be left.
    """

    UNKNOWN = "merged_into_unknown"
    CIRCLE = "merged_in_a_circle"


def on_circles(targets: Mapping[Key, Key]) -> frozenset[Key]:
    """The records whose marks lead back to themselves; those that only lead into a circle do not.

    Args:
        targets: Record -> the record that it names.
    """
    found: set[Key] = set()
    seen: set[Key] = set()
    for start in targets:
        path: list[Key] = []
        at: Key | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = targets.get(at)
        if at in path:
            found.update(path[path.index(at) :])
    return frozenset(found)
