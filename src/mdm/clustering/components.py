"""Connected components by union-find: the unconstrained answer that the rules only refine."""

from collections.abc import Iterable


class UnionFind:
    """Disjoint sets of record IDs; the root of a set is its smallest member."""

    __slots__ = ("_parent",)

    def __init__(self, members: Iterable[int] = ()) -> None:
        self._parent: dict[int, int] = {member: member for member in members}

    def find(self, member: int) -> int:
        """The root of the member's set; an unseen member is a set of its own."""
        parent = self._parent
        root = parent.setdefault(member, member)
        while root != parent[root]:
            root = parent[root]
        while parent[member] != root:
            parent[member], member = root, parent[member]
        return root

    def union(self, left: int, right: int) -> int:
        """Join two sets and return the root of the joined set."""
        left, right = self.find(left), self.find(right)
        low, high = (left, right) if left < right else (right, left)
        self._parent[high] = low
        return low

    def groups(self) -> list[tuple[int, ...]]:
        """All sets, each sorted, in the order of their smallest members."""
        found: dict[int, list[int]] = {}
        for member in sorted(self._parent):
            found.setdefault(self.find(member), []).append(member)
        return [tuple(group) for group in found.values()]


def connected_components(
    edges: Iterable[tuple[int, int]], members: Iterable[int] = ()
) -> list[tuple[int, ...]]:
    """Connected components of the edges, lone members included.

    Args:
        edges: Pairs of record IDs.
        members: Further records, which may have no edge.

    Returns:
        Each component sorted, in the order of their smallest members.
    """
    sets = UnionFind(members)
    for left, right in edges:
        sets.union(left, right)
    return sets.groups()
