"""Who was told which ID for which record: what decides, at a split, which part keeps the ID."""

from collections.abc import Mapping, Sequence

from mdm.ports import ReadSession

_AT_ONCE = 400


def told_holders(
    session: ReadSession, ids: Sequence[str]
) -> Mapping[tuple[str, int], frozenset[str]]:
    """Holders by (ID, record); record 0 stands for an ID told without one.

    Args:
        session: A snapshot of the registry.
        ids: The IDs asked for.
    """
    found: dict[tuple[str, int], set[str]] = {}
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        params = {f"id{n}": municipal_id for n, municipal_id in enumerate(part)}
        names = ", ".join(f":{name}" for name in params)
        for row in session.rows(
            f"SELECT municipal_id, record_id, holder FROM told WHERE municipal_id IN ({names})",
            params,
        ):
            key = (str(row["municipal_id"]), int(str(row["record_id"])))
            found.setdefault(key, set()).add(str(row["holder"]))
    return {key: frozenset(holders) for key, holders in found.items()}
