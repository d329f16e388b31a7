"""Where erased records of a citizen belong once its other records were grouped anew.

They are no evidence, so they stay with the largest part of their citizen, and the IDs that they
anchor with them; but what stewards said of them holds. Parts are told by ordinary records: a
restricted one leads nobody to another citizen. `mdm.volume.erased` says the same in SQL.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from mdm.domain.judgement import NO_JUDGEMENTS, Closure

Clusters = Sequence[Sequence[int]]


def with_erased(
    clusters: Clusters,
    homes: Mapping[int, str],
    ordinary: Collection[int],
    erased: Iterable[int],
    closure: Closure = NO_JUDGEMENTS,
) -> list[tuple[int, ...]]:
    """The clusters with the erased records among them; what has no part to stay with stays.

    Args:
        clusters: Records that are not erased, grouped.
        homes: Record -> its present citizen, of the erased ones, too.
        ordinary: Records of the clusters that are not restricted.
        erased: Erased records.
        closure: What stewards said, of erased records as well.
    """
    grown = [list(cluster) for cluster in clusters]
    left: dict[str, list[list[int]]] = {}
    for home, records in _units(homes, erased, closure):
        allowed = [n for n, cluster in enumerate(grown) if not _apart(records, cluster, closure)]
        place = _with_theirs(records, clusters, closure)
        if place is None:
            place = _largest_part(allowed, clusters, homes, ordinary, home)
        if place is not None:
            grown[place] += records
            continue
        groups = left.setdefault(home, [])
        for n, others in enumerate(groups):
            if not _apart(records, others, closure):
                groups[n] = [*others, *records]
                break
        else:
            groups.append(records)
    stays = [records for alone in left.values() for records in alone]
    return [tuple(sorted(cluster)) for cluster in (*grown, *stays)]


def judged_records(closure: Closure) -> frozenset[int]:
    """Records that stewards said something of that binds."""
    return frozenset(closure.groups) | {r for j in closure.different for r in j.pair}


def _units(
    homes: Mapping[int, str], erased: Iterable[int], closure: Closure
) -> list[tuple[str, list[int]]]:
    """Erased records that go together, each with its citizen, in the order of records."""
    judged = judged_records(closure)
    units: dict[tuple[str, int | None], list[int]] = {}
    for record_id in sorted(erased):
        group = closure.group_of(record_id) if record_id in judged else None
        units.setdefault((homes[record_id], group), []).append(record_id)
    return [(home, records) for (home, _), records in units.items()]


def _apart(records: Sequence[int], cluster: Iterable[int], closure: Closure) -> bool:
    """Whether stewards called them different from one of the cluster."""
    return len(closure.different) > 0 and any(
        closure.cannot_link(records[0], other) is not None for other in cluster
    )


def _with_theirs(records: Sequence[int], clusters: Clusters, closure: Closure) -> int | None:
    """Place of the cluster with a record that stewards called the same."""
    if records[0] not in closure.groups:
        return None
    for place, cluster in enumerate(clusters):
        if any(closure.must_link(records[0], other) for other in cluster):
            return place
    return None


def _largest_part(
    places: Iterable[int],
    clusters: Clusters,
    homes: Mapping[int, str],
    ordinary: Collection[int],
    home: str,
) -> int | None:
    """Place of the cluster with most of a citizen; of equal ones that of the smallest record."""
    best: tuple[tuple[bool, int, int], int] | None = None
    for place in places:
        leading = [r for r in clusters[place] if r in ordinary]
        counted = leading or clusters[place]
        share = sum(homes.get(r) == home for r in counted)
        rank = (len(leading) > 0, share, -min(counted))
        if share > 0 and (best is None or rank > best[0]):
            best = rank, place
    return None if best is None else best[1]
