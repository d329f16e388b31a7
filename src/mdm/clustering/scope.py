"""Which citizens must be decided anew when a steward answers or takes an answer back."""

from collections.abc import Iterable, Mapping

from mdm.domain.judgement import Closure


def citizens_to_redecide(
    pair: tuple[int, int], closures: Iterable[Closure], membership: Mapping[int, str]
) -> frozenset[str]:
    """The present citizens whose grouping a judgement may change.

    A chain of judgements may lead through a pending record from one citizen to another, so these
    are the citizens of all records of both must-link groups.

    Args:
        pair: The two records judged.
        closures: What the judgements imply before and after the change.
        membership: Placed record -> ID of its citizen now.
    """
    members: set[int] = set(pair)
    for closure in closures:
        groups = {closure.group_of(record_id) for record_id in pair}
        members.update(record_id for record_id, group in closure.groups.items() if group in groups)
    return frozenset(membership[r] for r in members if r in membership)
