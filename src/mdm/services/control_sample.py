"""A control sample: pairs drawn at random that stewards judge without knowing what was done.

To a steward its questions look like any other of a pair between the thresholds:
`mdm.services.blind` says what is held back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mdm.domain.judgement import Verdict
from mdm.domain.ledger import TxHeader
from mdm.ports import ReadSession, Store, WriteSession
from mdm.services.blind import CONTROL
from mdm.services.lists import as_int

_HIGHEST = 0.5
"""Priority of what is most in doubt: questions of a sample stand anywhere among the ordinary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A stored control sample.

    Attributes:
        sample_id: Its number.
        at: When it was drawn, UTC ISO.
        model_version: Model of the links that it was drawn from.
        seed: What it was drawn with.
        strata: name, side (`linked`, `apart`), population, drawn.
        by_stewards: Linked pairs that stewards had decided: no automatic links.
    """

    sample_id: int
    at: str
    model_version: str
    seed: int
    strata: tuple[dict[str, object], ...]
    by_stewards: int


def store_sample(
    session: WriteSession,
    drawn: tuple[Sequence[Mapping[str, object]], Sequence[Mapping[str, object]]],
    *,
    by_stewards: int,
    model_version: str,
    seed: int,
) -> int:
    """Store a sample and ask its questions; those of earlier samples that still wait fall away.

    Args:
        session: The writer lane.
        drawn: Strata and pairs; see `mdm.volume.control_frame.draw`.
        by_stewards: Linked pairs that stewards had decided.
        model_version: Model of the links that it was drawn from.
        seed: What it was drawn with.

    Returns:
        The sample's number.
    """
    strata, pairs = drawn
    session.set_where(
        "review_item",
        {"state": "stale", "claimed_by": None},
        "kind = :kind AND state IN ('open', 'claimed') AND judgement_id IS NULL",
        {"kind": CONTROL},
    )
    sample_id = session.next_ids("quality_sample")
    plan = session.value("SELECT MAX(plan_id) FROM plan WHERE state = 'applied'")
    session.insert_rows(
        "quality_sample",
        [
            {
                "sample_id": sample_id,
                "at": session.at,
                "plan_id": plan,
                "model_version": model_version,
                "seed": seed,
                "strata": json.dumps({"strata": list(strata), "by_stewards": by_stewards}),
                "tx_id": session.tx_id,
            }
        ],
    )
    names = ("record_l", "record_r", "stratum", "content_hash")
    session.insert_rows(
        "quality_pair",
        [{"sample_id": sample_id, **{name: pair[name] for name in names}} for pair in pairs],
    )
    first = session.next_ids("review_item", len(pairs)) if pairs else 0
    ordered = sorted(pairs, key=lambda pair: float(str(pair["place"])))
    session.insert_rows(
        "review_item",
        [
            {
                "review_id": first + n,
                "kind": CONTROL,
                "record_l": pair["record_l"],
                "record_r": pair["record_r"],
                "state": "open",
                "reason": CONTROL,
                "group_id": pair["record_l"],
                "priority": round(_HIGHEST * float(str(pair["place"])), 6),
                "content_hash": pair["content_hash"],
            }
            for n, pair in enumerate(ordered)
        ],
    )
    return sample_id


def latest_sample(session: ReadSession) -> Sample | None:
    """The sample drawn last, if one was."""
    row = session.row("SELECT * FROM quality_sample ORDER BY sample_id DESC LIMIT 1")
    if row is None:
        return None
    told = json.loads(str(row["strata"]))
    return Sample(
        sample_id=as_int(row["sample_id"]),
        at=str(row["at"]),
        model_version=str(row["model_version"]),
        seed=as_int(row["seed"]),
        strata=tuple(told["strata"]),
        by_stewards=int(told["by_stewards"]),
    )


def note_held(store: Store, header: TxHeader, review_id: int) -> None:
    """Keep the *different* of a sampled pair whose split is held: it counts as an answer.

    Who keeps the municipal ID is another question than whether the link was right; the pair goes
    on waiting for the first.
    """
    sql = (
        "SELECT q.sample_id, q.record_l, q.record_r FROM review_item v JOIN quality_pair q "
        "ON q.record_l = v.record_l AND q.record_r = v.record_r "
        "WHERE v.review_id = :id ORDER BY q.sample_id DESC LIMIT 1"
    )
    with store.reading() as session:
        row = session.row(sql, {"id": review_id})
    if row is not None:
        with store.writing(replace(header, kind="quality_answer")) as session:
            session.update_rows("quality_pair", [{**row, "held_verdict": Verdict.DIFFERENT.value}])
