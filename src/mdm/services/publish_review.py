"""What a plan asks of stewards and reports to sources, brought level with what already waits."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from mdm.clustering.decision import ReviewReason
from mdm.ports import WriteSession
from mdm.services.lists import as_int, rows_of_numbers
from mdm.services.past_numbers import note_ownership

OVERLAY = "overlay"
"""Kind of a question that a load asks: an update turned a record into somebody else."""

OWNERSHIP_REASONS = ("not_theirs", "contested")
_FROM_PLANS = (
    "between_thresholds", "refused_by_guard", "within_margin", "source_merge_refused",
    "held_split", "identifier_conflict", "over_merge",
)  # fmt: skip


def publish_ownership(session: WriteSession, rows: pa.Table) -> set[int]:
    """Write identifiers that are not their records' own as issues; those settled are deleted.

    Args:
        session: The writer lane.
        rows: record_id, field, reason, value_hash.

    Returns:
        Records of which an identifier was taken or given back: their golden values may differ.
    """
    reasons = ", ".join(f"'{reason}'" for reason in OWNERSHIP_REASONS)
    known = {
        (int(str(r["record_id"])), str(r["field"]), str(r["reason"])): int(str(r["issue_id"]))
        for r in session.rows(
            f"SELECT issue_id, record_id, field, reason FROM issue WHERE reason IN ({reasons})"
        )
    }
    wanted = {(row["record_id"], row["field"], row["reason"]) for row in rows.to_pylist()}
    note_ownership(session, rows)
    changed = {key[0] for key in known.keys() ^ wanted}
    settled = sorted(known[key] for key in known.keys() - wanted)
    if settled:
        session.delete_arrow("issue", pa.table({"issue_id": pa.array(settled, pa.int64())}))
    fresh = sorted(wanted - known.keys())
    if not fresh:
        return changed
    loads = _last_loads(session, sorted({key[0] for key in fresh}))
    first = session.next_ids("issue", len(fresh))
    session.insert_rows(
        "issue",
        [
            {
                "issue_id": first + n,
                "load_id": loads[record_id],
                "record_id": record_id,
                "field": field,
                "value_class": "identifier of another person"
                if reason == "not_theirs"
                else "identifier claimed by several people",
                "reason": reason,
            }
            for n, (record_id, field, reason) in enumerate(fresh)
        ],
    )
    return changed


def _last_loads(session: WriteSession, records: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(records), 500):
        part = ", ".join(map(str, records[start : start + 500]))
        for row in session.rows(
            f"SELECT record_id, last_load_id FROM record WHERE record_id IN ({part})"
        ):
            found[int(str(row["record_id"]))] = int(str(row["last_load_id"]))
    return found


def publish_review(session: WriteSession, rows: pa.Table, plan_id: int) -> None:
    """Open new questions, refresh those still open, and mark those that fell away as stale.

    Suspended judgements ask for themselves (`mdm.services.judgements`).

    Args:
        session: The writer lane.
        rows: See `mdm.volume.plan_rows.review_table`.
        plan_id: The plan that asks.
    """
    kinds = ", ".join(f"'{kind}'" for kind in _FROM_PLANS)
    waiting = {
        (str(r["kind"]), int(str(r["record_l"])), int(str(r["record_r"]))): r
        for r in session.rows(
            "SELECT review_id, kind, record_l, record_r, content_hash, match_weight, group_id, "
            f"priority FROM review_item WHERE state IN ('open', 'claimed') AND kind IN ({kinds})"
        )
    }
    wanted = {
        (row["kind"], row["record_l"], row["record_r"]): row
        for row in rows.to_pylist()
        if row["kind"] in _FROM_PLANS
    }
    gone = [waiting[key]["review_id"] for key in waiting.keys() - wanted.keys()]
    changes = [{"review_id": review_id, "state": "stale"} for review_id in gone]
    session.update_rows("review_item", sorted(changes, key=lambda row: int(str(row["review_id"]))))
    kept = [
        {"review_id": waiting[key]["review_id"], **asked(wanted[key])}
        for key in sorted(waiting.keys() & wanted.keys())
        if any(waiting[key][name] != value for name, value in asked(wanted[key]).items())
    ]
    session.update_rows("review_item", kept)
    fresh = [key for key in wanted if key not in waiting]
    numbers = question_numbers(session, [(record_l, record_r) for _, record_l, record_r in fresh])
    session.insert_rows(
        "review_item",
        [
            {
                "review_id": numbers[n],
                "kind": key[0],
                "record_l": key[1],
                "record_r": key[2],
                "state": "open",
                "match_probability": match_probability(wanted[key]["match_weight"]),
                "reason": reason_text(wanted[key]),
                "plan_id": plan_id,
                **asked(wanted[key]),
            }
            for n, key in enumerate(fresh)
        ],
    )


def question_numbers(session: WriteSession, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Numbers for new questions: those about restricted records below zero.

    A gap between the numbers of the others would tell of them.
    """
    if not pairs:
        return []
    ends = {record_id for pair in pairs for record_id in pair}
    sql = "SELECT record_id FROM record WHERE restricted AND record_id IN ({keys})"
    hidden = {as_int(row["record_id"]) for row in rows_of_numbers(session, sql, ends)}
    is_hidden = [not hidden.isdisjoint(pair) for pair in pairs]
    below = iter(session.next_ids_below("review_item", sum(is_hidden)))
    openly = len(pairs) - sum(is_hidden)
    first = session.next_ids("review_item", openly) if openly else 0
    above = iter(range(first, first + openly))
    return [next(below) if one else next(above) for one in is_hidden]


def match_probability(weight: float | None) -> float | None:
    """The probability that a match weight in bits stands for."""
    if weight is None:
        return None
    return 1 / (1 + 2**-weight) if weight >= 0 else 2**weight / (1 + 2**weight)


def reason_text(row: Mapping[str, object]) -> str:
    """The reason of a question from its `kind` and `guard`: `kind` or `kind:guard`."""
    guard = row["guard"]
    return str(row["kind"]) if guard is None else f"{row['kind']}:{guard}"


def asked(row: Mapping[str, object]) -> dict[str, object]:
    """Columns of a question that a later plan may change.

    The likelier that an answer changes something, the sooner it is asked: even odds first, after
    what a steward has answered once, and records that were turned into somebody else.
    """
    weight = row["match_weight"]
    chance = match_probability(None if weight is None else float(str(weight)))
    doubt = 0.5 if chance is None else min(chance, 1 - chance)
    guarded = 0.0 if row["guard"] is None else 0.25
    again = row["kind"] in {ReviewReason.SUSPENDED.value, OVERLAY}
    return {
        "match_weight": weight,
        "group_id": row["group_id"],
        "priority": 1.0 if again else round(doubt + guarded, 6),
        "content_hash": row["content_hash"],
    }
