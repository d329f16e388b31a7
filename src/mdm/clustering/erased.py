"""Where erased records of a citizen belong once its other records were grouped anew.

They are no evidence, so they stay with the largest part of their citizen, and the IDs that they
anchor with them. Parts are told by ordinary records: a restricted one leads nobody to another
citizen. `mdm.volume.decide` says the same in SQL.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence


def with_erased(
    clusters: Sequence[tuple[int, ...]],
    homes: Mapping[int, str],
    ordinary: Collection[int],
    erased: Iterable[int],
) -> list[tuple[int, ...]]:
    """The clusters with the erased records among them; what has no part to stay with stays.

    Args:
        clusters: Records that are not erased, grouped.
        homes: Record -> its present citizen, of the erased ones, too.
        ordinary: Records of the clusters that are not restricted.
        erased: Erased records.
    """
    gone: dict[str, list[int]] = {}
    for record_id in erased:
        gone.setdefault(homes[record_id], []).append(record_id)
    grown = [list(cluster) for cluster in clusters]
    for home, records in gone.items():
        largest = _largest_part(clusters, homes, ordinary, home)
        if largest is None:
            grown.append(records)
        else:
            grown[largest] += records
    return [tuple(sorted(cluster)) for cluster in grown]


def _largest_part(
    clusters: Sequence[tuple[int, ...]],
    homes: Mapping[int, str],
    ordinary: Collection[int],
    home: str,
) -> int | None:
    """Place of the cluster with most of a citizen; of equal ones that of the smallest record."""
    best: tuple[tuple[bool, int, int], int] | None = None
    for place, cluster in enumerate(clusters):
        leading = [r for r in cluster if r in ordinary]
        counted = leading or cluster
        share = sum(homes.get(r) == home for r in counted)
        rank = (len(leading) > 0, share, -min(counted))
        if share > 0 and (best is None or rank > best[0]):
            best = rank, place
    return None if best is None else best[1]
